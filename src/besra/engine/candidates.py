"""Which clauses can fire in a batch at all, and where to look: one vector operation over all clauses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from besra.engine.implied import Group
from besra.language.plan import Clause

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class PackedClause:
    """A clause of an entry. `groups`: sets of leaves of which an event must satisfy one each (`engine.implied`).

    `index` holds the index patterns that count for it.
    """

    entry: int
    position: int
    clause: Clause
    groups: tuple[Group, ...]
    index: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidates:
    """The implied groups of all clauses, flat.

    `leaves` holds the leaves of all groups, `group_starts` where each group begins in it, `clause_starts` where each
    clause begins in the groups. Clauses that imply nothing are `unbounded`: they are always looked at.
    """

    clauses: tuple[PackedClause, ...]
    unbounded: tuple[PackedClause, ...]
    leaves: Ints
    group_starts: Ints
    clause_starts: Ints

    @classmethod
    def of(cls, clauses: Sequence[PackedClause]) -> "Candidates":
        """The candidates among these clauses."""
        bounded = tuple(clause for clause in clauses if clause.groups)
        groups = [group for clause in bounded for group in clause.groups]
        return cls(
            bounded,
            tuple(clause for clause in clauses if not clause.groups),
            np.array([leaf for group in groups for leaf in group], np.int64),
            _starts([len(group) for group in groups]),
            _starts([len(clause.groups) for clause in bounded]),
        )

    def that_can_fire(self, counts: Ints) -> Iterator[tuple[PackedClause, Group | None]]:
        """Clauses none of whose groups is empty, with the group that holds least often; a superset of those that fire.

        `counts` says of every leaf how many rows it holds in.
        """
        if len(self.leaves):
            totals = np.add.reduceat(counts[self.leaves], self.group_starts)
            alive = np.minimum.reduceat(totals, self.clause_starts) > 0
            for position in np.flatnonzero(alive).tolist():
                clause = self.clauses[position]
                start = self.clause_starts[position]
                rarest = int(totals[start : start + len(clause.groups)].argmin())
                yield clause, clause.groups[rarest]
        for clause in self.unbounded:
            yield clause, None


def _starts(sizes: Sequence[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if sizes else np.empty(0, np.int64)
