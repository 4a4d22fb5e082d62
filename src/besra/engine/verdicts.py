"""Which leaves a value satisfies, remembered: each distinct value of a field is tested once.

A verdict is a number for a set of leaves; number 0 is the empty set, by far the most common one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from besra.engine.matcher import FieldMatcher
from besra.engine.pack import FieldLeaf, RulePack
from besra.events.columns import Column
from besra.schema.fieldtype import Scalar

Ints = np.ndarray[tuple[int], np.dtype[np.int32]]
UNKNOWN = -1


class FieldVerdicts:
    """The verdicts of one field's values, by value id."""

    def __init__(self, leaves: Sequence[FieldLeaf], leaf_ids: Sequence[int]) -> None:
        self._matcher = FieldMatcher.of(leaves)
        self._leaf_ids = leaf_ids
        self._by_value: Ints = np.full(0, UNKNOWN, np.int32)
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self.sets: list[tuple[int, ...]] = [()]
        """The leaves of each verdict."""

    def of(self, column: Column, scalars: Sequence[Scalar]) -> Ints:
        """The verdict of every cell of a column; `scalars` holds the value of every id."""
        if len(self._by_value) < len(scalars):
            grown = np.full(max(len(scalars), 2 * len(self._by_value)), UNKNOWN, np.int32)
            grown[: len(self._by_value)] = self._by_value
            self._by_value = grown
        verdicts: Ints = self._by_value[column.values]
        if (verdicts == UNKNOWN).any():
            self._learn(np.unique(column.values[verdicts == UNKNOWN]), scalars)
            verdicts = self._by_value[column.values]
        return verdicts

    def _learn(self, ids: Ints, scalars: Sequence[Scalar]) -> None:
        found = self._matcher.match([scalars[number] for number in ids.tolist()])
        self._by_value[ids] = [self._number(leaves) for leaves in found]

    def _number(self, leaves: tuple[int, ...]) -> int:
        number = self._numbers.get(leaves)
        if number is None:
            number = self._numbers[leaves] = len(self.sets)
            self.sets.append(tuple(self._leaf_ids[leaf] for leaf in leaves))
        return number

    def forget(self) -> None:
        """Drop what is known of values; their ids are about to mean something else."""
        self._by_value = np.full(0, UNKNOWN, np.int32)


@dataclass
class Verdicts:
    """The verdicts of all fields of a pack. A memory of work done: it changes speed, never results."""

    fields: dict[str, FieldVerdicts] = field(default_factory=dict)

    @classmethod
    def of(cls, pack: RulePack) -> "Verdicts":
        """An empty memory for a pack."""
        by_field: dict[str, list[int]] = {}
        for number, leaf in enumerate(pack.leaves):
            by_field.setdefault(leaf.field.name, []).append(number)
        return cls({name: FieldVerdicts([pack.leaves[n] for n in ids], ids) for name, ids in by_field.items()})

    def forget(self) -> None:
        """Drop everything known of values."""
        for verdicts in self.fields.values():
            verdicts.forget()
