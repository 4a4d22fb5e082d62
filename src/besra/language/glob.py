"""Wildcard patterns as values in which nothing is implicit.

A glob is a tuple of literal texts and wildcards. Which characters were wildcards, and how to write one literally,
differs between EQL and KQL; that ends where the pattern is read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class Wild(Enum):
    """A wildcard: ANY is zero or more characters, ONE exactly one. Both take every character, line breaks included."""

    ANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern for a whole value: literal texts and wildcards in order."""

    parts: tuple[str | Wild, ...]

    @property
    def literal(self) -> str | None:
        """The one value it matches, if it has no wildcard."""
        if not self.parts:
            return ""
        only = self.parts[0]
        return only if len(self.parts) == 1 and isinstance(only, str) else None

    def __str__(self) -> str:
        return "".join(part.value if isinstance(part, Wild) else part for part in self.parts)


WILDCARD = re.compile(r"([*?])")


def eql_glob(pattern: str) -> Glob:
    """The glob of an EQL pattern: `*` and `?` are always wildcards, there is no escape (eql.md 2.5)."""
    return normalised(Wild(piece) if piece in ("*", "?") else piece for piece in WILDCARD.split(pattern) if piece)


ESCAPED = re.compile(r"\\(?P<plain>.)|(?P<wild>[*?])", re.DOTALL)


def escaped_glob(pattern: str) -> Glob:
    r"""The glob of a pattern of the Query DSL: `\` makes the character behind it a plain one."""
    parts: list[str | Wild] = []
    position = 0
    for found in ESCAPED.finditer(pattern):
        parts.append(pattern[position : found.start()])
        parts.append(Wild(found["wild"]) if found["wild"] else found["plain"])
        position = found.end()
    return normalised(part for part in [*parts, pattern[position:]] if part)


def normalised(parts: Iterable[str | Wild]) -> Glob:
    """A glob with neighbouring literals joined and runs of ANY made one, so that equal patterns are equal values."""
    out: list[str | Wild] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, str) and isinstance(last, str):
            out[-1] = last + part
        elif not (part is Wild.ANY and last is Wild.ANY):
            out.append(part)
    return Glob(tuple(out))


def glob_matches(glob: Glob, value: str) -> bool:
    """Whether the glob covers the whole value.

    Greedy piece by piece, so that a pattern such as `*a*a*a*b` costs the product of lengths at worst and never more;
    a translation into a backtracking regex would be exponential.
    """
    pieces = _pieces(glob)
    if len(pieces) == 1:
        return len(value) == len(pieces[0]) and _fits(pieces[0], value, 0)
    head, *middle, tail = pieces
    if len(value) < len(head) + len(tail) or not _fits(head, value, 0):
        return False
    position, end = len(head), len(value) - len(tail)
    if not _fits(tail, value, end):
        return False
    for piece in middle:
        found = _find(piece, value, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


Piece = tuple[str | None, ...]
"""Characters between two `*`; None stands for `?`."""


@lru_cache(maxsize=65536)
def _pieces(glob: Glob) -> tuple[Piece, ...]:
    pieces: list[list[str | None]] = [[]]
    for part in glob.parts:
        if part is Wild.ANY:
            pieces.append([])
        elif part is Wild.ONE:
            pieces[-1].append(None)
        elif isinstance(part, str):
            pieces[-1].extend(part)
    return tuple(tuple(piece) for piece in pieces)


def _fits(piece: Piece, value: str, start: int) -> bool:
    return all(char is None or value[start + i] == char for i, char in enumerate(piece))


def _find(piece: Piece, value: str, start: int, end: int) -> int:
    if None not in piece:
        return value.find("".join(char for char in piece if char), start, end)
    for position in range(start, end - len(piece) + 1):
        if _fits(piece, value, position):
            return position
    return -1
