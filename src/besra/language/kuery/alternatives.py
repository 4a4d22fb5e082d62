"""`or` over leaves: those of one field and kind become one leaf, which any engine tests at once.

A leaf holds if some value satisfies one of its constants, so one leaf with all constants means the same.
"""

from collections.abc import Hashable, Iterable

from besra.language.expr import Equals, InNetwork, Like, Or, Predicate, Regex
from besra.language.simplify import any_of


def any_alternative(predicates: Iterable[Predicate]) -> Predicate:
    """The disjunction, flat, with leaves that can be one made one; each stands where the first of them stood."""
    joined = any_of(predicates)
    if not isinstance(joined, Or):
        return joined
    groups: dict[Hashable, list[Predicate]] = {}
    for operand in joined.operands:
        groups.setdefault(_group_of(operand), []).append(operand)
    return any_of(_merged(group) for group in groups.values())


def _group_of(predicate: Predicate) -> Hashable:
    match predicate:
        case Equals() | Like() | Regex():
            return type(predicate), predicate.field, predicate.ignore_case
        case InNetwork():
            return InNetwork, predicate.field
        case _:
            return predicate


def _merged(group: list[Predicate]) -> Predicate:
    first = group[0]
    if len(group) == 1:
        return first
    match first:
        case Equals():
            values = frozenset().union(*(leaf.values for leaf in group if isinstance(leaf, Equals)))
            return Equals(first.field, values, first.ignore_case)
        case Like():
            globs = dict.fromkeys(glob for leaf in group if isinstance(leaf, Like) for glob in leaf.globs)
            return Like(first.field, tuple(globs), first.ignore_case)
        case Regex():
            patterns = dict.fromkeys(p for leaf in group if isinstance(leaf, Regex) for p in leaf.patterns)
            return Regex(first.field, tuple(patterns), first.ignore_case)
        case InNetwork():
            networks = {network for leaf in group if isinstance(leaf, InNetwork) for network in leaf.networks}
            return InNetwork(first.field, tuple(sorted(networks)))
        case _:
            return any_of(group)
