"""Tests new values of a table and gives each the number of the set of leaves it satisfies.

`Learner` has kernels test plain text, which nearly everything is; what is left comes back to Python: texts beyond ASCII
to be folded, numbers and other types, and regular expressions no automaton decides. `PlainLearner` does without
kernels, and is what the other is checked against. Equal sets may have several numbers, never one number two sets.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from besra.engine.field_tests import FieldTests, leaves_by_field
from besra.engine.kernels.tables import TextTables
from besra.engine.kernels.texts import Candidate, Unsettled
from besra.engine.matcher import FieldMatcher
from besra.engine.pack import FieldLeaf
from besra.events.columns import Projection
from besra.events.value_table import ValueTable
from besra.schema.fieldtype import Scalar, to_text

Array = np.ndarray[Any, np.dtype[Any]]
Numbered = tuple[int, FieldLeaf]
Leaves = tuple[int, ...]
NO_IDS: Array = np.empty(0, np.int64)


class LeafSets:
    """Sets of leaves by number; number 0 is the empty one."""

    def __init__(self) -> None:
        self.sets: list[Leaves] = [()]
        self._numbers: dict[Leaves, int] = {(): 0}

    def number(self, leaves: Leaves) -> int:
        """The number of a set, new or known."""
        number = self._numbers.get(leaves)
        if number is None:
            number = self._numbers[leaves] = len(self.sets)
            self.sets.append(leaves)
        return number


def by_field(values: ValueTable, ids: Array) -> Iterator[tuple[int, Array]]:
    """Value ids apart by their field."""
    fields = values.fields_of(ids)
    order = np.argsort(fields, kind="stable")
    distinct, starts = np.unique(fields[order], return_index=True)
    yield from zip(distinct.tolist(), np.split(ids[order], starts[1:]), strict=True)


class PlainLearner:
    """Tests every value in Python."""

    def __init__(self, leaves: Sequence[FieldLeaf], projection: Projection) -> None:
        self._matchers = {field: FieldMatcher.of(mine) for field, mine in leaves_by_field(leaves, projection).items()}
        self.forget()

    def forget(self) -> None:
        """Number sets anew."""
        self._sets = LeafSets()

    def learn(self, values: ValueTable, known: int, verdicts: Array) -> None:
        """Write the verdicts of the values from `known` on."""
        for field, ids in by_field(values, np.arange(known, len(values))):
            matcher = self._matchers.get(field)
            if matcher is not None:
                found = matcher.match(values.scalars(ids.tolist()))
                verdicts[ids] = [self._sets.number(leaves) for leaves in found]

    def leaves_from(self, number: int) -> Sequence[Leaves]:
        """The leaves of the sets from a number on."""
        return self._sets.sets[number:]


class Learner:
    """Tests by kernels what is plain text, and in Python the rest. Not for use by two threads at once."""

    def __init__(self, fields: Mapping[int, FieldTests], tables: TextTables) -> None:
        """`fields` and `tables` are those of a compiled pack, of which they are shared."""
        # numba takes half a second to import: only who evaluates by column pays for it.
        from besra.engine.kernels.text_kernel import TextKernel  # noqa: PLC0415

        self._fields = fields
        self._tables = tables
        self._kernel = TextKernel(tables)
        self.left = NO_IDS
        self.asked = NO_IDS
        """Of the values learned last, those the kernel left to Python, and those it asked about regular expressions."""
        self.forget()

    def forget(self) -> None:
        """Number sets anew."""
        self._kernel.forget()
        self._sets: list[Leaves] = [()]
        self._numbers: dict[Leaves, int] = {(): 0}
        self._unsettled: dict[int, Unsettled] = {}
        for place, leaves in enumerate(self._tables.of_sections):
            self._kernel.sections[place] = self._number(leaves)

    def learn(self, values: ValueTable, known: int, verdicts: Array) -> None:
        """Write the verdicts of the values from `known` on."""
        self._kernel.learn(values, known, verdicts)
        self._take_sets()
        new = verdicts[known : len(values)]
        left = self.left = np.flatnonzero(new < 0) + known
        self.asked = NO_IDS
        if len(left):
            for field, ids in by_field(values, left):
                verdicts[ids] = self._left(self._fields[field], field, values.scalars(ids.tolist()))
        if self._unsettled:
            asked = self.asked = known + np.flatnonzero(np.isin(new, list(self._unsettled)))
            texts = values.scalars(asked.tolist())
            verdicts[asked] = self._settled(verdicts[asked].tolist(), texts)

    def _left(self, tests: FieldTests, field: int, scalars: Sequence[Scalar]) -> list[int]:
        """The verdicts of values the kernel left."""
        if not tests.has_texts:
            assert tests.others is not None
            return [self._number(leaves) for leaves in tests.others.match(scalars)]
        found = [0] * len(scalars)
        for is_text in (True, False):
            places = [place for place, scalar in enumerate(scalars) if isinstance(scalar, str) is is_text]
            held = [scalars[place] for place in places]
            if not held:
                continue
            if not is_text and tests.scalars is not None:
                numbers = [self._number(leaves) for leaves in tests.scalars.match(held)]
            else:
                numbers = self._texts(tests, field, held)
            for place, number in zip(places, numbers, strict=True):
                found[place] = number
        return found

    def _texts(self, tests: FieldTests, field: int, scalars: Sequence[Scalar]) -> list[int]:
        texts = [scalar if isinstance(scalar, str) else to_text(scalar) for scalar in scalars]
        numbers = self._kernel.learn_texts(field, texts).tolist()
        self._take_sets()
        numbers = self._settled(numbers, texts)
        if tests.others is None:
            return numbers
        together = zip(numbers, tests.others.match(scalars), strict=True)
        return [self._number(tuple(sorted({*self._sets[n], *leaves}))) if leaves else n for n, leaves in together]

    def _settled(self, numbers: list[int], texts: Sequence[Scalar]) -> list[int]:
        """The verdicts of texts, regular expressions asked where need be."""
        asked = ((self._unsettled.get(number), number, text) for number, text in zip(numbers, texts, strict=True))
        return [self._number(outcome.verdict(str(text))) if outcome else n for outcome, n, text in asked]

    def _number(self, leaves: Leaves) -> int:
        number = self._numbers.get(leaves)
        if number is None:
            number = self._numbers[leaves] = self._kernel.take_number()
            self._sets.append(leaves)
        return number

    def _take_sets(self) -> None:
        """Work out what the sets of atoms come to that the kernel has found."""
        for atoms in self._kernel.sets_from(len(self._sets)):
            leaves: set[int] = set()
            candidates = []
            for number in atoms:
                atom = self._tables.of_atoms[number]
                if isinstance(atom, Candidate):
                    candidates.append(atom)
                else:
                    leaves.update(atom)
            if candidates:
                self._unsettled[len(self._sets)] = Unsettled(leaves, candidates)
            self._sets.append(tuple(sorted(leaves)))

    def leaves_from(self, number: int) -> Sequence[Leaves]:
        """The leaves of the sets from a number on."""
        return self._sets[number:]
