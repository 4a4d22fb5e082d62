"""Each: every event of the only clause is a match of its own."""

from collections.abc import Iterator, Sequence

from besra.detection.correlate.order import distinct
from besra.detection.match import Match
from besra.engine.hits import Hit


def each_match(hits: Sequence[Hit]) -> Iterator[Match]:
    """One match an event, in order of time; events without a time come last, in reading order."""
    return (Match((hit,)) for hit in distinct(hits))
