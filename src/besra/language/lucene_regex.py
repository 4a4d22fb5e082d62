"""Lucene regular expressions to the common subset of Python's `re` and RE2 (eql.md 2.6).

The result is meant for a whole-value match with `.` taking line breaks. Lucene's `~`, `&` and `<a-b>` have no
counterpart in a common dialect and are refused; constructs of other dialects that Lucene reads as plain text (`^`, `$`,
`\\b`, look-around) translate to that text and are named in a warning.
"""

import re
from dataclasses import dataclass

from besra.language.regex_states import is_bounded

MAX_PATTERN = 1000
"""Elasticsearch's index setting for the longest pattern, in characters."""

SHORTHANDS = {"d": "0-9", "w": "a-zA-Z0-9_", "s": " \\t\\r\\n"}
COMPLEMENTS = {
    "D": "\x00-/:-\U0010ffff",
    "W": "\x00-/:-@\\[-\\^`{-\U0010ffff",
    "S": "\x00-\x08\x0b\x0c\x0e-\x1f!-\U0010ffff",
}
"""The same shorthands negated, for use inside a class; the host's own `\\W` would leave out letters beyond ASCII."""

REFUSED = {"~": "complement", "&": "intersection", "<": "numeric interval"}
SIGNS = frozenset("?*+")
REPEATS = SIGNS | {"{"}
REPEAT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
MAX_REPEAT = 1000
MAX_DEPTH = 50


class RegexError(ValueError):
    """A pattern that cannot be used; `position` counts characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class Translated:
    """The pattern in the common dialect, and what its author may have expected otherwise."""

    pattern: str
    warnings: tuple[str, ...]


def translate(pattern: str) -> Translated:
    """Translate a Lucene pattern. Raises RegexError."""
    if len(pattern) > MAX_PATTERN:
        raise RegexError(f"the pattern has {len(pattern)} characters; the limit is {MAX_PATTERN}", 0)
    parser = _Translator(pattern)
    out = parser.union(0)
    if parser.position < len(pattern):
        raise RegexError("this `)` closes nothing", parser.position)
    try:
        re.compile(out, re.DOTALL)
    except (re.error, OverflowError, RecursionError):
        raise RegexError("the pattern is too complex", 0) from None
    if not is_bounded(out):
        raise RegexError("the pattern is too complex: nest or repeat less", 0)
    return Translated(out, tuple(_foreign_constructs(pattern)))


FOREIGN = (
    (re.compile(r"(?<!\\)\(\?"), "`(?…)` groups do not exist in Lucene patterns; `?` is read as an operator or text"),
    (re.compile(r"^\^"), "`^` is a plain character: patterns are anchored at both ends anyway"),
    (re.compile(r"(?<!\\)\$$"), "`$` is a plain character: patterns are anchored at both ends anyway"),
    (re.compile(r"(?<!\\)(?:\\\\)*\\[bB]"), "`\\b` is the letter b: Lucene has no word boundary"),
)


def _foreign_constructs(pattern: str) -> list[str]:
    return [message for construct, message in FOREIGN if construct.search(pattern)]


class _Translator:
    """Recursive descent over Lucene's grammar: union, concatenation, repetition, atom."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0

    def peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def take(self) -> str:
        char = self.peek()
        self.position += 1
        return char

    def union(self, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise RegexError(f"the pattern nests deeper than {MAX_DEPTH} levels", self.position)
        branches = [self.concatenation(depth)]
        while self.peek() == "|":
            self.position += 1
            branches.append(self.concatenation(depth))
        return "|".join(branches)

    def concatenation(self, depth: int) -> str:
        out = []
        while self.peek() not in ("", "|", ")"):
            if self.peek() in REFUSED:
                char = self.peek()
                message = f"`{char}` ({REFUSED[char]}) is not supported; write \\{char} for the character"
                raise RegexError(message, self.position)
            out.append(self.repetition(self.atom(depth)))
        return "".join(out)

    def repetition(self, atom: str) -> str:
        """Operators may follow one another: `a*?` is an optional `a*`, not a lazy one, and so the same as `a*`."""
        start, operators = self.position, 0
        while self.peek() in REPEATS:
            if self.peek() == "{":
                operator = self.count()
            else:
                kinds = set(self.take())
                while self.peek() in SIGNS:
                    kinds.add(self.take())
                operator = kinds.pop() if len(kinds) == 1 else "*"
            atom = f"(?:{atom}){operator}"
            operators += 1
            if operators > MAX_DEPTH:
                raise RegexError(f"more than {MAX_DEPTH} repetitions follow one another", start)
        return atom

    def count(self) -> str:
        found = REPEAT.match(self.pattern, self.position)
        if not found:
            raise RegexError("a repetition is written {n}, {n,} or {n,m}; write \\{ for the character", self.position)
        low, comma, high = int(found[1]), found[2], found[3]
        top = int(high) if high else low
        if top < low or max(low, top) > MAX_REPEAT:
            raise RegexError(f"repetition counts ascend and end at {MAX_REPEAT}", self.position)
        self.position = found.end()
        return f"{{{low}}}" if not comma else f"{{{low},{high}}}"

    def atom(self, depth: int) -> str:
        start = self.position
        char = self.take()
        match char:
            case ".":
                return "."
            case "@":
                return "(?:.*)"
            case "#":
                return "[^\\s\\S]"
            case "(":
                inner = self.union(depth + 1)
                if self.take() != ")":
                    raise RegexError("this `(` is never closed", start)
                return f"(?:{inner})"
            case "[":
                return self.char_class(start)
            case '"':
                return self.quoted(start)
            case "\\":
                return self.escape(start)
            case _:
                return re.escape(char)

    def quoted(self, start: int) -> str:
        end = self.pattern.find('"', self.position)
        if end < 0:
            raise RegexError('this `"` is never closed; write \\" for the character', start)
        text = self.pattern[self.position : end]
        self.position = end + 1
        return f"(?:{re.escape(text)})"

    def escape(self, start: int) -> str:
        char = self.take()
        if not char:
            raise RegexError("the pattern ends in a backslash; write \\\\ for the character", start)
        if char.lower() in SHORTHANDS:
            return f"[{'^' if char.isupper() else ''}{SHORTHANDS[char.lower()]}]"
        return re.escape(char)

    def char_class(self, start: int) -> str:
        negated = self.peek() == "^"
        self.position += negated
        members: list[str] = []
        while self.peek() != "]" or not members:
            if not self.peek():
                raise RegexError("this `[` is never closed", start)
            if self.peek() == "]":
                raise RegexError("an empty character class matches nothing", start)
            members.append(self.class_member())
        self.position += 1
        return f"[{'^' if negated else ''}{''.join(members)}]"

    def class_member(self) -> str:
        start = self.position
        low = self.take()
        if low == "\\":
            low = self.take()
            if low.lower() in SHORTHANDS and low:
                return COMPLEMENTS[low] if low.isupper() else SHORTHANDS[low]
        if self.peek() != "-" or self.pattern[self.position + 1 : self.position + 2] in ("]", ""):
            return _class_char(low, start)
        self.position += 1
        high = self.take()
        if high == "\\":
            high = self.take()
        if not high or high < low:
            raise RegexError("a range ascends, such as [a-z]", start)
        return f"{_class_char(low, start)}-{_class_char(high, start)}"


def _class_char(char: str, position: int) -> str:
    if not char:
        raise RegexError("the pattern ends in a backslash; write \\\\ for the character", position)
    return f"\\{char}" if char in "\\]^-[&~|" else char
