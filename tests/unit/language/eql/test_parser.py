"""The grammar and its points that surprise: eql.md 1.3."""

import time
from datetime import timedelta

import pytest

from besra.errors import QueryError, QuerySemanticError, QuerySyntaxError
from besra.language.eql.lower import lower_query
from besra.language.eql.parser import parse_expression, parse_query
from besra.language.eql.printer import print_expression, print_query
from besra.language.eql.tree import (
    And,
    Arithmetic,
    Call,
    Comparison,
    EventQuery,
    Field,
    In,
    Like,
    Literal,
    Node,
    Not,
    Or,
    Pipe,
    Sample,
    Sequence,
    Sign,
    Term,
)
from besra.language.query_text import MAX_DEPTH
from besra.schema.catalogue import EMPTY

A, B, C, X = Field("a"), Field("b"), Field("c"), Field("x")
TRUE = Literal(True)


def is_(field: Field, value: str = "x") -> Like:
    return Like(field, ":", (Literal(value),))


def refusal(text: str) -> QuerySyntaxError:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query(text)
    return caught.value


def event(text: str = "any where true") -> EventQuery:
    body = parse_query(text).body
    assert isinstance(body, EventQuery)
    return body


def sequence(text: str) -> Sequence:
    body = parse_query(text).body
    assert isinstance(body, Sequence)
    return body


# --- expressions ------------------------------------------------------------------------------------------------------

EXPRESSIONS: dict[str, Node] = {
    # precedence, loosest first
    "a or b and c": Or((A, And((B, C)))),
    "a and b or c": Or((And((A, B)), C)),
    "(a or b) and c": And((Or((A, B)), C)),
    "a or b or c": Or((A, B, C)),
    "(a or b) or c": Or((Or((A, B)), C)),
    "not a and b": And((Not(A), B)),
    "not not a": Not(Not(A)),
    "not a == b": Not(Comparison("==", A, B)),
    "a + b * c": Arithmetic("+", A, Arithmetic("*", B, C)),
    "a * b + c": Arithmetic("+", Arithmetic("*", A, B), C),
    "a - b - c": Arithmetic("-", Arithmetic("-", A, B), C),
    "a - (b - c)": Arithmetic("-", A, Arithmetic("-", B, C)),
    "a / b % c": Arithmetic("%", Arithmetic("/", A, B), C),
    "a + 1 == b * 2": Comparison("==", Arithmetic("+", A, Literal(1)), Arithmetic("*", B, Literal(2))),
    "-a * b": Arithmetic("*", Sign("-", A), B),
    "- + -1": Sign("-", Sign("+", Sign("-", Literal(1)))),
    "a - -1": Arithmetic("-", A, Sign("-", Literal(1))),
    # point 1: `not` binds tighter than `and`
    'not a : "x" and b : "x"': And((Not(is_(A)), is_(B))),
    # point 2: predicates bind to the primary on their left
    'a + b : "x"': Arithmetic("+", A, is_(B)),
    '-a : "x"': Sign("-", is_(A)),
    "-a in (1)": Sign("-", In(A, (Literal(1),))),
    "(a + b) in (1)": In(Arithmetic("+", A, B), (Literal(1),)),
    'x : "x" == true': Comparison("==", is_(X), TRUE),
    '(x : "x") == true': Comparison("==", is_(X), TRUE),
    # point 3: `not` inside a predicate
    "x not in (1)": In(X, (Literal(1),), negated=True),
    "x not in~ (1)": In(X, (Literal(1),), ignore_case=True, negated=True),
    "not x in (1)": Not(In(X, (Literal(1),))),
    # predicates
    'x in ("a", b, 1 + 2)': In(X, (Literal("a"), B, Arithmetic("+", Literal(1), Literal(2)))),
    'x like "a"': Like(X, "like", (Literal("a"),)),
    'x like~ ("a", "b")': Like(X, "like~", (Literal("a"), Literal("b"))),
    'x regex ("a")': Like(X, "regex", (Literal("a"),)),
    'x regex~ "a"': Like(X, "regex~", (Literal("a"),)),
    "x : (1, 1.5, true, null)": Like(X, ":", (Literal(1), Literal(1.5), TRUE, Literal(None))),
    '"x" : "x"': Like(Literal("x"), ":", (Literal("x"),)),
    "f() : (1)": Like(Call("f", ()), ":", (Literal(1),)),
    # primaries
    "true": TRUE,
    "false": Literal(False),
    "null": Literal(None),
    "f(a, f~ (b), not c)": Call("f", (A, Call("f", (B,), ignore_case=True), Not(C))),
    "f (a)": Call("f", (A,)),
    "((((a))))": A,
    "f(a or b)": Call("f", (Or((A, B)),)),
    # fields
    "a.b.c": Field("a.b.c"),
    "?a.b": Field("a.b", optional=True),
    "? a . b": Field("a.b", optional=True),
    "`a.b`.c": Field("a.b.c"),
    "a.`1`.`x/y`": Field("a.1.x/y"),
    "?`sequence`": Field("sequence", optional=True),
    "@timestamp": Field("@timestamp"),
    "runs.head.tail": Field("runs.head.tail"),
}


