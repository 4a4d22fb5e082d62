"""Hits of one rule in one window to its matches: one module a correlation."""

from collections.abc import Iterable, Iterator

from besra.detection.correlate.each import each_match
from besra.detection.correlate.sample import sample_matches
from besra.detection.correlate.sequence import sequence_matches
from besra.detection.match import Match
from besra.detection.window import EVERYTHING, Window
from besra.engine.hits import Hit
from besra.language.plan import Each, Head, Plan, Sample, Sequence


def correlate(plan: Plan, hits: Iterable[Hit], window: Window = EVERYTHING) -> Iterator[Match]:
    """The matches of a plan over its hits, in any order of the hits. Pure.

    Order of matches: sequences by the event that completes them, samples by key, single events by time (eql.md 4.5, 5).
    """
    seen = [hit for hit in hits if window.contains(hit.time)]
    match plan.correlation:
        case Each():
            matches = each_match(seen)
        case Sequence():
            matches = sequence_matches(plan.correlation, seen)
        case Sample():
            matches = sample_matches(plan.correlation, seen)
    return _piped(plan, matches)


def _piped(plan: Plan, matches: Iterator[Match]) -> Iterator[Match]:
    if not plan.pipes:
        return matches
    kept = list(matches)
    for pipe in plan.pipes:
        kept = kept[: pipe.count] if isinstance(pipe, Head) else kept[max(0, len(kept) - pipe.count) :]
    return iter(kept)
