"""Whatever the leaves of a field and whatever its values: the matcher says what the reference says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.verdicts import verdicts_of

from besra.engine import members
from besra.engine.kernels.regex import RegexTest
from besra.engine.matcher import FieldMatcher
from besra.engine.pack import FieldLeaf
from besra.engine.reference import holds
from besra.events.columns import Projection, ValueTable
from besra.events.document import Fields
from besra.language.casefold import fold_case
from besra.language.expr import Equals, Exists, FieldRef, InNetwork, Like, Range, Regex
from besra.language.glob import Glob, Wild, glob_matches, normalised
from besra.language.lucene_regex import RegexError, translate
from besra.language.regex_states import states_of
from besra.schema.fieldtype import FieldType, Scalar, parse_network, to_typed

NAME = "f"
OTHER = "g"
# Few letters, so that patterns and values meet; the others are the hard cases of case and of UTF-8.
ALPHABET = "aAbB\\:.-/ \n\x00sSkKiIßẞİıſKΣσςéÉ𝒳\ud800"
LETTERS = st.text(ALPHABET, max_size=8)
WORDS = ("C:\\Windows\\", "c:\\windows\\system32\\", "cmd.exe", ".exe", "-enc", "/tmp/", "abab", "straße", "true", "42")
PIECES = st.one_of(LETTERS, st.sampled_from(WORDS))
TEXTS = st.one_of(PIECES, st.lists(PIECES, max_size=4).map("".join))
LIKE_VALUES = (
    "1",
    "1.0",
    "1.5",
    "-0",
    "9007199254740993",
    "1e3",
    "True",
    "10.0.0.1",
    "::1",
    "2024-01-02T03:04:05Z",
    "1.10",
)
SCALARS: st.SearchStrategy[Scalar] = st.one_of(
    TEXTS,
    st.sampled_from(LIKE_VALUES),
    st.ip_addresses().map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.booleans(),
    st.integers(-3, 50),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from((1.0, 1.5, 42.0, 1e16)),
)
TYPES = st.sampled_from(FieldType)
PARTS = st.one_of(st.sampled_from(Wild), PIECES.filter(bool))
GLOBS = st.lists(PARTS, max_size=6).map(normalised)
LUCENE = st.text('aAbBsSkKi.*+?()|[]{}123,-\\^"@ßK ', max_size=14)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """A pattern of the common dialect."""
    try:
        return translate(draw(LUCENE)).pattern
    except RegexError:
        return ".*"


@st.composite
def leaves(draw: st.DrawFn) -> FieldLeaf:
    """A leaf of the kinds that lowering makes, on a field of any type."""
    field = FieldRef(NAME, draw(TYPES))
    folds = draw(st.booleans())
    match draw(st.sampled_from(("exists", "equals", "like", "like", "regex", "range", "network"))):
        case "equals":
            typed = [to_typed(value, field.type) for value in draw(st.lists(SCALARS, max_size=4))]
            constants = frozenset(value for value in typed if value is not None)
            return Equals(field, frozenset(_folded(value) for value in constants) if folds else constants, folds)
        case "like":
            globs = draw(st.lists(GLOBS, min_size=1, max_size=4))
            return Like(field, tuple(map(_folded_glob, globs)) if folds else tuple(globs), folds)
        case "regex":
            return Regex(field, tuple(draw(st.lists(patterns(), min_size=1, max_size=2))), folds)
        case "range" if field.type is not FieldType.DYNAMIC:
            constant = to_typed(draw(SCALARS), field.type)
            operator = draw(st.sampled_from(("<", "<=", ">", ">=")))
            return Exists(field) if constant is None else Range(field, operator, constant)
        case "network":
            block = draw(st.ip_addresses().map(lambda address: f"{address}/{8 if address.version == 4 else 64}"))
            return InNetwork(FieldRef(NAME, FieldType.IP), tuple(filter(None, [parse_network(block)])))
    return Exists(field)


def _folded(value: object) -> object:
    return fold_case(value) if isinstance(value, str) else value


def _folded_glob(glob: Glob) -> Glob:
    return Glob(tuple(part if isinstance(part, Wild) else fold_case(part) for part in glob.parts))


def expected(of: Sequence[FieldLeaf], value: Scalar) -> tuple[int, ...]:
    fields = Fields({NAME: value})
    return tuple(i for i, leaf in enumerate(of) if holds(leaf, fields))


SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def found(of: Sequence[FieldLeaf], values: Sequence[Scalar], *, compiled: bool) -> list[tuple[int, ...]]:
    """The leaves each value satisfies, learned beside those of another field with the same tests turned round."""
    others = [replace(leaf, field=FieldRef(OTHER, leaf.field.type)) for leaf in reversed(of)]
    verdicts = verdicts_of([*of, *others], Projection((NAME, OTHER)), compiled=compiled)
    table = ValueTable()
    ids = table.ids_of(0, values[: len(values) // 2])
    verdicts.learn(table)
    mine = table.ids_of(1, values)
    ids += table.ids_of(0, values[len(values) // 2 :])
    verdicts.learn(table)
    last = 2 * len(of) - 1
    assert [verdicts.of(number) for number in mine] == [
        tuple(sorted(last - leaf for leaf in verdicts.of(number))) for number in ids
    ]
    return [verdicts.of(number) for number in ids]


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
@SLOW
@given(st.lists(leaves(), max_size=12), st.lists(SCALARS, min_size=1, max_size=12))
def test_verdicts_agree_with_the_reference(compiled: bool, of: list[FieldLeaf], values: list[Scalar]) -> None:
    assert found(of, values, compiled=compiled) == [expected(of, value) for value in values]


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
@SLOW
@given(st.lists(leaves(), max_size=12), st.lists(SCALARS, min_size=1, max_size=12), st.integers(1, 3))
def test_leaves_that_are_looked_up_agree_with_the_reference(
    compiled: bool, of: list[FieldLeaf], values: list[Scalar], large: int
) -> None:
    with patch.object(members, "LARGE", large):
        assert found(of, values, compiled=compiled) == [expected(of, value) for value in values]


@SLOW
@given(st.lists(leaves(), max_size=12), st.lists(SCALARS, min_size=1, max_size=12))
def test_the_matcher_agrees_with_the_reference(of: list[FieldLeaf], values: list[Scalar]) -> None:
    matcher = FieldMatcher.of(list(enumerate(of)))
    assert matcher.match(values) == [expected(of, value) for value in values]
    assert matcher.match(values[::-1]) == [expected(of, value) for value in values[::-1]]


@SLOW
@given(st.lists(st.tuples(GLOBS, st.booleans()), min_size=1, max_size=30), st.lists(TEXTS, min_size=1, max_size=30))
def test_many_globs_at_once(globs: list[tuple[Glob, bool]], texts: list[str]) -> None:
    field = FieldRef(NAME, FieldType.KEYWORD)
    of = [Like(field, (_folded_glob(glob) if folds else glob,), folds) for glob, folds in globs]
    assert found(of, texts, compiled=True) == [expected(of, text) for text in texts]


@SLOW
@given(patterns(), st.booleans(), st.lists(st.one_of(TEXTS, st.text("aAbBsk1.-", max_size=6)), min_size=1, max_size=12))
def test_the_globs_of_a_pattern_cover_what_it_matches(pattern: str, folds: bool, texts: list[str]) -> None:
    test = RegexTest(pattern, folds)
    for text in texts:
        if test.matches(text) and (text.isascii() or not folds):
            written = fold_case(text) if folds else text
            assert any(glob_matches(glob, written) for glob in test.globs)


@SLOW
@given(
    patterns(),
    st.booleans(),
    st.lists(st.one_of(TEXTS, st.text("aAbBsſkKiıİé1.-", max_size=8)), min_size=1, max_size=12),
)
def test_whoever_decides_a_pattern_agrees_with_re(pattern: str, folds: bool, texts: list[str]) -> None:
    test, wary, states = RegexTest(pattern, folds), RegexTest(pattern, folds), states_of(pattern, folds)
    assert test.tree
    assert states
    vars(wary)["tree"] = replace(test.tree)
    vars(wary.tree)["backtracks"] = True
    for text in texts:
        expected = re.fullmatch(pattern, text, re.DOTALL | (re.IGNORECASE if folds else 0)) is not None
        assert test.matches(text) is expected
        assert states.matches(text) is expected
        assert wary.matches(text) is expected