@pytest.mark.parametrize(("text", "tree"), EXPRESSIONS.items(), ids=EXPRESSIONS)
def test_expressions(text: str, tree: Node) -> None:
    assert parse_expression(text) == tree


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_printed_expressions_parse_to_the_same_tree(text: str) -> None:
    tree = parse_expression(text)
    printed = print_expression(tree)
    assert parse_expression(printed) == tree
    assert print_expression(parse_expression(printed)) == printed


def test_constants_differ_by_type() -> None:
    assert parse_expression("1") != parse_expression("1.0")
    assert parse_expression("1") != parse_expression("true")


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "message", "hint"),
    [
        # point 3
        ('x not like "a"', "`not` cannot stand before `like`", "not x like"),
        ('x not : "a"', "`not` cannot stand before `:`", "not x :"),
        ('x not regex~ "a"', "`not` cannot stand before `regex~`", "not x regex~"),
        # point 4
        ("x : y", "must be a string", "constants"),
        ("x like concat(y)", "must be a string", "constants"),
        ("x : ()", "must be a string", ""),
        ('x : ("a",)', "cannot end in a comma", "remove"),
        ('x in ("a",)', "cannot end in a comma", "remove"),
        ('concat("a",) == "a"', "cannot end in a comma", "remove"),
        ("x in ()", "expected a field", ""),
        ('x in "a"', "expected `(`", "in (…)"),
        ("x : -1", "must be a string", "=="),
        # point 5
        ("1 < x < 5", "comparisons cannot be chained", "and"),
        ("a == b == c", "comparisons cannot be chained", "and"),
        ("1 < x == true", "comparisons cannot be chained", "parentheses"),
        # point 6
        ("x = 1", "`=` is not an operator", "=="),
        ("f(x = 1)", "`=` is not an operator", "=="),
        # upper-case keywords are names
        ("x AND y", "`AND` is not a keyword", "`and`"),
        ("x Or y", "`Or` is not a keyword", "`or`"),
        ('x IN ("a")', "`IN` is not a keyword", "`in`"),
        # point 10
        ("process.sequence == 1", "found `sequence`", "back-ticks"),
        ("sequence == 1", "found `sequence`", "back-ticks"),
        ("a.by.c", "found `by`", "back-ticks"),
        # names that need quoting
        ("a.1.b == 1", "found `.1`", "back-ticks"),
        # missing parts
        ("", "found the end of the query", ""),
        ("x ==", "found the end of the query", ""),
        ("(x", "`)` to close the parenthesis of column 11", ""),
        ("x)", "found `)`", ""),
        ("not", "found the end of the query", ""),
        ("x and", "found the end of the query", ""),
        ("x y", "found `y`", "operator"),
        ("a. ", "the name of a field", ""),
        ("? == 1", "the name of a field", ""),
        ("f~ == 1", "expected `(`", "f~(…)"),
        ("startsWith ~(x, y)", "found `~`", ""),
    ],
)
def test_refused_conditions(condition: str, message: str, hint: str) -> None:
    error = refusal(f"any where {condition}")
    assert message in error.message
    assert hint in (error.hint or "")
    assert error.line == 1
    assert error.column is not None
    assert error.column > 10


# --- events, sequences, samples, pipes --------------------------------------------------------------------------------


def test_event_categories() -> None:
    """Point 8: a name, a string or `any`; back-ticks are refused."""
    assert event("process where true").category == "process"
    assert event('"my-category" where true').category == "my-category"
    assert event('"""a\\b""" where true').category == "a\\b"
    assert event("any where true").category is None
    assert event('"any" where true').category == "any"
    assert event("ANY where true").category == "ANY"
    assert event("fork where true").category == "fork"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("`process` where true", "cannot be an event category"),
        ("1 where true", "cannot be an event category"),
        ("not where true", "cannot be an event category"),
        ("where true", "event category is missing"),
        ("", "event category is missing"),
        ("// nothing", "event category is missing"),
        ("process true", "expected `where`"),
        ("process WHERE true", "expected `where`"),
        ("process.name where true", "expected `where`"),
        ("join by x [any where true] [any where true]", "`join` is not part of EQL"),
        ("fork [any where true]", "`fork` is not part of EQL"),
        ("sequence [any where true] fork", "`fork` is not part of EQL"),
    ],
)
def test_refused_categories_and_forms(text: str, message: str) -> None:
    assert message in refusal(text).message


