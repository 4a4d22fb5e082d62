"""Values near the constants of rules, and values no kernel takes: the same verdicts with kernels and without."""

import math
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.verdicts import verdicts_of, verdicts_on

from besra.engine.kernels import text_kernel
from besra.engine.pack import FieldLeaf
from besra.engine.reference import holds
from besra.events.columns import LineDecoder, Projection, ValueTable
from besra.events.document import Fields
from besra.language.casefold import fold_case
from besra.language.expr import Equals, Exists, FieldRef, Like, Range, Regex
from besra.language.glob import eql_glob
from besra.schema.fieldtype import FieldType, Scalar
from besra.schema.timestamp import format_timestamp

pytest.importorskip("numba")

CUTS = (0, 1, -1, 443, 0.1, 0.3, 1.5, -2.5, 100.25, 123456789.125, 9007199254740991.0, 1e-9, 0.7)
OPERATORS = ("<", "<=", ">", ">=")


def number_leaves(field: FieldRef, cuts: Sequence[float]) -> list[FieldLeaf]:
    ranges: list[FieldLeaf] = [Range(field, operator, cut) for cut in cuts for operator in OPERATORS]
    return [*ranges, *(Equals(field, frozenset((cut,)), False) for cut in cuts), Exists(field)]


def expected(leaves: Sequence[FieldLeaf], value: Scalar) -> tuple[int, ...]:
    fields = Fields({leaves[0].field.name: value})
    return tuple(number for number, leaf in enumerate(leaves) if holds(leaf, fields))


DOUBLE = number_leaves(FieldRef("f", FieldType.DOUBLE), CUTS)
LONG = number_leaves(FieldRef("f", FieldType.LONG), [cut for cut in CUTS if isinstance(cut, int)])


@st.composite
def near_cuts(draw: st.DrawFn) -> str:
    """Numbers of up to 20 digits that are a constant but for their last ones."""
    cut = draw(st.sampled_from(CUTS))
    digits = draw(st.integers(0, 20))
    text = f"{cut:.{digits}f}"
    last = draw(st.sampled_from("0123456789"))
    return text[:-1] + last if text[-1].isdigit() and draw(st.booleans()) else text


def verdicts_of_lines(leaves: Sequence[FieldLeaf], texts: Sequence[str]) -> list[tuple[int, ...] | None]:
    """The verdicts of numbers as lines write them; None for those that are read by others."""
    projection = Projection(("f",))
    values = ValueTable()
    decoded = LineDecoder(projection, values).decode("".join(f'{{"f":{text}}}\n' for text in texts).encode())
    verdicts = verdicts_of(leaves, projection, compiled=True)
    verdicts.learn(values)
    found: list[tuple[int, ...] | None] = [None] * len(texts)
    column = decoded.columns.get("f")
    if column is not None:
        for row, number in zip(column.rows.tolist(), column.values.tolist(), strict=True):
            found[row] = verdicts.of(number)
    return found


MOMENT = 1_740_787_200_123_456_789
DATE_CUTS = (0, -1, MOMENT, MOMENT + 1, MOMENT + 10**6, -(10**18), 10**25)
DATE = number_leaves(FieldRef("f", FieldType.DATE), DATE_CUTS)


@given(st.lists(st.sampled_from(DATE_CUTS[:-1]) | st.integers(-(10**19), 10**19), max_size=5), st.integers(-9999, 9999))
@example([MOMENT], 0)
@example([MOMENT], 1)
def test_dates_near_a_constant(moments: list[int], beside: int) -> None:
    written = [format_timestamp(moment + beside, digits=digits) for moment in moments for digits in (0, 3, 9)]
    texts = [*written, "2025-03-01", "2025-02-30T00:00:00Z", "1740787200123", "later", ""]
    found = verdicts_of_lines(DATE, [f'"{text}"' for text in texts])
    assert found == [expected(DATE, text) for text in texts]


