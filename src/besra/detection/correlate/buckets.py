"""Buckets: the events of a clause by key, and which of them are full enough. For hits held as arrays, and one by one.

Ten million events may fall into a million buckets: arrays are counted as arrays, and what is not full is never looked
at singly.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from besra.engine.hits import Hit, Key
from besra.engine.kept_hits import Integers, OrderedHits
from besra.language.plan import Threshold


class Filled(NamedTuple):
    """A full bucket: what stands for its key, its events in order as their stream numbers them.

    `distinct` counts the keys they have under each clause of the threshold's cardinality.
    """

    key: Hashable
    events: Sequence[int]
    distinct: tuple[int, ...]


def filled_by_hits(threshold: Threshold, events: Sequence[dict[int, Hit]]) -> Iterator[Filled]:
    """The full buckets of events that are given with their hits by clause, in the order of their last events.

    If one event is the last of several buckets, its keys are in order.
    """
    buckets: defaultdict[Key, list[int]] = defaultdict(list)
    values: defaultdict[tuple[int, Key], set[Key]] = defaultdict(set)
    places: dict[Key, int] = {}
    for number, hits in enumerate(events):
        for place, key in enumerate(hits[0].keys if 0 in hits else ()):
            buckets[key].append(number)
            places[key] = place
            for part in threshold.cardinality:
                values[part.clause, key].update(hits[part.clause].keys if part.clause in hits else ())
    for key in sorted(buckets, key=lambda key: (buckets[key][-1], places[key])):
        distinct = tuple(len(values[part.clause, key]) for part in threshold.cardinality)
        if len(buckets[key]) >= threshold.count and _suffices(threshold, distinct):
            yield Filled(key, buckets[key], distinct)


def _suffices(threshold: Threshold, distinct: Sequence[int]) -> bool:
    return all(number >= part.least for number, part in zip(distinct, threshold.cardinality, strict=True))


def filled_by_arrays(threshold: Threshold, found: OrderedHits) -> Iterator[Filled]:
    """The full buckets of ordered hits, which number events by the places of their hits under clause 0."""
    held = np.flatnonzero(found.clause == 0)
    held = held[np.argsort(found.key[held], kind="stable")]
    keys = found.key[held]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    sizes = np.diff(starts, append=len(keys))
    full = sizes >= threshold.count
    counts = []
    for part in threshold.cardinality:
        distinct = _distinct_keys(found, held, part.clause)[keys[starts]]
        full &= distinct >= part.least
        counts.append(distinct)
    chosen = np.flatnonzero(full)
    ends = starts + sizes
    chosen = chosen[np.argsort(held[ends[chosen] - 1])]
    for bucket in chosen.tolist():
        start, end = int(starts[bucket]), int(ends[bucket])
        yield Filled(int(keys[start]), _Places(held[start:end]), tuple(int(count[bucket]) for count in counts))


def _distinct_keys(found: OrderedHits, held: Integers, clause: int) -> Integers:
    """For every key how many distinct keys the events with it have under another clause."""
    ranks = ranks_of(found)
    others = np.flatnonzero(found.clause == clause)
    first = np.searchsorted(ranks[others], ranks[held], "left")
    width = np.searchsorted(ranks[others], ranks[held], "right") - first
    # Every hit of an event beside every other of it: as a rule one beside one.
    offset = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
    other = others[np.repeat(first, width) + offset]
    total = len(found.hashes)
    pairs = np.unique(np.repeat(found.key[held], width) * total + found.key[other])
    return np.bincount(pairs // total, minlength=total)


def ranks_of(found: OrderedHits) -> Integers:
    """The rank of every hit's event: hits of one event are neighbours."""
    ranks: Integers = np.cumsum(np.diff(found.event, prepend=found.event[:1]) != 0)
    return ranks


class _Places(Sequence[int]):
    """Numbers of an array as a sequence of Python's integers, made when they are asked for."""

    def __init__(self, numbers: Integers) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, place: Any) -> Any:
        return self._numbers[place].tolist()
