"""Who has been seen already, of events in such numbers that no set of Python's would hold them: eight bytes each."""

import numpy as np

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

FIRST_SIZE = 1 << 10
FACTOR = np.uint64(0x9E3779B97F4A7C15)
EMPTY = 0
FULL = 0.7
"""The part of the slots that may be taken: with more it would take long to find one."""
PART = int(FULL * (1 << 23))
"""Numbers that are forgotten together."""


class Seen:
    """A set of numbers of 64 bits, which are hashes; 0 is taken for 1."""

    def __init__(self) -> None:
        self._slots = np.zeros(FIRST_SIZE, np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def has(self, numbers: Integers) -> Mask:
        """Which of some numbers are there."""
        numbers = np.where(numbers == EMPTY, 1, numbers)
        found = np.zeros(len(numbers), np.bool_)
        left, slots = np.arange(len(numbers)), self._first_slots(numbers)
        while len(left):
            held = self._slots[slots]
            found[left[held == numbers[left]]] = True
            on = (held != numbers[left]) & (held != EMPTY)
            left, slots = left[on], self._next(slots[on])
        return found

    def add(self, numbers: Integers) -> None:
        """Add numbers that are not there, each once."""
        self._count += len(numbers)
        if self._count > FULL * len(self._slots):
            known = self._slots[self._slots != EMPTY]
            self._slots = np.zeros(1 << int(self._count / FULL).bit_length(), np.int64)
            self._put(known)
        self._put(np.where(numbers == EMPTY, 1, numbers))

    def _put(self, numbers: Integers) -> None:
        left, slots = numbers, self._first_slots(numbers)
        while len(left):
            free = self._slots[slots] == EMPTY
            # Of several that want one slot the last one gets it.
            self._slots[slots[free]] = left[free]
            on = self._slots[slots] != left
            left, slots = left[on], self._next(slots[on])

    def _first_slots(self, numbers: Integers) -> Integers:
        shift = np.uint64(65 - len(self._slots).bit_length())
        return ((numbers.view(np.uint64) * FACTOR) >> shift).view(np.int64)

    def _next(self, slots: Integers) -> Integers:
        return (slots + 1) & (len(self._slots) - 1)


class SeenLately:
    """Who has been seen, forgotten some time after it does not matter any more: by the number of their rows."""

    def __init__(self) -> None:
        self._parts: list[Seen] = [Seen()]
        self._ends: list[int] = [0]
        """One behind the last row of each part."""

    def fresh(self, numbers: Integers, end: int) -> Mask:
        """Which of some numbers are seen for the first time; from now on they are not. `end` is behind their rows."""
        first = np.zeros(len(numbers), np.bool_)
        first[np.unique(numbers, return_index=True)[1]] = True
        for part in self._parts:
            first &= ~part.has(numbers)
        new = numbers[first]
        if len(self._parts[-1]) + len(new) > PART:
            self._parts.append(Seen())
            self._ends.append(end)
        self._parts[-1].add(new)
        self._ends[-1] = end
        return first

    def forget(self, row: int) -> None:
        """Those of rows before this one do not matter any more."""
        while len(self._parts) > 1 and self._ends[0] <= row:
            del self._parts[0], self._ends[0]
