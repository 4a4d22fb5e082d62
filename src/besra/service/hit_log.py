"""What is kept of the events of a running service: the rows that satisfy clauses, until nothing can join them any more.

For every clause there are the rows that satisfy it, with their times and the hashes of their join keys. A run of a
rule, on a schedule or for what has just arrived, is about some of its rows, and of the others only those of equal keys
may be part of a match with them: only their documents are read. Correlations decide.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from besra.detection.correlate.counted import CountedHits
from besra.detection.visibility import INGESTED, Sight
from besra.detection.window import Window
from besra.engine.event_order import NO_TIME
from besra.engine.hits import Hit, Key
from besra.engine.kept_rows import ROW, TIME, KeptRows, Place, numbered
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import keys_of, ordinal_of
from besra.events.document import Fields
from besra.events.event_time import TIMESTAMP
from besra.events.identity import event_key
from besra.events.raw_event import RawEvent
from besra.events.spill import Table
from besra.language.plan import Clause, Threshold
from besra.schema.timestamp import NANOS
from besra.service.bucket_log import BucketLog, Lot
from besra.service.horizon import joined_for
from besra.service.kept_events import KeptEvents
from besra.service.open_bucket import NEVER
from besra.service.pile_files import PileFiles
from besra.service.piles import Pile
from besra.service.related import related
from besra.service.room import LookBack
from besra.service.row_part import Integers, Mask, Part


@dataclass(frozen=True, slots=True)
class Since:
    """What a run for new events is about: the rows from this number on."""

    row: int

    def holds(self, rows: Integers, clocks: Integers) -> Mask:
        """See `row_part.About`."""
        return rows >= self.row

    def meets(self, part: Part) -> bool:
        """See `row_part.About`."""
        return part.last >= self.row


@dataclass(frozen=True, slots=True)
class Within:
    """What a run on a schedule is about: the rows it sees in its window."""

    window: Window

    @property
    def _bounds(self) -> tuple[int, int]:
        start, end = self.window.start, self.window.end
        return NEVER + 1 if start is None else max(start, NEVER + 1), NO_TIME if end is None else end

    def holds(self, rows: Integers, clocks: Integers) -> Mask:
        """See `row_part.About`."""
        start, end = self._bounds
        return (clocks >= start) & (clocks <= end)

    def meets(self, part: Part) -> bool:
        """See `row_part.About`."""
        start, end = self._bounds
        return part.high >= start and part.low <= end


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

    def lasts(self, clause: Clause) -> int:
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
        self._files = PileFiles(self._horizon)
        self._events = KeptEvents()
        self._arrived: list[tuple[int, int]] = []
        """When rows arrived: the time, and the number of the first row that came then or later."""
        self._next = 0

    def add(
        self,
        kept: KeptRows,
        events: Sequence[RawEvent],
        received: Integers,
        arrived: int,
        only: Collection[int] | None = None,
    ) -> dict[int, int]:
        """Take what was kept of some events, those of `kept.rows`, and when each arrived; `only` for some entries.

        They are as old as what arrived at `arrived` is by the clock that `drop_old` goes by, whatever the other says.

        The entries with new rows, and the first new row.
        """
        if not len(events):
            return {}
        first = self._next
        numbers = np.arange(first, first + len(events))
        self._next += len(events)
        self._note_arrival(arrived, first)
        lot = Lot(first, events)
        fresh: dict[int, int] = {}
        counted: dict[int, dict[int, Table]] = {}
        longest = np.zeros(len(events), np.int64)
        for place, table in numbered(kept, numbers):
            if not table.shape[1] or (only is not None and place[0] not in only):
                continue
            fresh[place[0]] = first
            if place[0] in self._buckets:
                counted.setdefault(place[0], {})[place[1]] = table
                continue
            rows = table[ROW] - first
            clock = self._clock(place[0], table, received[rows], lot)
            self._files.append(place, np.concatenate([table, clock[np.newaxis]]))
            longest[rows] = np.maximum(longest[rows], self._horizon(place))
        self._count(counted, received, lot, arrived)
        self._events.add(first, events, longest, arrived)
        self._files.write()
        return fresh

    def _note_arrival(self, arrived: int, first: int) -> None:
        if self._arrived:
            before, since = self._arrived[-1]
            if before <= arrived and before // NANOS == arrived // NANOS:
                # One entry a second: rows are kept that much longer at most.
                self._arrived[-1] = arrived, since
                return
        self._arrived.append((arrived, first))

    def _count(self, counted: Mapping[int, Mapping[int, Table]], received: Integers, lot: Lot, arrived: int) -> None:
        """Tell thresholds of their rows by clause."""
        if not counted:
            return
        names = ((event.index[0] if event.index else "", event.id) for event in lot.events)
        identities = np.fromiter(map(hash, names), np.int64, len(lot.events))
        for number, tables in counted.items():
            if 0 in tables and arrived >= self._started - self._keeping[number].horizon:
                clock = np.full(len(lot.events), NEVER, np.int64)
                rows = tables[0][ROW] - lot.first
                clock[rows] = self._clock(number, tables[0], received[rows], lot)
                self._buckets[number].add(tables, clock, identities, lot)

    def expect(self, number: int, key: Key, start: int | None) -> None:
        """There is an alert of an entry on the bucket of a key that began at a time."""
        self._buckets[number].expect(key, start)

    def grown(self, now: int) -> dict[int, CountedHits]:
        """The buckets that have grown, by entry, where it is time to tell of them."""
        found = {number: buckets.grown(now) for number, buckets in self._buckets.items()}
        return {number: hits for number, hits in found.items() if len(hits)}

    def told(self, now: int) -> None:
        """Alerts are up to date with what has `grown`."""
        for buckets in self._buckets.values():
            buckets.told(now)

    @property
    def kept(self) -> LookBack:
        """How much it is."""
        rows, events, buckets = self._files, self._events, self._buckets.values()
        return LookBack(
            len(events),
            rows.rows,
            rows.memory + events.memory + sum(log.memory for log in buckets),
            rows.disk + events.disk + sum(log.disk for log in buckets),
        )

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
        return bool(self._piles_of(number))

    def drop_old(self, now: int, unseen: Mapping[int, int]) -> None:
        """Let go of the rows whose time is over, but for those no run has seen: by entry, the first of them."""
        horizons = {place: self._horizon(place) for place in self._files.piles}
        of_buckets = {number: self._keeping[number].horizon for number in self._buckets}
        firsts = {time: self._first_after(now - time) for time in {*horizons.values(), *of_buckets.values()}}
        for number, horizon in of_buckets.items():
            first = min(firsts[horizon], unseen.get(number, self._next))
            joins = self._first_after(now - joined_for(self._pack.entries[number].plan, horizon))
            self._buckets[number].drop_before(first, min(joins, unseen.get(number, self._next)))
        self._files.drop_before(lambda place: min(firsts[horizons[place]], unseen.get(place[0], self._next)))
        oldest = min(firsts.values(), default=self._next)
        self._arrived = [(time, first) for time, first in self._arrived if first >= oldest]
        self._events.drop_old(now, min(unseen.values(), default=self._next))

    def _horizon(self, place: Place) -> int:
        return self._keeping[place[0]].lasts(self._pack.entries[place[0]].plan.clauses[place[1]])

    def _first_after(self, time: int) -> int:
        return next((first for arrived, first in self._arrived if arrived >= time), self._next)

    def hits(self, number: int, about: About) -> Asked:
        """The hits of an entry that may be part of a match with a row a run is about."""
        if number in self._buckets:
            buckets = self._buckets[number]
            found = buckets.filled_since(about.row) if isinstance(about, Since) else buckets.seen_in(about.window)
            return Asked(found, frozenset(event_key(hit.event) for hit in found))
        entry = self._pack.entries[number]
        hits, keys = [], []
        for position, (rows, asked) in related(entry, self._piles_of(number), about).items():
            for row, is_asked in zip(rows.tolist(), asked.tolist(), strict=True):
                event = self._events[row]
                hits.append(_hit(entry, event, position))
                if is_asked:
                    keys.append((event.index[0] if event.index else "", event.id))
        return Asked(hits, frozenset(keys))

    def _piles_of(self, number: int) -> dict[int, Pile]:
        positions = range(len(self._pack.entries[number].plan.clauses))
        return {p: pile for p in positions if (pile := self._files.piles.get((number, p)))}


def _hit(entry: Entry, raw: RawEvent, clause: int) -> Hit:
    event = raw.event()
    fields = Fields(event.source)
    ordinal = ordinal_of(entry.plan.ordering, event, fields)
    return Hit(clause, event, ordinal, keys_of(entry.plan.clauses[clause], fields))
