"""Regular expressions as deterministic automata over ASCII: one table look-up a byte, whatever the pattern and text.

Which characters a symbol of the pattern takes is asked of `re`, so that both agree on classes and case. Patterns that
need too many states have no automaton.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from besra.engine.kernels.regex import RegexTest
from besra.language.regex_states import Positions

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
    if test.tree is None or test.tree.size > MOST_POSITIONS:
        return None
    positions = Positions()
    first, end = positions.of(test.tree.root)
    return _determined(positions, first, end, test.ignore_case)


@lru_cache(maxsize=4096)
def _bytes(source: str, ignore_case: bool) -> frozenset[int]:
    """The ASCII characters a symbol takes."""
    pattern = re.compile(source, (re.IGNORECASE if ignore_case else 0) | re.DOTALL)
    return frozenset(byte for byte in range(ASCII) if pattern.fullmatch(chr(byte)))


def _determined(positions: Positions, first: int, end: int, ignore_case: bool) -> Automaton | None:
    taken = [frozenset[int]() if source is None else _bytes(source, ignore_case) for source in positions.symbols]
    kinds: dict[tuple[bool, ...], list[int]] = {}
    symbols = list({symbol for symbol in taken if symbol})
    for byte in range(ASCII):
        kinds.setdefault(tuple(byte in symbol for symbol in symbols), []).append(byte)
    start = positions.reached((first,))
    numbers = {frozenset[int](): 0, start: 1}
    states = [frozenset[int](), start]
    rows: list[bytes] = []
    while len(rows) < len(states):
        state, row = states[len(rows)], [0] * ASCII
        for members in kinds.values():
            taking = [p for p in state if members[0] in taken[p]]
            target = positions.reached(q for p in taking for q in positions.following[p])
            if target not in numbers:
                if len(states) >= MOST_STATES:
                    return None
                numbers[target] = len(states)
                states.append(target)
            for byte in members:
                row[byte] = numbers[target]
        rows.append(bytes(row))
    return Automaton(tuple(rows), tuple(end in state for state in states))
