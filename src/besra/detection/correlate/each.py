"""Each: every event of the only clause is a match of its own."""

from collections.abc import Iterator
from functools import partial

from besra.detection.correlate.moment import Moment
from besra.detection.correlate.order import Stream
from besra.detection.match import Match, UnreadMatch


def each_match(stream: Stream) -> Iterator[UnreadMatch]:
    """One match an event, in order of time; events without a time come last, in reading order."""
    return (partial(_match, stream, moment) for moment, _ in stream.moments(untimed=True))


def _match(stream: Stream, moment: Moment) -> Match:
    return Match((stream.hit(moment, 0),))
