"""Patterns of the common dialect (`language.lucene_regex`) as trees; constructs outside it are not understood.

`re` remains the judge of what a pattern means: a symbol keeps its source text, and is asked through `re`.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

MOST_DEPTH = 60
REMEMBERED = 4096
"""Patterns: rules that are loaded again have the same."""
SPECIAL = frozenset("^$|?*+{}()[].")
REPEAT = re.compile(r"\*|\+|\?|\{(\d+)(?:(,)(\d*))?\}")
SAME_IN_CLASS = frozenset("tnrfv")
"""Letters that mean the same character to `re` and google-re2 behind a backslash in a class."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One character: `source` is its part of the pattern, `char` the character if it can be no other."""

    source: str
    char: str | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Union:
    """One of several branches."""

    branches: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part repeated; `most` None is without limit."""

    part: "Node"
    least: int
    most: int | None


Node = Symbol | Sequence | Union | Repeat


@dataclass(frozen=True)
class Tree:
    """A pattern understood. `is_common`: google-re2 reads it as `re` does."""

    root: Node
    is_common: bool

    @cached_property
    def nests(self) -> bool:
        """Whether something that may match in two ways stands inside a repetition: `re` may try them all."""
        return _nests(self.root, within=False)


def _nests(node: Node, *, within: bool) -> bool:
    match node:
        case Symbol():
            return False
        case Sequence():
            return any(_nests(part, within=within) for part in node.parts)
        case Union():
            return within or any(_nests(branch, within=within) for branch in node.branches)
        case Repeat():
            return within or _nests(node.part, within=node.most != 1)


@lru_cache(maxsize=REMEMBERED)
def parse_regex(pattern: str) -> Tree | None:
    """The tree of a pattern for `re`; None if it holds something outside the common dialect."""
    parser = _Parser(pattern)
    try:
        root = parser.union(0)
    except _NotUnderstoodError:
        return None
    return Tree(root, parser.is_common) if parser.position == len(pattern) else None


class _NotUnderstoodError(Exception):
    """A construct outside the common dialect."""


class _Parser:
    """Recursive descent: union, concatenation, repetition, atom."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.is_common = True

    def peek(self, width: int = 1) -> str:
        return self.pattern[self.position : self.position + width]

    def take(self) -> str:
        if self.position >= len(self.pattern):
            raise _NotUnderstoodError
        self.position += 1
        return self.pattern[self.position - 1]

    def union(self, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise _NotUnderstoodError
        branches = [self.concatenation(depth)]
        while self.peek() == "|":
            self.position += 1
            branches.append(self.concatenation(depth))
        return branches[0] if len(branches) == 1 else Union(tuple(branches))

    def concatenation(self, depth: int) -> Node:
        parts = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated(self.atom(depth)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def repeated(self, atom: Node) -> Node:
        found = REPEAT.match(self.pattern, self.position)
        if not found:
            if self.peek() == "{":
                raise _NotUnderstoodError
            return atom
        self.position = found.end()
        if self.peek() and self.peek() in "?+*{":
            raise _NotUnderstoodError  # lazy and possessive operators are no part of the dialect
        signs = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if found[0] in signs:
            return Repeat(atom, *signs[found[0]])
        least = int(found[1])
        return Repeat(atom, least, least if not found[2] else int(found[3]) if found[3] else None)

    def atom(self, depth: int) -> Node:
        start = self.position
        char = self.take()
        match char:
            case ".":
                return Symbol(char)
            case "[":
                self.char_class()
                return Symbol(self.pattern[start : self.position])
            case "(":
                return self.group(depth)
            case "\\":
                char = self.take()
                if char.isascii() and char.isalnum():
                    raise _NotUnderstoodError
            case _ if char in SPECIAL:
                raise _NotUnderstoodError
        return Symbol(self.pattern[start : self.position], char)

    def group(self, depth: int) -> Node:
        if self.take() + self.take() != "?:":
            raise _NotUnderstoodError
        inner = self.union(depth + 1)
        if self.take() != ")":
            raise _NotUnderstoodError
        return inner

    def char_class(self) -> None:
        if self.peek() == "^":
            self.position += 1
        is_first = True
        while is_first or self.peek() != "]":
            is_first = False
            char = self.take()
            if char == "\\":
                escaped = self.take()
                self.is_common &= escaped in SAME_IN_CLASS or not escaped.isalnum()
            elif char == "[":
                self.is_common = False  # `[:alpha:]`, and set operations to come
        self.position += 1
