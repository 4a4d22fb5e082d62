"""Groups of suppressed matches, as alerts tell of them and as one run hands them to the next."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from besra.schema.timestamp import format_timestamp


@dataclass(frozen=True, slots=True)
class Term:
    """The name of a field and the value the matches of a group have in it: None if it is missing, a list for several.

    `mark` stands for the value when groups are compared.
    """

    name: str
    mark: str | tuple[str, ...] | None
    value: Any = field(compare=False)


Terms = tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Matches that are one alert: from the first to the last (nanoseconds since 1970, None without times).

    `docs_count` counts the matches besides the first. `alert_id` is the alert, once there is one.
    """

    instance_id: str
    terms: Terms
    start: int | None
    end: int | None
    docs_count: int = 0
    alert_id: str = ""

    def fields(self) -> dict[str, Any]:
        """What its alert says of it (detection-engine.md 3.2)."""
        times = {"start": self.start, "end": self.end}
        return {
            "kibana.alert.instance.id": self.instance_id,
            "kibana.alert.suppression.terms": [{"field": term.name, "value": term.value} for term in self.terms],
            **{f"kibana.alert.suppression.{n}": format_timestamp(t) for n, t in times.items() if t is not None},
            "kibana.alert.suppression.docs_count": self.docs_count,
        }


class Groups(Protocol):
    """The newest group of every instance id. There may be many, so they are asked for one by one."""

    def get(self, instance_id: str, /) -> Group | None:
        """The group of an instance id, if there is one."""


NO_GROUPS: Groups = MappingProxyType({})
