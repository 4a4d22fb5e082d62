"""Hits in the total order of events, each event once (eql.md 4.1): the stream that correlations run over."""

from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property
from typing import Protocol

from besra.detection.correlate.buckets import Filled, filled_by_arrays, filled_by_hits, ranks_of
from besra.detection.correlate.counted import CountedHits
from besra.detection.correlate.moment import Keys, Moment
from besra.detection.correlate.unseen import Unseen, unseen_by_arrays, unseen_by_hits
from besra.detection.window import Window
from besra.engine.event_order import FAR_FUTURE, FAR_PAST, NO_TIME
from besra.engine.hits import Hit, Key
from besra.engine.join_hash import Hashes, hashes_of_keys
from besra.engine.kept_hits import Integers, KeptHits
from besra.events.identity import event_key
from besra.language.plan import Threshold

CHUNK = 1 << 16
"""Hits turned from arrays into Python values at a time."""


class Stream(Protocol):
    """The events of a rule's hits in order; can be gone through many times."""

    def moments(self, *, untimed: bool = False) -> Iterator[tuple[Moment, Keys]]:
        """The events. Those without a time have no place in an order, and come last if asked for."""

    def hit(self, moment: Moment, clause: int) -> Hit:
        """The hit of an event under a clause it satisfied."""

    def key(self, moment: Moment, clause: int, key: Hashable) -> Key:
        """The join key that something stands for."""

    def filled(self, threshold: Threshold) -> Iterator[Filled]:
        """The buckets of clause 0 that are full, in the order of their last events."""

    def unseen(self, history: int) -> Iterator[Unseen]:
        """The keys of clause 0 that no event had for so many nanoseconds before, in order of their events."""

    def moment(self, number: int) -> Moment:
        """An event that was given by number: its hit under clause 0."""


def stream_of(hits: Iterable[Hit], window: Window) -> Stream:
    """The stream of hits within a window, however they are held."""
    if isinstance(hits, CountedHits):
        return hits
    if isinstance(hits, KeptHits):
        return KeptStream(hits, window) if hits else HitStream(())
    return HitStream(hit for hit in hits if window.contains(hit.time))


class HitStream:
    """A stream of hits that are held with their events."""

    def __init__(self, hits: Iterable[Hit]) -> None:
        self._hits: list[dict[int, Hit]] = []
        previous: tuple[str, str] | None = None
        for hit in distinct(hits):
            if event_key(hit.event) == previous:
                self._hits[-1][hit.clause] = hit
            else:
                self._hits.append({hit.clause: hit})
                previous = event_key(hit.event)

    def moments(self, *, untimed: bool = False) -> Iterator[tuple[Moment, Keys]]:
        """See Stream."""
        for rank, hits in enumerate(self._hits):
            moment = self._moment(rank, next(iter(hits.values())))
            if moment.time == NO_TIME and not untimed:
                return
            yield moment, {c: list(hit.keys) for c, hit in hits.items()}

    def moment(self, number: int) -> Moment:
        """See Stream. Events are numbered by rank."""
        return self._moment(number, self._hits[number][0])

    def _moment(self, rank: int, hit: Hit) -> Moment:
        return Moment(rank, NO_TIME if hit.time is None else hit.time, event_key(hit.event), rank)

    def filled(self, threshold: Threshold) -> Iterator[Filled]:
        """See Stream."""
        return filled_by_hits(threshold, self._hits)

    def unseen(self, history: int) -> Iterator[Unseen]:
        """See Stream."""
        return unseen_by_hits(history, self._hits)

    def hit(self, moment: Moment, clause: int) -> Hit:
        """See Stream."""
        return self._hits[moment.row][clause]

    def key(self, moment: Moment, clause: int, key: Hashable) -> Key:
        """See Stream. Keys stand for themselves."""
        return next(known for known in self.hit(moment, clause).keys if known == key)


