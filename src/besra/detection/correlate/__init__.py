"""Hits of one rule in one window to its matches: one module a correlation."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from besra.detection.correlate.each import each_match
from besra.detection.correlate.order import stream_of
from besra.detection.correlate.sample import sample_matches
from besra.detection.correlate.sequence import sequence_matches
from besra.detection.match import Match, UnreadMatch
from besra.detection.window import EVERYTHING, Window
from besra.engine.hits import Hit
from besra.language.plan import Each, Head, Plan, Sample, Sequence


def correlate(plan: Plan, hits: Iterable[Hit], window: Window = EVERYTHING) -> Iterator[Match]:
    """The matches of a plan over its hits, in any order of the hits. Pure.

    Order of matches: sequences by the event that completes them, samples by key, single events by time (eql.md 4.5, 5).
    """
    return (read() for read in _unread(plan, hits, window))


def first_matches(
    plan: Plan, hits: Iterable[Hit], limit: int | None, window: Window = EVERYTHING
) -> tuple[list[Match], int]:
    """The first `limit` matches that `correlate` gives, None being all, and how many there are.

    The others are counted one by one and neither kept nor read.
    """
    unread = _unread(plan, hits, window)
    first = [read() for read in islice(unread, limit)]
    return first, len(first) + sum(1 for _ in unread)


def _unread(plan: Plan, hits: Iterable[Hit], window: Window) -> Iterator[UnreadMatch]:
    stream = stream_of(hits, window)
    match plan.correlation:
        case Each():
            matches = each_match(stream)
        case Sequence():
            matches = sequence_matches(plan.correlation, stream)
        case Sample():
            matches = sample_matches(plan.correlation, stream)
    for pipe in plan.pipes:
        matches = islice(matches, pipe.count) if isinstance(pipe, Head) else iter(deque(matches, pipe.count))
    return matches
