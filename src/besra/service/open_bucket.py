"""A bucket while its events arrive: what a match tells of it, and nothing of the others it has."""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from besra.detection.correlate.buckets import FEW
from besra.detection.window import Window
from besra.engine.event_order import NO_TIME
from besra.events.raw_event import RawEvent

NEVER = -(1 << 63)
"""The clock of what no run in a window sees."""

Value = tuple[int, int]
"""The hash of a key."""


class Row(NamedTuple):
    """An event that counts: when it happened, its number in order of arrival, when a run has to look to see it.

    `values` are its keys under each clause of the threshold's cardinality.
    """

    time: int
    number: int
    clock: int
    values: Sequence[Iterable[Value]]
    event: RawEvent


class Stretch(NamedTuple):
    """Rows of one key that arrived together, in order, by column: of a heavy key few are ever looked at singly.

    `keep` gives what is kept of an event.
    """

    times: Sequence[int]
    numbers: Sequence[int]
    clocks: Sequence[int]
    values: Sequence[Sequence[Iterable[Value]]]
    events: Sequence[RawEvent]
    keep: Callable[[RawEvent], RawEvent]

    def part(self, start: int, end: int | None = None) -> "Stretch":
        """Some of the rows."""
        times, numbers, clocks, values, events, keep = self
        some = slice(start, end)
        return Stretch(times[some], numbers[some], clocks[some], values[some], events[some], keep)

    def rows(self) -> Iterator[Row]:
        """The rows one by one."""
        return map(Row, self.times, self.numbers, self.clocks, self.values, map(self.keep, self.events))


@dataclass(slots=True)
class OpenBucket:
    """The events of a key from `start` to `end`, both included: how many there are, and the first and last few.

    `filled` is one behind the number of the last row that was there when it became full, or was told of again; -1 if it
    was full before anything arrived. `newest` is the number of the last row that joined it.
    """

    start: int
    end: int
    filled: int
    distinct: tuple[set[Value], ...]
    count: int = 0
    newest: int = 0
    first: list[Row] = field(default_factory=list)
    last: list[Row] = field(default_factory=list)
    seen_from: int = NO_TIME
    seen_to: int = NEVER

    def holds(self, time: int) -> bool:
        """Whether an event of a time is one of its."""
        return self.start <= time <= self.end

    def join(self, rows: Stretch) -> None:
        """Count some events, all of its time."""
        self.count += len(rows.times)
        self.newest = max(self.newest, *rows.numbers)
        clocks = [clock for clock in rows.clocks if clock != NEVER]
        if clocks:
            self.seen_from, self.seen_to = min(self.seen_from, *clocks), max(self.seen_to, *clocks)
        for values in rows.values if self.distinct else ():
            for known, new in zip(self.distinct, values, strict=True):
                known.update(new)
        if len(self.first) == FEW and rows.times[0] > self.first[-1].time:
            rows = rows.part(-FEW)
        for row in rows.rows():
            self._show(row)

    def _show(self, row: Row) -> None:
        if len(self.first) < FEW or row[:2] < self.first[-1][:2]:
            insort(self.first, row, key=in_order)
            if len(self.first) <= FEW:
                return
            row = self.first.pop()
        if len(self.last) < FEW or row[:2] > self.last[0][:2]:
            insort(self.last, row, key=in_order)
            del self.last[:-FEW]

    @property
    def shown(self) -> list[Row]:
        """The first and last few events, in order."""
        return [*self.first, *self.last]

    def is_seen(self, window: Window) -> bool:
        """Whether a run in a window sees some of it."""
        start, end = window.start, window.end
        return (start is None or self.seen_to >= start) and (end is None or self.seen_from <= end)


def in_order(row: Row) -> tuple[int, int]:
    """What rows are ordered by."""
    return row.time, row.number