class KeptStream:
    """A stream of hits that are held as rows: events are read when their hits are asked for."""

    def __init__(self, hits: KeptHits, window: Window) -> None:
        self._kept = hits
        self._ordered = hits.ordered(window.start, window.end)
        self._others: dict[tuple[int, int], int] = {}
        self._hashed: tuple[tuple[Key, ...], Hashes] = ((), hashes_of_keys(()))

    def moments(self, *, untimed: bool = False) -> Iterator[tuple[Moment, Keys]]:
        """See Stream."""
        rank = 0
        moment: Moment | None = None
        keys: Keys = {}
        for row, clause, key, event, time in self._cells():
            if moment is None or event != moment.event:
                if moment is not None:
                    yield moment, keys
                if time == NO_TIME and not untimed:
                    return
                moment, keys = self._moment(rank, time, event, row), {clause: [key]}
                rank += 1
                continue
            if row != moment.row:
                self._others[moment.rank, clause] = row
            keys.setdefault(clause, []).append(key)
        if moment is not None:
            yield moment, keys

    def _cells(self) -> Iterator[tuple[int, int, int, int, int]]:
        found = self._ordered
        columns = (found.row, found.clause, found.key, found.event, found.time)
        for start in range(0, len(found.row), CHUNK):
            yield from zip(*(column[start : start + CHUNK].tolist() for column in columns), strict=True)

    def filled(self, threshold: Threshold) -> Iterator[Filled]:
        """See Stream."""
        return filled_by_arrays(threshold, self._ordered, lambda number: self.moment(number).time)

    def unseen(self, history: int) -> Iterator[Unseen]:
        """See Stream."""
        return unseen_by_arrays(history, self._ordered, lambda number: self.moment(number).time)

    def moment(self, number: int) -> Moment:
        """See Stream. Events are numbered by the places of their hits."""
        found, at = self._ordered, number
        return self._moment(*(int(column[at]) for column in (self._ranks, found.time, found.event, found.row)))

    @cached_property
    def _ranks(self) -> Integers:
        return ranks_of(self._ordered)

    def _moment(self, rank: int, time: int, event: int, row: int) -> Moment:
        if self._ordered.has_far and time in (FAR_FUTURE, FAR_PAST):
            time = self._kept.time_of(row) or time
        # One object for two numbers that are nearly always the same: there may be a million moments.
        return Moment(rank, time, event, event if row == event else row)

    def hit(self, moment: Moment, clause: int) -> Hit:
        """See Stream."""
        return self._kept.hit(self._others.get((moment.rank, clause), moment.row), clause)

    def key(self, moment: Moment, clause: int, key: Hashable) -> Key:
        """See Stream. A number stands for a key: that of its hash."""
        assert isinstance(key, int)
        keys = self.hit(moment, clause).keys
        if len(keys) == 1:
            return keys[0]
        # An event with a thousand keys may be that of as many matches.
        if self._hashed[0] != keys:
            self._hashed = keys, hashes_of_keys(keys)
        place = (self._hashed[1] == self._ordered.hashes[key]).all(axis=1).argmax()
        return keys[int(place)]


def distinct(hits: Iterable[Hit]) -> list[Hit]:
    """Hits in order, the same event under the same clause once.

    An event read from two files is one event; the origin that sorts first stays, whatever was read first.
    """
    chosen: dict[tuple[tuple[str, str], int], Hit] = {}
    for hit in hits:
        key = (event_key(hit.event), hit.clause)
        other = chosen.get(key)
        if other is None or _origin(hit) < _origin(other):
            chosen[key] = hit
    return sorted(chosen.values(), key=_position)


def _origin(hit: Hit) -> tuple[str, int, int]:
    origin = hit.event.origin
    return origin.path, origin.line or 0, hit.event.position


def _position(hit: Hit) -> tuple[bool, object, int, str]:
    return hit.ordinal is None, hit.ordinal or (), hit.event.position, hit.event.id
