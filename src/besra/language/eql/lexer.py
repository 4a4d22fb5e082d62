"""EQL text to tokens (eql.md 1.1, 1.2). Comments and white space vanish; every token knows its span."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from besra.errors import QuerySyntaxError
from besra.language.eql.strings import raw_string, unescape
from besra.language.query_text import check_characters, check_length
from besra.problems import Problem, Span, place_of

WORDS = "and any by false in join like maxspan not null of or regex sample sequence true until where with"
KEYWORDS = frozenset(WORDS.split(" "))
GLUED = frozenset({"in", "like", "regex"})
"""Keywords that may carry a `~` directly behind them: one token, the case-insensitive form."""


class Kind(Enum):
    """What a token is. KEYWORD includes the glued `in~`, `like~`, `regex~`; SYMBOL is operators and punctuation."""

    KEYWORD = auto()
    IDENT = auto()
    QUOTED = auto()
    STRING = auto()
    INT = auto()
    FLOAT = auto()
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `text` as written, `value` what it stands for (content of a string, number, name)."""

    kind: Kind
    text: str
    value: str | int | float
    span: Span

    def describe(self) -> str:
        """How a message names it."""
        return "the end of the query" if self.kind is Kind.END else f"`{self.text[:40]}`"


SPACE = re.compile(r"[ \t\r\n]+|//[^\r\n]*")
WORD = re.compile(r"[^\W\d]\w*|@\w*")
NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
QUOTED = re.compile(r"`(?:[^`]|``)*`")
STRING = re.compile(r'"(?:[^"\\\r\n]|\\[^\r\n])*"')
SYMBOL = re.compile(r"!\[|==|!=|<=|>=|[<>=+\-*/%:,.()\[\]|?~]")
STRAY = "remove it; in a name it needs back-ticks around, in a text quotes"
COMMENT_EDGE = re.compile(r"/\*|\*/")


def tokenize(text: str) -> list[Token]:
    """All tokens of a query, the last being END. Raises QuerySyntaxError at the first character that fits nowhere."""
    check_length(text, "eql-limit")
    check_characters(text, "eql-syntax")
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        position = _skip_space(text, position)
        if position < len(text):
            token = _next_token(text, position)
            tokens.append(token)
            position = token.span.end
    end = Span(len(text), len(text))
    return [*tokens, Token(Kind.END, "", "", end)]


def syntax_error(text: str, span: Span, message: str, hint: str | None = None) -> QuerySyntaxError:
    """A syntax error at a span of the query."""
    return QuerySyntaxError(Problem("eql-syntax", message, place=place_of(text, span), hint=hint))


def _skip_space(text: str, position: int) -> int:
    while position < len(text):
        if found := SPACE.match(text, position):
            position = found.end()
        elif text.startswith("/*", position):
            position = _comment_end(text, position)
        else:
            return position
    return position


def _comment_end(text: str, start: int) -> int:
    """Block comments nest (eql.md 1.1)."""
    depth = 0
    for edge in COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    raise syntax_error(text, Span(start, start + 2), "this comment is never closed", "add `*/`; block comments nest")


def _next_token(text: str, start: int) -> Token:
    if found := WORD.match(text, start):
        return _word(text, found)
    char = text[start]
    if char == '"':
        return _string(text, start)
    if char == "`":
        return _quoted(text, start)
    if found := NUMBER.match(text, start):
        return _number(text, found)
    if char == "'" or (char == "?" and text[start + 1 : start + 2] in ("'", '"') and text[start + 1 : start + 2]):
        raise _foreign_quotes(text, start)
    if found := SYMBOL.match(text, start):
        return Token(Kind.SYMBOL, found[0], found[0], Span(start, found.end()))
    hint = {"&": "use `and`", "!": "use `not`, or `!=`; a missing event is written `![ … ]`"}.get(char, STRAY)
    shown = char if char.isprintable() else f"U+{ord(char):04X}"
    raise syntax_error(text, Span(start, start + 1), f"unexpected character `{shown}`", hint)


def _word(text: str, found: re.Match[str]) -> Token:
    word, end = found[0], found.end()
    if word in GLUED and text.startswith("~", end):
        word, end = word + "~", end + 1
    kind = Kind.KEYWORD if word.rstrip("~") in KEYWORDS else Kind.IDENT
    return Token(kind, word, word, Span(found.start(), end))


def _number(text: str, found: re.Match[str]) -> Token:
    span = Span(*found.span())
    if found[0].isdigit() and len(found[0]) <= 19 and int(found[0]) < 2**63:
        return Token(Kind.INT, found[0], int(found[0]), span)
    number = float(found[0])
    if number == float("inf"):
        raise syntax_error(text, span, "this number is too large", "the largest has 309 digits")
    return Token(Kind.FLOAT, found[0], number, span)


def _quoted(text: str, start: int) -> Token:
    found = QUOTED.match(text, start)
    if not found:
        raise syntax_error(text, Span(start, start + 1), "this back-tick is never closed", "close the name with a `")
    name = found[0][1:-1].replace("``", "`")
    if not name:
        raise syntax_error(text, Span(start, found.end()), "a quoted name cannot be empty")
    return Token(Kind.QUOTED, found[0], name, Span(start, found.end()))


def _string(text: str, start: int) -> Token:
    if text.startswith('"""', start):
        end, value = raw_string(text, start)
        if end < 0:
            hint = 'close it with """ on the same line; a raw string cannot span lines'
            raise syntax_error(text, Span(start, start + 3), "this raw string is never closed", hint)
        return Token(Kind.STRING, text[start:end], value, Span(start, end))
    found = STRING.match(text, start)
    if not found:
        hint = 'close it with " on the same line; a line break inside a string is written \\n'
        raise syntax_error(text, Span(start, start + 1), "this string is never closed", hint)
    value_or_fault = unescape(found[0][1:-1])
    if isinstance(value_or_fault, str):
        return Token(Kind.STRING, found[0], value_or_fault, Span(start, found.end()))
    fault = value_or_fault
    span = Span(start + 1 + fault.span.start, start + 1 + fault.span.end)
    raise syntax_error(text, span, fault.message, fault.hint)


def _foreign_quotes(text: str, start: int) -> QuerySyntaxError:
    opening = "?" + text[start + 1] if text[start] == "?" else "'"
    width = len(opening)
    message = f"strings cannot be written with {opening}…{opening[-1]}"
    return syntax_error(text, Span(start, start + width), message, 'use "…" with escapes or """…""" without')
