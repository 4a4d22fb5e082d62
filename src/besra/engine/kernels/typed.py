"""All tests of a field read as one type that is not text: numbers, dates, addresses, booleans, versions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from besra.engine.kernels.ordered import Verdict, sections_of
from besra.engine.kernels.texts import TextMatcher
from besra.language.expr import Equals, Exists, InNetwork, Leaf, Like, Range, Regex
from besra.schema.fieldtype import FieldType, Scalar, Typed, to_typed


class TypedMatcher:
    """The leaves satisfied by scalars read as one type; a scalar that is not of the type satisfies none."""

    def __init__(self, field_type: FieldType, leaves: Sequence[tuple[int, Leaf]]) -> None:
        self._type = field_type
        fitting = [(number, fitted) for number, leaf in leaves if (fitted := _fitted(leaf, field_type))]
        self.sections = sections_of([(n, leaf) for n, leaf in fitting if not isinstance(leaf, Like | Regex)])
        texts = [(n, leaf) for n, leaf in fitting if isinstance(leaf, Like | Regex)]
        self._texts = TextMatcher(texts) if texts else None
        self.is_ordered = not texts

    def match(self, values: Sequence[Scalar]) -> list[Verdict]:
        """The leaves each value satisfies."""
        if self._texts is None:
            return [self._ordered(to_typed(value, self._type)) for value in values]
        typed = [to_typed(value, self._type) for value in values]
        found = self._texts.match([str(value) for value in typed])
        return [
            () if value is None else tuple(sorted({*self._ordered(value), *texts}))
            for value, texts in zip(typed, found, strict=True)
        ]

    def _ordered(self, value: Typed | None) -> Verdict:
        return () if value is None else self.sections.of(value)


def _fitted(leaf: Leaf, field_type: FieldType) -> Leaf | None:
    """The leaf with the constants that are of the type; None for one that can never hold of it.

    Case is ignored in text only, so a glob over the text of a typed value takes it as it is.
    """
    match leaf:
        case Equals():
            return replace(leaf, values=frozenset(value for value in leaf.values if _is_of(value, field_type)))
        case Range():
            return leaf if _is_of(leaf.value, field_type) else None
        case InNetwork():
            return leaf if _is_of(0, field_type) else None
        case Like():
            return replace(leaf, ignore_case=False)
        case Exists() | Regex():
            return leaf
        case _:
            return None


def _is_of(constant: Any, field_type: FieldType) -> bool:
    """Whether a constant compares with the values of a type."""
    return isinstance(constant, tuple if field_type is FieldType.VERSION else (int, float))
