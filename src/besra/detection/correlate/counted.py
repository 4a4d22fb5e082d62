"""Buckets that were counted while their events arrived: of their hits only those that are shown are left."""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass

from besra.detection.correlate.buckets import Filled
from besra.detection.correlate.moment import Keys, Moment
from besra.detection.correlate.unseen import Unseen
from besra.engine.event_order import NO_TIME
from besra.engine.hits import Hit, Key
from besra.events.identity import event_key
from besra.language.plan import Threshold


@dataclass(frozen=True, slots=True)
class Counted:
    """A full bucket of a threshold: its key, how many events it has, the numbers of distinct keys, the hits shown."""

    key: Key
    size: int
    distinct: tuple[int, ...]
    shown: Sequence[Hit]


class CountedHits(Collection[Hit]):
    """The hits shown of buckets that are given in the order of their last events: their own stream."""

    def __init__(self, buckets: Sequence[Counted]) -> None:
        self._buckets = buckets
        self._hits = [hit for bucket in buckets for hit in bucket.shown]

    def __len__(self) -> int:
        return len(self._hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self._hits)

    def __contains__(self, hit: object) -> bool:
        return hit in self._hits

    def filled(self, _threshold: Threshold) -> Iterator[Filled]:
        """See Stream: the threshold is the one they were counted for."""
        at = 0
        for bucket in self._buckets:
            yield Filled(bucket.key, bucket.size, range(at, at + len(bucket.shown)), bucket.distinct)
            at += len(bucket.shown)

    def moment(self, number: int) -> Moment:
        """See Stream."""
        hit = self._hits[number]
        return Moment(number, NO_TIME if hit.time is None else hit.time, event_key(hit.event), number)

    def hit(self, moment: Moment, _clause: int) -> Hit:
        """See Stream."""
        return self._hits[moment.row]

    def key(self, moment: Moment, _clause: int, _key: Hashable) -> Key:
        """See Stream."""
        return self._hits[moment.row].keys[0]

    def moments(self, *, untimed: bool = False) -> Iterator[tuple[Moment, Keys]]:
        """See Stream. What was counted is in no order with anything else."""
        return iter(())

    def unseen(self, _history: int) -> Iterator[Unseen]:
        """See Stream. What was counted is new to nobody."""
        return iter(())
