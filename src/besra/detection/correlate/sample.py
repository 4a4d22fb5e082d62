"""Samples: unordered co-occurrence under one join key (eql.md 5)."""

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Sequence as Items
from itertools import islice

from besra.detection.correlate.order import distinct
from besra.detection.match import Match
from besra.engine.hits import Hit, Key
from besra.events.identity import event_key
from besra.language.plan import Sample


def sample_matches(sample: Sample, hits: Items[Hit]) -> Iterator[Match]:
    """Up to `sample.per_key` matches a key, keys ascending with null first.

    An event fills one place of a match at most; places are filled in order, each with the first event not used.
    """
    by_key: defaultdict[Key, defaultdict[int, list[Hit]]] = defaultdict(lambda: defaultdict(list))
    for hit in distinct(hits):
        for key in hit.keys:
            by_key[key][hit.clause].append(hit)
    wanted = set(sample.clauses)
    keys = [key for key, found in by_key.items() if wanted <= found.keys()]
    keys.sort(key=lambda key: tuple((part is not None, part) for part in key))
    for key in keys:
        # None of the key's first `per_key` matches can need more candidates of a clause than this.
        most = len(sample.clauses) - 1 + sample.per_key
        candidates = [by_key[key][clause][:most] for clause in sample.clauses]
        if len({event_key(hit.event) for hits in candidates for hit in hits}) < len(candidates):
            continue  # would otherwise be found out by trying every order
        for chosen in islice(_fillings(candidates, ()), sample.per_key):
            yield Match(chosen, key)


def _fillings(candidates: list[list[Hit]], chosen: tuple[Hit, ...]) -> Iterator[tuple[Hit, ...]]:
    if len(chosen) == len(candidates):
        yield chosen
        return
    used = {event_key(hit.event) for hit in chosen}
    for hit in candidates[len(chosen)]:
        if event_key(hit.event) not in used:
            yield from _fillings(candidates, (*chosen, hit))
