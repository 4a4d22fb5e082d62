"""KQL text to tokens (eql.md 8.1). White space between tokens vanishes; every token knows its span.

An unquoted literal may hold spaces: it ends at a special character, or where white space, a keyword and white space
follow. `and` and `or` are keywords between white space only, `not` also behind a parenthesis, brace or colon; anywhere
else they are words of a literal.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from besra.errors import QuerySyntaxError
from besra.language.glob import Wild
from besra.language.kuery.literals import SPACE, Fault, Parts, unescape_quoted, unescape_unquoted
from besra.language.query_text import check_characters, check_length
from besra.problems import Problem, Span, place_of


class Kind(Enum):
    """What a token is. SYMBOL is punctuation and the operators of ranges."""

    KEYWORD = auto()
    QUOTED = auto()
    UNQUOTED = auto()
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `text` as written, keywords in lower case; `parts` what a literal stands for."""

    kind: Kind
    text: str
    span: Span
    parts: Parts = ()

    def describe(self) -> str:
        """How a message names it."""
        return "the end of the query" if self.kind is Kind.END else f"`{self.text[:40]}`"


BLANKS = re.compile(rf"[{SPACE}]+")
SYMBOL = re.compile(r"<=|>=|[<>:(){}]")
KEYWORD = re.compile(rf"(and|or|not)(?=[{SPACE}])", re.IGNORECASE)
NEXT_KEYWORD = re.compile(rf"[{SPACE}]+(?:and|or|not)(?=[{SPACE}])", re.IGNORECASE)
UNQUOTED = re.compile(rf'(?:[^\\():<>"{{}}{SPACE}]|\\(?s:.)|\\$)+')
OPENERS = "({:"


def tokenize(text: str) -> list[Token]:
    """All tokens of a query, the last being END. Raises QuerySyntaxError at the first character that fits nowhere."""
    check_length(text, "kql-limit")
    check_characters(text, "kql-syntax")
    tokens: list[Token] = []
    position = _skip(text, 0)
    while position < len(text):
        token = _next_token(text, position)
        tokens.append(token)
        position = _skip(text, token.span.end)
    return [*tokens, Token(Kind.END, "", Span(len(text), len(text)))]


def syntax_error(text: str, span: Span, message: str, hint: str | None = None) -> QuerySyntaxError:
    """A syntax error at a span of the query."""
    return QuerySyntaxError(Problem("kql-syntax", message, place=place_of(text, span), hint=hint))


def _skip(text: str, position: int) -> int:
    found = BLANKS.match(text, position)
    return found.end() if found else position


def _next_token(text: str, start: int) -> Token:
    if text[start] == '"':
        return _quoted(text, start)
    if found := SYMBOL.match(text, start):
        return Token(Kind.SYMBOL, found[0], Span(*found.span()))
    if (found := KEYWORD.match(text, start)) and _may_begin(text, start, found[1].lower()):
        return Token(Kind.KEYWORD, found[1].lower(), Span(*found.span()))
    return _unquoted(text, start)


def _may_begin(text: str, start: int, word: str) -> bool:
    before = text[start - 1 : start]
    return not before or before in SPACE or (word == "not" and before in OPENERS)


def _quoted(text: str, start: int) -> Token:
    end = _closing_quote(text, start + 1)
    if end < 0:
        hint = 'close it with "; a quote inside of it is written \\"'
        raise syntax_error(text, Span(start, start + 1), "this text is never closed", hint)
    value = unescape_quoted(text[start + 1 : end])
    if isinstance(value, Fault):
        raise _fault(text, start + 1, value)
    return Token(Kind.QUOTED, text[start : end + 1], Span(start, end + 1), (value,))


QUOTE_OR_ESCAPE = re.compile(r'\\["\\]|"')


def _closing_quote(text: str, start: int) -> int:
    """Where the quote that ends a text stands, -1 if nowhere. A backslash matters in front of `"` and `\\` only."""
    for found in QUOTE_OR_ESCAPE.finditer(text, start):
        if found[0] == '"':
            return found.start()
    return -1


def _unquoted(text: str, start: int) -> Token:
    end = _end_of_words(text, start)
    parts = unescape_unquoted(text[start:end])
    if isinstance(parts, Fault):
        raise _fault(text, start, parts)
    if not parts:
        hint = 'quote a text of white space: "\\t"'
        raise syntax_error(text, Span(start, end), "this value holds nothing but white space", hint)
    return Token(Kind.UNQUOTED, text[start:end], Span(start, end), parts)


def _end_of_words(text: str, start: int) -> int:
    """Behind the last word of an unquoted literal: words, with white space in between that no keyword follows."""
    end = position = start
    while found := UNQUOTED.match(text, position):
        end = found.end()
        if NEXT_KEYWORD.match(text, end):
            break
        position = _skip(text, end)
    return end


def _fault(text: str, start: int, fault: Fault) -> QuerySyntaxError:
    span = Span(start + fault.span.start, start + fault.span.end)
    return syntax_error(text, span, fault.message, fault.hint)


def has_wildcard(parts: Parts) -> bool:
    """Whether a literal is a pattern."""
    return Wild.ANY in parts
