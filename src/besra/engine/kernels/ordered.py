"""Tests that go by order: equality, ranges and networks, all by one binary search.

The constants of all leaves of a field cut its values into sections: each constant, and what lies between two of them.
Every value of a section satisfies the same leaves, so that a value costs one search, whatever the number of leaves.
"""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from besra.language.expr import Equals, Exists, InNetwork, Leaf, Range

Verdict = tuple[int, ...]
"""The leaves a value satisfies, ascending."""


@dataclass(frozen=True)
class Sections:
    """Sorted constants and what each section satisfies: number 2*i* is below constant *i*, 2*i* + 1 is it."""

    cuts: Sequence[Any]
    verdicts: tuple[Verdict, ...]
    unordered: Verdict
    """What holds of a value that has no place in the order (not a number)."""

    def of(self, value: Any) -> Verdict:
        """What a value, of the constants' type, satisfies."""
        if value != value:  # noqa: PLR0124  nothing but NaN differs from itself
            return self.unordered
        return self.verdicts[bisect_left(self.cuts, value) + bisect_right(self.cuts, value)]


def sections_of(leaves: Sequence[tuple[int, Leaf]]) -> Sections:
    """The sections of numbered leaves: Exists, Equals, Range, InNetwork, with constants that all compare."""
    cuts = sorted({cut for _, leaf in leaves for cut in _cuts(leaf) if not _is_nan(cut)})
    begins: defaultdict[int, set[int]] = defaultdict(set)
    ends: defaultdict[int, set[int]] = defaultdict(set)
    for number, leaf in leaves:
        for first, last in _joined(_spans(leaf, cuts)):
            begins[first].add(number)
            ends[last].add(number)
    verdicts, holding = [], set[int]()
    verdict: Verdict = ()
    for section in range(2 * len(cuts) + 1):
        if section in begins or section in ends:
            holding = (holding - ends[section]) | begins[section]
            verdict = tuple(sorted(holding))
        verdicts.append(verdict)
    unordered = tuple(sorted(number for number, leaf in leaves if isinstance(leaf, Exists)))
    return Sections(cuts, tuple(verdicts), unordered)


def _cuts(leaf: Leaf) -> list[Any]:
    match leaf:
        case Equals():
            return list(leaf.values)
        case Range():
            return [leaf.value]
        case InNetwork():
            return [address for network in leaf.networks for address in network]
        case _:
            return []


def _is_nan(cut: object) -> bool:
    return isinstance(cut, float) and math.isnan(cut)


def _spans(leaf: Leaf, cuts: Sequence[Any]) -> list[tuple[int, int]]:
    """The sections a leaf holds in, as half-open intervals."""
    everything = 2 * len(cuts) + 1
    match leaf:
        case Exists():
            return [(0, everything)]
        case Equals():
            places = [2 * bisect_left(cuts, value) + 1 for value in leaf.values if not _is_nan(value)]
            return [(place, place + 1) for place in places]
        case InNetwork():
            networks = [(a, b) for a, b in leaf.networks if a <= b]
            return [(2 * bisect_left(cuts, a) + 1, 2 * bisect_left(cuts, b) + 2) for a, b in networks]
        case Range() if _is_nan(leaf.value):
            return []
        case Range():
            place = 2 * bisect_left(cuts, leaf.value) + 1
            spans = {"<": (0, place), "<=": (0, place + 1), ">": (place + 1, everything), ">=": (place, everything)}
            return [spans[leaf.operator]]
        case _:
            return []


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same sections as intervals that do not touch."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined
