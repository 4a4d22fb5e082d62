"""The leaves of fields apart by who tests them: tables for kernels, matchers for what is left to Python."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from besra.engine.kernels.tables import (
    ADDRESSES,
    DATES,
    DOUBLES,
    INTEGERS,
    NOTHING,
    OTHERS,
    TEXTS,
    NumberTests,
    TextTables,
    text_tables,
)
from besra.engine.kernels.texts import TextTests, tests_of
from besra.engine.kernels.typed import TypedMatcher
from besra.engine.matcher import TEXT_TYPES, FieldMatcher
from besra.engine.members import is_large
from besra.engine.pack import FieldLeaf
from besra.events.columns import Projection
from besra.language.expr import Range
from besra.schema.fieldtype import MAPPED, FieldType

Numbered = tuple[int, FieldLeaf]


@dataclass(frozen=True)
class FieldTests:
    """How the values of one field are tested that kernels leave to Python.

    With `has_texts` kernels test texts, and `others` the leaves beside them; else `others` tests everything. `scalars`
    tests what is no text, where the text of a number cannot stand for it.
    """

    has_texts: bool
    others: FieldMatcher | None
    scalars: FieldMatcher | None


def leaves_by_field(leaves: Sequence[FieldLeaf], projection: Projection) -> dict[int, list[Numbered]]:
    """The leaves of each field, by the fields' numbers."""
    found: dict[int, list[Numbered]] = {}
    for number, leaf in enumerate(leaves):
        found.setdefault(projection.numbers[leaf.field.name], []).append((number, leaf))
    return found


EXACT = 2**53
"""The first integer that not every double can be told from its neighbour at."""


NUMBERS = {
    FieldType.LONG: INTEGERS,
    FieldType.DOUBLE: DOUBLES,
    FieldType.IP: ADDRESSES,
    FieldType.DATE: DATES,
}


def number_tests(leaves: Sequence[Numbered]) -> NumberTests | None:
    """The tests of a field whose leaves all go by the order of numbers a double can tell apart; None for others.

    Dates are too large for that: kernels leave those near a constant.
    """
    types = {leaf.field.type for _, leaf in leaves}
    field_type = types.pop()
    if types or field_type not in NUMBERS or any(is_large(leaf) for _, leaf in leaves):
        return None
    typed = TypedMatcher(field_type, leaves)
    cuts = typed.sections.cuts
    first, last = 0, len(cuts)
    if field_type is FieldType.IP:
        first, last = bisect_left(cuts, MAPPED), bisect_left(cuts, MAPPED + (1 << 32))
    elif field_type is not FieldType.DATE and any(abs(cut) >= EXACT for cut in cuts):
        return None
    return NumberTests(NUMBERS[field_type], typed.sections, first, last) if typed.is_ordered else None


def compiled_tests(leaves: Sequence[FieldLeaf], projection: Projection) -> tuple[dict[int, FieldTests], TextTables]:
    """The tests of the fields that have leaves, by the fields' numbers, and the tables of all of them."""
    fields: dict[int, FieldTests] = {}
    texts: dict[int, TextTests] = {}
    numbers: dict[int, NumberTests] = {}
    kinds = [NOTHING] * len(projection.fields)
    for number, mine in leaves_by_field(leaves, projection).items():
        fields[number] = tests = field_tests(mine)
        of_numbers = number_tests(mine)
        if tests.has_texts:
            texts[number] = tests_of(_of_texts(mine))
        if of_numbers:
            numbers[number] = of_numbers
            kinds[number] = of_numbers.kind
        else:
            kinds[number] = TEXTS if tests.has_texts and tests.others is None else OTHERS
    return fields, text_tables(texts, numbers, kinds)


def field_tests(leaves: Sequence[Numbered]) -> FieldTests:
    """The tests of one field that are left to Python."""
    texts = _of_texts(leaves)
    chosen = {number for number, _ in texts}
    rest = [(number, leaf) for number, leaf in leaves if number not in chosen]
    is_dynamic = any(leaf.field.type is FieldType.DYNAMIC for _, leaf in texts)
    return FieldTests(
        bool(texts),
        FieldMatcher.of(rest) if rest else None,
        FieldMatcher.of(leaves) if is_dynamic or not texts else None,
    )


def _of_texts(leaves: Sequence[Numbered]) -> list[Numbered]:
    """The leaves a text satisfies or not as it is, without those of too many constants."""
    texts = [(n, leaf) for n, leaf in leaves if leaf.field.type in TEXT_TYPES and not isinstance(leaf, Range)]
    return [(n, leaf) for n, leaf in texts if not is_large(leaf)]
