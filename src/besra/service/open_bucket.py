"""A bucket while its events arrive: what a match tells of it, and nothing of the others it has."""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from besra.detection.correlate.buckets import FEW
from besra.detection.window import Window
from besra.engine.event_order import NO_TIME
from besra.events.event import Event, Origin
from besra.events.raw_event import RawEvent

NEVER = -(1 << 63)
"""The clock of what no run in a window sees."""

Value = int
"""The hash of a key that is counted: of a few thousand no two have one of 64 bits."""
Who = tuple[str, tuple[str, ...], Origin, int]
"""What is kept of most events: all of them but the document."""


class Row(NamedTuple):
    """An event that counts: when it happened, its number in order of arrival, when a run has to look to see it.

    `values` are its keys under each clause of the threshold's cardinality.
    """

    time: int
    number: int
    clock: int
    values: Sequence[Iterable[Value]]
    event: RawEvent | Who


def in_order(row: Row) -> tuple[int, int]:
    """What rows are ordered by."""
    return row.time, row.number


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by column, those of a key one behind the other in order.

    `keeps_events` says that their documents are wanted, and not only who they are. `newest` is no less than any number.
    """

    times: Sequence[int]
    numbers: Sequence[int]
    clocks: Sequence[int]
    values: Sequence[Sequence[Iterable[Value]]]
    events: Sequence[RawEvent | Who]
    keeps_events: bool
    newest: int

    def row(self, at: int) -> Row:
        """The row at a place, to be kept."""
        event = self.events[at]
        if not self.keeps_events and isinstance(event, RawEvent):
            event = event.id, event.index, event.origin, event.position
        return Row(self.times[at], self.numbers[at], self.clocks[at], self.values[at], event)


def event_of(row: Row) -> Event:
    """The event of a row; one of which no document was kept has an empty one."""
    if isinstance(row.event, RawEvent):
        return row.event.event()
    name, index, origin, position = row.event
    return Event(name, index, {}, origin, position)


@dataclass(slots=True)
class OpenBucket:
    """The events of a key from `start` to `end`, both included: how many there are, and the first and last few.

    `filled` is one behind the number of the last row that was there when it became full, -1 if it was full before
    anything arrived. `newest` is the number of the last row that joined it.
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

    def join(self, rows: Rows, start: int, end: int) -> None:
        """Count the rows from a place to another, all of its time."""
        self.count += end - start
        self.newest = max(self.newest, rows.newest)
        self._see(rows.clocks[start:end])
        for values in rows.values[start:end] if self.distinct else ():
            for known, new in zip(self.distinct, values, strict=True):
                known.update(new)
        if len(self.first) < FEW or rows.times[start] <= self.first[-1].time:
            for place in range(start, end):
                self._show(rows.row(place))
            return
        start = max(start, end - FEW)
        if self.last and rows.times[start] < self.last[-1].time:
            for place in range(start, end):
                self._show(rows.row(place))
        else:
            self.last += map(rows.row, range(start, end))
            del self.last[:-FEW]

    def _see(self, clocks: Sequence[int]) -> None:
        low, high = min(clocks), max(clocks)
        if low == NEVER:
            low = min((clock for clock in clocks if clock != NEVER), default=NO_TIME)
        self.seen_from = min(self.seen_from, low)
        self.seen_to = max(self.seen_to, high)

    def _show(self, row: Row) -> None:
        if len(self.first) < FEW or row[:2] < self.first[-1][:2]:
            insort(self.first, row, key=in_order)
            if len(self.first) <= FEW:
                return
            row = self.first.pop()
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
