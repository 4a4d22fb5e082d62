"""Regular expressions as deterministic automata over ASCII: one table look-up a byte, whatever the pattern and text.

Which characters a symbol of the pattern takes is asked of `re`, so that both agree on classes and case. Patterns that
need too many states have no automaton.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from besra.engine.kernels.regex import RegexTest
from besra.engine.kernels.regex_tree import Node, Repeat, Sequence, Symbol, Union

ASCII = 128
MOST_POSITIONS = 2000
MOST_STATES = 250
"""A state is a byte."""
REMEMBERED = 4096
"""Automata: some 5 KB each."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """State 0 takes nothing any more, state 1 is the first. `next[state][byte]` is the state that follows."""

    next: tuple[bytes, ...]
    accepting: tuple[bool, ...]


@lru_cache(maxsize=REMEMBERED)
def automaton_of(test: RegexTest) -> Automaton | None:
    """The automaton of a pattern for ASCII texts; None if it is not understood or too large.

    It is remembered: rules that change are mostly the rules there were.
    """
    if test.tree is None:
        return None
    positions = _Positions(test.ignore_case)
    try:
        first, end = positions.of(test.tree.root)
        return _determined(positions, first, end)
    except _TooLargeError:
        return None


class _TooLargeError(Exception):
    """The pattern needs too many states."""


@dataclass
class _Positions:
    """Thompson's construction: a position has a symbol and a following position, or leads on to others at once."""

    ignore_case: bool
    symbols: list[frozenset[int]] = field(default_factory=list)
    following: list[list[int]] = field(default_factory=list)

    def of(self, node: Node) -> tuple[int, int]:
        """The first and last position of a node; the last has no symbol and leads nowhere yet."""
        match node:
            case Symbol():
                end = self.add(frozenset(), [])
                return self.add(_bytes(node.source, self.ignore_case), [end]), end
            case Sequence():
                return self.chain(node.parts)
            case Union():
                ends = [self.of(branch) for branch in node.branches]
                last = self.add(frozenset(), [])
                for _, end in ends:
                    self.following[end].append(last)
                return self.add(frozenset(), [first for first, _ in ends]), last
            case Repeat():
                return self.repeat(node)

    def chain(self, parts: Iterable[Node]) -> tuple[int, int]:
        first = last = self.add(frozenset(), [])
        for part in parts:
            start, end = self.of(part)
            self.following[last].append(start)
            last = end
        return first, last

    def repeat(self, node: Repeat) -> tuple[int, int]:
        first, last = self.chain([node.part] * node.least)
        end = self.add(frozenset(), [])
        if node.most is None:
            start, stop = self.of(node.part)
            self.following[last] += [start, end]
            self.following[stop] += [start, end]
            return first, end
        for _ in range(node.most - node.least):
            start, stop = self.of(node.part)
            self.following[last] += [start, end]
            last = stop
        self.following[last].append(end)
        return first, end

    def add(self, symbol: frozenset[int], following: list[int]) -> int:
        if len(self.symbols) >= MOST_POSITIONS:
            raise _TooLargeError
        self.symbols.append(symbol)
        self.following.append(following)
        return len(self.symbols) - 1

    def reached(self, positions: Iterable[int]) -> frozenset[int]:
        """The positions and all they lead on to without a character."""
        found: set[int] = set()
        waiting = list(positions)
        while waiting:
            position = waiting.pop()
            if position not in found:
                found.add(position)
                if not self.symbols[position]:
                    waiting += self.following[position]
        return frozenset(found)


@lru_cache(maxsize=4096)
def _bytes(source: str, ignore_case: bool) -> frozenset[int]:
    """The ASCII characters a symbol takes; one that takes none is a byte no text holds."""
    pattern = re.compile(source, (re.IGNORECASE if ignore_case else 0) | re.DOTALL)
    return frozenset(byte for byte in range(ASCII) if pattern.fullmatch(chr(byte))) or frozenset((ASCII,))


def _determined(positions: _Positions, first: int, end: int) -> Automaton:
    kinds: dict[tuple[bool, ...], list[int]] = {}
    symbols = list({symbol for symbol in positions.symbols if symbol})
    for byte in range(ASCII):
        kinds.setdefault(tuple(byte in symbol for symbol in symbols), []).append(byte)
    start = positions.reached((first,))
    numbers = {frozenset[int](): 0, start: 1}
    states = [frozenset[int](), start]
    rows: list[bytes] = []
    while len(rows) < len(states):
        state, row = states[len(rows)], [0] * ASCII
        for members in kinds.values():
            taking = [p for p in state if members[0] in positions.symbols[p]]
            target = positions.reached(q for p in taking for q in positions.following[p])
            if target not in numbers:
                if len(states) >= MOST_STATES:
                    raise _TooLargeError
                numbers[target] = len(states)
                states.append(target)
            for byte in members:
                row[byte] = numbers[target]
        rows.append(bytes(row))
    return Automaton(tuple(rows), tuple(end in state for state in states))
