"""Asking documents, one by one, whether a condition holds of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from besra.engine.reference import holds
from besra.events.document import CASELESS, TEXT, Fields, flatten
from besra.language.expr import And, Equals, Exists, InNetwork, Like, Not, Or, Predicate, Range, Regex

Leaf = Exists | Equals | Like | Regex | Range | InNetwork
Asks = Callable[[Mapping[str, Any]], bool]

MANY = 32
"""Alternatives from which on it pays to look which of their fields a document has: a text without a field is looked
for in thousands."""


def asking(condition: Predicate) -> Asks:
    """The question whether a condition holds of a document; the answer is `engine.reference.holds`'."""
    match condition:
        case Or() if len(condition.operands) > MANY:
            return _wide(condition.operands)
        case And():
            parts = [asking(operand) for operand in condition.operands]
            return lambda document: all(part(document) for part in parts)
        case Not():
            inner = asking(condition.operand)
            return lambda document: not inner(document)
        case _:
            return lambda document: holds(condition, Fields(document))


def _wide(operands: Sequence[Predicate]) -> Asks:
    by_field: dict[str, list[Predicate]] = {}
    others: list[Predicate] = []
    for operand in operands:
        if isinstance(operand, Exists | Equals | Like | Regex | Range | InNetwork):
            by_field.setdefault(operand.field.name, []).append(operand)
        else:
            others.append(operand)

    def ask(document: Mapping[str, Any]) -> bool:
        leaves: Mapping[str, Any] = flatten(document)
        fields = Fields(leaves)
        asked = (leaf for name in _names(leaves) for leaf in by_field.get(name, ()))
        return any(holds(leaf, fields) for leaf in asked) or any(holds(one, Fields(document)) for one in others)

    return ask


def _names(leaves: Iterable[str]) -> Iterable[str]:
    """The fields of a document, also those that are derived from others."""
    for name in leaves:
        yield name
        yield f"{name}{CASELESS}"
        yield f"{name}{TEXT}"
