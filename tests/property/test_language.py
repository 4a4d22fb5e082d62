"""What must hold for every query, pattern and expression."""

import itertools
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from tests.property.query_texts import damaged, parsed_or_refused, texts_of
from tests.property.strategies import EXPRESSIONS, QUERIES, TEXT

from besra.engine.reference import holds
from besra.errors import QuerySemanticError
from besra.events.document import Fields
from besra.language import expr
from besra.language.casefold import fold_case
from besra.language.eql import tree
from besra.language.eql.lower import lower_expression, lower_query
from besra.language.eql.parser import parse_expression, parse_query
from besra.language.eql.printer import print_expression, print_query
from besra.language.eql.scope import UnknownFields
from besra.language.functions import FUNCTIONS, Function, call
from besra.language.glob import Glob, Wild, eql_glob, glob_matches, normalised
from besra.language.lucene_regex import RegexError, translate
from besra.language.simplify import simplify
from besra.schema.catalogue import EMPTY, bundled_catalogue
from besra.schema.fieldtype import FieldType

# --- trees and text ---------------------------------------------------------------------------------------------------


@given(EXPRESSIONS)
def test_printed_expressions_parse_to_the_same_tree(node: tree.Node) -> None:
    printed = print_expression(node)
    assert parse_expression(printed) == node
    assert print_expression(parse_expression(printed)) == printed


@given(QUERIES)
@example(tree.Query(tree.EventQuery("fork", tree.Literal(True))))
def test_printed_queries_parse_to_the_same_tree(query: tree.Query) -> None:
    printed = print_query(query)
    assert parse_query(printed) == query
    assert print_query(parse_query(printed)) == printed


SNIPPETS = r"""any process where sequence sample by with maxspan = runs until and or not in in~ like like~ regex regex~
: == != < <= > >= + - * / % ( ) [ ] ![ , . ? ~ | head tail true false null a b.c `x` @t "a" "*" 1 2.5 5m
// /* */ ' \ ² ٣ .. ?" ?' " ` ! & # startsWith length join of descendant AND"""
WORDS = st.sampled_from([*SNIPPETS.split(), '"""b"""', "\ud800", "\0", "\n"])


@given(texts_of(WORDS))
@example("any where .²")
@example('any where """a""""""')
@example('any where a == "\ud800"')
@example("any where a in (b in (c in (d)))")
def test_any_text_parses_or_is_refused(text: str) -> None:
    query = parsed_or_refused(parse_query, text)
    if query is not None:
        assert parse_query(print_query(query)) == query


@given(damaged(QUERIES.map(print_query), WORDS))
def test_damaged_queries_parse_or_are_refused(text: str) -> None:
    query = parsed_or_refused(parse_query, text)
    if query is not None:
        lowers_or_is_refused(query, UnknownFields.MISSING)
        assert parse_query(print_query(query)) == query


# --- lowering ---------------------------------------------------------------------------------------------------------


def lowers_or_is_refused(query: tree.Query, unknown: UnknownFields) -> None:
    for catalogue in (EMPTY, bundled_catalogue()):
        try:
            lowered = lower_query(query, catalogue, unknown_fields=unknown)
        except QuerySemanticError as error:
            assert all(problem.render() for problem in error.problems)
        else:
            for clause in lowered.plan.clauses:
                assert simplify(clause.predicate) == clause.predicate
                holds(clause.predicate, Fields(DOCUMENT))


DOCUMENT = {
    "a": ["x", 1, None],
    "_b": True,
    "process": {"name": "p", "pid": 4},
    "@timestamp": "2024-01-01",
    "runs": 2.5,
}


@given(QUERIES, st.sampled_from(UnknownFields))
def test_lowering_gives_a_plan_or_a_semantic_error(query: tree.Query, unknown: UnknownFields) -> None:
    text = print_query(query)
    lowers_or_is_refused(parse_query(text), unknown)


@given(EXPRESSIONS)
def test_lowering_a_bare_expression_gives_a_meaning_or_a_semantic_error(node: tree.Node) -> None:
    text = print_expression(node)
    try:
        lower_expression(text, parse_expression(text), EMPTY)
    except QuerySemanticError as error:
        assert error.problems


# --- simplification ---------------------------------------------------------------------------------------------------

