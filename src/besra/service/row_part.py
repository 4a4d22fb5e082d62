"""Rows of one clause in the order of their join keys: the piece that piles are made of, in memory or in a file.

A row is its number, when a run has to look to see it, and the hash of a join key: 20 bytes. All else that correlations
compare is in its document.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from besra.engine.kept_rows import KEY, ROW
from besra.events.spill import Table

if TYPE_CHECKING:
    from besra.service.row_file import RowFile

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Offsets = np.ndarray[tuple[int], np.dtype[np.uint32]]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

CLOCK = -1
"""The last line of a table here, behind those of `engine.kept_rows`: when a run has to look to see the event."""
SPAN = 1 << 32
"""Numbers of the rows of one part are less than this apart."""
ROW_BYTES = 20


class About(Protocol):
    """What a run is about: some rows."""

    def holds(self, rows: Integers, clocks: Integers) -> Mask:
        """Which rows it is about, by their numbers and when a run has to look to see them."""

    def meets(self, part: "Part") -> bool:
        """Whether it may be about some row of a part."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some rows by column, in the order of their keys; those of equal keys in the order of their arrival.

    `first` and `last` bound their numbers, which are `first` and an offset each, `low` and `high` their clocks. The
    columns of a part in a `file` are views of it.
    """

    keys: Integers
    clocks: Integers
    offsets: Offsets
    first: int
    last: int
    low: int
    high: int
    file: "RowFile | None" = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def rows(self) -> Integers:
        """The numbers of all."""
        return self.offsets.astype(np.int64) + self.first

    def since(self, row: int) -> "Part":
        """Without the rows of lower numbers; there is a row left."""
        if row <= self.first:
            return self
        left = self.offsets >= row - self.first
        return part_of(self.keys[left], self.clocks[left], self.rows[left])

    def joined(self, other: "Part") -> "Part":
        """Both, this one first."""
        keys = np.concatenate([self.keys, other.keys])
        # Two runs that are sorted by themselves: a stable sort merges them.
        order = np.argsort(keys, kind="stable")
        clocks = np.concatenate([self.clocks, other.clocks])[order]
        return part_of(keys[order], clocks, np.concatenate([self.rows, other.rows])[order])


def part_of(keys: Integers, clocks: Integers, rows: Integers) -> Part:
    """Rows as a part: at least one, in the order of their keys."""
    first, last = int(rows.min()), int(rows.max())
    return Part(keys, clocks, (rows - first).astype(np.uint32), first, last, int(clocks.min()), int(clocks.max()))


def part_of_table(table: Table) -> Part:
    """The rows of a table as they come from a batch; those of a clause without keys have one key together."""
    if len(table) <= KEY + 1:
        return part_of(np.zeros(table.shape[1], np.int64), table[CLOCK].copy(), table[ROW])
    order = np.argsort(table[KEY], kind="stable")
    return part_of(table[KEY, order], table[CLOCK, order], table[ROW, order])
