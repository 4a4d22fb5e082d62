"""What is kept of the events of a running service: the rows that satisfy clauses, until nothing can join them any more.

A segment is what was kept of one lot of events: their texts, and for every clause the rows that satisfy it, with their
times and the hashes of their join keys. When events arrive, the rows of a rule that may be part of a match with a new
one are those of equal keys; only their documents are read. Correlations decide.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from besra.engine.hits import Hit
from besra.engine.join_hash import SEVERAL
from besra.engine.kept_rows import KEY, ROW, KeptRows, Place, numbered
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import keys_of, ordinal_of
from besra.events.document import Fields
from besra.events.raw_event import RawEvent
from besra.events.spill import Table
from besra.language.plan import Each, NewTerms, Sample, ThreatMatch, Threshold
from besra.language.plan import Sequence as EventSequence

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]

MERGED = 16
"""Parts of a pile that are joined to one: few parts are quick to search, and joining each time would be slow."""


@dataclass
class _Pile:
    """The rows of one clause in the order of their arrival, in parts."""

    parts: list[Table] = field(default_factory=list)

    def append(self, part: Table) -> None:
        self.parts.append(part)
        if len(self.parts) > MERGED:
            self.parts = [np.concatenate(self.parts, axis=1)]

    def whole(self) -> Table:
        if len(self.parts) > 1:
            self.parts = [np.concatenate(self.parts, axis=1)]
        return self.parts[0]

    def drop_before(self, row: int) -> None:
        kept = (part[:, part[ROW] >= row] if part[ROW, 0] < row else part for part in self.parts)
        self.parts = [part for part in kept if part.shape[1]]


class HitLog:
    """The rows kept of all events since the start, by number: numbers ascend in the order of arrival.

    `horizons` say for each entry of the pack how long its rows are kept, in nanoseconds after their arrival.
    """

    def __init__(self, pack: RulePack, horizons: Sequence[int]) -> None:
        self._pack = pack
        self._horizons = horizons
        self._piles: defaultdict[Place, _Pile] = defaultdict(_Pile)
        self._events: dict[int, RawEvent] = {}
        self._arrived: list[tuple[int, int]] = []
        """When rows arrived: the time, and the number of the first row that came then or later."""
        self._next = 0

    def add(self, kept: KeptRows, events: Sequence[RawEvent], arrived: int) -> dict[int, int]:
        """Take what was kept of some events, those of `kept.rows`. The entries with new rows, and the first new row."""
        first = self._next
        numbers = np.arange(first, first + len(events))
        self._next += len(events)
        self._events.update(zip(numbers.tolist(), events, strict=True))
        self._arrived.append((arrived, first))
        fresh: dict[int, int] = {}
        for place, table in numbered(kept, numbers):
            if table.shape[1]:
                self._piles[place].append(table)
                fresh[place[0]] = first
        return fresh

    def drop_old(self, now: int, unseen: Mapping[int, int]) -> None:
        """Let go of the rows whose time is over, but for those no run has seen: by entry, the first of them."""
        firsts = {horizon: self._first_after(now - horizon) for horizon in set(self._horizons)}
        for place in list(self._piles):
            pile = self._piles[place]
            pile.drop_before(min(firsts[self._horizons[place[0]]], unseen.get(place[0], self._next)))
            if not pile.parts:
                del self._piles[place]
        oldest = min(firsts.values(), default=self._next)
        self._arrived = [(time, first) for time, first in self._arrived if first >= oldest]
        wanted = {row for pile in self._piles.values() for part in pile.parts for row in part[ROW].tolist()}
        if len(wanted) < len(self._events):
            self._events = {row: event for row, event in self._events.items() if row in wanted}

    def _first_after(self, time: int) -> int:
        return next((first for arrived, first in self._arrived if arrived >= time), self._next)

    def hits(self, number: int, first: int) -> list[Hit]:
        """The hits of an entry that may be part of a match with a row from `first` on, in the order of arrival."""
        entry = self._pack.entries[number]
        tables = self._tables(number)
        if not any((table[ROW] >= first).any() for table in tables.values()):
            return []
        rows = related(entry, tables, first)
        return [self._hit(entry, row, position) for position, found in rows.items() for row in found.tolist()]

    def _tables(self, number: int) -> dict[int, Table]:
        positions = range(len(self._pack.entries[number].plan.clauses))
        return {p: pile.whole() for p in positions if (pile := self._piles.get((number, p))) and pile.parts}

    def _hit(self, entry: Entry, row: int, clause: int) -> Hit:
        event = self._events[row].event()
        fields = Fields(event.source)
        ordinal = ordinal_of(entry.plan.ordering, event, fields)
        return Hit(clause, event, ordinal, keys_of(entry.plan.clauses[clause], fields))


def related(entry: Entry, tables: dict[int, Table], first: int) -> dict[int, Integers]:
    """The rows by clause that may be part of a match with a row from `first` on, each once."""
    match entry.plan.correlation:
        case Each():
            return {position: _rows(table[:, table[ROW] >= first]) for position, table in tables.items()}
        case EventSequence() as sequence:
            return _joined(tables, {stage.clause for stage in sequence.stages if not stage.missing}, first)
        case Sample() as sample:
            return _joined(tables, set(sample.clauses), first)
        case Threshold() | NewTerms() | ThreatMatch():
            return {position: _rows(table) for position, table in tables.items()}


def _joined(tables: dict[int, Table], needed: set[int], first: int) -> dict[int, Integers]:
    """The rows with keys that a new row has and that occur in all `needed` clauses."""
    if any(position not in tables for position in needed):
        return {}
    new = np.concatenate([table[KEY, table[ROW] >= first] for table in tables.values()])
    if (new == SEVERAL).any():
        return {position: _rows(table) for position, table in tables.items()}
    shared = np.unique(new)
    # The shortest first: most keys meet nothing there, and the long ones need not be looked at.
    for position in sorted(needed, key=lambda position: tables[position].shape[1]):
        keys = tables[position][KEY]
        if not (keys == SEVERAL).any():
            shared = shared[np.isin(shared, keys)]
        if not len(shared):
            return {}
    found = {p: _rows(t[:, np.isin(t[KEY], shared) | (t[KEY] == SEVERAL)]) for p, t in tables.items()}
    return {position: rows for position, rows in found.items() if len(rows)}


def _rows(table: Table) -> Integers:
    return np.unique(table[ROW])
