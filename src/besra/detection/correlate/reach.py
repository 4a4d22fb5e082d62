"""How far back times reach: for each of many events the first of its group that lies no more than so long before it."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from besra.engine.kept_hits import Integers

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

ROOM = 1 << 61
"""Nanoseconds that are laid end to end: well below what 64 bits hold."""


def first_within(within: int | None, times: Integers, fresh: Mask, far: Mapping[int, int]) -> Integers:
    """For each place the first one of its group whose time is at most `within` earlier; None is any time.

    The times of a group ascend; `fresh` says where a group begins. `far` has the times of places where 64 bits do not
    hold them.
    """
    if within is None:
        return np.maximum.accumulate(np.where(fresh, np.arange(len(times)), 0))
    if far:
        return _exactly(within, times, fresh, far)
    # Times of a group ascend, so wrapped around 64 bits their difference is right, however large.
    gaps = np.diff(times.view(np.uint64), prepend=times[:1].view(np.uint64))
    # What lies further apart is as good as in two groups.
    apart = fresh | (gaps > np.uint64(within))
    gaps[apart] = within + 1
    starts = np.flatnonzero(apart)
    lengths = np.add.reduceat(gaps.astype(np.float64), starts) if len(starts) else np.zeros(0)
    if lengths.max(initial=0) >= ROOM:
        return _exactly(within, times, fresh, {})
    # All groups one behind the other are a stretch of time in which one search finds everything; if they are longer
    # than 64 bits hold, several.
    found = np.empty(len(times), np.int64)
    stretch = (np.cumsum(lengths) // ROOM).astype(np.int64)
    bounds = [*starts[np.flatnonzero(np.diff(stretch, prepend=-1))].tolist(), len(times)]
    for start, end in pairwise(bounds):
        laid = np.cumsum(gaps[start:end].astype(np.int64))
        found[start:end] = start + np.searchsorted(laid, laid - within, "left")
    return found


def _exactly(within: int, times: Integers, fresh: Mask, far: Mapping[int, int]) -> Integers:
    """The same one by one, for times that numbers of 64 bits do not hold."""
    exact = [far.get(place, time) for place, time in enumerate(times.tolist())]
    found = np.empty(len(exact), np.int64)
    first = 0
    for place, is_fresh in enumerate(fresh.tolist()):
        first = place if is_fresh else first
        while exact[place] - exact[first] > within:
            first += 1
        found[place] = first
    return found
