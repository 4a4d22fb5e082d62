"""Regular expressions as trees: the common dialect (`lucene_regex`), and as much of the host's as is regular.

`re` remains the judge of what a pattern means: a symbol keeps its source text, and is asked through `re`. What is not
understood has no tree.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

MOST_DEPTH = 60
REMEMBERED = 4096
"""Patterns: rules that are loaded again have the same."""
SPECIAL = frozenset("^$|?*+{}()[].")
REPEAT = re.compile(r"\*|\+|\?|\{(\d+)(?:(,)(\d*))?\}")
UP_TO = re.compile(r"\{,\d*\}")
"""A repetition in the host's dialect alone. Other braces that are no repetition are plain characters there."""
ESCAPES = frozenset("dDwWsStnrfv")
"""Letters that stand for one character behind a backslash, in the host's dialect."""
LONG = 512
"""Characters of a text that is long."""
MOST_WAYS = 1 << 15
"""Ways of matching a long text that `re` may be left to try: one repetition without limit and some alternatives."""
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
    """A pattern understood. `is_common`: google-re2 reads it as `re` does. `dotall`: `.` takes line breaks."""

    root: Node
    is_common: bool
    dotall: bool = True

    @cached_property
    def backtracks(self) -> bool:
        """Whether `re` might try very many ways of matching a text before it gives up."""
        return _ways(self.root, is_last=self.dotall) > MOST_WAYS

    @cached_property
    def size(self) -> int:
        """The pattern's symbols, and the places where it branches, with its repetitions written out."""
        return _size(self.root)


def _size(node: Node) -> int:
    match node:
        case Symbol():
            return 2
        case Sequence():
            return 1 + sum(map(_size, node.parts))
        case Union():
            return 2 + sum(map(_size, node.branches))
        case Repeat():
            return 2 + _size(node.part) * (node.least + 1 if node.most is None else node.most)


def _ways(node: Node, *, is_last: bool) -> int:
    """In how many ways a node may match parts of a long text, about; what is beyond `MOST_WAYS` is not counted.

    What is last and takes everything does so the first time it is tried.
    """
    ways = 1
    match node:
        case Sequence():
            for number, part in enumerate(node.parts, 1):
                ways *= _ways(part, is_last=is_last and number == len(node.parts))
                if ways > MOST_WAYS:
                    break
        case Union():
            ways = sum(_ways(branch, is_last=is_last) for branch in node.branches)
        case Repeat():
            if not (is_last and node.most is None and node.part == Symbol(".")):
                ways = _ways_of_repeat(node, _ways(node.part, is_last=is_last and node.most == 1))
    return min(ways, MOST_WAYS + 1)


def _ways_of_repeat(node: Repeat, once: int) -> int:
    most = node.least + LONG if node.most is None else node.most
    if once == 1:
        return most - node.least + 1
    ways = 0
    for times in range(node.least, most + 1):
        ways += once ** min(times, MOST_WAYS.bit_length())
        if ways > MOST_WAYS:
            break
    return ways


@lru_cache(maxsize=REMEMBERED)
def parse_regex(pattern: str, is_host: bool = False) -> Tree | None:
    """The tree of a pattern that `re` takes; None if it holds something outside the common dialect.

    With `is_host` it is in the host's dialect, for whole texts all the same; None then if it looks around, refers to
    what was matched, or has flags, anchors but at its ends, or possessive operators.
    """
    parser = _Parser(_unanchored(pattern) if is_host else pattern, is_host)
    try:
        root = parser.union(0)
    except _NotUnderstoodError:
        return None
    return Tree(root, parser.is_common, not is_host) if parser.position == len(parser.pattern) else None


def _unanchored(pattern: str) -> str:
    """The pattern without anchors at its ends, which say nothing about a whole text."""
    is_anchored = pattern.endswith("$") and (len(pattern) - len(pattern[:-1].rstrip("\\"))) % 2
    return pattern.removeprefix("^")[: -1 if is_anchored else None]


class _NotUnderstoodError(Exception):
    """A construct outside the dialect."""


class _Parser:
    """Recursive descent: union, concatenation, repetition, atom."""

    def __init__(self, pattern: str, is_host: bool) -> None:
        self.pattern = pattern
        self.is_host = is_host
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
            if self.peek() == "{" and (not self.is_host or UP_TO.match(self.pattern, self.position)):
                raise _NotUnderstoodError
            return atom
        self.position = found.end()
        if self.is_host and self.peek() == "?":
            self.position += 1  # lazy: of whole texts it matches the same
        if self.peek() and self.peek() in "?+*{":
            raise _NotUnderstoodError  # lazy and possessive operators are no part of the common dialect
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
                if self.is_host and char in ESCAPES:
                    return Symbol(f"\\{char}")
                if char.isascii() and char.isalnum():
                    raise _NotUnderstoodError
            case "{" | "}" | "]" if self.is_host:
                return Symbol(f"\\{char}", char)
            case _ if char in SPECIAL:
                raise _NotUnderstoodError
        return Symbol(self.pattern[start : self.position], char)

    def group(self, depth: int) -> Node:
        if self.peek(2) == "?:":
            self.position += 2
        elif not self.is_host or self.peek() == "?":
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
