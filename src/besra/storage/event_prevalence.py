"""How common values are: in how many events, on how many hosts and of how many users (detection-engine.md 6.2).

One look at all events of a stretch of time, by column, of which only names of hosts and users are kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from besra.events.columns import Column, LineDecoder, Projection, ValueTable, columns_of
from besra.schema.fieldtype import to_text
from besra.schema.indexpattern import matches
from besra.storage.event_find import Stretch
from besra.storage.event_lot import NO_TIME, Lot
from besra.storage.event_rows import RowQuery, Snapshot
from besra.storage.event_search import Deadline

HOST, USER = "host.name", "user.name"
MANY_VALUES = 1 << 18
"""Distinct values remembered before the memory starts anew."""

Rows = NDArray[np.int64]
Held = NDArray[np.bool_]
"""Which rows count."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A value of a field, as text."""

    field: str
    value: str


@dataclass(slots=True)
class Spread:
    """In how many events something is, and by name on which hosts and of which users."""

    events: int = 0
    hosts: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Prevalence:
    """The spread of each value asked for, in their order, and of all events; not all if it is not `is_whole`."""

    values: tuple[Spread, ...]
    all: Spread
    is_whole: bool


def prevalence(
    snapshot: Snapshot, asked: Sequence[Asked], time: Stretch, deadline: Deadline, index: tuple[str, ...] = ()
) -> Prevalence:
    """How common values are in the events of a stretch of time. An event counts as often as it is stored.

    Raises EventStoreError and JournalError.
    """
    counting = _Counting(asked)
    for lot in snapshot.lots(RowQuery(index, time.start, time.end)):
        if deadline.is_over:
            return counting.result(is_whole=False)
        rows = _within(lot, time, index)
        if len(rows):
            counting.add(lot, rows)
    return counting.result(is_whole=True)


def _within(lot: Lot, time: Stretch, index: tuple[str, ...]) -> Rows:
    wanted = np.ones(lot.size, bool) if time == Stretch() else lot.times != NO_TIME
    if index:
        named = {names: matches(index, names) for names in set(lot.names)}
        wanted &= np.fromiter((named[names] for names in lot.names), bool, lot.size)
    return np.flatnonzero(wanted)


class _Counting:
    def __init__(self, asked: Sequence[Asked]) -> None:
        self._asked = asked
        self._spreads = [Spread() for _ in asked]
        self._all = Spread()
        self._projection = Projection(tuple(sorted({HOST, USER, *(one.field for one in asked)})))
        self._values = ValueTable()
        self._decoder = LineDecoder(self._projection, self._values)
        self._texts: dict[int, str] = {}

    def result(self, *, is_whole: bool) -> Prevalence:
        return Prevalence(tuple(self._spreads), self._all, is_whole)

    def add(self, lot: Lot, rows: Rows) -> None:
        for columns, held in self._columns(lot, rows):
            self._count(self._all, held, columns)
            for one, spread in zip(self._asked, self._spreads, strict=True):
                self._count(spread, self._with(columns.get(one.field), one.value, held), columns)
        if len(self._values) > MANY_VALUES:
            self._values.clear()
            self._texts.clear()

    def _columns(self, lot: Lot, rows: Rows) -> Iterator[tuple[dict[str, Column], Held]]:
        """Columns of the lot and which of their rows count, in up to two parts."""
        lines = lot.lines()
        slow = rows
        if lines is not None:
            decoded = self._decoder.decode(lines)
            is_slow = np.asarray(decoded.slow, bool)
            held = np.zeros(lot.size, bool)
            held[rows] = True
            yield decoded.columns, held & ~is_slow
            slow = rows[is_slow[rows]]
        if len(slow):
            documents = [event.source for event in lot.events(slow.tolist())]
            yield columns_of(documents, self._projection, self._values), np.ones(len(slow), bool)

    def _with(self, column: Column | None, value: str, held: Held) -> Held:
        """Those of some rows that have a value."""
        found = np.zeros_like(held)
        if column is not None:
            wanted = [number for number in np.unique(column.values).tolist() if self._text(number) == value]
            found[column.rows[np.isin(column.values, wanted)]] = True
        return found & held

    def _count(self, spread: Spread, held: Held, columns: dict[str, Column]) -> None:
        spread.events += int(np.count_nonzero(held))
        for name, names in ((HOST, spread.hosts), (USER, spread.users)):
            if (column := columns.get(name)) is not None:
                numbers = np.unique(column.values[held[column.rows]]).tolist()
                names.update(map(self._text, numbers))

    def _text(self, number: int) -> str:
        text = self._texts.get(number)
        if text is None:
            text = self._texts[number] = to_text(self._values[number])
        return text
