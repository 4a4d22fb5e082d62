"""Threshold: buckets of events by key, those that are full enough (detection-engine.md 5.2)."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import partial

from besra.detection.correlate.order import Moment, Stream
from besra.detection.match import Bucket, Match, UnreadMatch
from besra.engine.event_order import NO_TIME
from besra.language.plan import Threshold


@dataclass(slots=True)
class _Open:
    """A bucket that is being filled. Moments come in order, so its first and last events are those of its times."""

    first: Moment
    last: Moment
    count: int = 0
    distinct: list[set[Hashable]] = field(default_factory=list)


def threshold_matches(threshold: Threshold, stream: Stream) -> Iterator[UnreadMatch]:
    """One match a full bucket, in the order of their last events."""
    clauses = [part.clause for part in threshold.cardinality]
    buckets: dict[Hashable, _Open] = {}
    for moment, keys in stream.moments(untimed=True):
        for key in keys.get(0, ()):
            bucket = buckets.get(key)
            if bucket is None:
                bucket = buckets[key] = _Open(moment, moment, distinct=[set() for _ in clauses])
            bucket.last = moment
            bucket.count += 1
            for values, clause in zip(bucket.distinct, clauses, strict=True):
                values.update(keys.get(clause, ()))
    full = [(key, bucket) for key, bucket in buckets.items() if _is_full(threshold, bucket)]
    full.sort(key=lambda item: item[1].last.rank)
    for key, bucket in full:
        yield partial(_match, stream, key, bucket)


def _is_full(threshold: Threshold, bucket: _Open) -> bool:
    distinct = zip(bucket.distinct, threshold.cardinality, strict=True)
    return bucket.count >= threshold.count and all(len(values) >= part.least for values, part in distinct)


def _match(stream: Stream, key: Hashable, bucket: _Open) -> Match:
    first, last = (None if moment.time == NO_TIME else moment.time for moment in (bucket.first, bucket.last))
    finding = Bucket(bucket.count, tuple(map(len, bucket.distinct)), first, last)
    return Match((stream.hit(bucket.last, 0),), stream.key(bucket.last, 0, key), finding)
