"""Which clauses can fire in a batch at all, and where to look: one vector operation over all clauses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from besra.engine.implied import Group
from besra.language.plan import Clause

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class PackedClause:
    """A clause of an entry. `index` holds the index patterns that count for it."""

    entry: int
    position: int
    clause: Clause
    index: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidates:
    """The implied groups of all clauses, flat.

    `leaves` holds the leaves of all groups, `group_starts` where each group begins in it, `clause_starts` where each
    clause begins in the groups. Clauses that imply nothing are `unbounded`: they are always looked at. Groups are sets
    of leaves of which an event must satisfy one each (`engine.implied`).
    """

    clauses: tuple[PackedClause, ...]
    groups: tuple[tuple[Group, ...], ...]
    unbounded: tuple[PackedClause, ...]
    leaves: Ints
    group_starts: Ints
    clause_starts: Ints

    @classmethod
    def of(cls, clauses: Sequence[PackedClause], groups: Sequence[tuple[Group, ...]]) -> "Candidates":
        """The candidates among these clauses, which imply these groups."""
        bounded = [(clause, mine) for clause, mine in zip(clauses, groups, strict=True) if mine]
        flat = [group for _, mine in bounded for group in mine]
        return cls(
            tuple(clause for clause, _ in bounded),
            tuple(mine for _, mine in bounded),
            tuple(clause for clause, mine in zip(clauses, groups, strict=True) if not mine),
            np.array([leaf for group in flat for leaf in group], np.int64),
            _starts([len(group) for group in flat]),
            _starts([len(mine) for _, mine in bounded]),
        )

    def that_can_fire(self, counts: Ints) -> Iterator[tuple[PackedClause, Group | None]]:
        """Clauses none of whose groups is empty, with the group that holds least often; a superset of those that fire.

        `counts` says of every leaf how many rows it holds in.
        """
        if len(self.leaves):
            totals = np.add.reduceat(counts[self.leaves], self.group_starts)
            alive = np.minimum.reduceat(totals, self.clause_starts) > 0
            for position in np.flatnonzero(alive).tolist():
                groups, start = self.groups[position], self.clause_starts[position]
                yield self.clauses[position], groups[int(totals[start : start + len(groups)].argmin())]
        for clause in self.unbounded:
            yield clause, None


def _starts(sizes: Sequence[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if sizes else np.empty(0, np.int64)
