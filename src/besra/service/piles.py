"""The rows of one clause in the order of their arrival, found by their join keys.

Rows come all the time and looking for some must not take longer the more there are. So a pile is parts: a part that
follows one not much larger is joined to it, and in each part keys are found by bisection.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from besra.engine.kept_rows import KEY, ROW
from besra.events.spill import Table

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

LARGE = 1 << 20
"""Rows of a part to which nothing is joined any more: joining takes as long as the part is large."""


class About(Protocol):
    """What a run is about: some of the rows of a table, in which numbers of rows ascend."""

    def places(self, table: Table) -> Integers:
        """Where in the table they are."""


class _Part:
    """A table, and its keys in order, once somebody has asked for some of them."""

    __slots__ = ("_keys", "_order", "table")

    def __init__(self, table: Table, keys: Integers | None = None, order: Integers | None = None) -> None:
        self.table = table
        self._keys = keys
        self._order = order

    def sorted(self) -> tuple[Integers, Integers]:
        """Its keys, ascending, and where in the table each is."""
        if self._keys is None or self._order is None:
            self._order = np.argsort(self.table[KEY], kind="stable")
            self._keys = self.table[KEY, self._order]
        return self._keys, self._order

    def joined(self, other: "_Part") -> "_Part":
        """Both, this one first."""
        table = np.concatenate([self.table, other.table], axis=1)
        if len(table) <= KEY + 1:
            return _Part(table)
        (keys, order), (more, their_order) = self.sorted(), other.sorted()
        # Two runs that are sorted by themselves: a stable sort merges them.
        both, orders = np.concatenate([keys, more]), np.concatenate([order, their_order + self.table.shape[1]])
        merged = np.argsort(both, kind="stable")
        return _Part(table, both[merged], orders[merged])


class Pile:
    """The rows of one clause."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def __len__(self) -> int:
        return sum(part.table.shape[1] for part in self._parts)

    def append(self, table: Table) -> None:
        """Add rows, whose numbers are those of no row before, or higher."""
        self._parts.append(_Part(table))
        while len(self._parts) > 1:
            before, last = self._parts[-2:]
            if before.table.shape[1] > min(2 * last.table.shape[1], LARGE):
                break
            self._parts[-2:] = [before.joined(last)]

    def drop_before(self, row: int) -> None:
        """Let go of rows with lower numbers."""
        kept = []
        for part in self._parts:
            first = int(np.searchsorted(part.table[ROW], row))
            if first == 0:
                kept.append(part)
            elif first < part.table.shape[1]:
                kept.append(_Part(part.table[:, first:].copy()))
        self._parts = kept

    def chosen(self, about: About) -> Table:
        """The rows a run is about."""
        found = [part.table[:, places] for part in self._parts if len(places := about.places(part.table))]
        if len(found) == 1:
            return found[0]
        return np.concatenate([self._none(), *found], axis=1)

    def _none(self) -> Table:
        return self._parts[0].table[:, :0]

    @property
    def rows(self) -> Integers:
        """The numbers of its rows, each once."""
        return np.unique(np.concatenate([part.table[ROW] for part in self._parts]))

    def holds(self, keys: Integers) -> Mask:
        """Which of some keys rows have."""
        held = np.zeros(len(keys), np.bool_)
        for starts, ends, _ in self._spans(keys):
            held |= starts < ends
        return held

    def rows_with(self, keys: Integers) -> Integers:
        """The numbers of the rows with any of some keys, each once."""
        found = []
        for starts, ends, part in self._spans(keys):
            counts = ends - starts
            if total := int(counts.sum()):
                behind = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
                places = part.sorted()[1][np.repeat(starts, counts) + behind]
                found.append(part.table[ROW, places])
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)

    def _spans(self, keys: Integers) -> Iterator[tuple[Integers, Integers, _Part]]:
        for part in self._parts:
            held, _ = part.sorted()
            yield np.searchsorted(held, keys), np.searchsorted(held, keys, "right"), part
