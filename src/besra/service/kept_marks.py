"""Which rules kept which events, from when they have been evaluated until the event store knows."""

import threading
from collections.abc import Sequence

import numpy as np

from besra.service.detector import Integers, Marks, position_of
from besra.storage.journal import Batch

NONE = np.empty(0, np.int64)


class KeptMarks:
    """The marks of events whose batches follow one that is stored. Any thread may use it."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._first = last + 1
        self._parts: list[tuple[Integers, Integers]] = []
        self._lock = threading.Lock()

    def add(self, marks: Marks, last: int) -> None:
        """Events up to those of a batch have been evaluated, and these of them kept."""
        with self._lock:
            self._parts += marks
            self._last = max(self._last, last)

    def of_batches(self, batches: Sequence[Batch]) -> list[tuple[int, ...] | None]:
        """The marks of every event of batches that follow each other; None for one that has not been evaluated here."""
        with self._lock:
            parts, first, last = list(self._parts), self._first, self._last
        positions = np.concatenate([NONE, *(part for part, _ in parts)])
        marks = np.concatenate([NONE, *(part for _, part in parts)])
        order = np.lexsort((marks, positions))
        positions, marks = positions[order], marks[order]
        is_new = np.ones(len(marks), np.bool_)
        is_new[1:] = (np.diff(positions) != 0) | (np.diff(marks) != 0)
        positions, told = positions[is_new], marks[is_new].tolist()
        found: list[tuple[int, ...] | None] = []
        for batch in batches:
            count = len(batch.records)
            if not first <= batch.number <= last:
                found += [None] * count
                continue
            wanted = position_of(batch.number, 0) + np.arange(count + 1)
            bounds = np.searchsorted(positions, wanted).tolist()
            found += [tuple(told[bounds[place] : bounds[place + 1]]) for place in range(count)]
        return found

    def forget(self, batch: int) -> None:
        """Events up to those of a batch are stored."""
        bound = position_of(batch + 1, 0)
        with self._lock:
            left = ((positions, marks, positions >= bound) for positions, marks in self._parts)
            self._parts = [(positions[is_left], marks[is_left]) for positions, marks, is_left in left if is_left.any()]
