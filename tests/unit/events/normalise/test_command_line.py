import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.normalise.command_line import split_arguments, split_at_whitespace


@pytest.mark.parametrize(
    ("command_line", "arguments"),
    [
        (r'"C:\Program Files\a.exe" /V', [r"C:\Program Files\a.exe", "/V"]),
        ("a  b\t \tc ", ["a", "b", "c"]),
        (" lead", ["lead"]),
        ('a "" b', ["a", "", "b"]),
        ('a "x ""y"" z"', ["a", 'x "y', "z"]),
        ('a "x ""y z', ["a", 'x "y', "z"]),
        (r'a\\"b c" d', ["a\\b c", "d"]),
        (r"a\\\"b c", [r"a\"b", "c"]),
        (r"\\server\share\\ b", [r"\\server\share" + "\\\\", "b"]),
        (r'"C:\dir\\" x', ["C:\\dir\\", "x"]),
        (r'"C:\dir\" x', ['C:\\dir" x']),
        ('pre"in side"post', ["prein sidepost"]),
        ('"open to the end', ["open to the end"]),
        ("line\nbreak", ["line\nbreak"]),
        ("", []),
        ("   ", []),
    ],
)
def test_runtime_style_groups_by_quotes_and_drops_them(command_line: str, arguments: list[str]) -> None:
    assert split_arguments(command_line) == arguments


@pytest.mark.parametrize(
    ("command_line", "arguments"),
    [
        (
            '"C:\\Windows\\system32\\wevtutil.exe" cl Security',
            ['"C:\\Windows\\system32\\wevtutil.exe"', "cl", "Security"],
        ),
        ("netsh  advfirewall show", ["netsh", "", "advfirewall", "show"]),
        ('a "b c" d', ["a", '"b c"', "d"]),
        ('a "b c', ["a", '"b c']),
        ("a\nb\tc", ["a", "b", "c"]),
        ("trailing ", ["trailing", ""]),
        (" lead", ["", "lead"]),
        ("no\u00a0break", ["no\u00a0break"]),
        ("one", ["one"]),
        ("", []),
    ],
)
def test_security_style_keeps_quotes_and_empty_strings(command_line: str, arguments: list[str]) -> None:
    assert split_at_whitespace(command_line) == arguments


@given(st.text(alphabet='ab\\" \t', max_size=40))
def test_runtime_style_loses_only_quotes_blanks_and_backslashes(command_line: str) -> None:
    arguments = split_arguments(command_line)
    letters = [char for char in command_line if char in "ab"]
    assert [char for char in "".join(arguments) if char in "ab"] == letters


@given(st.text(max_size=60).filter(lambda text: '"' not in text))
def test_security_style_can_be_joined_again_without_quotes(command_line: str) -> None:
    assert sum(map(len, split_at_whitespace(command_line))) <= len(command_line)


@given(st.lists(st.text(alphabet='ab"\\', max_size=6), max_size=5))
def test_security_style_is_the_inverse_of_joining_with_blanks(arguments: list[str]) -> None:
    plain = [argument.replace('"', "") for argument in arguments]
    joined = " ".join(plain)
    assert split_at_whitespace(joined) == (plain if joined else [])
