"""Lucene's regular expressions: eql.md 2.6."""

import re

import pytest

from besra.language.lucene_regex import MAX_DEPTH, MAX_PATTERN, RegexError, translate


def matches(pattern: str, value: str) -> bool:
    return re.fullmatch(translate(pattern).pattern, value, re.DOTALL) is not None


MATCHING = [
    # whole values only
    ("ab", "ab", True),
    ("ab", "xab", False),
    ("ab", "abx", False),
    ("ab", "ab\n", False),
    ("", "", True),
    ("", "a", False),
    # operators
    ("a.c", "abc", True),
    ("a.c", "a\nc", True),
    ("a.c", "ac", False),
    ("ab?c", "ac", True),
    ("ab+c", "abbc", True),
    ("ab+c", "ac", False),
    ("ab*c", "ac", True),
    ("a|bc", "bc", True),
    ("a|bc", "abc", False),
    ("a|", "", True),
    ("(a|b)c", "bc", True),
    ("a{2}", "aa", True),
    ("a{2}", "a", False),
    ("a{2,}", "aaaa", True),
    ("a{2,3}", "aaaa", False),
    ("a{0,1}", "", True),
    ("()", "", True),
    # operators that follow one another are operators, not lazy or possessive ones
    ("a*?", "aaa", True),
    ("a+?", "", True),
    ("a++", "aa", True),
    ("a??", "", True),
    ("a{2}+", "aaaa", True),
    ("a{2}+", "aaa", False),
    ("a?{2}", "aa", True),
    # classes
    ("[abc]", "b", True),
    ("[^abc]", "b", False),
    ("[^abc]", "\n", True),
    ("[a-c]", "b", True),
    ("[a-]", "-", True),
    ("[-a]", "-", True),
    ("[a^]", "^", True),
    ("[.*]", "*", True),
    ("[.*]", "a", False),
    ("[[]", "[", True),
    ("[\\]]", "]", True),
    ("[\\-a]", "-", True),
    ("[&&a]", "&", True),
    ("[a||b]", "|", True),
    ("[~~]", "~", True),
    ('["<@#]', "#", True),
    ("[\\d]", "5", True),
    ("[\\da]", "a", True),
    ("[^\\d]", "5", False),
    ("[\\W]", "é", True),
    ("[\\W]", "_", False),
    ("[\\D]", "٣", True),
    ("[\\S]", "\u00a0", True),
    ("[\\S]", "\t", False),
    # shorthands
    ("\\d", "5", True),
    ("\\d", "٣", False),
    ("\\w+", "a_Z9", True),
    ("\\w", "é", False),
    ("\\W", "é", True),
    ("\\s", "\t", True),
    ("\\S", "\t", False),
    ("\\D", "a", True),
    # every other escape is the character
    ("\\.", ".", True),
    ("\\.", "a", False),
    ("\\\\", "\\", True),
    ("\\b", "b", True),
    ("\\n", "n", True),
    ("\\~\\&\\<\\>\\@\\#\\\"", '~&<>@#"', True),
    # anchors and the syntax of other dialects are text
    ("^a$", "^a$", True),
    ("^a$", "a", False),
    # Lucene's own
    ("a@b", "a any\nthing b", True),
    ("#", "", False),
    ("a|#", "a", True),
    ('"a.b"', "a.b", True),
    ('"a.b"', "axb", False),
    ('"ab"*', "abab", True),
    # plain characters that other engines treat as special
    ("a]b", "a]b", True),
    ("a}b", "a}b", True),
    ("a>b", "a>b", True),
    ("a-b c", "a-b c", True),
    ("é😀", "é😀", True),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "value", "expected"), MATCHING)
def test_matching(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


@pytest.mark.parametrize(
    ("pattern", "position", "message"),
    [
        ("(a", 0, "never closed"),
        ("a)", 1, "closes nothing"),
        ("ab[c", 2, "never closed"),
        ("[", 0, "never closed"),
        ("[]", 0, "empty character class"),
        ("[^]", 0, "empty character class"),
        ("[z-a]", 1, "ascends"),
        ("[a\\", 2, "backslash"),
        ("a\\", 1, "backslash"),
        ('a"b', 1, "never closed"),
        ("a{", 1, "repetition"),
        ("a{x}", 1, "repetition"),
        ("a{,2}", 1, "repetition"),
        ("a{2,1}", 1, "ascend"),
        ("a{1001}", 1, "1000"),
        ("a~b", 1, "complement"),
        ("a&b", 1, "intersection"),
        ("<1-9>", 0, "numeric interval"),
        ("(" * (MAX_DEPTH + 1) + ")" * (MAX_DEPTH + 1), MAX_DEPTH + 1, "nests deeper"),
        ("a" + "{2}" * (MAX_DEPTH + 1), 1, "follow one another"),
        ("a" * (MAX_PATTERN + 1), 0, "the limit is"),
    ],
)
def test_refused(pattern: str, position: int, message: str) -> None:
    with pytest.raises(RegexError) as caught:
        translate(pattern)
    assert message in caught.value.message
    assert caught.value.position == position


@pytest.mark.parametrize("pattern", ["*", "+a", "?a", "a|*", "(*)", "{2}"])
def test_a_repetition_with_nothing_before_it(pattern: str) -> None:
    """Lucene reads such a character as itself."""
    assert translate(pattern).pattern


@pytest.mark.parametrize(
    ("pattern", "mark"),
    [("^a", "^"), ("a$", "$"), ("(?i)a", "(?"), ("(?=a)", "(?"), (r"\bfoo", r"\b"), (r"a\\\b", r"\b")],
)
def test_constructs_of_other_dialects_are_named(pattern: str, mark: str) -> None:
    assert any(mark in warning for warning in translate(pattern).warnings)


@pytest.mark.parametrize("pattern", ["a^", "a\\$", r"\(?a", r"\\bin", "[$]", "a"])
def test_no_warning_without_cause(pattern: str) -> None:
    assert translate(pattern).warnings == ()


def test_signs_in_a_row_cost_nothing() -> None:
    assert translate("a" + "*" * 900).pattern == translate("a*").pattern
    assert translate("a" + "+" * 900).pattern == translate("a+").pattern
    assert translate("a+?").pattern == translate("a*").pattern
