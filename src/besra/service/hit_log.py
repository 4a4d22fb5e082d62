"""What is kept of the events of a running service: the rows that satisfy clauses, until nothing can join them any more.

For every clause there are the rows that satisfy it, with their times and the hashes of their join keys. A run of a
rule, on a schedule or for what has just arrived, is about some of its rows, and of the others only those of equal keys
may be part of a match with them: only their documents are read. Correlations decide.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from besra.detection.visibility import INGESTED, Sight
from besra.detection.window import Window
from besra.engine.event_order import NO_TIME
from besra.engine.hits import Hit, Key
from besra.engine.join_hash import SEVERAL
from besra.engine.kept_rows import KEY, ROW, TIME, KeptRows, Place, numbered
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import keys_of, ordinal_of
from besra.events.document import Fields
from besra.events.event_time import TIMESTAMP
from besra.events.identity import event_key
from besra.events.raw_event import RawEvent
from besra.events.spill import Table
from besra.language.plan import Clause, Each, NewTerms, Sample, ThreatMatch, Threshold
from besra.language.plan import Sequence as EventSequence
from besra.service.bucket_log import BucketLog, Lot
from besra.service.horizon import joined_for
from besra.service.open_bucket import NEVER

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]

CLOCK = -1
"""The last line of a table here, behind those of `engine.kept_rows`: when a run has to look to see the event."""

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


@dataclass(frozen=True, slots=True)
class Since:
    """What a run for new events is about: the rows from this number on."""

    row: int

    def mask(self, table: Table) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Which rows of a table those are."""
        return np.asarray(table[ROW] >= self.row)


@dataclass(frozen=True, slots=True)
class Within:
    """What a run on a schedule is about: the rows it sees in its window."""

    window: Window

    def mask(self, table: Table) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Which rows of a table those are."""
        start, end = self.window.start, self.window.end
        return np.asarray(
            (table[CLOCK] != NEVER)
            & (table[CLOCK] >= (NEVER if start is None else start))
            & (table[CLOCK] <= (NO_TIME if end is None else end))
        )


About = Since | Within


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long rows of a rule are kept, in nanoseconds after their arrival, and by which time runs see them.

    Rows of a clause with an index of its own, as indicators have, are kept for `indicators`. `reads_alerts` says that
    events of the rule are alerts.
    """

    horizon: int
    sight: Sight
    indicators: int
    reads_alerts: bool = False

    def of(self, clause: Clause) -> int:
        """For how long rows of a clause are kept."""
        return self.horizon if clause.index is None else max(self.horizon, self.indicators)


@dataclass(frozen=True, slots=True)
class Asked:
    """Hits a run has to look at, and the keys of those events among them that it is about."""

    hits: Collection[Hit]
    about: frozenset[tuple[str, str]]


NOTHING = Asked([], frozenset())


