"""The stretch of time one execution of a rule looks at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """A closed range of event times in nanoseconds since 1970 (detection-engine.md 2.2); None is unbounded."""

    start: int | None = None
    end: int | None = None

    def contains(self, time: int | None) -> bool:
        """Whether an event of that time is seen. An event without a time is seen only by an unbounded window."""
        if time is None:
            return self.start is None and self.end is None
        return (self.start is None or time >= self.start) and (self.end is None or time <= self.end)


EVERYTHING = Window()
