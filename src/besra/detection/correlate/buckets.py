"""Buckets: the events of a clause by key and time, and which of them are full enough. For arrays, and one by one.

A bucket of a key begins at the first event that is in no earlier one and from which on there are enough within the time
a threshold counts over. It holds all events of that time; the next one begins after them. Events without a time are a
bucket of their own.

Ten million events may fall into a million buckets: arrays are counted as arrays, and what is not full is never looked
at singly.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from besra.detection.correlate.reach import Mask, first_within
from besra.engine.event_order import FAR_FUTURE, FAR_PAST, NO_TIME
from besra.engine.hits import Hit, Key
from besra.engine.kept_hits import Integers, OrderedHits
from besra.language.plan import Threshold

FEW = 5
"""Events of a bucket that a match has from its start, and as many from its end."""


class Filled(NamedTuple):
    """A full bucket: what stands for its key, how many events it has, and those shown as their stream numbers them.

    `distinct` counts the keys they have under each clause of the threshold's cardinality.
    """

    key: Hashable
    size: int
    shown: Sequence[int]
    distinct: tuple[int, ...]


def filled_by_hits(threshold: Threshold, events: Sequence[dict[int, Hit]]) -> Iterator[Filled]:
    """The full buckets of events that are given with their hits by clause, in the order of their last events.

    If one event is the last of several buckets, its keys are in order.
    """
    by_key: defaultdict[Key, list[int]] = defaultdict(list)
    places: dict[tuple[Key, int], int] = {}
    for number, hits in enumerate(events):
        for place, key in enumerate(hits[0].keys if 0 in hits else ()):
            by_key[key].append(number)
            places[key, number] = place
    found = [(key, bucket) for key, held in by_key.items() for bucket in _cut(threshold, events, held)]
    found.sort(key=lambda named: (last := named[1].events[-1], places[named[0], last]))
    return (Filled(key, len(held), _shown(held), distinct) for key, (held, distinct) in found)


def _shown(events: Sequence[int]) -> Sequence[int]:
    return events if len(events) <= 2 * FEW else [*events[:FEW], *events[-FEW:]]


class _Cut(NamedTuple):
    """The events of a bucket and the numbers of their distinct keys."""

    events: Sequence[int]
    distinct: tuple[int, ...]


def _cut(threshold: Threshold, events: Sequence[dict[int, Hit]], held: Sequence[int]) -> Iterator[_Cut]:
    """The full buckets among the events of a key."""
    times = [events[number][0].time for number in held]
    timed = [time for time in times if time is not None]
    at = 0
    while at < len(held):
        stop = _stop(threshold, timed, at) if at < len(timed) else len(held)
        distinct = _distinct(threshold, [events[number] for number in held[at:stop]])
        if stop - at >= threshold.count and _suffices(threshold, distinct):
            yield _Cut(held[at:stop], distinct)
            at = stop
        else:
            at += 1


def _distinct(threshold: Threshold, events: Sequence[dict[int, Hit]]) -> tuple[int, ...]:
    return tuple(
        len({key for hits in events if part.clause in hits for key in hits[part.clause].keys})
        for part in threshold.cardinality
    )


def _suffices(threshold: Threshold, distinct: Sequence[int]) -> bool:
    return all(number >= part.least for number, part in zip(distinct, threshold.cardinality, strict=True))


def _stop(threshold: Threshold, times: Sequence[int], start: int) -> int:
    """Where a bucket that begins at one of some ascending times would end."""
    return len(times) if threshold.within is None else bisect_right(times, times[start] + threshold.within)


def filled_by_arrays(threshold: Threshold, found: OrderedHits, time_of: Callable[[int], int]) -> Iterator[Filled]:
    """The full buckets of ordered hits, which number events by the places of their hits under clause 0.

    `time_of` tells times that are far.
    """
    held = np.flatnonzero(found.clause == 0)
    held = held[np.argsort(found.key[held], kind="stable")]
    keys, times = found.key[held], found.time[held]
    fresh = np.ones(len(held), np.bool_)
    fresh[1:] = (keys[1:] != keys[:-1]) | ((times[1:] == NO_TIME) & (times[:-1] != NO_TIME))
    far = {}
    if found.has_far:
        places: list[int] = np.flatnonzero((times == FAR_FUTURE) | (times == FAR_PAST)).tolist()
        far = {place: time_of(int(held[place])) for place in places}
    first = first_within(threshold.within, times, fresh, far)
    stop = np.searchsorted(first, np.arange(len(held)), "right")
    full = stop - np.arange(len(held)) >= threshold.count
    counts = [_distinct_keys(found, held, part.clause, first) for part in threshold.cardinality]
    for part, distinct in zip(threshold.cardinality, counts, strict=True):
        full &= distinct >= part.least
    begins = _one_after_the_other(np.flatnonzero(full), stop)
    begins = begins[np.argsort(held[stop[begins] - 1], kind="stable")]
    for start in begins.tolist():
        end = int(stop[start])
        shown = held[start:end] if end - start <= 2 * FEW else held[np.r_[start : start + FEW, end - FEW : end]]
        yield Filled(int(keys[start]), end - start, shown.tolist(), tuple(int(count[start]) for count in counts))


def _one_after_the_other(starts: Integers, stop: Integers) -> Integers:
    """Of the places at which buckets may begin those at which they do: the first, and then the next behind its end."""
    behind = np.searchsorted(starts, stop[starts], "left").data
    chosen, at = [], 0
    while at < len(starts):
        chosen.append(at)
        at = behind[at]
    return starts[np.array(chosen, np.int64)]


def _distinct_keys(found: OrderedHits, held: Integers, clause: int, first: Integers) -> Integers:
    """How many distinct keys under another clause the events have that lie within reach of each place of `held`.

    An event gives each of its keys to the places from which on it is the first with it: those behind the event that had
    it before, as far back as it is within reach. Both ends of that stretch are counted, and their sums are the numbers.
    """
    ranks = ranks_of(found)
    others = np.flatnonzero(found.clause == clause)
    begin = np.searchsorted(ranks[others], ranks[held], "left")
    width = np.searchsorted(ranks[others], ranks[held], "right") - begin
    # Every hit of an event beside every other of it: as a rule one beside one.
    offset = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
    other = others[np.repeat(begin, width) + offset]
    place = np.repeat(np.arange(len(held)), width)
    pair = found.key[held][place] * len(found.hashes) + found.key[other]
    order = np.argsort(pair, kind="stable")
    again: Mask = pair[order[1:]] == pair[order[:-1]]
    since = first[place]
    since[order[1:][again]] = np.maximum(since[order[1:][again]], place[order[:-1][again]] + 1)
    size = len(held) + 1
    changes = np.bincount(since, minlength=size) - np.bincount(place + 1, minlength=size)
    return np.cumsum(changes)[:-1]


def ranks_of(found: OrderedHits) -> Integers:
    """The rank of every hit's event: hits of one event are neighbours."""
    ranks: Integers = np.cumsum(np.diff(found.event, prepend=found.event[:1]) != 0)
    return ranks
