"""Regular expressions over any text, state by state: what a text costs grows with its length and never faster.

What a symbol takes is asked of `re`, so both agree on classes and case. It is slower than `re` where that does not
backtrack, and for patterns that do (`regex_tree.Tree.backtracks`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from besra.language.regex_tree import Node, Repeat, Sequence, Symbol, Union, parse_regex

MOST_POSITIONS = 10_000
"""Of a pattern. Elasticsearch refuses what takes more than that many states."""
MOST_KEPT = 20_000
"""Steps, and positions of states, that are remembered of a pattern."""
REMEMBERED = 128
"""Patterns."""


@dataclass
class Positions:
    """Thompson's construction: a position has a symbol and a following position, or leads on to others at once."""

    symbols: list[str | None] = field(default_factory=list)
    following: list[list[int]] = field(default_factory=list)

    def of(self, node: Node) -> tuple[int, int]:
        """The first and last position of a node; the last has no symbol and leads nowhere yet."""
        match node:
            case Symbol():
                end = self._add(None, [])
                return self._add(node.source, [end]), end
            case Sequence():
                return self._chain(node.parts)
            case Union():
                ends = [self.of(branch) for branch in node.branches]
                last = self._add(None, [])
                for _, end in ends:
                    self.following[end].append(last)
                return self._add(None, [first for first, _ in ends]), last
            case Repeat():
                return self._repeat(node)

    def _chain(self, parts: Iterable[Node]) -> tuple[int, int]:
        first = last = self._add(None, [])
        for part in parts:
            start, end = self.of(part)
            self.following[last].append(start)
            last = end
        return first, last

    def _repeat(self, node: Repeat) -> tuple[int, int]:
        first, last = self._chain(node.part for _ in range(node.least))
        end = self._add(None, [])
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

    def _add(self, symbol: str | None, following: list[int]) -> int:
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
                if self.symbols[position] is None:
                    waiting += self.following[position]
        return frozenset(found)


@dataclass(slots=True, eq=False)
class _State:
    """Positions reached together, and the states that follow by character as far as some text has gone there."""

    positions: frozenset[int]
    is_end: bool
    following: dict[str, "_State"] = field(default_factory=dict)


class States:
    """The states of a pattern, made as texts come to them. What is remembered changes speed, never results."""

    def __init__(self, root: Node, flags: int) -> None:
        self._positions = Positions()
        first, self._end = self._positions.of(root)
        self._first = self._positions.reached((first,))
        symbols = {symbol for symbol in self._positions.symbols if symbol is not None}
        self._takes = {symbol: re.compile(symbol, flags).fullmatch for symbol in symbols}
        self._states: dict[frozenset[int], _State] = {}
        self._kept = 0

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole text."""
        state = self._state(self._first)
        for char in text:
            state = state.following.get(char) or self._step(state, char)
            if not state.positions:
                return False
        return state.is_end

    def _step(self, state: _State, char: str) -> _State:
        symbols, following = self._positions.symbols, self._positions.following
        asked = {symbol for position in state.positions if (symbol := symbols[position]) is not None}
        taking = {symbol for symbol in asked if self._takes[symbol](char)}
        taken = (position for position in state.positions if symbols[position] in taking)
        reached = self._positions.reached(after for position in taken for after in following[position])
        if self._kept >= MOST_KEPT:
            self._states, self._kept = {}, 0
        self._kept += 1
        found = state.following[char] = self._state(reached)
        return found

    def _state(self, positions: frozenset[int]) -> _State:
        found = self._states.get(positions)
        if found is None:
            self._kept += len(positions)
            found = self._states[positions] = _State(positions, self._end in positions)
        return found


def is_bounded(pattern: str, is_host: bool = False) -> bool:
    """Whether what a text costs is bounded: either `re` needs no more than a few tries, or the pattern has states."""
    tree = parse_regex(pattern, is_host)
    return tree is not None and (not tree.backtracks or tree.size <= MOST_POSITIONS)


@lru_cache(maxsize=REMEMBERED)
def states_of(pattern: str, ignore_case: bool, is_host: bool = False) -> States | None:
    """The states of a pattern for whole texts; None if it is not understood or too large. `.` as `Tree.dotall` says."""
    tree = parse_regex(pattern, is_host)
    if tree is None or tree.size > MOST_POSITIONS:
        return None
    return States(tree.root, (re.IGNORECASE if ignore_case else 0) | (re.DOTALL if tree.dotall else 0))
