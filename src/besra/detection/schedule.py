"""When a rule runs, over which windows, and what was missed: the arithmetic of schedules, without a clock.

A run at time *t* looks through the window its rule's `from` and `to` give at *t*. One that comes late makes up for at
most four windows before it; what is older than those is a gap, to be filled by runs that are started for it. Source:
detection-engine.md 2.2 to 2.4; times are nanoseconds since 1970 throughout.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from besra.detection.window import Window
from besra.rules.rule import Schedule
from besra.schema.datemath import nanoseconds, parse_date_math, parse_duration

CATCH_UP = 4
"""Most windows a late run makes up for."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Time nobody looked through, from the start of the last run on: half open, [start, end)."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Nanoseconds of it."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Due:
    """What a run has to look through, the oldest window first, and what it cannot make up for any more."""

    windows: tuple[Window, ...]
    gap: Gap | None = None


def interval_of(schedule: Schedule) -> int:
    """The time from one run to the next, at least a second. Raises InputError if it is no duration."""
    return max(nanoseconds(parse_duration(schedule.interval)), 1_000_000_000)


def window_at(schedule: Schedule, start: int) -> Window:
    """The window of a run that starts at a time. Raises DateMathError if `from` or `to` is no date math."""
    return Window(parse_date_math(schedule.start, start), parse_date_math(schedule.end, start))


def due(schedule: Schedule, start: int, previous: int | None) -> Due:
    """What a run that starts at a time has to look through, when the one before it started at `previous`.

    That it failed makes no difference to Elastic; whoever wants it searched again passes the start of the last one that
    succeeded. A clock that has been set back makes a run early, never a window empty. Raises as `window_at`.
    """
    window = window_at(schedule, start)
    if previous is None:
        return Due((window,))
    interval = interval_of(schedule)
    missed = start - previous - _length(window)
    count = min(CATCH_UP, -(-missed // interval)) if missed > 0 else 0
    windows = tuple(_earlier(window, step * interval) for step in range(count, -1, -1))
    left = missed - count * interval
    return Due(windows, Gap(previous, previous + left) if left > 0 else None)


def starts_within(schedule: Schedule, gap: Gap) -> Iterator[int]:
    """The starts of runs that look through a stretch of time without leaving anything out, the first one first.

    Each stands for one that would have started then: an interval after the start, and so on; the last at or after the
    end.
    """
    interval = interval_of(schedule)
    start = gap.start
    while start < gap.end:
        start += interval
        yield start


def next_start(schedule: Schedule, previous: int, now: int) -> int:
    """When a rule is due that last started at `previous`: an interval later, and at most that much from now."""
    interval = interval_of(schedule)
    return min(previous + interval, now + interval)


def _length(window: Window) -> int:
    assert window.start is not None
    assert window.end is not None
    return window.end - window.start


def _earlier(window: Window, by: int) -> Window:
    assert window.start is not None
    assert window.end is not None
    return Window(window.start - by, window.end - by)