LEAVES = [expr.Exists(expr.FieldRef(name, FieldType.KEYWORD)) for name in "pqrs"]
PREDICATES: st.SearchStrategy[expr.Predicate] = st.recursive(
    st.sampled_from([*LEAVES, expr.Always(True), expr.Always(False)]),
    lambda inner: st.one_of(
        st.builds(expr.Not, inner),
        st.builds(expr.And, st.lists(inner, max_size=4).map(tuple)),
        st.builds(expr.Or, st.lists(inner, max_size=4).map(tuple)),
    ),
    max_leaves=14,
)


@given(PREDICATES)
def test_simplification_keeps_the_truth_table_and_is_idempotent(predicate: expr.Predicate) -> None:
    simple = simplify(predicate)
    assert simplify(simple) == simple
    for present in itertools.chain.from_iterable(itertools.combinations("pqrs", count) for count in range(5)):
        fields = Fields(dict.fromkeys(present, "x"))
        assert holds(simple, fields) is holds(predicate, fields)


@given(PREDICATES)
def test_nothing_simple_is_left(predicate: expr.Predicate) -> None:
    def check(node: expr.Predicate, *, top: bool = False) -> None:
        match node:
            case expr.Always():
                assert top
            case expr.Not():
                assert not isinstance(node.operand, expr.Not)
                check(node.operand)
            case expr.And() | expr.Or():
                assert len(node.operands) == len(set(node.operands)) > 1
                for operand in node.operands:
                    assert type(operand) is not type(node)
                    check(operand)

    check(simplify(predicate), top=True)


# --- wildcards --------------------------------------------------------------------------------------------------------


