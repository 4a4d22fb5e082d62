"""The clauses of a batch by kernels: bitmaps of leaves, programs of clauses (`kernels.firing`)."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from besra.engine.kernels.firing import WORD, Fired, Maps, Programs, fire, fire_again, spread
from besra.engine.pack import RulePack
from besra.engine.programs import ClausePrograms
from besra.engine.verdicts import Verdicts
from besra.events.batch import EventBatch
from besra.schema.indexpattern import matches

Array = np.ndarray[Any, np.dtype[Any]]

MOST_NAMES = 4096
"""Index names remembered with the patterns that match them; there are a few dozen."""

USUAL_ROWS = 1 << 16
"""Rows of all clauses together: a first guess at the room needed."""


TIMES = 6
"""How often a clause is run to time it, so that what the call takes does not count."""


class Firing:
    """Finds the clauses that hold in one batch after the other. Keeps its memory between them."""

    def __init__(self, pack: RulePack, programs: ClausePrograms) -> None:
        self._pack = pack
        self._programs = programs
        addresses = {name: getattr(programs, name).ctypes.data for name in Programs._fields if name != "clauses"}
        self._addresses = Programs(**addresses, clauses=len(pack.clauses))
        self._leaves = len(pack.leaves) + len(pack.index_patterns)
        self._stamps = np.zeros(self._leaves, np.int64)
        self._stamp = 0
        self._width = -1
        self._room = np.empty(0, np.int64)
        self._stack = np.empty(0, np.int64)
        self._found = np.empty((len(pack.clauses) + 1, 2), np.int64)
        self._counts = np.zeros(2, np.int64)
        self._rows = np.empty(USUAL_ROWS, np.int32)
        self._fits: dict[tuple[str, ...], Array] = {}

    def spread(self, batch: EventBatch, verdicts: Verdicts) -> None:
        """Make the bitmaps of all leaves that hold somewhere in a batch."""
        self._make_room(batch.size)
        self._add_index(batch)
        cells = batch.cells
        spread(
            cells.rows.ctypes.data,
            cells.values.ctypes.data,
            len(cells.rows),
            verdicts.by_value.ctypes.data,
            verdicts.starts.ctypes.data,
            verdicts.leaves.ctypes.data,
            self._maps(),
        )

    def clauses(self) -> Iterator[tuple[int, Array]]:
        """The clauses that hold somewhere in the batch, by number in the pack, with their rows (int32, ascending).

        Rows of a clause with a script are those that satisfy the rest of it.
        """
        maps = self._maps()
        self._counts.fill(0)
        clause = 0
        while True:
            clause = fire(clause, self._addresses, maps, self._fired())
            if clause == self._addresses.clauses:
                break
            rows = np.empty(max(2 * len(self._rows), len(self._rows) + WORD * self._width), np.int32)
            rows[: len(self._rows)] = self._rows
            self._rows = rows
        start = 0
        for number, end in self._found[: self._counts[0]].tolist():
            yield number, self._rows[start:end].copy()
            start = end

    def time_alone(self, clause: int, clock: Callable[[], float]) -> tuple[bool, float]:
        """Whether a clause could fire in the batch, and its seconds without the call: the better of two tries."""
        maps, fired = self._maps(), self._fired()
        could, best = False, float("inf")
        for _ in range(2):
            start = clock()
            fire_again(clause, 0, self._addresses, maps, fired)
            called = clock()
            could = fire_again(clause, TIMES, self._addresses, maps, fired)
            best = min(best, clock() - called - (called - start))
        return could, max(0.0, best) / TIMES

    def mask(self, leaf: int, size: int) -> Array:
        """For each row whether a leaf holds (bool)."""
        if self._stamps[leaf] != self._stamp:
            return np.zeros(size, np.bool_)
        held: Array = np.unpackbits(self._words[leaf].view(np.uint8), count=size, bitorder="little").view(np.bool_)
        return held

    def _make_room(self, size: int) -> None:
        width = (size + WORD - 1) // WORD
        if width != self._width:
            room = self._leaves * width
            if room > len(self._room):
                self._room = np.empty(room, np.int64)
            if (self._programs.depth + 1) * width > len(self._stack):
                self._stack = np.empty((self._programs.depth + 1) * width, np.int64)
            self._words = self._room[:room].reshape(self._leaves, width)
            self._width = width
        self._stamp += 1

    def _maps(self) -> Maps:
        return Maps(self._words.ctypes.data, self._width, self._stamps.ctypes.data, self._stamp)

    def _fired(self) -> Fired:
        arrays = self._found, self._rows, self._counts
        found, rows, counts = (array.ctypes.data for array in arrays)
        return Fired(found, rows, counts, len(self._rows), self._stack.ctypes.data)

    def _add_index(self, batch: EventBatch) -> None:
        """The bitmaps of all index patterns."""
        first = len(self._pack.leaves)
        words = self._words[first:]
        words.fill(0)
        held = np.zeros(WORD * self._width, np.bool_)
        for number, names in enumerate(batch.index_names):
            held.fill(False)
            held[batch.rows[batch.index[batch.rows] == number]] = True
            words[self._fitting(names)] |= np.packbits(held, bitorder="little").view(np.int64)
        self._stamps[first:][words.any(axis=1)] = self._stamp

    def _fitting(self, names: tuple[str, ...]) -> Array:
        """Which index patterns match the names of an index (bool)."""
        fits = self._fits.get(names)
        if fits is None:
            if len(self._fits) >= MOST_NAMES:
                self._fits.clear()
            patterns = self._pack.index_patterns
            fits = np.array([not pattern or matches(pattern, names) for pattern in patterns], np.bool_)
            self._fits[names] = fits
        return fits
