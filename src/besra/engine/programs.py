"""Clauses as programs over bitmaps of rows, for the firing kernel (`kernels.firing`).

The index patterns of a clause are a leaf too, numbered behind the leaves of fields: the rows whose index they match.
Every program begins with it, so that nothing outside of it is ever found. Of a script a program knows nothing, of a
condition on single objects what it implies: whoever runs the program asks the whole predicate about the rows left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from besra.engine.pack import RulePack
from besra.engine.relaxed import relaxed
from besra.language.expr import Always, And, Nested, Not, Or, Predicate, Script

Array = np.ndarray[Any, np.dtype[Any]]
Step = tuple[int, int]

LOAD, AND_LEAF, OR_LEAF, AND_NOT_LEAF, AND, OR, NOT, CONSTANT = range(8)
"""What a step does: push the bitmap of a leaf; combine the topmost with that of a leaf; combine the two topmost; negate
the topmost; push nothing (0) or everything (1). The first step of a program is LOAD."""


@dataclass(frozen=True)
class ClausePrograms:
    """The arrays `kernels.firing.Programs` points at (int32). `exact` says which clauses they decide.

    `depth` is the number of bitmaps the deepest program holds at once.
    """

    steps: Array
    step_starts: Array
    leaves: Array
    group_starts: Array
    clause_groups: Array
    exact: tuple[bool, ...]
    depth: int


def clause_programs(pack: RulePack) -> ClausePrograms:
    """The programs of all clauses of a pack, in its order."""
    steps: list[list[Step]] = []
    groups: list[list[tuple[int, ...]]] = []
    exact = []
    for packed, implied in zip(pack.clauses, pack.groups, strict=True):
        index = pack.index_leaf(packed.index)
        groups.append([(index,), *implied])
        writer = _Writer(pack)
        writer.program(index, packed.clause.predicate)
        steps.append(writer.steps)
        exact.append(writer.is_exact)
    flat = [group for of_clause in groups for group in of_clause]
    return ClausePrograms(
        steps=np.array([step for program in steps for step in program], np.int32).reshape(-1),
        step_starts=_starts(list(map(len, steps))),
        leaves=np.array([leaf for group in flat for leaf in group], np.int32),
        group_starts=_starts(list(map(len, flat))),
        clause_groups=_starts(list(map(len, groups))),
        exact=tuple(exact),
        depth=max(map(depth_of, steps), default=0),
    )


def _starts(sizes: Sequence[int]) -> Array:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)


def depth_of(steps: Sequence[Step]) -> int:
    """The number of bitmaps a program holds at once."""
    depth = deepest = 0
    for code, _ in steps:
        depth += code in (LOAD, CONSTANT)
        depth -= code in (AND, OR)
        deepest = max(deepest, depth)
    return deepest


class _Writer:
    """Writes one program."""

    def __init__(self, pack: RulePack) -> None:
        self.steps: list[Step] = []
        self.is_exact = True
        self._leaf_ids = pack.leaf_ids

    def program(self, index: int, predicate: Predicate) -> None:
        self.steps.append((LOAD, index))
        operands = predicate.operands if isinstance(predicate, And) else (predicate,)
        self.combine(operands, AND, AND_LEAF, positive=True)

    def combine(self, operands: Sequence[Predicate], code: int, leaf_code: int, *, positive: bool) -> None:
        """Combines the topmost bitmap with the operands, leaves first: they are cheap and often leave nothing."""
        for operand in sorted(operands, key=self.is_compound):
            if self.is_leaf(operand):
                self.steps.append((leaf_code, self._leaf_ids[operand]))  # type: ignore[index]  # a field leaf
            elif code == AND and isinstance(operand, Not) and self.is_leaf(operand.operand):
                self.steps.append((AND_NOT_LEAF, self._leaf_ids[operand.operand]))  # type: ignore[index]
            else:
                self.push(operand, positive=positive)
                self.steps.append((code, 0))

    def push(self, predicate: Predicate, *, positive: bool) -> None:
        match predicate:
            case And() | Or():
                first, *rest = sorted(predicate.operands, key=self.is_compound)
                self.push(first, positive=positive)
                codes = (AND, AND_LEAF) if isinstance(predicate, And) else (OR, OR_LEAF)
                self.combine(rest, *codes, positive=positive)
            case Not():
                self.push(predicate.operand, positive=not positive)
                self.steps.append((NOT, 0))
            case Always():
                self.steps.append((CONSTANT, int(predicate.value)))
            case Nested() if positive:
                self.is_exact = False
                self.push(relaxed(predicate), positive=True)
            case Script() | Nested():
                self.is_exact = False
                self.steps.append((CONSTANT, int(positive)))
            case _:
                self.steps.append((LOAD, self._leaf_ids[predicate]))  # type: ignore[index]  # a field leaf

    def is_leaf(self, predicate: Predicate) -> bool:
        return not isinstance(predicate, And | Or | Not | Nested | Always | Script)

    def is_compound(self, predicate: Predicate) -> int:
        if self.is_leaf(predicate):
            return 0
        return 1 if isinstance(predicate, Not) and self.is_leaf(predicate.operand) else 2
