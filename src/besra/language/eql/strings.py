"""String literals of EQL: escapes, raw strings, and text back to a literal (eql.md 1.2)."""

import re
from dataclasses import dataclass

from besra.problems import Span

ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
NAMES = {char: name for name, char in ESCAPES.items() if char != "'"}
ESCAPE = re.compile(r"\\(?:u\{([^}\"]*)\}?|(.))", re.DOTALL)
HEX = re.compile(r"[0-9A-Fa-f]{2,8}")
RAW = re.compile(r'"""([^\r\n]*?)"""("{0,2})')


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an escape, and where in the content."""

    span: Span
    message: str
    hint: str


def unescape(content: str) -> str | Fault:
    """The value of the inside of a `"…"` literal, or the first fault in it."""
    if "\\" not in content:
        return content
    parts: list[str] = []
    position = 0
    for found in ESCAPE.finditer(content):
        parts.append(content[position : found.start()])
        value = _escape(found)
        if isinstance(value, Fault):
            return value
        parts.append(value)
        position = found.end()
    return "".join(parts) + content[position:]


def _escape(found: re.Match[str]) -> str | Fault:
    span = Span(found.start(), found.end())
    if found[2] is not None and found[2] != "u":
        value = ESCAPES.get(found[2])
        hint = 'write \\\\ for a backslash, or use a raw string """…"""'
        return value if value is not None else Fault(span, f"invalid escape \\{found[2]}", hint)
    digits = found[1]
    if digits is None or not found[0].endswith("}") or not HEX.fullmatch(digits):
        return Fault(span, "invalid Unicode escape", "write \\u{h…} with 2 to 8 hexadecimal digits, such as \\u{202e}")
    code = int(digits, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return Fault(
            span, f"\\u{{{digits}}} is not a Unicode character", "code points end at 10ffff; surrogates are out"
        )
    return chr(code)


def raw_string(text: str, start: int) -> tuple[int, str]:
    '''End and content of the `"""…"""` at `start`; end is -1 if it is not closed on its line.

    One or two further quotes directly behind the closing three belong to the content.
    '''
    found = RAW.match(text, start)
    return (found.end(), found[1] + found[2]) if found else (-1, "")


def quote(value: str) -> str:
    """A `"…"` literal with this value; characters that do not print are written as escapes."""
    return '"' + "".join(_quote_char(char) for char in value) + '"'


def _quote_char(char: str) -> str:
    if char in NAMES:
        return "\\" + NAMES[char]
    return char if char.isprintable() else f"\\u{{{ord(char):04x}}}"
