"""Problems as they are shown: located, with a caret, and harmless to the terminal that shows them."""

import pytest

from besra.errors import InputError, QueryError
from besra.problems import EXCERPT_WIDTH, Place, Problem, Severity, Span, place_of
from besra.storage.journal import JournalError


def test_a_located_problem_shows_line_caret_and_hint() -> None:
    text = "process where\n\tx = 1"
    problem = Problem(
        "eql-syntax", "`=` is not an operator", place=place_of(text, Span(17, 18), "q.eql"), hint="use =="
    )
    assert problem.render().split("\n") == [
        "q.eql:2:4: error: `=` is not an operator [eql-syntax]",
        "  \tx = 1",
        "  \t  ^",
        "  hint: use ==",
    ]


def test_a_long_line_is_cut_around_the_column() -> None:
    text = "a" * 500 + "!" + "b" * 500
    shown = Problem("c", "m", place=place_of(text, Span(500, 501))).render().split("\n")
    assert len(shown[1]) <= EXCERPT_WIDTH + 3
    assert shown[1][shown[2].index("^")] == "!"


@pytest.mark.parametrize("char", ["\x1b", "\x07", "\u202e", "\u200b", "\x9b"])
def test_no_character_of_the_input_steers_the_terminal(char: str) -> None:
    problem = Problem("c", f"found {char}[2J", place=Place(f"a{char}b", 1, 2, f"x{char}y"), hint=char)
    assert char not in problem.render()


def test_a_caret_stays_under_its_character() -> None:
    text = "x\x1b\x1b == y"
    lines = Problem("c", "m", place=place_of(text, Span(4, 6))).render().split("\n")
    assert lines[1][lines[2].index("^")] == "="


def test_a_problem_can_be_moved_into_the_file_that_holds_it() -> None:
    moved = Problem("c", "m", Severity.WARNING).at(Place("rule.toml", 7, 1))
    assert moved.render() == "rule.toml:7:1: warning: m [c]"


def test_errors_in_words() -> None:
    problem = Problem("c", "bad", place=Place("f", 2, 3, "a b c"), hint="mend it")
    assert InputError(problem).in_words() == "bad; mend it"
    assert QueryError(problem, Problem("c", "worse")).in_words() == "line 2:3: bad [c]; mend it; worse [c]"
    assert JournalError("full").in_words() == "full"
