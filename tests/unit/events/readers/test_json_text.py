"""JSON text to values, with repairs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.readers.json_text import Parsed, Text, parse_text
from besra.problems import Problem, Severity


def parse(raw: bytes, line: int = 7) -> Parsed | Problem:
    return parse_text(Text(raw, line, "f"))


def test_strict_json_has_no_reservation() -> None:
    assert parse(b' {"a": [1, 2.5, "x", null]} \r\n') == Parsed({"a": [1, 2.5, "x", None]})
    assert parse(b'{"a": 1, "a": 2}') == Parsed({"a": 2})
    assert parse(b'{"a": 12345678901234567890123}') == Parsed({"a": 1.2345678901234568e22})


@pytest.mark.parametrize(
    ("raw", "value", "column"),
    [
        (b'{"a": "\xff"}', {"a": "\ufffd"}, 8),
        (b'{"\xc3\xa9": "\xff"}', {"é": "\ufffd"}, 8),
        (b'{"a": "\\ud800x"}', {"a": "\ufffdx"}, None),
        (b'{"a": "1\x002"}', {"a": "1\x002"}, None),
        (b'{"a": "1\t2"}', {"a": "1\t2"}, None),
        (b'{"a": 1}\0\0\n', {"a": 1}, None),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}, None),
        (b'{"a": NaN, "b": [Infinity, -Infinity, 1e999, 1.5]}', {"a": None, "b": [None, None, None, 1.5]}, 7),
    ],
)
def test_almost_json_is_used_with_a_warning(raw: bytes, value: Any, column: int | None) -> None:
    parsed = parse(raw)
    assert isinstance(parsed, Parsed)
    assert parsed.value == value
    assert parsed.problem is not None
    assert parsed.problem.severity is Severity.WARNING
    assert (parsed.problem.place.path, parsed.problem.place.line) == ("f", 7)
    assert column is None or parsed.problem.place.column == column


@pytest.mark.parametrize(
    "raw",
    [b"{", b'{"a": ', b"words", b'{"a":1}{"b":2}', b"{'a': 1}", b'{"a":1,}', b"\0\0\0", b"[" * 3000 + b"]" * 3000],
)
def test_what_is_beyond_repair_is_a_located_problem(raw: bytes) -> None:
    problem = parse(raw)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.severity) == ("record-not-json", Severity.WARNING)
    assert (problem.place.path, problem.place.line) == ("f", 7)
    assert problem.place.column is not None
    assert problem.hint


def test_place_is_in_the_line_of_the_input() -> None:
    problem = parse(b'{\n  "a": 1,\n  "b": oops\n}', line=10)
    assert isinstance(problem, Problem)
    assert (problem.place.line, problem.place.column, problem.place.excerpt) == (12, 8, '  "b": oops')


def test_excerpt_holds_nothing_a_terminal_obeys_and_no_long_line() -> None:
    problem = parse(b'{"a": oops \x1b[31m}')
    assert isinstance(problem, Problem)
    assert problem.place.excerpt == '{"a": oops ·[31m}'
    long = parse(b'{"a": oops ' + b"x" * 10_000)
    assert isinstance(long, Problem)
    assert (long.place.excerpt, long.place.column) == (None, 7)


@given(st.binary() | st.text('{}[]":,\\ud80019.eENatrufls\n').map(str.encode))
def test_any_bytes_give_a_value_or_a_problem(raw: bytes) -> None:
    parsed = parse(raw)
    assert isinstance(parsed, Problem) or parsed.value == parsed.value
    if isinstance(parsed, Problem):
        assert parsed.render()
