r"""Literals of KQL: the escapes of quoted and unquoted text, and texts back to literals (eql.md 8.1).

Both know `\t \r \n` and `\uXXXX`. Inside quotes a backslash in front of anything but those, `\` and `"` is a plain
backslash, so `"C:\Users"` is a path and `"C:\temp"` holds a tab. Outside of quotes it is an error.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from besra.language.glob import Glob, Wild, normalised
from besra.problems import Span

SPACE = " \t\r\n\u00a0"
SPECIAL = '\\():<>"*{}'
WHITESPACE = {"t": "\t", "r": "\r", "n": "\n"}

Parts = tuple[str | Wild, ...]

# `\not` would begin with a line break; it is the word where nothing of a longer word follows.
KEYWORD_ESCAPE = rf"(?i:and|or|not(?=[{SPACE}]|[{re.escape(SPECIAL)}]|$))"
UNICODE = r"u(?P<hex>[0-9a-fA-F]{4})(?:\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2}))?"
QUOTED_ESCAPE = re.compile(rf'\\(?:(?P<plain>["\\])|(?P<space>[trn])|{UNICODE})')
UNQUOTED_ESCAPE = re.compile(rf"\\(?:(?P<plain>[{re.escape(SPECIAL)}]|{KEYWORD_ESCAPE})|(?P<space>[trn])|{UNICODE})")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an escape, and where in the content."""

    span: Span
    message: str
    hint: str


def unescape_quoted(content: str) -> str | Fault:
    """The value of the inside of a `"…"` literal, or the first fault in it."""
    out: list[str] = []
    position = 0
    for found in QUOTED_ESCAPE.finditer(content):
        out.append(content[position : found.start()])
        value, position = _escaped(found)
        if isinstance(value, Fault):
            return value
        out.append(value)
    return "".join(out) + content[position:]


def unescape_unquoted(content: str) -> Parts | Fault:
    """The parts of an unquoted literal, white space at its ends taken off, or the first fault in it."""
    out: list[str | Wild] = []
    position = 0
    while position < len(content):
        char = content[position]
        if char == "\\":
            found = UNQUOTED_ESCAPE.match(content, position)
            if not found:
                span = Span(position, min(position + 2, len(content)))
                hint = 'write \\\\ for a backslash, or quote the value: "…"'
                return Fault(span, f"invalid escape {content[span.start : span.end]}", hint)
            value, position = _escaped(found)
            if isinstance(value, Fault):
                return value
            out.append(value)
        else:
            out.append(Wild.ANY if char == "*" else char)
            position += 1
    return _stripped(normalised(out).parts)


def _escaped(found: re.Match[str]) -> tuple[str | Fault, int]:
    """The value of an escape, and where it ends."""
    if found["plain"]:
        return found["plain"], found.end()
    if found["space"]:
        return WHITESPACE[found["space"]], found.end()
    code = int(found["hex"], 16)
    if 0xD800 <= code <= 0xDBFF and found["low"]:
        return chr(0x10000 + (code - 0xD800) * 0x400 + int(found["low"], 16) - 0xDC00), found.end()
    end = found.end("hex")
    if 0xD800 <= code <= 0xDFFF:
        hint = "characters beyond U+FFFF are written as two escapes, \\ud83d\\ude00"
        return Fault(Span(found.start(), end), f"\\u{found['hex']} is no character but half of one", hint), end
    return chr(code), end


def _stripped(parts: Parts) -> Parts:
    trimmed = list(parts)
    if trimmed and isinstance(trimmed[0], str):
        trimmed[0] = trimmed[0].lstrip(SPACE)
    if trimmed and isinstance(trimmed[-1], str):
        trimmed[-1] = trimmed[-1].rstrip(SPACE)
    return tuple(part for part in trimmed if part)


def kuery_glob(parts: Iterable[str | Wild]) -> Glob:
    """The glob of an unquoted literal: `*` is the only wildcard, `?` is a plain character (eql.md 8.2)."""
    return normalised(parts)


# --- back to text -----------------------------------------------------------------------------------------------------

KEYWORD = re.compile(rf"(?<![^{SPACE}])(and|or|not)(?=[{SPACE}]|$)", re.IGNORECASE)


def quote(value: str) -> str:
    """A `"…"` literal with this value; characters that do not print are written as escapes."""
    return '"' + "".join(f"\\{char}" if char in '"\\' else _shown(char) for char in value) + '"'


def unquoted(parts: Iterable[str | Wild]) -> str:
    """An unquoted literal with these parts."""
    return "".join("*" if isinstance(part, Wild) else _plain(part) for part in parts)


def _plain(text: str) -> str:
    out: list[str] = []
    position = 0
    for found in KEYWORD.finditer(text):
        out += [_characters(text[position : found.start()]), f"\\{found[0]}"]
        position = found.end()
    return "".join(out) + _characters(text[position:])


def _characters(text: str) -> str:
    return "".join(f"\\{char}" if char in SPECIAL else _shown(char) for char in text)


def _shown(char: str) -> str:
    """A character, as an escape if it does not print. Line breaks too: `\\n` before `ot` would read as `not`."""
    if char.isprintable():
        return char
    code = ord(char)
    if code > 0xFFFF:
        return f"\\u{0xD800 + ((code - 0x10000) >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