def naively_matches(pattern: str, value: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(naively_matches(pattern[1:], value[cut:]) for cut in range(len(value) + 1))
    return bool(value) and pattern[0] in ("?", value[0]) and naively_matches(pattern[1:], value[1:])


@given(st.text("ab*?\n", max_size=8), st.text("ab\n*", max_size=8))
def test_globs_match_as_the_definition_says(pattern: str, value: str) -> None:
    assert glob_matches(eql_glob(pattern), value) is naively_matches(pattern, value)


@given(
    st.lists(st.sampled_from([Wild.ANY, Wild.ONE, "a", "b", "ab", "*", "?"]), max_size=6), st.text("ab*?", max_size=8)
)
def test_literal_wildcard_characters_in_a_glob(parts: list[str | Wild], value: str) -> None:
    """A glob made by hand may hold `*` as text, as other dialects write it."""
    pieces = [re.escape(p) if isinstance(p, str) else {Wild.ANY: ".*", Wild.ONE: "."}[p] for p in parts]
    glob: Glob = normalised(parts)
    assert glob_matches(glob, value) is bool(re.fullmatch("".join(pieces), value, re.DOTALL))


@given(st.text(max_size=20))
def test_folding_keeps_length_and_is_idempotent(text: str) -> None:
    folded = fold_case(text)
    assert len(folded) == len(text)
    assert fold_case(folded) == folded


# --- regular expressions ----------------------------------------------------------------------------------------------

Regex = tuple[object, ...]
"""("char", c), ("any",), ("class", chars, negated), ("cat", l, r), ("or", l, r), ("rep", x, low, high)."""

REGEXES: st.SearchStrategy[Regex] = st.recursive(
    st.one_of(
        st.tuples(st.just("char"), st.sampled_from("ab^$\n-&@\\")),
        st.just(("any",)),
        st.tuples(st.just("class"), st.sampled_from(["a", "ab", "^b", "-", "]", "a&&b", "["]), st.booleans()),
    ),
    lambda inner: st.one_of(
        st.tuples(st.just("cat"), inner, inner),
        st.tuples(st.just("or"), inner, inner),
        st.tuples(st.just("rep"), inner, st.integers(0, 2), st.sampled_from([0, 1, None])),
    ),
    max_leaves=6,
)


def written(regex: Regex) -> str:
    """The pattern in Lucene's syntax."""
    match regex:
        case ("char", str(char)):
            return f"\\{char}" if char in "&@\\" else char
        case ("any",):
            return "."
        case ("class", str(chars), negated):
            members = "".join(f"\\{char}" if char in "^]-[" else char for char in chars)
            return f"[{'^' if negated else ''}{members}]"
        case ("cat", left, right):
            return f"({written(left)})({written(right)})"  # type: ignore[arg-type]
        case ("or", left, right):
            return f"({written(left)}|{written(right)})"  # type: ignore[arg-type]
        case (_, inner, int(low), extra):
            high = "" if extra is None else low + int(str(extra))
            return f"({written(inner)}){{{low},{high}}}"  # type: ignore[arg-type]
    raise AssertionError(regex)


def ends(regex: Regex, text: str, start: int) -> frozenset[int]:
    """Every position where a match that begins at `start` may end: the definition, by sets."""
    match regex:
        case ("char", str(char)):
            return frozenset({start + 1} if text[start : start + 1] == char else ())
        case ("any",):
            return frozenset({start + 1} if start < len(text) else ())
        case ("class", str(chars), negated):
            fits = start < len(text) and (text[start] in chars) is not negated
            return frozenset({start + 1} if fits else ())
        case ("cat", left, right):
            return frozenset().union(*(ends(right, text, middle) for middle in ends(left, text, start)))  # type: ignore[arg-type]
        case ("or", left, right):
            return ends(left, text, start) | ends(right, text, start)  # type: ignore[arg-type]
        case (_, inner, int(low), extra):
            return _repeated(inner, low, None if extra is None else low + int(str(extra)), text, start)  # type: ignore[arg-type]
    raise AssertionError(regex)


def _repeated(inner: Regex, low: int, high: int | None, text: str, start: int) -> frozenset[int]:
    reached, found = frozenset({start}), frozenset[int]()
    for count in range(low + len(text) + 2 if high is None else high + 1):
        if count >= low:
            found |= reached
        reached = frozenset().union(*(ends(inner, text, position) for position in reached))
    return found


@given(REGEXES, st.text("ab^$\n-&@\\[]", max_size=5))
def test_translated_patterns_match_as_the_definition_says(regex: Regex, value: str) -> None:
    translated = translate(written(regex)).pattern
    assert bool(re.fullmatch(translated, value, re.DOTALL)) is (len(value) in ends(regex, value, 0))


@given(st.text(st.sampled_from('ab|()[]{}^-*+?.\\"~&<>@#,12dwsDWS$\n'), max_size=20) | TEXT)
@example("[" + "\\W\\D\\S" + "]")
def test_any_pattern_translates_to_one_that_compiles_or_is_refused(pattern: str) -> None:
    try:
        translated = translate(pattern)
    except RegexError as error:
        assert 0 <= error.position <= len(pattern)
    else:
        re.compile(translated.pattern, re.DOTALL | re.IGNORECASE)


# --- functions --------------------------------------------------------------------------------------------------------

JSON_KINDS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["0x1f", "-1.5", "10.0.0.1", "::1", "10.0.0.0/8", "", "1" * 5000, "0x" + "f" * 5000]),
)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
@given(st.data())
def test_functions_never_raise(function: Function, data: st.DataObject) -> None:
    least = sum(not parameter.optional for parameter in function.parameters)
    most = len(function.parameters) + (2 if function.variadic else 0)
    args = data.draw(st.lists(JSON_KINDS, min_size=least, max_size=most))
    assume(function.accepts(len(args)))
    result = call(function.name, args, ignore_case=data.draw(st.booleans()) and function.folds)
    assert result is None or isinstance(result, (str, int, float, bool))
    if any(arg is None and not function.parameter(position).optional for position, arg in enumerate(args)):
        assert result is None


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "%", "==", "<", "<=", ">", ">="])
@given(JSON_KINDS, JSON_KINDS)
def test_operators_never_raise(operator: str, left: object, right: object) -> None:
    result = call(operator, [left, right])
    assert result is None or isinstance(result, (int, float, bool))
    if left is None or right is None:
        assert result is None


@given(st.integers(-100, 100), st.integers(-100, 100).filter(bool))
def test_quotient_and_remainder_make_the_dividend(left: int, right: int) -> None:
    quotient, remainder = call("/", [left, right]), call("%", [left, right])
    assert isinstance(quotient, int)
    assert isinstance(remainder, int)
    assert quotient * right + remainder == left
    assert abs(remainder) < abs(right)
    assert remainder == 0 or (remainder < 0) is (left < 0)


@given(st.text(max_size=6), st.text("ab", max_size=2), st.integers(-3, 8))
def test_index_of_is_the_first_position(source: str, part: str, start: int) -> None:
    found = [p for p in range(max(start, 0), len(source) + 1) if source[p : p + len(part)] == part]
    assert call("indexOf", [source, part, start]) == (found[0] if found else None)