class HitLog:
    """The rows kept of all events since the start, by number: numbers ascend in the order of arrival.

    `keeping` has an element for each entry of the pack. What thresholds count is in logs of their own, and begins with
    what arrived a horizon before `started`.
    """

    def __init__(self, pack: RulePack, keeping: Sequence[Keeping], started: int) -> None:
        self._pack = pack
        self._keeping = keeping
        self._started = started
        self._buckets = {
            number: BucketLog(entry.plan, reads_alerts=keeping[number].reads_alerts)
            for number, entry in enumerate(pack.entries)
            if isinstance(entry.plan.correlation, Threshold)
        }
        self._piles: defaultdict[Place, _Pile] = defaultdict(_Pile)
        self._events: dict[int, RawEvent] = {}
        self._arrived: list[tuple[int, int]] = []
        """When rows arrived: the time, and the number of the first row that came then or later."""
        self._next = 0

    def add(self, kept: KeptRows, events: Sequence[RawEvent], received: Integers) -> dict[int, int]:
        """Take what was kept of some events, those of `kept.rows`, and when each arrived.

        The entries with new rows, and the first new row.
        """
        if not len(events):
            return {}
        first = self._next
        numbers = np.arange(first, first + len(events))
        self._next += len(events)
        self._arrived.append((int(received.max()), first))
        lot = Lot(first, events)
        fresh: dict[int, int] = {}
        counted: dict[int, dict[int, Table]] = {}
        is_held = np.zeros(len(events), np.bool_)
        for place, table in numbered(kept, numbers):
            if not table.shape[1]:
                continue
            fresh[place[0]] = first
            if place[0] in self._buckets:
                counted.setdefault(place[0], {})[place[1]] = table
                continue
            clock = self._clock(place[0], table, received[table[ROW] - first], lot)
            self._piles[place].append(np.concatenate([table, clock[np.newaxis]]))
            is_held[table[ROW] - first] = True
        self._count(counted, received, lot)
        self._events.update((first + place, events[place]) for place in np.flatnonzero(is_held).tolist())
        return fresh

    def _count(self, counted: Mapping[int, Mapping[int, Table]], received: Integers, lot: Lot) -> None:
        """Tell thresholds of their rows by clause."""
        if not counted:
            return
        names = ((event.index[0] if event.index else "", event.id) for event in lot.events)
        identities = np.fromiter(map(hash, names), np.int64, len(lot.events))
        for number, tables in counted.items():
            since = self._started - self._keeping[number].horizon
            recent = {clause: table[:, received[table[ROW] - lot.first] >= since] for clause, table in tables.items()}
            if 0 in recent and recent[0].shape[1]:
                clock = np.full(len(lot.events), NEVER, np.int64)
                rows = recent[0][ROW] - lot.first
                clock[rows] = self._clock(number, recent[0], received[rows], lot)
                self._buckets[number].add(recent, clock, identities, lot)

    def expect(self, number: int, key: Key, start: int | None) -> None:
        """There is an alert of an entry on the bucket of a key that began at a time."""
        self._buckets[number].expect(key, start)

    def grown(self, now: int) -> dict[int, int]:
        """The entries with buckets that have grown, as `add` tells those with new rows; each now and then."""
        found = {number: buckets.tell_again(now) for number, buckets in self._buckets.items()}
        return {number: row for number, row in found.items() if row is not None}

    def settle(self) -> None:
        """What has arrived so far is dealt with: of what it makes full no run for new events is to tell."""
        for buckets in self._buckets.values():
            buckets.settle()

    def _clock(self, number: int, table: Table, received: Integers, lot: Lot) -> Integers:
        """When a run of an entry has to look to see the events of some rows."""
        sight = self._keeping[number].sight
        if sight.field == INGESTED:
            return received
        if sight.field == TIMESTAMP and self._pack.entries[number].plan.ordering.timestamp.name == TIMESTAMP:
            return np.where(table[TIME] == NO_TIME, NEVER, table[TIME])
        times = (sight.time_of(Fields(lot.events[row - lot.first].source)) for row in table[ROW].tolist())
        return np.array([NEVER if time is None else max(NEVER, min(NO_TIME, time)) for time in times], np.int64)

    def has_rows(self, number: int) -> bool:
        """Whether rows of an entry are kept."""
        return bool(self._tables(number))

    def drop_old(self, now: int, unseen: Mapping[int, int]) -> None:
        """Let go of the rows whose time is over, but for those no run has seen: by entry, the first of them."""
        horizons = {place: self._horizon(place) for place in self._piles}
        of_buckets = {number: self._keeping[number].horizon for number in self._buckets}
        firsts = {time: self._first_after(now - time) for time in {*horizons.values(), *of_buckets.values()}}
        for number, horizon in of_buckets.items():
            first = min(firsts[horizon], unseen.get(number, self._next))
            joins = self._first_after(now - joined_for(self._pack.entries[number].plan, horizon))
            self._buckets[number].drop_before(first, min(joins, unseen.get(number, self._next)))
        for place, horizon in horizons.items():
            pile = self._piles[place]
            pile.drop_before(min(firsts[horizon], unseen.get(place[0], self._next)))
            if not pile.parts:
                del self._piles[place]
        oldest = min(firsts.values(), default=self._next)
        self._arrived = [(time, first) for time, first in self._arrived if first >= oldest]
        wanted = {row for pile in self._piles.values() for part in pile.parts for row in part[ROW].tolist()}
        if len(wanted) < len(self._events):
            self._events = {row: event for row, event in self._events.items() if row in wanted}

    def _horizon(self, place: Place) -> int:
        return self._keeping[place[0]].of(self._pack.entries[place[0]].plan.clauses[place[1]])

    def _first_after(self, time: int) -> int:
        return next((first for arrived, first in self._arrived if arrived >= time), self._next)

    def hits(self, number: int, about: About) -> Asked:
        """The hits of an entry that may be part of a match with a row a run is about."""
        if number in self._buckets:
            buckets = self._buckets[number]
            found = buckets.filled_since(about.row) if isinstance(about, Since) else buckets.seen_in(about.window)
            return Asked(found, frozenset(event_key(hit.event) for hit in found))
        entry = self._pack.entries[number]
        tables = self._tables(number)
        chosen = {place: about.mask(table) for place, table in tables.items()}
        if not any(mask.any() for mask in chosen.values()):
            return NOTHING
        wanted = np.unique(np.concatenate([tables[place][ROW, mask] for place, mask in chosen.items()]))
        hits, keys = [], []
        for position, rows in related(entry, tables, chosen).items():
            for row, is_wanted in zip(rows.tolist(), np.isin(rows, wanted).tolist(), strict=True):
                hits.append(self._hit(entry, row, position))
                if is_wanted:
                    event = self._events[row]
                    keys.append((event.index[0] if event.index else "", event.id))
        return Asked(hits, frozenset(keys))

    def _tables(self, number: int) -> dict[int, Table]:
        positions = range(len(self._pack.entries[number].plan.clauses))
        return {p: pile.whole() for p in positions if (pile := self._piles.get((number, p))) and pile.parts}

    def _hit(self, entry: Entry, row: int, clause: int) -> Hit:
        event = self._events[row].event()
        fields = Fields(event.source)
        ordinal = ordinal_of(entry.plan.ordering, event, fields)
        return Hit(clause, event, ordinal, keys_of(entry.plan.clauses[clause], fields))


Masks = Mapping[int, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]


def related(entry: Entry, tables: Mapping[int, Table], chosen: Masks) -> dict[int, Integers]:
    """The rows by clause that may be part of a match with a chosen row, each once."""
    match entry.plan.correlation:
        case Each():
            return {position: _rows(table[:, chosen[position]]) for position, table in tables.items()}
        case EventSequence() as sequence:
            return _joined(tables, {stage.clause for stage in sequence.stages if not stage.missing}, chosen)
        case Sample() as sample:
            return _joined(tables, set(sample.clauses), chosen)
        case NewTerms():
            return _joined(tables, {0}, chosen)
        case Threshold():
            return {}
        case ThreatMatch():
            return {position: _rows(table) for position, table in tables.items()}


def _joined(tables: Mapping[int, Table], needed: set[int], chosen: Masks) -> dict[int, Integers]:
    """The rows with keys that a chosen row has and that occur in all `needed` clauses."""
    if any(position not in tables for position in needed):
        return {}
    new = np.concatenate([table[KEY, chosen[position]] for position, table in tables.items()])
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