@pytest.mark.parametrize("leaves", [DOUBLE, LONG], ids=["double", "long"])
@given(st.lists(near_cuts(), min_size=1, max_size=8))
@example(["0.1", "0.10000000000000001", "0.09999999999999999", "0.30000000000000004", "0.299999999999999989"])
@example(["-0", "-0.0", "0", "0.0", "-0.00000000000000001", "1e-9", "1E-9", "0.000000001", "0.0000000010000000000001"])
@example(["9007199254740991", "9007199254740992", "9007199254740993", "9007199254740991.0", "9007199254740990.5"])
@example(["443", "443.0", "442.9999999999999999", "443.00000000000001", "443.0000000000001", "4430e-1", "44300E-2"])
@example(
    ["999999999999999", "9999999999999999", "99999999999999999999", "18446744073709551615", "-9223372036854775808"]
)
@settings(max_examples=300, deadline=None)
def test_numbers_near_constants(leaves: Sequence[FieldLeaf], texts: list[str]) -> None:
    for text, found in zip(texts, verdicts_of_lines(leaves, texts), strict=True):
        if found is not None:
            assert found == expected(leaves, orjson.loads(text)), text


FLOATS = st.sampled_from(CUTS).flatmap(
    lambda cut: st.sampled_from(
        [float(cut), math.nextafter(cut, math.inf), math.nextafter(cut, -math.inf), cut + 1e-15, cut * (1 + 4e-15)]
    )
)


@pytest.mark.parametrize("leaves", [DOUBLE, LONG], ids=["double", "long"])
@given(st.lists(FLOATS | st.integers() | st.floats() | st.booleans() | st.sampled_from(["443", " 1", "1e0", "x", ""])))
@settings(max_examples=200, deadline=None)
def test_scalars_of_every_kind_in_a_field_of_numbers(leaves: Sequence[FieldLeaf], values: list[Any]) -> None:
    assert verdicts_on(leaves, values, compiled=True) == [expected(leaves, value) for value in values]


KEYWORD = FieldRef("f", FieldType.KEYWORD)
TEXTS: list[FieldLeaf] = [
    *(Like(KEYWORD, (eql_glob(glob),), False) for glob in ("*a*a*a*b", "?", "*é*", "*😀", "*.exe", "I*", "4*")),
    *(Like(KEYWORD, (eql_glob(fold_case(glob)),), True) for glob in ("*A*b", "ı*", "*K", "*ß", "ΑΣ")),
    *(
        Regex(KEYWORD, (pattern,), folds)
        for pattern in ("(a+)+b", "[a-z]+s", ".?.?i", "k|ſ")
        for folds in (False, True)
    ),
    Equals(KEYWORD, frozenset(("a", "", "true", "4", "4.5", "é")), False),
    Equals(KEYWORD, frozenset(("i", "k", "σ", "ß")), True),
    Exists(KEYWORD),
]
WORDS = st.text(st.sampled_from('aAbBiIıİkKsSſßσςΣé4.😀\0\n\\" '), max_size=12)
SCALARS = WORDS | st.sampled_from([4, 4.5, True, False, -0.0, 2**63, 10**30, "\ud800", 1e300]) | st.text(max_size=6)


@given(st.lists(SCALARS, max_size=12))
@settings(max_examples=300, deadline=None)
def test_texts_and_what_stands_in_their_place(values: list[Any]) -> None:
    wanted = [expected(TEXTS, value) for value in values]
    assert verdicts_on(TEXTS, values, compiled=True) == wanted
    assert verdicts_on(TEXTS, values, compiled=False) == wanted


def test_room_for_sets_and_texts_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_kernel, "FIRST_SETS", 4)
    monkeypatch.setattr(text_kernel, "USUAL_TEXT", 2)
    leaves: list[FieldLeaf] = [Like(KEYWORD, (eql_glob(f"*{letter}*"),), False) for letter in "abcdefghijkl"]
    chosen = ["".join(letter for bit, letter in enumerate("abcdefghijkl") if n >> bit & 1) for n in range(4096)]
    values: list[Scalar] = [*chosen, *(text + "é" for text in chosen[:50]), "x" * 5000 + "a", "\n" * 100 + "b"]
    assert verdicts_on(leaves, values, compiled=True) == [expected(leaves, value) for value in values]
