"""Hits of one rule in one window to its matches: one module a correlation."""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

from besra.detection.correlate.each import each_match
from besra.detection.correlate.new_terms import new_terms_matches, with_history
from besra.detection.correlate.order import stream_of
from besra.detection.correlate.sample import sample_matches
from besra.detection.correlate.sequence import sequence_matches
from besra.detection.correlate.threat_match import threat_matches
from besra.detection.correlate.threshold import threshold_matches
from besra.detection.excluded import is_excluded
from besra.detection.match import Match, UnreadMatch
from besra.detection.window import EVERYTHING, Window
from besra.engine.hits import Hit
from besra.language.plan import Each, Head, NewTerms, Plan, Sample, Sequence, ThreatMatch, Threshold


def correlate(plan: Plan, hits: Iterable[Hit], window: Window = EVERYTHING) -> Iterator[Match]:
    """The matches of a plan over its hits, in any order of the hits. Pure.

    Order of matches: sequences by the event that completes them, samples by key, all others by time (eql.md 4.5, 5;
    detection-engine.md 5).
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


def matches_in_time(plan: Plan, hits: Iterable[Hit], window: Window = EVERYTHING) -> Iterator[Match]:
    """The matches that `correlate` gives, in the order in which they were complete; those without a time come last."""
    unread = _unread(plan, hits, window)
    if isinstance(plan.correlation, Sample):
        unread = iter(sorted(unread, key=_completed))
    return (read() for read in unread)


def _completed(read: UnreadMatch) -> tuple[bool, int]:
    time = read().time
    return time is None, time or 0


def _unread(plan: Plan, hits: Iterable[Hit], window: Window) -> Iterator[UnreadMatch]:
    matches = _matches(plan, hits, window)
    if plan.exclusions:
        matches = _left(plan, matches)
    for pipe in plan.pipes:
        matches = islice(matches, pipe.count) if isinstance(pipe, Head) else iter(deque(matches, pipe.count))
    return matches


def _matches(plan: Plan, hits: Iterable[Hit], window: Window) -> Iterator[UnreadMatch]:
    match plan.correlation:
        case Each():
            return each_match(stream_of(hits, window))
        case Sequence() as sequence:
            return sequence_matches(sequence, stream_of(hits, window))
        case Sample() as sample:
            return sample_matches(sample, stream_of(hits, window))
        case Threshold() as threshold:
            return threshold_matches(threshold, stream_of(hits, window))
        case NewTerms() as new_terms:
            return new_terms_matches(new_terms, stream_of(hits, with_history(window, new_terms)), window)
        case ThreatMatch() as threat_match:
            # Indicators are older than what they match, and may have no time at all.
            return threat_matches(threat_match, stream_of(hits, EVERYTHING), window)


def _left(plan: Plan, matches: Iterator[UnreadMatch]) -> Iterator[UnreadMatch]:
    """The matches no exclusion holds of; to know that, they have to be read."""
    for read in matches:
        match = read()
        if not is_excluded(match, plan.exclusions):
            yield partial(_read, match)


def _read(match: Match) -> Match:
    return match
