"""Wildcards: eql.md 2.5."""

import time

import pytest

from besra.language.glob import Glob, Wild, eql_glob, glob_matches, normalised


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("", "", True),
        ("", "a", False),
        ("a", "a", True),
        ("a", "A", False),  # folding is the caller's business
        ("a", "ab", False),
        ("*", "", True),
        ("*", "a/b\\c\nd", True),
        ("**", "", True),
        ("?", "", False),
        ("?", "a", True),
        ("?", "\n", True),
        ("?", "/", True),
        ("?", "😀", True),
        ("?", "ab", False),
        ("a*", "a", True),
        ("a*", "ba", False),
        ("*a", "ba", True),
        ("*a", "ab", False),
        ("*a*", "bab", True),
        ("*a*", "b", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("?*", "", False),
        ("?*?", "a", False),
        ("?*?", "ab", True),
        ("*a?c*", "xxabcabxc", True),
        ("*ab*bc*", "abc", False),
        ("?:\\Windows\\*", "C:\\Windows\\x.exe", True),
        ("?:\\Windows\\*", "\\\\host\\Windows\\x.exe", False),
        # there is no escape
        ("\\*", "\\anything", True),
        ("\\*", "*", False),
        ("[a-z]", "[a-z]", True),
        ("[a-z]", "b", False),
        ("a.b", "axb", False),
    ],
)
def test_matching(pattern: str, value: str, matches: bool) -> None:
    assert glob_matches(eql_glob(pattern), value) is matches


def test_equal_patterns_are_equal_values() -> None:
    assert eql_glob("a**b") == eql_glob("a*b")
    assert eql_glob("a*b") != eql_glob("a?b")
    assert normalised(["a", "b", Wild.ANY, Wild.ANY]) == Glob(("ab", Wild.ANY))


@pytest.mark.parametrize("pattern", ["", "a", "*", "?", "a*?b", "?:\\*"])
def test_text_of_a_glob_is_its_pattern(pattern: str) -> None:
    assert str(eql_glob(pattern)) == pattern


def test_only_globs_without_wildcards_are_literal() -> None:
    assert eql_glob("").literal == ""
    assert eql_glob("abc").literal == "abc"
    for pattern in ("*", "a*", "?", "a?b"):
        assert eql_glob(pattern).literal is None


def test_time_is_a_product_and_no_power() -> None:
    started = time.perf_counter()
    assert not glob_matches(eql_glob("*a" * 50 + "*b"), "a" * 5_000)
    assert not glob_matches(eql_glob("*" + "a?" * 20 + "*b*"), "a" * 5_000)
    assert time.perf_counter() - started < 2
