"""The hits of one rule as they are kept during a scan, and what turns them into events in order.

Sorting, and finding events that were read twice, goes by numbers alone where that decides. Documents are read only for
events of one instant with equal tiebreakers, for such may be the same event; a document is never held longer than that.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from besra.engine.event_order import FAR_FUTURE, FAR_PAST, NO_TIME, ODD_TIEBREAKER
from besra.engine.hits import Hit, Ordinal
from besra.engine.join_hash import SEVERAL, Hashes, hashes_of_keys
from besra.engine.kept_rows import KEY, KEY_REST, ROW, TIEBREAKER, TIME
from besra.engine.pack import Entry
from besra.engine.reference import keys_of, ordinal_of
from besra.events.document import Fields
from besra.events.row_store import RowStore
from besra.events.spill import Table

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class OrderedHits:
    """Hits in the total order of events, each event under each clause once; arrays of one length.

    A hit with several join keys stands there once for each. `key` numbers the keys of these hits, of which `hashes` has
    the hashes; `event` is equal for hits of one event, and `time` NO_TIME for events without one, which are last.
    `has_far` says that some times are only told by `KeptHits.time_of`.
    """

    row: Integers
    clause: Integers
    key: Integers
    event: Integers
    time: Integers
    hashes: Hashes
    has_far: bool


@dataclass(frozen=True)
class KeptHits:
    """The hits of an entry: so many rows in the piles `(number, clause position)` of the store.

    `seen` are the positions of clauses that had hits before those without a partner were dropped.
    """

    entry: Entry
    number: int
    store: RowStore
    size: int
    seen: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return self.size

    def __contains__(self, hit: object) -> bool:
        return any(hit == other for other in self)

    def __iter__(self) -> Iterator[Hit]:
        """All hits, read one by one."""
        for position in self._positions():
            for row in dict.fromkeys(self.store.spill.table((self.number, position))[ROW].tolist()):
                yield self.hit(row, position)

    def _positions(self) -> list[int]:
        return [p for p in range(len(self.entry.plan.clauses)) if (self.number, p) in self.store.spill]

    def hit(self, row: int, clause: int) -> Hit:
        """A hit with its event. Raises InputError if the file it is in is not what it was."""
        event = self.store.event(row)
        fields = Fields(event.source)
        ordinal = ordinal_of(self.entry.plan.ordering, event, fields)
        return Hit(clause, event, ordinal, keys_of(self.entry.plan.clauses[clause], fields))

    def time_of(self, row: int) -> int | None:
        """The time of an event, from its document."""
        ordinal = self.ordinal_of(row)
        return None if ordinal is None else ordinal[0]

    def ordinal_of(self, row: int) -> Ordinal | None:
        """The place of an event in the total order, from its document."""
        event = self.store.event(row)
        return ordinal_of(self.entry.plan.ordering, event, Fields(event.source))

    def ordered(self, start: int | None = None, end: int | None = None) -> OrderedHits:
        """The hits in order. With `start` or `end`, those of events with a time from there or to there, included."""
        table, clause = self._hits_within(start, end)
        first = np.unique(table[ROW], return_index=True)[1]
        events = _Events(self, table[: TIEBREAKER + 1, first])
        place = np.searchsorted(events.rows, table[ROW])
        kept = events.once(place, clause)
        table, clause, place = table[:, kept], clause[kept], place[kept]
        order = np.lexsort((clause, events.rank[place]))
        table, clause, place = table[:, order], clause[order], place[order]
        key, hashes = _numbered_keys(table)
        return OrderedHits(table[ROW], clause, key, events.event[place], table[TIME], hashes, events.far.any().item())

    def _hits_within(self, start: int | None, end: int | None) -> tuple[Table, Integers]:
        tables, clauses = [], []
        for position in self._positions():
            table = self.store.spill.table((self.number, position))
            if start is not None or end is not None:
                table = table[:, self._inside(table, start, end)]
            table = self._with_keys_apart(table, position)
            tables.append(table)
            clauses.append(np.full(table.shape[1], position, np.int64))
        return np.concatenate(tables, axis=1), np.concatenate(clauses)

    def _inside(self, table: Table, start: int | None, end: int | None) -> Mask:
        times = table[TIME]
        inside: Mask = times != NO_TIME
        inside &= (times >= _clamped(start)) if start is not None else True
        inside &= (times <= _clamped(end)) if end is not None else True
        if any(bound is not None and bound != _clamped(bound) for bound in (start, end)):
            # A history of centuries may begin where numbers no longer tell times apart; documents do.
            for column in np.flatnonzero(inside & ((times == FAR_PAST) | (times == FAR_FUTURE))).tolist():
                time = self.time_of(int(table[ROW, column])) or 0
                inside[column] = (start is None or time >= start) and (end is None or time <= end)
        return inside

    def _with_keys_apart(self, table: Table, clause: int) -> Table:
        """The rows of a clause, those with so many keys that they were not written out once for each too."""
        if len(table) <= KEY or not (several := table[KEY] == SEVERAL).any():
            return table
        parts = [table[:, ~several]]
        for column in np.flatnonzero(several).tolist():
            fields = Fields(self.store.event(int(table[ROW, column])).source)
            hashes = hashes_of_keys(keys_of(self.entry.plan.clauses[clause], fields))
            part = np.repeat(table[:, column : column + 1], len(hashes), axis=1)
            part[KEY:] = hashes.view(np.int64).T
            parts.append(part)
        return np.concatenate(parts, axis=1)


def _clamped(time: int) -> int:
    return max(FAR_PAST, min(time, FAR_FUTURE))


def _numbered_keys(table: Table) -> tuple[Integers, Hashes]:
    if len(table) <= KEY:
        return np.zeros(table.shape[1], np.int64), hashes_of_keys([()])
    order = np.lexsort((table[KEY_REST], table[KEY]))
    keys = table[KEY:, order]
    new = np.ones(table.shape[1], np.bool_)
    new[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    numbers = np.empty(table.shape[1], np.int64)
    numbers[order] = np.cumsum(new) - 1
    return numbers, np.ascontiguousarray(keys[:, new].T).view(np.uint64)


class _Events:
    """The events of some rows: `rank` of each in the total order, `event` equal for rows that are one event.

    The rows ascend, and are given with their times and tiebreakers.
    """

    def __init__(self, hits: KeptHits, table: Table) -> None:
        self._hits = hits
        self.rows, self._times, self._tiebreakers = table
        self.far: Mask = (self._times == FAR_FUTURE) | (self._times == FAR_PAST)
        positions = hits.store.positions(self.rows)
        order = np.lexsort((positions, self._tiebreakers, self._times))
        self.event = self._identified(order)
        self._settle(order, positions)
        self.rank = np.empty(len(order), np.int64)
        self.rank[order] = np.arange(len(order))

    def _identified(self, order: Integers) -> Integers:
        """For each row the first row that is the same event.

        Such have one time and one tiebreaker, unless their ids came with them.
        """
        events = self.rows.copy()
        times, tiebreakers = self._times[order], self._tiebreakers[order]
        equal = (times[1:] == times[:-1]) & (tiebreakers[1:] == tiebreakers[:-1])
        doubtful = self._hits.store.came_alone(self.rows)
        doubtful[order[1:][equal]] = doubtful[order[:-1][equal]] = True
        places = np.flatnonzero(doubtful)
        if len(places) < 2:
            return events
        digests = self._hits.store.identities(self.rows[places])
        by_digest = np.lexsort(digests.T)
        same = (digests[by_digest][1:] == digests[by_digest][:-1]).all(axis=1)
        for start, end in _runs(same):
            twins = places[by_digest[start:end]]
            events[twins] = events[twins].min()
        return events

    def _settle(self, order: Integers, positions: Integers) -> None:
        """Put those in order whose numbers do not decide: by what their documents say."""
        times, tiebreakers, positions = self._times[order], self._tiebreakers[order], positions[order]
        odd = (tiebreakers == ODD_TIEBREAKER) | self.far[order]
        equal = times[1:] == times[:-1]
        unsettled = equal & (tiebreakers[1:] == tiebreakers[:-1]) & (positions[1:] == positions[:-1])
        if odd.any():
            # One tiebreaker that is no number makes all of its instant a matter of the documents.
            unsettled |= equal & np.isin(times[1:], times[odd])
        for start, end in _runs(unsettled):
            run = order[start:end]
            if (self.event[run] != self.event[run[0]]).any():
                order[start:end] = sorted(run.tolist(), key=self._exactly)

    def _exactly(self, place: int) -> tuple[object, ...]:
        row = int(self.rows[place])
        event = self._hits.store.event(row)
        return self._hits.ordinal_of(row) or (), event.position, event.id

    def once(self, place: Integers, clause: Integers) -> Mask:
        """Which hits to keep, so that an event is there once for each clause: of the origin that sorts first."""
        kept = np.ones(len(place), np.bool_)
        others = self.event[self.event != self.rows]
        twins = np.flatnonzero(np.isin(self.event[place], others)) if len(others) else others
        best: dict[tuple[int, int], tuple[tuple[str, int, int], int]] = {}
        for hit in twins.tolist():
            row = int(place[hit])
            about = int(self.event[row]), int(clause[hit])
            origin = self._hits.store.origin(int(self.rows[row]))
            if about not in best or origin < best[about][0]:
                best[about] = origin, row
        for hit in twins.tolist():
            kept[hit] = best[int(self.event[place[hit]]), int(clause[hit])][1] == place[hit]
        return kept


def _runs(joined: Mask) -> Iterator[tuple[int, int]]:
    """Start and end of the runs of neighbours, told which are joined to the one before."""
    edges = np.flatnonzero(np.diff(joined.astype(np.int8), prepend=0, append=0))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield start, end + 1