def test_sequences() -> None:
    found = sequence(
        """
        sequence by a, ?b with maxspan = 5 m // comment
          /* comment */ [process where x] by c with runs = 3
          ![any where true]
          ["my file" where true] by a.b, `c`
        until [any where false] by c
        """
    )
    everything = EventQuery(None, TRUE)
    assert found == Sequence(
        (A, Field("b", optional=True)),
        timedelta(minutes=5),
        (
            Term(EventQuery("process", X), (C,), runs=3),
            Term(everything, missing=True),
            Term(EventQuery("my file", TRUE), (Field("a.b"), C)),
        ),
        Term(EventQuery(None, Literal(False)), (C,)),
    )


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("5ms", timedelta(milliseconds=5)),
        ("5s", timedelta(seconds=5)),
        ("5m", timedelta(minutes=5)),
        ("5 h", timedelta(hours=5)),
        ("1 d", timedelta(days=1)),
        ("100000d", timedelta(days=100000)),
    ],
)
def test_maxspan(text: str, span: timedelta) -> None:
    query = parse_query(f"sequence with maxspan={text} [any where true] [any where true]")
    assert isinstance(query.body, Sequence)
    assert query.body.maxspan == span
    assert parse_query(print_query(query)) == query


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("5", "no unit", "5s"),
        ("1.5m", "whole number", "smaller unit"),
        ("0s", "positive", "ms, s, m, h and d"),
        ("-1s", "positive", "ms, s, m, h and d"),
        ("5w", "`w` is not a unit", "ms, s, m, h and d"),
        ("5M", "`M` is not a unit", "ms, s, m, h and d"),
        ("1d2h", "`d2h` is not a unit", "ms, s, m, h and d"),
        ('"5m"', "a duration", "ms, s, m, h and d"),
        ("m", "a duration", "ms, s, m, h and d"),
        ("99999999999d", "longer than any event stream", "ms, s, m, h and d"),
    ],
)
def test_refused_maxspans(text: str, message: str, hint: str) -> None:
    error = refusal(f"sequence with maxspan={text} [any where true] [any where true]")
    assert message in error.message
    assert hint in (error.hint or "")


TWO = "[any where true] [any where true]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # point 7
        (f"sequence with maxspan=1m by x {TWO}", "`by` comes before `with`"),
        ("sequence [any where true] with runs=3 by k", "`by` comes before `with`"),
        (f"sequence with runs=3 {TWO}", "expected `maxspan`"),
        ("sequence [any where true] with maxspan=3s [any where true]", "`maxspan` cannot stand behind an item"),
        ("sequence [any where true] with runs=x", "whole number of runs"),
        ("sequence [any where true] with runs=-1", "whole number of runs"),
        ("sequence [any where true] with runs 3", "expected `=`"),
        ("sequence [any where true] with what=3", "`runs`"),
        ("sequence", "an event in brackets"),
        ("sequence by x", "an event in brackets"),
        ("sequence by", "found the end of the query"),
        ("sequence any where true", "an event in brackets"),
        ("sequence [any where true", "`]` after the condition"),
        ("sequence [any where true] until", "an event in brackets"),
        (f"sequence {TWO} until [any where true] [any where true]", "the end of the query"),
        ("sequence [any where true] ! [any where true]", "unexpected character `!`"),
        (f"sample by x with maxspan=1m {TWO}", "a sample has no `with` options"),
        (f"sample by x {TWO} until [any where true]", "a sample has no `until`"),
        ("sequence by a, [any where true]", "found `[`"),
    ],
)
def test_refused_sequences(text: str, message: str) -> None:
    assert message in refusal(text).message


@pytest.mark.parametrize("key", ["length(x)", "a + b", '"x"', "1", "-a", "(a + b)", "true"])
def test_a_join_key_is_a_field(key: str) -> None:
    """Point 9: any expression parses, so that the message can say what is wrong with it."""
    with pytest.raises(QuerySemanticError, match="a join key must be a field"):
        lower_query(parse_query(f"sequence by {key} {TWO}"), EMPTY)


