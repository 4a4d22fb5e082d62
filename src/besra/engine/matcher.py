"""All leaves of one field tested at once on each of its values.

Agrees with `reference.holds` on every leaf and every JSON scalar. A field may be read as several types; each reading
has its own matcher, and a value's leaves are those of all readings together.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from besra.engine.kernels.ordered import Verdict, sections_of
from besra.engine.kernels.texts import MOST_VERDICTS, TextMatcher
from besra.engine.kernels.typed import TypedMatcher
from besra.engine.members import MemberMatcher, is_large
from besra.engine.pack import FieldLeaf
from besra.language.expr import Range
from besra.schema.fieldtype import FieldType, Scalar, to_text

TEXTS = (FieldType.KEYWORD, FieldType.TEXT)
TEXT_TYPES = (*TEXTS, FieldType.DYNAMIC)
"""The types that take text as it is. A field in no mapping reads text as a keyword does."""

NEVER = (FieldType.NESTED, FieldType.OBJECT, FieldType.UNSUPPORTED)

Reading = Callable[[Sequence[Any]], list[Verdict]]
"""The leaves of one reading that each value satisfies."""


@dataclass(frozen=True)
class FieldMatcher:
    """Numbered leaves that all read one field. What it remembers between calls changes speed, never results.

    Built on first use, and again after unpickling: which fields events hold is not known before.
    """

    leaves: tuple[tuple[int, FieldLeaf], ...]

    @classmethod
    def of(cls, leaves: Sequence[tuple[int, FieldLeaf]]) -> "FieldMatcher":
        """A matcher of leaves of one field."""
        return cls(tuple(leaves))

    def __reduce__(self) -> tuple[Any, ...]:
        return FieldMatcher, (self.leaves,)

    def match(self, values: Sequence[Scalar]) -> list[Verdict]:
        """For each value of the field the numbers of the leaves it satisfies, ascending. Equal results are shared."""
        kinds = set(map(type, values))
        if kinds <= {str}:
            return self._all_readings(self._of_texts, values)
        if str not in kinds:
            return self._all_readings(self._of_scalars, values)
        texts = iter(self._all_readings(self._of_texts, [value for value in values if type(value) is str]))
        scalars = iter(self._all_readings(self._of_scalars, [value for value in values if type(value) is not str]))
        return [next(texts) if type(value) is str else next(scalars) for value in values]

    def _all_readings(self, readings: Sequence[Reading], values: Sequence[Scalar]) -> list[Verdict]:
        if not readings:
            return [()] * len(values)
        columns = [reading(values) for reading in readings]
        if len(columns) == 1:
            return columns[0]
        known, together = self._together, []
        for row in zip(*columns, strict=True):
            verdict = known.get(row)
            if verdict is None:
                if len(known) >= MOST_VERDICTS:
                    known.clear()
                verdict = known[row] = tuple(sorted(leaf for leaves in row for leaf in leaves))
            together.append(verdict)
        return together

    @cached_property
    def _together(self) -> dict[Hashable, Verdict]:
        return {}

    @cached_property
    def _of_texts(self) -> list[Reading]:
        """The readings of values that are text."""
        return [*self._text_readings(TEXT_TYPES), *self._typed_readings, *self._look_ups]

    @cached_property
    def _of_scalars(self) -> list[Reading]:
        """The readings of numbers and booleans."""
        readings = [_of_canonical_texts(reading) for reading in self._text_readings(TEXTS)]
        return [*readings, *self._typed_readings, *self._typed(FieldType.DYNAMIC), *self._look_ups]

    @cached_property
    def _typed_readings(self) -> list[Reading]:
        """The readings as types that convert numbers and text alike."""
        others = {leaf.field.type for _, leaf in self.leaves}.difference(TEXTS, NEVER, {FieldType.DYNAMIC})
        return [reading for field_type in sorted(others) for reading in self._typed(field_type)]

    @cached_property
    def _look_ups(self) -> list[Reading]:
        """The readings for leaves with very many constants."""
        large = [(number, leaf) for number, leaf in self.leaves if is_large(leaf)]
        types = sorted({leaf.field.type for _, leaf in large})
        return [MemberMatcher(t, [(n, leaf) for n, leaf in large if leaf.field.type is t]).match for t in types]

    def _typed(self, field_type: FieldType) -> list[Reading]:
        leaves = self._read_as((field_type,))
        return [TypedMatcher(field_type, leaves).match] if leaves else []

    def _text_readings(self, types: Sequence[FieldType]) -> list[Reading]:
        leaves = self._read_as(types)
        ranges = [(n, leaf) for n, leaf in leaves if isinstance(leaf, Range) and isinstance(leaf.value, str)]
        tests = [(n, leaf) for n, leaf in leaves if not isinstance(leaf, Range)]
        readings: list[Reading] = [TextMatcher(tests).match] if tests else []
        if ranges:
            sections = sections_of(ranges)
            readings.append(lambda texts: [sections.of(text) for text in texts])
        return readings

    def _read_as(self, types: Sequence[FieldType]) -> list[tuple[int, FieldLeaf]]:
        return [(number, leaf) for number, leaf in self.leaves if leaf.field.type in types and not is_large(leaf)]


def _of_canonical_texts(reading: Reading) -> Reading:
    return lambda scalars: reading([to_text(scalar) for scalar in scalars])
