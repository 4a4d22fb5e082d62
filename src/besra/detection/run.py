"""What one execution of rules knows about itself. All of it is given: nothing reads a clock or invents an id."""

from dataclasses import dataclass, field
from uuid import UUID, uuid5

from besra.detection.suppression_group import NO_GROUPS, Groups

NAMESPACE = UUID("2b7c1d0a-4f7e-5d0e-8a53-6f3f2b1c9d77")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """`started` is the creation time of its alerts, in nanoseconds since 1970.

    `seen_from` is how far back the events reach that the rules were shown, None if that is not known.

    `intended` is when a run of the past would have started that is made up for now, None if it is this one.

    `groups` are those of suppressed matches that earlier runs left, of all rules; those whose alert somebody has closed
    are not among them (detection-engine.md 5.1).
    """

    started: int
    kind: str = "manual"
    seen_from: int | None = None
    intended: int | None = None
    groups: Groups = field(default_factory=lambda: NO_GROUPS, compare=False)

    def execution_id(self, space: str) -> str:
        """A UUID for the rules of a space, the same for the same start: two runs told one time give the same bytes."""
        intended = "" if self.intended is None else f":{self.intended}"
        return str(uuid5(NAMESPACE, f"{space}:{self.kind}:{self.started}{intended}"))
