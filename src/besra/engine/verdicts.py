"""Which leaves a value satisfies, remembered: each distinct value of a field is tested once.

A verdict is a number for a set of leaves; number 0 is the empty set, by far the most common one. Where kernels can be
used, one of them tests all new values together and leaves to Python what is no plain text; else Python tests all.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from besra.engine.learner import Learner, PlainLearner
from besra.events.value_table import ValueTable

Ints = np.ndarray[Any, np.dtype[np.int32]]
Array = np.ndarray[Any, np.dtype[Any]]


class Verdicts:
    """The verdicts of all values of a table, by value id. A memory of work done: it changes speed, never results.

    The leaves of verdict *v* are `leaves[starts[v]:starts[v + 1]]`, numbered as in the pack.
    """

    def __init__(self, learner: Learner | PlainLearner) -> None:
        self._learner = learner
        self.forget()

    def forget(self) -> None:
        """Drop everything: value ids are about to mean something else."""
        self._learner.forget()
        self._known = 0
        self._sets = 0
        self.by_value = np.zeros(1 << 12, np.int32)
        self.starts = np.zeros(1 << 8, np.int64)
        self.leaves = np.zeros(1 << 10, np.int32)

    def of(self, number: int) -> tuple[int, ...]:
        """The leaves that the value of an id satisfies, ascending."""
        start, end = self.starts[self.by_value[number] : self.by_value[number] + 2].tolist()
        return tuple(sorted(set(self.leaves[start:end].tolist())))

    def learn(self, values: ValueTable) -> None:
        """Test the values the table has learned of since the last call."""
        if len(values) == self._known:
            return
        if len(values) > len(self.by_value):
            self.by_value = _grown(self.by_value, len(values))
        self._learner.learn(values, self._known, self.by_value)
        self._known = len(values)
        self._add(self._learner.leaves_from(self._sets))

    def _add(self, sets: Sequence[Iterable[int]]) -> None:
        """Append new sets of leaves."""
        for leaves in sets:
            held = list(leaves)
            start = int(self.starts[self._sets])
            end = start + len(held)
            if end > len(self.leaves):
                self.leaves = _grown(self.leaves, end)
            if self._sets + 2 > len(self.starts):
                self.starts = _grown(self.starts, self._sets + 2)
            self.leaves[start:end] = held
            self.starts[self._sets + 1] = end
            self._sets += 1


def _grown(array: Array, needed: int) -> Array:
    larger = np.zeros(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger
