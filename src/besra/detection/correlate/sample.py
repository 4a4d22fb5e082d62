"""Samples: unordered co-occurrence under one join key (eql.md 5)."""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from functools import partial
from itertools import islice

from besra.detection.correlate.moment import Moment
from besra.detection.correlate.order import Stream
from besra.detection.match import Match, UnreadMatch
from besra.engine.hits import Key
from besra.language.plan import Sample


def sample_matches(sample: Sample, stream: Stream) -> Iterator[UnreadMatch]:
    """Up to `sample.per_key` matches a key, keys ascending with null first.

    An event fills one place of a match at most; places are filled in order, each with the first event not used.
    """
    by_key = _first_of_each_key(sample, stream)
    wanted = set(sample.clauses)
    keys = {}
    for mark, found in by_key.items():
        if wanted <= found.keys():
            clause = sample.clauses[0]
            keys[mark] = stream.key(found[clause][0], clause, mark)
    for mark, key in sorted(keys.items(), key=lambda item: _key_order(item[1])):
        candidates = [by_key[mark][clause] for clause in sample.clauses]
        if len({moment.event for moments in candidates for moment in moments}) < len(candidates):
            continue  # would otherwise be found out by trying every order
        for chosen in islice(_fillings(candidates, ()), sample.per_key):
            yield partial(_match, stream, sample, chosen, key)


def _first_of_each_key(sample: Sample, stream: Stream) -> dict[Hashable, dict[int, list[Moment]]]:
    """For every key and clause the events that may be needed: the first few."""
    # None of the key's first `per_key` matches can need more candidates of a clause than this.
    most = len(sample.clauses) - 1 + sample.per_key
    by_key: defaultdict[Hashable, defaultdict[int, list[Moment]]] = defaultdict(lambda: defaultdict(list))
    for moment, keys in stream.moments(untimed=True):
        for clause, marks in keys.items():
            for mark in marks:
                found = by_key[mark][clause]
                if len(found) < most:
                    found.append(moment)
    return by_key  # type: ignore[return-value]


def _key_order(key: Key) -> tuple[tuple[bool, object], ...]:
    return tuple((part is not None, part) for part in key)


def _fillings(candidates: list[list[Moment]], chosen: tuple[Moment, ...]) -> Iterator[tuple[Moment, ...]]:
    if len(chosen) == len(candidates):
        yield chosen
        return
    used = {moment.event for moment in chosen}
    for moment in candidates[len(chosen)]:
        if moment.event not in used:
            yield from _fillings(candidates, (*chosen, moment))


def _match(stream: Stream, sample: Sample, chosen: tuple[Moment, ...], key: Key) -> Match:
    hits = (stream.hit(moment, clause) for moment, clause in zip(chosen, sample.clauses, strict=True))
    return Match(tuple(hits), key)
