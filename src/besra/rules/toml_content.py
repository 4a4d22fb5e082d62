"""The content of a TOML text with the places of its fields, as rules and exception lists are read from it."""

import math
import re
import tomllib
from collections.abc import Sequence
from datetime import date, time
from typing import Any

from besra.problems import Place, Problem
from besra.rules.location import QUOTED, Locations, is_too_deep, locate_toml

WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")
MARK = "\ue000"
LEGAL = r"[^\"\\\x00-\x08\x0b-\x1f\x7f]"
LEGAL_IN_LINE = r"[^\"\\\x00-\x08\x0a-\x1f\x7f]"
HELD = re.compile(
    rf'"""(?P<lines>{LEGAL}{{20,}}+(?:"{{1,2}}(?!"){LEGAL}*+)*+)"""(?!")'
    # A quoted key is followed by something else.
    rf'|"(?P<line>{LEGAL_IN_LINE}{{20,}}+)"(?=[ \t]*[,\n])'
    rf"|{QUOTED}|#[^\n]*+",
    re.DOTALL,
)
"""Quoted texts and comments from left to right; by name the longer texts without escapes and control characters."""


def decode_toml(text: str, path: str | None = None) -> tuple[dict[str, Any], Locations] | Problem:
    """The content of a TOML text and its locations from the top, or why there is none."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        content = load_toml(text)
    except tomllib.TOMLDecodeError as error:
        return _syntax_problem(str(error), text, path)
    except RecursionError:
        return _too_deep(path)
    found = locate_toml(text)
    return _too_deep(path) if is_too_deep(found) else (content, Locations(text, path, found))


def load_toml(text: str) -> dict[str, Any]:
    """The content of a TOML text with `\\n` line ends. It holds only what JSON has: dates and infinity become text.

    `tomllib` reads texts a character at a time. Those that hold nothing to be checked are held back from it, which
    halves the time; a name in a character nobody uses stands for them. Raises as `tomllib.loads` does.
    """
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        if found.lastgroup is None:
            return found[0]
        held.append(found[found.lastgroup])
        quotes = '"""' if found.lastgroup == "lines" else '"'
        return f"{quotes}{MARK}{len(held) - 1}{quotes}"

    if MARK in text:
        return _plain(tomllib.loads(text), held)  # type: ignore[no-any-return]
    try:
        content = tomllib.loads(HELD.sub(hold, text))
    except tomllib.TOMLDecodeError:
        content, held = tomllib.loads(text), []  # says where in this text the error is
    return _plain(content, held)  # type: ignore[no-any-return]


def _too_deep(path: str | None) -> Problem:
    return Problem("toml-syntax", "values are nested too deeply for a rule", place=Place(path, 1))


def _syntax_problem(message: str, text: str, path: str | None) -> Problem:
    found = WHERE.search(message)
    lines = text.split("\n")
    line = int(found[1]) if found and found[1] else len(lines)
    column = int(found[2]) if found and found[2] else len(lines[-1]) + 1
    excerpt = lines[line - 1] if line <= len(lines) else None
    said = WHERE.sub("", message)
    return Problem("toml-syntax", f"not valid TOML: {said}", place=Place(path, line, column, excerpt))


def _plain(value: Any, held: Sequence[str]) -> Any:
    kind = type(value)
    if kind is str:
        return _released(value, held) if held and value.startswith(MARK) else value
    if kind is dict:
        return {key: _plain(item, held) for key, item in value.items()}
    if kind is list:
        return [_plain(item, held) for item in value]
    if isinstance(value, (date, time)):  # a datetime is a date
        return value.isoformat()
    return str(value) if kind is float and not math.isfinite(value) else value


def _released(name: str, held: Sequence[str]) -> str:
    # TOML drops a line break directly behind the opening quotes; a text on one line has none.
    return held[int(name.removeprefix(MARK))].removeprefix("\n")
