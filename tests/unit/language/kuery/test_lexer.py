"""KQL tokens: what ends a literal, and when a word is a keyword."""

import pytest

from besra.errors import QuerySyntaxError
from besra.language.kuery.lexer import Kind, tokenize
from besra.language.query_text import MAX_QUERY_CHARACTERS


def tokens_of(text: str) -> list[tuple[str, str]]:
    return [(token.kind.name, token.text) for token in tokenize(text)[:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:b", [("UNQUOTED", "a"), ("SYMBOL", ":"), ("UNQUOTED", "b")]),
        ("a :\u00a0b\n", [("UNQUOTED", "a"), ("SYMBOL", ":"), ("UNQUOTED", "b")]),
        ('a:"b c"', [("UNQUOTED", "a"), ("SYMBOL", ":"), ("QUOTED", '"b c"')]),
        ("a<=1", [("UNQUOTED", "a"), ("SYMBOL", "<="), ("UNQUOTED", "1")]),
        ("a:foo bar", [("UNQUOTED", "a"), ("SYMBOL", ":"), ("UNQUOTED", "foo bar")]),
        ("foo bar AND x", [("UNQUOTED", "foo bar"), ("KEYWORD", "and"), ("UNQUOTED", "x")]),
        ("(not a)", [("SYMBOL", "("), ("KEYWORD", "not"), ("UNQUOTED", "a"), ("SYMBOL", ")")]),
        ("a\tOr\nb", [("UNQUOTED", "a"), ("KEYWORD", "or"), ("UNQUOTED", "b")]),
        ("cannot x", [("UNQUOTED", "cannot x")]),
        ("a and", [("UNQUOTED", "a and")]),
        ("(and x)", [("SYMBOL", "("), ("UNQUOTED", "and x"), ("SYMBOL", ")")]),
        ("a \\and b", [("UNQUOTED", "a \\and b")]),
        ("a not b", [("UNQUOTED", "a"), ("KEYWORD", "not"), ("UNQUOTED", "b")]),
        ('"a\\\\" or "b"', [("QUOTED", '"a\\\\"'), ("KEYWORD", "or"), ("QUOTED", '"b"')]),
        ('"two\nlines"', [("QUOTED", '"two\nlines"')]),
        ("", []),
    ],
)
def test_tokens(text: str, expected: list[tuple[str, str]]) -> None:
    assert tokens_of(text) == expected


def test_every_token_knows_where_it_stands() -> None:
    text = 'a.b : (x y or "z")'
    assert [text[token.span.start : token.span.end] for token in tokenize(text)] == [
        *("a.b", ":", "(", "x y", "or", '"z"', ")"),
        "",
    ]


def test_the_last_token_is_the_end() -> None:
    assert [token.kind for token in tokenize("  ")] == [Kind.END]


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ('a:"b', 3, "this text is never closed"),
        ('a:"b\\"', 3, "this text is never closed"),
        ("a:b\\c", 4, "invalid escape \\c"),
        ("a:\\u0020", 3, "this value holds nothing but white space"),
        ("a:\ud800", 3, "U+D800 is no character but half of one"),
        ('ab:"\\ud800"', 5, "\\ud800 is no character but half of one"),
    ],
)
def test_what_fits_nowhere_is_refused_in_its_place(text: str, column: int, message: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        tokenize(text)
    problem = caught.value.problems[0]
    assert (problem.code, problem.place.line, problem.place.column) == ("kql-syntax", 1, column)
    assert problem.message == message
    assert problem.hint


def test_a_query_beyond_the_limit_is_refused() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        tokenize("a" * (MAX_QUERY_CHARACTERS + 1))
    assert caught.value.problems[0].code == "kql-limit"
