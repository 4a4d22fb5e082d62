"""Regular expressions state by state: as in `re`, but for its backtracking."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.language import regex_states
from besra.language.glob import eql_glob
from besra.language.kuery.analyser import MOST_CHARACTERS, SCRIPT_BLOCK, STANDARD, Analyser
from besra.language.lucene_regex import RegexError, translate
from besra.language.regex_states import Positions, is_bounded, states_of
from besra.language.regex_tree import parse_regex
from besra.language.scalar import is_regex_match

LETTERS = "aAbkKsSiI\u017f\u212a\u0131\u0130é1_.-\n "
HOST = (
    "a|b",
    "(a|b)*c?",
    "^a.*?b$",
    r"\d+\s*\w",
    r"[^\W\d_]+\.a",
    r"(?:[a-k]{1,2}){2,}",
    "s+?i",
    r"a\$",
    r"a\\$",
    "^a|b$",
    "(|a)b{0}",
    ".+",
    "a]b*}|{a}|a{ab?}|a{}",
    r"[\n1]+\n?",
)


@given(st.sampled_from(HOST), st.booleans(), st.text(LETTERS + "$\\{}]", max_size=6))
def test_states_agree_with_re_in_the_dialect_of_the_host(pattern: str, folds: bool, text: str) -> None:
    states = states_of(pattern, folds, is_host=True)
    assert states
    assert states.matches(text) is (re.fullmatch(pattern, text, re.IGNORECASE if folds else 0) is not None)


@given(
    st.sampled_from((STANDARD, SCRIPT_BLOCK)),
    st.sampled_from(("a*b", "*k", "s*", "*i*", "1*")),
    st.text(LETTERS, max_size=8),
)
def test_states_agree_with_re_on_words(analyser: Analyser, glob: str, text: str) -> None:
    pattern = analyser.glob(eql_glob(glob))
    assert pattern
    states = states_of(pattern, True)
    assert states
    assert states.matches(text) is (re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL) is not None)


def test_what_is_remembered_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regex_states, "MOST_KEPT", 3)
    tree = parse_regex("(?:a|b)*a(?:.){3}")
    assert tree
    states = regex_states.States(tree.root, re.DOTALL)
    texts = ["".join("ab"[number >> bit & 1] for bit in range(7)) for number in range(128)]
    assert [states.matches(text) for text in texts] == [text[-4] == "a" for text in texts]


@pytest.mark.parametrize(
    ("pattern", "backtracks"),
    [
        ("abc", False),
        ("(?:.)*\\.(?:exe|dll)", False),
        (".*abc.*", False),
        ("(?:ab|cd){3}", False),
        (".*a.*b", True),
        ("(?:a|aa)+b", True),
        ("(?:(?:a)*)*b", True),
        ("(?:a)?" * 30, True),
        ("(?:a|b|ab)" * 12, True),
        ("(?:a){0,300}" * 3, True),
        ("[^b]+(?:a|b)+", True),
    ],
)
def test_what_may_be_tried_in_many_ways(pattern: str, backtracks: bool) -> None:
    tree = parse_regex(pattern)
    assert tree
    assert tree.backtracks is backtracks


@pytest.mark.parametrize("pattern", ["", "a", "a|b", "(?:a|b){2,5}c*", "[a-z]+(?:x|yy|)?", "(?:a{2}){3,}"])
def test_the_size_of_a_tree_is_the_number_of_positions(pattern: str) -> None:
    tree = parse_regex(pattern)
    assert tree
    positions = Positions()
    positions.of(tree.root)
    assert tree.size == len(positions.symbols)


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(?i:a)", r"\ba", "a^b", "a*+", "(?P<x>a)", "a{,2}"])
def test_what_has_no_states(pattern: str) -> None:
    assert states_of(pattern, False, is_host=True) is None


@pytest.mark.parametrize("pattern", ["(a*)*b", "^(a|aa)+?b$", "(.*)a" * 20 + "b", r"(\w+\s?)*b"])
@pytest.mark.parametrize("folds", [True, False])
def test_the_result_of_a_function_is_not_tried_for_ever(pattern: str, folds: bool) -> None:
    """In `re` this does not end."""
    for letter in "aé":
        assert not is_regex_match((letter * 2000, (pattern,)), ignore_case=folds)


@pytest.mark.parametrize("pattern", ["(.*a){1000}.{1000}" * 20, "(" * 40 + "a" + "+)?" * 40])
def test_a_pattern_that_only_re_could_try_is_refused(pattern: str) -> None:
    with pytest.raises(RegexError, match="too complex"):
        translate(pattern)


def test_a_pattern_for_a_word_is_no_longer_than_words_are() -> None:
    longest = STANDARD.glob(eql_glob("*?" * (MOST_CHARACTERS // 2)))
    assert longest
    assert is_bounded(longest)
    assert STANDARD.glob(eql_glob("a*" * (MOST_CHARACTERS // 2) + "a")) is None
