"""What must hold for every KQL query."""

import re

from hypothesis import example, given
from hypothesis import strategies as st
from tests.property.query_texts import damaged, parsed_or_refused, texts_of

from besra.engine.reference import holds
from besra.errors import QuerySemanticError
from besra.events.document import Fields
from besra.language.glob import Glob, Wild, normalised
from besra.language.kuery import tree
from besra.language.kuery.analyser import SCRIPT_BLOCK, STANDARD, Analyser
from besra.language.kuery.literals import SPACE
from besra.language.kuery.lower import lower_kuery, lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.language.kuery.printer import print_kuery
from besra.language.relative import is_relative, resolved
from besra.language.simplify import simplify
from besra.schema.catalogue import EMPTY

TYPES = {
    "k": "keyword",
    "n": "long",
    "d": "double",
    "b": "boolean",
    "ip": "ip",
    "t": "text",
    "@timestamp": "date",
    "v": "version",
    "o": "object",
    "o.k": "keyword",
    "g": "geo_point",
}
CATALOGUE = EMPTY.with_types(TYPES)
NOW = 1_773_740_534_000_000_000

# --- trees ------------------------------------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
AWKWARD = st.sampled_from(
    [
        "and",
        "a or b",
        "not x",
        "NOT",
        "\\",
        "C:\\not",
        "a\not b",
        "*",
        "?",
        '"',
        "{}",
        "a\u00a0b",
        "x\u202ey",
        "\U000e0001",
    ]
)
TEXTS = (
    ANY_TEXT
    | AWKWARD
    | st.sampled_from(["a", "10", "3.5", "10.0.0.0/8", "now-1d", "now/d", "2026-01-01", "1.2.3", "Ab c"])
)
CONSTANTS = ("true", "false", "null")


def bare(text: str) -> str:
    """The text as an unquoted literal can hold it."""
    return text.strip(SPACE) or "a"


def pattern(parts: list[str | Wild]) -> tree.Pattern:
    glob = normalised(part for part in parts if part)
    ends = [
        part.strip(SPACE) if isinstance(part, str) and i in (0, len(glob.parts) - 1) else part
        for i, part in enumerate(glob.parts)
    ]
    return tree.Pattern(normalised(part for part in ends if part))


PATTERNS = (
    st.lists(TEXTS | st.just(Wild.ANY), max_size=4)
    .map(lambda parts: pattern([*parts, Wild.ANY]))
    .filter(lambda node: Wild.ANY in node.glob.parts)
)
VALUES: st.SearchStrategy[tree.Node] = st.one_of(
    TEXTS.map(lambda text: tree.Text(text, quoted=True)),
    TEXTS.map(bare).filter(lambda text: text not in CONSTANTS).map(tree.Text),
    st.sampled_from([True, False, None]).map(tree.Constant),
    PATTERNS,
)
NAMES = st.sampled_from([*TYPES, "o.*", "*", "made.up", "k.caseless"]).map(
    lambda name: (
        pattern([Wild.ANY if part == "*" else part for part in re.split(r"(\*)", name)])
        if "*" in name
        else tree.Text(name)
    )
) | TEXTS.map(tree.Text)


def joined(nodes: st.SearchStrategy[tree.Node]) -> st.SearchStrategy[tree.Node]:
    operands = st.lists(nodes, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(tree.Not, nodes), st.builds(tree.And, operands), st.builds(tree.Or, operands))


LISTS = st.recursive(VALUES, joined, max_leaves=5)
TESTS: st.SearchStrategy[tree.Node] = st.one_of(
    VALUES,
    st.builds(tree.Test, NAMES, LISTS),
    st.builds(tree.Range, NAMES, st.sampled_from(["<", "<=", ">", ">="]), VALUES),
)
NODES = st.recursive(TESTS, lambda nodes: joined(nodes) | st.builds(tree.Nested, NAMES, nodes), max_leaves=8)
QUERIES = st.builds(tree.Query, st.none() | NODES)


@given(QUERIES)
def test_printed_queries_parse_to_the_same_tree(query: tree.Query) -> None:
    printed = print_kuery(query)
    assert parse_kuery(printed) == query
    assert print_kuery(parse_kuery(printed)) == printed


SNIPPETS = r"""a k n t b ip o @timestamp : < <= > >= ( ) { } and or not AND \and \not \* \\ \" * a* *b "a" "*" "a b"
true false null 10 10.0.0.0/8 now-1d \u0041 \ud800 \x " ? = , . 2026"""
WORDS = st.sampled_from([*SNIPPETS.split(), "\ud800", "\0", "\n", "\u00a0", " and ", " or "])


