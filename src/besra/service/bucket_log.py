"""What a threshold counts while events arrive: its open buckets, and the events that are in none.

An event that belongs to a bucket is counted there and let go. The others wait: when a rule is looked at, those of keys
with something new become buckets where there are enough, as a scan makes them (`detection.correlate.buckets`). A bucket
that is there stays, whatever comes late; what belongs to it still joins it, and is told of now and then.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from besra.detection.correlate.counted import Counted, CountedHits
from besra.detection.window import Window
from besra.engine.event_order import NO_TIME
from besra.engine.hits import Hit, Key
from besra.engine.join_hash import SEVERAL, hashes_of_keys
from besra.engine.kept_rows import KEY, ROW, TIME
from besra.engine.reference import keys_of
from besra.events.document import Fields
from besra.events.raw_event import RawEvent
from besra.events.spill import Table
from besra.language.plan import Plan, Threshold
from besra.schema.timestamp import NANOS
from besra.service.open_bucket import OpenBucket, Rows, Value, event_of, in_order
from besra.service.seen import Integers, SeenLately
from besra.service.waiting import Waiting, end_of

TOLD_EVERY = 60 * NANOS
"""A bucket that grows is told of again after so long: an alert is not written with every event."""
UNSETTLED = 1_000_000
"""Most events that wait until somebody looks."""
WAITING = 500
"""Bytes of memory an event takes that waits, about."""


Pair = tuple[int, int]
"""The hash of a key that events are counted by."""


@dataclass(slots=True)
class _Kept:
    """What there is of a key: its buckets by their start, and the events in none."""

    key: Key
    waiting: Waiting
    buckets: list[OpenBucket] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Lot:
    """Events that arrived together, and the number of the first."""

    first: int
    events: Sequence[RawEvent]

    @property
    def end(self) -> int:
        """One behind the number of the last."""
        return self.first + len(self.events)


class BucketLog:
    """The buckets of the threshold of a plan, over events that arrive in lots.

    With `reads_alerts` documents are kept of events that are shown: what an alert is about is told with it.
    """

    def __init__(self, plan: Plan, *, reads_alerts: bool = False) -> None:
        assert isinstance(plan.correlation, Threshold)
        self._threshold = plan.correlation
        self._clauses = plan.clauses
        self._keeps_events = reads_alerts or bool(plan.exclusions)
        self._kept: dict[Pair, _Kept] = {}
        self._filled: list[tuple[OpenBucket, _Kept]] = []
        """Buckets in the order in which they became full."""
        self._grown: dict[int, tuple[OpenBucket, _Kept]] = {}
        """Buckets with events that nobody has been told of, by their identity."""
        self._told_at = 0
        self._touched: dict[Pair, None] = {}
        self._unsettled = 0
        self._waiting = 0
        """Events that are in no bucket."""
        self._seen = SeenLately()
        self._next = 0
        self._dropped = 0
        self._keys: tuple[int, dict[Pair, Key]] = (-1, {})

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._kept)

    @property
    def memory(self) -> int:
        """Bytes of memory of events that are in no bucket, about, and of who has been counted."""
        return self._waiting * WAITING + self._seen.memory

    @property
    def disk(self) -> int:
        """Bytes of files."""
        return self._seen.disk

    def expect(self, key: Key, start: int | None) -> None:
        """There is an alert on a bucket that began at a time: what belongs to it is in no other."""
        start = NO_TIME if start is None else start
        kept = self._kept.setdefault(_pairs([key])[0], _Kept(key, Waiting(self._threshold)))
        if all(bucket.start != start for bucket in kept.buckets):
            self._begin(kept, start, -1)

    def _begin(self, kept: _Kept, start: int, filled: int) -> OpenBucket:
        distinct: tuple[set[Value], ...] = tuple(set() for _ in self._threshold.cardinality)
        bucket = OpenBucket(start, end_of(self._threshold, start), filled, distinct, newest=self._next)
        insort(kept.buckets, bucket, key=lambda bucket: bucket.start)
        return bucket

    def add(self, tables: Mapping[int, Table], clock: Integers, identities: Integers, lot: Lot) -> None:
        """Take the rows of a lot that satisfy clauses.

        For each event of the lot there is when a run has to look to see it, and a hash of who it is.
        """
        self._next = lot.end
        table = self._fresh(self._with_keys_apart(0, tables, lot), identities, lot)
        if not table.shape[1]:
            return
        table = table[:, np.lexsort((table[ROW], table[TIME], table[KEY + 1], table[KEY]))]
        keys, numbers = table[KEY:], table[ROW]
        bounds = np.flatnonzero(np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)))
        places = numbers - lot.first
        rows = Rows(
            table[TIME].tolist(),
            numbers.tolist(),
            clock[places].tolist(),
            self._values(tables, lot, numbers.tolist()),
            [lot.events[place] for place in places.tolist()],
            self._keeps_events,
            lot.end - 1,
        )
        stretches = zip(keys[:, bounds].T.tolist(), pairwise([*bounds.tolist(), len(numbers)]), strict=True)
        for (first, rest), (start, end) in stretches:
            self._take((first, rest), rows, start, end)
        if self._unsettled > UNSETTLED:
            self.settle()

    def _fresh(self, table: Table, identities: Integers, lot: Lot) -> Table:
        """The rows of events that were not counted before: what is sent twice is one event."""
        places = np.unique(table[ROW]) - lot.first
        is_fresh = np.zeros(len(lot.events), np.bool_)
        is_fresh[places[self._seen.fresh(identities[places], lot.end)]] = True
        return table[:, is_fresh[table[ROW] - lot.first]]

    def _with_keys_apart(self, clause: int, tables: Mapping[int, Table], lot: Lot) -> Table:
        """The rows of a clause, those with many keys once for each."""
        table = tables.get(clause)
        if table is None:
            return np.empty((KEY + 2, 0), np.int64)
        if not (several := table[KEY] == SEVERAL).any():
            return table
        parts = [table[:, ~several]]
        for column in np.flatnonzero(several).tolist():
            document = lot.events[int(table[ROW, column]) - lot.first].source
            pairs = np.array(_pairs(keys_of(self._clauses[clause], Fields(document))), np.int64)
            part = np.repeat(table[:, column : column + 1], len(pairs), axis=1)
            part[KEY:] = pairs.T
            parts.append(part)
        return np.concatenate(parts, axis=1)

    def _values(
        self, tables: Mapping[int, Table], lot: Lot, numbers: Sequence[int]
    ) -> Sequence[Sequence[Iterable[Value]]]:
        """The keys of some rows under each clause of the cardinality."""
        parts: list[dict[int, tuple[Value, ...]]] = []
        for part in self._threshold.cardinality:
            table = self._with_keys_apart(part.clause, tables, lot)
            known: dict[int, tuple[Value, ...]] = {}
            single: dict[Value, tuple[Value]] = {}
            for number, value in table[[ROW, KEY]].T.tolist():
                known[number] = (
                    (*before, value) if (before := known.get(number)) else single.setdefault(value, (value,))
                )
            parts.append(known)
        if not parts:
            return [()] * len(numbers)
        return [tuple(known.get(number, ()) for known in parts) for number in numbers]

    def _take(self, pair: Pair, rows: Rows, start: int, end: int) -> None:
        """Count rows of a key: those of buckets there, the others wait."""
        times = rows.times
        kept = self._kept.get(pair)
        if kept is None:
            event = rows.events[start]
            assert isinstance(event, RawEvent)
            key = self._key_of(pair, rows.numbers[start], event)
            kept = self._kept[pair] = _Kept(key, Waiting(self._threshold))
        for bucket in kept.buckets:
            if bucket.end < times[start]:
                continue
            begin = bisect_left(times, bucket.start, start, end)
            stop = bisect_right(times, bucket.end, begin, end)
            if begin < stop:
                self._wait(pair, kept, rows, start, begin)
                bucket.join(rows, begin, stop)
                self._grown[id(bucket)] = bucket, kept
                start = stop
                if start == end:
                    return
        self._wait(pair, kept, rows, start, end)

    def _wait(self, pair: Pair, kept: _Kept, rows: Rows, start: int, end: int) -> None:
        if start < end:
            kept.waiting.add(map(rows.row, range(start, end)))
            self._touched[pair] = None
            self._unsettled += end - start
            self._waiting += end - start

    def _key_of(self, pair: Pair, number: int, event: RawEvent) -> Key:
        if self._keys[0] != number:
            keys = keys_of(self._clauses[0], Fields(event.source))
            self._keys = number, dict(zip(_pairs(keys), keys, strict=True))
        return self._keys[1][pair]

    def settle(self) -> None:
        """Make buckets of what waits, where there are enough."""
        for pair in self._touched:
            kept = self._kept[pair]
            for rows in kept.waiting.full():
                self._waiting -= len(rows)
                bucket = self._begin(kept, rows[0].time, self._next)
                times, numbers, clocks, values, events = zip(*rows, strict=True)
                bucket.join(Rows(times, numbers, clocks, values, events, True, max(numbers)), 0, len(rows))
                self._filled.append((bucket, kept))
        self._touched.clear()
        self._unsettled = 0

    # --- what was found -----------------------------------------------------------------------------------------------

    def filled_since(self, row: int) -> CountedHits:
        """The buckets that became full by the rows from a number on."""
        self.settle()
        place = bisect_right(self._filled, row, key=lambda filled: filled[0].filled)
        return self._counted(self._filled[place:])

    def grown(self, now: int) -> CountedHits:
        """The buckets that have grown, if it is time to tell of them."""
        # A clock that has been set back would otherwise keep them waiting for as long.
        self._told_at = min(self._told_at, now)
        if now - self._told_at < TOLD_EVERY:
            return CountedHits(())
        return self._counted(found for found in self._grown.values() if self._is_full(found[0]))

    def told(self, now: int) -> None:
        """Alerts are up to date with the buckets that have grown."""
        if now - self._told_at >= TOLD_EVERY:
            self._told_at = now
            self._grown = {}

    def seen_in(self, window: Window) -> CountedHits:
        """The buckets of which a run in a window sees some event."""
        self.settle()
        buckets = ((bucket, kept) for kept in self._kept.values() for bucket in kept.buckets)
        return self._counted(
            (bucket, kept) for bucket, kept in buckets if bucket.is_seen(window) and self._is_full(bucket)
        )

    def _is_full(self, bucket: OpenBucket) -> bool:
        """Whether a bucket can be told of: of one that was there before, not all may have arrived here."""
        if not bucket.first or bucket.first[0].time != bucket.start:
            return False
        parts = zip(bucket.distinct, self._threshold.cardinality, strict=True)
        return bucket.count >= self._threshold.count and all(len(values) >= part.least for values, part in parts)

    def _counted(self, buckets: Iterable[tuple[OpenBucket, _Kept]]) -> CountedHits:
        ordered = sorted(buckets, key=lambda found: in_order(found[0].shown[-1]))
        return CountedHits([_told(bucket, kept.key) for bucket, kept in ordered])

    def drop_before(self, row: int, waiting: int) -> None:
        """Let go of what no run looks at any more, all before a number, and of events that wait for nothing.

        Those are the ones before the number `waiting`: too old to be in a bucket with one that arrives.
        """
        self._seen.forget(max(row, waiting))
        # To look through all keys for a few that are old would cost more than they take.
        if row - self._dropped <= (self._next - row) // 8:
            return
        self.settle()
        self._dropped = row
        for pair, kept in list(self._kept.items()):
            before = len(kept.waiting)
            kept.waiting.drop_before(max(row, waiting))
            self._waiting += len(kept.waiting) - before
            kept.buckets = [bucket for bucket in kept.buckets if bucket.newest >= row]
            if not (len(kept.waiting) or kept.buckets):
                del self._kept[pair]
        self._filled = [(bucket, kept) for bucket, kept in self._filled if bucket.newest >= row]
        self._grown = {name: found for name, found in self._grown.items() if found[0].newest >= row}


def _told(bucket: OpenBucket, key: Key) -> Counted:
    """What a match tells of a bucket."""
    hits = []
    for row in bucket.shown:
        event = event_of(row)
        ordinal = None if row.time == NO_TIME else (row.time, 1, None, event.position, event.id)
        hits.append(Hit(0, event, ordinal, (key,)))
    return Counted(key, bucket.count, tuple(map(len, bucket.distinct)), hits)


def _pairs(keys: Sequence[Key]) -> list[Pair]:
    """The hashes of keys as rows have them."""
    return [(first, rest) for first, rest in hashes_of_keys(keys).view(np.int64).tolist()]
