"""KQL trees and their printing, and the messages for texts that are none."""

import pytest

from besra.errors import QuerySyntaxError
from besra.language.glob import Glob, Wild
from besra.language.kuery.parser import parse_kuery
from besra.language.kuery.printer import print_kuery
from besra.language.kuery.tree import And, Constant, Nested, Node, Not, Or, Pattern, Range, Test, Text
from besra.language.query_text import MAX_DEPTH

A, B, C = Text("a"), Text("b"), Text("c")
STAR = Pattern(Glob((Wild.ANY,)))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a: b", Test(A, B)),
        ('a: "b"', Test(A, Text("b", quoted=True))),
        ('"a": b', Test(A, B)),
        ("a: *", Test(A, STAR)),
        ("a: b*", Test(A, Pattern(Glob(("b", Wild.ANY))))),
        ("a.*: b", Test(Pattern(Glob(("a.", Wild.ANY))), B)),
        ("*: *", Test(STAR, STAR)),
        ("*", STAR),
        ("a", A),
        ("a: true", Test(A, Constant(True))),
        ("a: null", Test(A, Constant(None))),
        ('a: "true"', Test(A, Text("true", quoted=True))),
        ("a: True", Test(A, Text("True"))),
        ("a >= 10", Range(A, ">=", Text("10"))),
        ("a: b or a: c and b: c", Or((Test(A, B), And((Test(A, C), Test(B, C)))))),
        ("(a: b or a: c) and b: c", And((Or((Test(A, B), Test(A, C))), Test(B, C)))),
        ("not a: b and c", And((Not(Test(A, B)), C))),
        ("not (a: b and c)", Not(And((Test(A, B), C)))),
        ("a: (b or c)", Test(A, Or((B, C)))),
        ("a: (b and not c)", Test(A, And((B, Not(C))))),
        ("a: (b or b and c)", Test(A, Or((B, And((B, C)))))),
        ("a: (not b)", Test(A, Not(B))),
        ("a: { b: c and c > 1 }", Nested(A, And((Test(B, C), Range(C, ">", Text("1")))))),
        ("a: { b: { c: a } }", Nested(A, Nested(B, Test(C, A)))),
        ("a: b and c", And((Test(A, B), C))),
        ("true: b", Test(Text("true"), B)),
        ("a: two words or c", Or((Test(A, Text("two words")), C))),
        ('" a": b', Test(Text(" a"), B)),
    ],
)
def test_trees(text: str, tree: Node) -> None:
    assert parse_kuery(text).condition == tree
    assert print_kuery(parse_kuery(text)) == (
        text if not text.startswith('"') or text[1] == " " else text.replace('"', "")
    )


def test_a_query_of_nothing_has_no_condition() -> None:
    assert parse_kuery(" \n").condition is None
    assert print_kuery(parse_kuery("")) == ""


def test_keywords_take_any_case() -> None:
    assert parse_kuery("a: b AND Not c: a OR b").condition == parse_kuery("a: b and not c: a or b").condition


def test_not_is_read_before_a_value_without_parentheses() -> None:
    assert parse_kuery("a: not b").condition == Test(A, Not(B))
    assert print_kuery(parse_kuery("a: not b")) == "a: (not b)"


def test_operands_in_parentheses_stay_together() -> None:
    text = "(a: b and c) and (b or c) or (a or b)"
    assert print_kuery(parse_kuery(text)) == text


def test_spans_are_those_of_the_text() -> None:
    text = 'x and a : ( b or "c d" )'
    tree = parse_kuery(text).condition
    assert isinstance(tree, And)
    test = tree.operands[1]
    assert isinstance(test, Test)
    assert isinstance(test.value, Or)
    shown = [text[node.span.start : node.span.end] for node in (tree, test, test.value, *test.value.operands)]
    assert shown == [text, 'a : ( b or "c d" )', 'b or "c d"', "b", '"c d"']


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("a:", 3, "expected a value, found the end of the query", "name a value"),
        ("a: b and ", 10, "expected a condition, found the end of the query", "write `field: value`"),
        ("a: b or or c", 9, "expected a condition, found `or`", "quote the word, or write \\or"),
        ("(a: b", 6, "expected `)` for the `(` in column 1, found the end of the query", "missing `)`"),
        ("(a: b\nor c", 5, "expected `)` for the `(` in column 1 of line 1, found the end of the query", "missing `)`"),
        ("a: b)", 5, "expected `and`, `or` or the end of the query, found `)`", "closes nothing"),
        ("a: { b: c", 10, "expected `}` for the `{` in column 4, found the end of the query", "missing `}`"),
        ("a: b.exe c: d", 11, "expected `and`, `or` or the end of the query, found `:`", "`and` missing before `c`"),
        ("a: b:c", 5, "expected `and`, `or` or the end of the query, found `:`", "is written \\:"),
        ("a: (b: c)", 6, "expected `)` for the `(` in column 4, found `:`", "is written \\:"),
        ('a: "b" "c"', 8, 'expected `and`, `or` or the end of the query, found `"c"`', "missing in between"),
        ('a: "b"and c', 7, "expected `and`, `or` or the end of the query, found `and c`", "white space around"),
        ("a: b and(c: d)", 9, "expected `and`, `or` or the end of the query, found `(`", "white space behind"),
        ("not not a: b", 5, "expected a condition, found `not`", "needs parentheses"),
        ("a: b not c: d", 6, "expected `and`, `or` or the end of the query, found `not`", "write `and not`"),
        ("a > (b)", 5, "expected a value behind `>`, found `(`", "takes one value"),
        ("a: ()", 5, "expected a value, found `)`", "name a value"),
        (": b", 1, "expected a condition, found `:`", "write `field: value`"),
        ("{ a: b }", 1, "expected a condition, found `{`", "are written `field: { … }`"),
    ],
)
def test_errors_say_where_and_what_to_write(text: str, column: int, message: str, hint: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_kuery(text)
    problem = caught.value.problems[0]
    assert (problem.code, problem.message, problem.place.column) == ("kql-syntax", message, column)
    assert hint in (problem.hint or "")


def test_errors_show_the_line_with_a_caret() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_kuery("a: b\n  and c: (d or )")
    assert caught.value.problems[0].render().split("\n") == [
        "2:16: error: expected a value, found `)` [kql-syntax]",
        "    and c: (d or )",
        "                 ^",
        '  hint: name a value, such as `field: value` or `field: ("a" or "b")`',
    ]


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("a: (", ")"), ("a: {", "}")])
def test_depth_is_limited(opening: str, closing: str) -> None:
    inner = "b: c" if opening != "a: (" else "b"
    within = MAX_DEPTH if opening != "a: (" else 1
    assert parse_kuery(opening * within + inner + closing * within).condition
    with pytest.raises(QuerySyntaxError) as caught:
        parse_kuery("a: " + "(" * (MAX_DEPTH + 1) + "b" if opening == "a: (" else opening * (MAX_DEPTH + 1) + inner)
    assert caught.value.problems[0].code == "kql-limit"


def test_chains_of_any_length_are_wide_and_not_deep() -> None:
    text = " or ".join(["a: b"] * 5000)
    tree = parse_kuery(text).condition
    assert isinstance(tree, Or)
    assert len(tree.operands) == 5000