@given(texts_of(WORDS))
@example("a\\")
@example("\\u0020")
@example('"')
@example("a:\ud800")
def test_any_text_parses_or_is_refused(text: str) -> None:
    query = parsed_or_refused(parse_kuery, text)
    if query is not None:
        assert parse_kuery(print_kuery(query)) == query
        lowers_or_is_refused(query)


@given(damaged(QUERIES.map(print_kuery), WORDS))
def test_damaged_queries_parse_or_are_refused(text: str) -> None:
    query = parsed_or_refused(parse_kuery, text)
    if query is not None:
        assert parse_kuery(print_kuery(query)) == query
        lowers_or_is_refused(query)


# --- lowering ---------------------------------------------------------------------------------------------------------

DOCUMENT = {
    "k": ["a", "B"],
    "n": 10,
    "b": True,
    "t": "The a.b text",
    "@timestamp": ["2026-01-01", "2026-03-17"],
    "o": [{"k": "x"}],
}


def lowers_or_is_refused(query: tree.Query) -> None:
    for catalogue in (EMPTY, CATALOGUE):
        try:
            lowered = lower_kuery(query, catalogue, now=NOW)
        except QuerySemanticError as error:
            assert all(problem.render() and problem.hint for problem in error.problems)
        else:
            predicate = lowered.plan.clauses[0].predicate
            assert simplify(predicate) == predicate
            held = holds(predicate, Fields(DOCUMENT))
            hash(predicate)
            later = resolved(lower_kuery(query, catalogue).plan, NOW)
            assert not is_relative(later)
            assert simplify(later.clauses[0].predicate) == later.clauses[0].predicate
            assert holds(later.clauses[0].predicate, Fields(DOCUMENT)) is held


@given(QUERIES)
def test_lowering_gives_a_plan_or_a_semantic_error(query: tree.Query) -> None:
    lowers_or_is_refused(parse_kuery(print_kuery(query)))


@given(
    st.lists(TEXTS.map(lambda text: tree.Text(text, quoted=True)), min_size=2, max_size=4),
    st.sampled_from(["k", "n", "t", "ip"]),
)
def test_a_list_is_its_values_one_by_one(values: list[tree.Text], name: str) -> None:
    field, fields = tree.Text(name), Fields(DOCUMENT)

    def truth(node: tree.Node) -> bool:
        return holds(lower_kuery_expression(tree.Query(node), CATALOGUE).predicate, fields)

    single = [truth(tree.Test(field, value)) for value in values]
    assert truth(tree.Test(field, tree.Or(tuple(values)))) is any(single)
    assert truth(tree.Test(field, tree.And(tuple(values)))) is all(single)
    assert truth(tree.Test(field, tree.Not(tree.Or(tuple(values))))) is not any(single)


# --- words ------------------------------------------------------------------------------------------------------------

ANALYSERS = st.sampled_from([SCRIPT_BLOCK, STANDARD])
PROSE = st.text(st.sampled_from("aB1_-.:,;' ()\n\u00e9"), max_size=14)


@given(ANALYSERS, PROSE, PROSE)
@example(STANDARD, "a.b", "a b")
@example(STANDARD, "..a", "a")
@example(STANDARD, "1.a", "a")
@example(STANDARD, "a._", "_")
def test_a_phrase_is_found_where_its_words_follow_each_other(analyser: Analyser, text: str, phrase: str) -> None:
    words, wanted = analyser.words(text), analyser.words(phrase)
    if wanted:
        expected = any(words[i : i + len(wanted)] == wanted for i in range(len(words)))
        found = re.fullmatch(analyser.phrase(wanted), text, re.IGNORECASE | re.DOTALL)
        assert bool(found) is expected


@given(PROSE, st.lists(st.sampled_from(["a", "b1", "-", "_", Wild.ANY]), min_size=1, max_size=4))
def test_a_pattern_is_found_where_it_covers_a_word(text: str, parts: list[str | Wild]) -> None:
    # `*` alone is no pattern for words: it asks whether the field exists.
    glob: Glob = normalised([*parts, "1", Wild.ANY])
    pattern = SCRIPT_BLOCK.glob(glob)
    assert pattern is not None
    covering = re.compile("".join(".*" if isinstance(part, Wild) else re.escape(part) for part in glob.parts))
    expected = any(covering.fullmatch(word) for word in SCRIPT_BLOCK.words(text))
    assert bool(re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL)) is expected
