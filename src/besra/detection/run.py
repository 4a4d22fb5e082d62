"""What one execution of rules knows about itself. All of it is given: nothing reads a clock or invents an id."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunInfo:
    """`started` is the creation time of its alerts, in nanoseconds since 1970; `execution_id` a UUID text."""

    started: int
    execution_id: str
    kind: str = "manual"
    space: str = "default"