def test_samples() -> None:
    everything = EventQuery(None, TRUE)
    assert parse_query(f"sample by a, b {TWO}").body == Sample((A, B), (Term(everything), Term(everything)))
    assert parse_query("sample [any where true] by a [any where true] by b").body == Sample(
        (), (Term(everything, (A,)), Term(everything, (B,)))
    )


def test_pipes_are_read_whatever_they_are() -> None:
    query = parse_query("any where true | head 5 | tail 1 + 1, x | unique a.b | count")
    assert query.pipes == (
        Pipe("head", (Literal(5),)),
        Pipe("tail", (Arithmetic("+", Literal(1), Literal(1)), X)),
        Pipe("unique", (Field("a.b"),)),
        Pipe("count"),
    )


@pytest.mark.parametrize("text", ["any where true |", "any where true | 5", "any where true | head 5 tail 5", "| head"])
def test_refused_pipes(text: str) -> None:
    refusal(text)


def test_unsupported_forms_carry_their_own_code() -> None:
    for text in (
        "join [any where true] [any where true]",
        "any where registry.data[0] == 1",
        "any where descendant of [process where true]",
        "any where child of [process where true]",
        "any where event of [process where true]",
    ):
        assert refusal(text).problems[0].code == "eql-unsupported", text


def test_descendant_is_a_name_elsewhere() -> None:
    assert parse_expression("descendant == 1") == Comparison("==", Field("descendant"), Literal(1))


# --- places and limits ------------------------------------------------------------------------------------------------


def test_every_node_knows_its_span() -> None:
    text = 'not a.b : ("x", "y") and -(c + 1) * 2 >= length~(?d) or e not in (1, 2)'
    spans = {
        Not: 'not a.b : ("x", "y")',
        Like: 'a.b : ("x", "y")',
        And: 'not a.b : ("x", "y") and -(c + 1) * 2 >= length~(?d)',
        Comparison: "-(c + 1) * 2 >= length~(?d)",
        Call: "length~(?d)",
        In: "e not in (1, 2)",
        Or: text,
    }
    found = {}
    level: list[Node] = [parse_expression(text)]
    while level:
        node = level.pop()
        found[type(node)] = text[node.span.start : node.span.end]
        match node:
            case And() | Or():
                level += node.operands
            case Not():
                level.append(node.operand)
            case Comparison():
                level += [node.left, node.right]
    assert found.items() >= spans.items()


DEEP = {
    "parentheses": ("(", "true", ")"),
    "calls": ("f(", "x", ")"),
    "lists": ("x in (", "1", ")"),
    "not": ("not ", "x", ""),
    "signs": ("-", "x", ""),
    "sums": ("", "x", " + 1"),
    "not in parentheses": ("not (", "x", ")"),
    "sums in calls": ("1 + 1 * f(", "x", ")"),
    "comparisons": ("(", "x", " == true)"),
}


@pytest.mark.parametrize("count", [MAX_DEPTH + 1, 5_000])
@pytest.mark.parametrize("form", DEEP)
def test_deep_nesting_is_refused(form: str, count: int) -> None:
    before, middle, after = DEEP[form]
    started = time.perf_counter()
    error = refusal(f"any where {before * count}{middle}{after * count}")
    assert time.perf_counter() - started < 10
    assert error.problems[0].code == "eql-limit"
    assert error.line == 1


def test_depth_in_little_steps_is_refused() -> None:
    """A level of parentheses and a few operators each: neither is deep, the tree is."""
    steps = range(1, MAX_DEPTH)
    signs = "any where " + "".join("not " * (MAX_DEPTH - step) + "(" for step in steps) + "x" + ")" * len(steps)
    sums = "any where " + "(" * len(steps) + "1" + "".join("+1" * (MAX_DEPTH - step) + ")" for step in steps)
    for text in (signs, sums, f"sequence by {sums.removeprefix('any where ')} {TWO}"):
        assert refusal(text).problems[0].code == "eql-limit"


@pytest.mark.parametrize("form", DEEP)
def test_permitted_nesting_goes_through_the_whole_of_the_language(form: str) -> None:
    before, middle, after = DEEP[form]
    depth = MAX_DEPTH // 3 if form == "sums in calls" else MAX_DEPTH  # three nodes a level
    query = parse_query(f"any where {before * depth}{middle}{after * depth}")
    assert parse_query(print_query(query)) == query
    try:
        lower_query(query, EMPTY)
    except QueryError as error:
        assert error.problems


def test_wide_is_not_deep() -> None:
    condition = " or ".join(f"x == {number}" for number in range(5_000))
    parsed = event(f"any where {condition}").condition
    assert isinstance(parsed, Or)
    assert len(parsed.operands) == 5_000
