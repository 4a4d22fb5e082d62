"""Leaves with very many constants: a value list of a million addresses, in which values are looked up as they come.

Tables for kernels take longer to make than such a list takes to read, and more memory. A look-up costs a microsecond a
distinct value, whatever the length of the list.
"""

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from functools import cached_property

from besra.engine.kernels.ordered import Verdict
from besra.language.casefold import fold_case
from besra.language.expr import Equals, InNetwork, Leaf
from besra.schema.fieldtype import FieldType, Scalar, Typed, to_typed

LARGE = 10_000
"""Constants from which on a leaf is looked up: with fewer, tables are made in a tenth of a second."""


def is_large(leaf: Leaf) -> bool:
    """Whether a leaf has so many constants that no tables are made of them."""
    match leaf:
        case Equals():
            return len(leaf.values) >= LARGE
        case InNetwork():
            return len(leaf.networks) >= LARGE
        case _:
            return False


class MemberMatcher:
    """Large leaves of one field that read it as one type. What it remembers changes speed, never results."""

    def __init__(self, field_type: FieldType, leaves: Sequence[tuple[int, Leaf]]) -> None:
        self._type = field_type
        self._sets = [(number, leaf) for number, leaf in leaves if isinstance(leaf, Equals)]
        self._networks = [(number, _Intervals(leaf)) for number, leaf in leaves if isinstance(leaf, InNetwork)]
        self._verdicts: dict[Verdict, Verdict] = {}

    def match(self, values: Sequence[Scalar]) -> list[Verdict]:
        """The leaves each value satisfies; equal verdicts are one object."""
        return [self._verdict(to_typed(value, self._type)) for value in values]

    def _verdict(self, value: Typed | None) -> Verdict:
        if value is None:
            return ()
        found = [number for number, leaf in self._sets if _is_member(leaf, value)]
        found += [number for number, intervals in self._networks if value in intervals]
        verdict = tuple(sorted(found))
        return self._verdicts.setdefault(verdict, verdict)


def _is_member(leaf: Equals, value: Typed) -> bool:
    folded = fold_case(value) if leaf.ignore_case and isinstance(value, str) else value
    return isinstance(folded, Hashable) and folded in leaf.values


class _Intervals:
    """The networks of a leaf, those that overlap made one, so that one search finds the only one that may hold."""

    def __init__(self, leaf: InNetwork) -> None:
        self._leaf = leaf

    @cached_property
    def _merged(self) -> tuple[list[int], list[int]]:
        firsts: list[int] = []
        lasts: list[int] = []
        for first, last in sorted(network for network in self._leaf.networks if network[0] <= network[1]):
            if lasts and first <= lasts[-1]:
                lasts[-1] = max(lasts[-1], last)
            else:
                firsts.append(first)
                lasts.append(last)
        return firsts, lasts

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float):
            return False
        firsts, lasts = self._merged
        place = bisect_right(firsts, value) - 1
        return place >= 0 and firsts[place] <= value <= lasts[place]
