"""Threshold: buckets of events by key, those that are full enough (detection-engine.md 5.2)."""

from collections.abc import Iterator
from functools import partial

from besra.detection.correlate.buckets import Filled
from besra.detection.correlate.order import Stream
from besra.detection.match import Bucket, Match, UnreadMatch
from besra.engine.event_order import NO_TIME
from besra.language.plan import Threshold


def threshold_matches(threshold: Threshold, stream: Stream) -> Iterator[UnreadMatch]:
    """One match a full bucket, in the order of their last events. Events without a time come last."""
    return (partial(_match, stream, bucket) for bucket in stream.filled(threshold))


def _match(stream: Stream, bucket: Filled) -> Match:
    moments = [stream.moment(number) for number in bucket.shown]
    first, last = (None if moment.time == NO_TIME else moment.time for moment in (moments[0], moments[-1]))
    hits = tuple(stream.hit(moment, 0) for moment in moments)
    key = stream.key(moments[0], 0, bucket.key)
    return Match(hits, key, Bucket(bucket.size, bucket.distinct, first, last))
