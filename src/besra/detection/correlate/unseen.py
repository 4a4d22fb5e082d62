"""Keys that were not seen for so long: for hits held as arrays, and one by one."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from besra.engine.event_order import FAR_FUTURE, FAR_PAST, NO_TIME
from besra.engine.hits import Hit, Key
from besra.engine.kept_hits import Integers, OrderedHits

CHUNK = 1 << 16
"""Keys turned from arrays into Python values at a time."""

MOST_GAP = 2**64 - 1
"""No two times of 64 bits are further apart."""


class Unseen(NamedTuple):
    """An event, as its stream numbers it, and one of its keys, with the time of the last event before that had it."""

    event: int
    key: Hashable
    before: int | None


def unseen_by_hits(history: int, events: Sequence[dict[int, Hit]]) -> Iterator[Unseen]:
    """The keys under clause 0 that no event had for `history` nanoseconds, in order; events have hits by clause."""
    last_seen: dict[Key, int] = {}
    for number, hits in enumerate(events):
        if 0 not in hits or (time := hits[0].time) is None:
            continue
        for key in hits[0].keys:
            before = last_seen.get(key)
            last_seen[key] = time
            if before is None or time - before > history:
                yield Unseen(number, key, before)


def unseen_by_arrays(history: int, found: OrderedHits, time_of: Callable[[int], int]) -> Iterator[Unseen]:
    """The same of ordered hits, which number events by the places of their hits; `time_of` tells times that are far."""
    held = np.flatnonzero((found.clause == 0) & (found.time != NO_TIME))
    held = held[np.argsort(found.key[held], kind="stable")]
    keys, times = found.key[held], found.time[held]
    known = np.zeros(len(held), np.bool_)
    known[1:] = keys[1:] == keys[:-1]
    # Times ascend, and so wrapped around 64 bits their difference is right, however large.
    gap = np.diff(times.view(np.uint64), prepend=times[:1].view(np.uint64))
    new = ~known | (gap > np.uint64(min(history, MOST_GAP)))
    if found.has_far:
        for place in _beside_far(times, known):
            new[place] = time_of(int(held[place])) - time_of(int(held[place - 1])) > history
    places = np.flatnonzero(new)
    places = places[np.argsort(held[places])]
    for start in range(0, len(places), CHUNK):
        for place in places[start : start + CHUNK].tolist():
            before = time_of(int(held[place - 1])) if known[place] else None
            yield Unseen(int(held[place]), int(keys[place]), before)


def _beside_far(times: Integers, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[int]:
    """The places of known keys whose time, or the one before it, stands for all beyond 64 bits."""
    far = (times == FAR_FUTURE) | (times == FAR_PAST)
    far[1:] |= far[:-1].copy()
    places: list[int] = np.flatnonzero(far & known).tolist()
    return places
