"""Escapes of KQL literals and their way back to text."""

import pytest

from besra.language.glob import Glob, Wild
from besra.language.kuery.literals import Fault, quote, unescape_quoted, unescape_unquoted, unquoted


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("plain", "plain"),
        ('say \\"hi\\"', 'say "hi"'),
        ("a\\\\b", "a\\b"),
        ("C:\\Program Files", "C:\\Program Files"),
        ("C:\\temp", "C:\temp"),
        ("\\r\\n", "\r\n"),
        ("\\u0041\\u202e", "A\u202e"),
        ("C:\\users", "C:\\users"),
        ("\\u12", "\\u12"),
        ("\\ud83d\\ude00", "\U0001f600"),
        ("*?", "*?"),
        ("\\*", "\\*"),
        ("\\\\n", "\\n"),
    ],
)
def test_inside_quotes_a_backslash_is_plain_before_most_characters(content: str, value: str) -> None:
    assert unescape_quoted(content) == value


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("plain", ("plain",)),
        ("two words", ("two words",)),
        ("  ends  ", ("ends",)),
        ("a*b", ("a", Wild.ANY, "b")),
        ("a**b", ("a", Wild.ANY, "b")),
        ("a?b", ("a?b",)),
        ("a\\*b", ("a*b",)),
        ("system\\:node\\:*", ("system:node:", Wild.ANY)),
        ('\\(\\)\\<\\>\\{\\}\\"\\\\', ('()<>{}"\\',)),
        ("a \\and b", ("a and b",)),
        ("\\OR", ("OR",)),
        ("\\not", ("not",)),
        ("C:\\notes".replace(":", "\\:"), ("C:\notes",)),
        ("\\android", ("android",)),
        ("\\u0041\\t1", ("A\t1",)),
        ("* ", (Wild.ANY,)),
        ("\\u0020", ()),
    ],
)
def test_outside_of_quotes_special_characters_and_keywords_are_escaped(content: str, parts: tuple[object, ...]) -> None:
    assert unescape_unquoted(content) == parts


@pytest.mark.parametrize(
    ("content", "start", "end", "message"),
    [
        ("a\\b", 1, 3, "invalid escape \\b"),
        ("a\\", 1, 2, "invalid escape \\"),
        ("\\u12", 0, 2, "invalid escape \\u"),
        ("x\\ud800", 1, 7, "\\ud800 is no character but half of one"),
    ],
)
def test_other_escapes_are_faults_with_a_place(content: str, start: int, end: int, message: str) -> None:
    fault = unescape_unquoted(content)
    assert isinstance(fault, Fault)
    assert (fault.span.start, fault.span.end, fault.message) == (start, end, message)
    assert fault.hint


def test_half_a_character_is_a_fault_inside_quotes_too() -> None:
    fault = unescape_quoted("ab\\udc00")
    assert isinstance(fault, Fault)
    assert (fault.span.start, fault.span.end) == (2, 8)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('C:\\a "b"', '"C:\\\\a \\"b\\""'),
        ("*", '"*"'),
        ("\n\u202e", '"\\u000a\\u202e"'),
        ("\U000e0001", '"\\udb40\\udc01"'),
    ],
)
def test_quoting_escapes_what_quotes_need_and_what_does_not_print(value: str, text: str) -> None:
    assert quote(value) == text
    assert unescape_quoted(text[1:-1]) == value


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("a:b*",), "a\\:b\\*"),
        (("a", Wild.ANY), "a*"),
        (("this and that",), "this \\and that"),
        (("NOT",), "\\NOT"),
        (("sand",), "sand"),
        (("a\not b",), "a\\u000aot b"),
    ],
)
def test_an_unquoted_literal_reads_as_what_it_was(parts: tuple[str | Wild, ...], text: str) -> None:
    assert unquoted(parts) == text
    assert Glob(parts).parts == unescape_unquoted(text)
