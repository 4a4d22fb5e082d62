"""The learning kernel with the memory it works in: its tables, and the sets of atoms it has numbered."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from besra.engine.kernels.atom_sets import Sets, rehash_sets
from besra.engine.kernels.layout import Tests
from besra.engine.kernels.learning import learn, learn_texts
from besra.engine.kernels.room import Room
from besra.engine.kernels.tables import TextTables
from besra.engine.kernels.texts import is_wide
from besra.events.kernels.machine import BLOCK
from besra.events.value_table import ValueTable
from besra.language.casefold import fold_case

Array = np.ndarray[Any, np.dtype[Any]]

USUAL_TEXT = 1 << 14
"""Bytes of the longest text: a first guess."""

FIRST_SETS = 1 << 12


class TextKernel:
    """Finds the atoms of texts and numbers the sets of them."""

    def __init__(self, tables: TextTables) -> None:
        self._tables = tables
        names = (name for name in Tests._fields if name not in ("constant_mask", "sections"))
        addresses = {name: getattr(tables, name).ctypes.data for name in names}
        # The sets of sections are numbered by whoever knows leaves.
        self.sections = np.zeros(len(tables.of_sections) + 1, np.int32)
        mask = len(tables.constant_slots) - 1
        self._tests = Tests(**addresses, constant_mask=mask, sections=self.sections.ctypes.data)
        self._satisfied = np.full(len(tables.of_atoms) + 1, -1, np.int64)
        self._tried = np.full(len(tables.atoms) + 1, -1, np.int64)
        self._found = np.empty(len(tables.of_atoms) + 1, np.int32)
        self._texts_met = np.zeros(2, np.int64)
        self._make_room(USUAL_TEXT)
        self.forget()

    def forget(self) -> None:
        """Number sets anew; number 0 is the empty one."""
        self._set_slots = np.zeros(2 * FIRST_SETS, np.int64)
        self._set_starts = np.zeros(FIRST_SETS + 2, np.int64)
        self._set_atoms = np.empty(max(8 * FIRST_SETS, len(self._found)), np.int32)
        self._set_counts = np.array([1, 0], np.int64)

    def learn(self, values: ValueTable, known: int, verdicts: Array) -> None:
        """Write the verdicts of the values from `known` on: the number of a set of atoms, LEFT for what is left."""
        _, arena, offsets, _ = values.interned
        last = len(values)
        while known < last:
            at = arena.ctypes.data, offsets.ctypes.data
            known = learn(known, last, *at, self._tests, self._room(), self._sets(), verdicts.ctypes.data)
            if known < last:
                length = int(offsets[known + 1] - offsets[known])
                if length > self._longest:
                    self._make_room(2 * length)
                else:
                    self._grow()

    def learn_texts(self, field: int, texts: Sequence[str]) -> Array:
        """The numbers of the sets of texts of one field."""
        foreign = field in self._tables.foreign
        wide = np.array([is_wide(text, foreign) for text in texts], np.bool_)
        plain, plain_bounds = _packed(texts)
        folded, folded_bounds = _packed([fold_case(text) for text in texts])
        bounds = np.hstack([plain_bounds + plain.ctypes.data, folded_bounds + folded.ctypes.data])
        verdicts = np.empty(len(texts), np.int32)
        at, done = (bounds.ctypes.data, wide.ctypes.data, field), 0
        while done < len(texts):
            done = learn_texts(done, len(texts), *at, self._tests, self._room(), self._sets(), verdicts.ctypes.data)
            if done < len(texts):
                self._grow()
        return verdicts

    def sets_from(self, number: int) -> Iterator[list[int]]:
        """The atoms of the sets from a number on."""
        for start, end in zip(self._set_starts[number : self.count], self._set_starts[number + 1 :], strict=False):
            yield self._set_atoms[start:end].tolist()

    @property
    def count(self) -> int:
        """The number of sets."""
        return int(self._set_counts[0])

    def take_number(self) -> int:
        """The next number, for a set that somebody else knows."""
        number = self.count
        if number >= len(self._set_starts) - 2:
            self._grow()
        self._set_starts[number + 1] = self._set_counts[1]
        self._set_counts[0] += 1
        return number

    def _room(self) -> Room:
        arrays = self._plain, self._folded, self._found, self._satisfied, self._tried, self._texts_met
        plain, folded, found, satisfied, tried, counts = (array.ctypes.data for array in arrays)
        return Room(plain, folded, found, satisfied, tried, counts, self._longest)

    def _make_room(self, longest: int) -> None:
        self._longest = longest
        self._plain = np.empty(longest + 4 * BLOCK, np.uint8)
        self._folded = np.empty(longest + 4 * BLOCK, np.uint8)

    def _sets(self) -> Sets:
        arrays = self._set_slots, self._set_starts, self._set_atoms, self._set_counts
        slots, starts, atoms, counts = (array.ctypes.data for array in arrays)
        room = len(self._set_starts) - 2
        return Sets(slots, len(self._set_slots) - 1, starts, atoms, counts, room, len(self._set_atoms))

    def _grow(self) -> None:
        """Twice the room for sets."""
        slots = np.zeros(2 * len(self._set_slots), np.int64)
        starts = np.zeros(2 * len(self._set_starts), np.int64)
        starts[: len(self._set_starts)] = self._set_starts
        atoms = np.empty(2 * len(self._set_atoms), np.int32)
        atoms[: len(self._set_atoms)] = self._set_atoms
        self._set_slots, self._set_starts, self._set_atoms = slots, starts, atoms
        rehash_sets(self._sets())


def _packed(texts: Sequence[str]) -> tuple[Array, Array]:
    """Texts with a zero byte before, between and behind them, and the start and end of each."""
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    buffer = np.frombuffer(b"\0".join([b"", *parts, bytes(2 * BLOCK)]), np.uint8)
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    ends = np.cumsum(lengths + 1)
    return buffer, np.stack([ends - lengths, ends], axis=1)
