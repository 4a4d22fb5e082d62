"""Who has been seen already, of events in such numbers that no set of Python's would hold them: eight bytes each.

The latest are in memory, the others in files, of which a few bits each are in memory: hardly anybody is seen twice.
"""

import mmap
import tempfile
from contextlib import suppress

import numpy as np

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

FIRST_SIZE = 1 << 10
FACTOR = np.uint64(0x9E3779B97F4A7C15)
EMPTY = 0
FULL = 0.7
"""The part of the slots that may be taken: with more it would take long to find one."""
PART = int(FULL * (1 << 22))
"""Numbers that are forgotten together, and written together: 32 MiB of slots."""
BITS = 8
"""Bits in memory for each slot of a part in a file: of those who are not there, one in a dozen is looked for."""
LET_GO = getattr(mmap, "MADV_DONTNEED", None)


class Seen:
    """A set of numbers of 64 bits, which are hashes; 0 is taken for 1."""

    def __init__(self, slots: Integers | None = None, count: int = 0) -> None:
        self._slots = np.zeros(FIRST_SIZE, np.int64) if slots is None else slots
        self._count = count

    def __len__(self) -> int:
        return self._count

    @property
    def memory(self) -> int:
        """Bytes in memory."""
        return self._slots.nbytes

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


class _Written:
    """A full set in a temporary file. Raises OSError if that cannot be written."""

    def __init__(self, seen: Seen) -> None:
        slots = seen._slots
        with tempfile.TemporaryFile() as file:
            file.write(slots.data)
            file.flush()
            self._mapped = mmap.mmap(file.fileno(), slots.nbytes, access=mmap.ACCESS_READ)
        self.disk = slots.nbytes
        self._seen = Seen(np.frombuffer(self._mapped, np.int64), len(seen))
        self._shift = np.uint64(65 - (len(slots) * BITS).bit_length())
        bits = np.zeros(len(slots) * BITS, np.bool_)
        bits[self._bits(slots[slots != EMPTY])] = True
        self._held = np.packbits(bits)

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def memory(self) -> int:
        return self._held.nbytes

    def _bits(self, numbers: Integers) -> Integers:
        return ((numbers.view(np.uint64) * FACTOR) >> self._shift).view(np.int64)

    def has(self, numbers: Integers) -> Mask:
        numbers = np.where(numbers == EMPTY, 1, numbers)
        bits = self._bits(numbers)
        found: Mask = (self._held[bits >> 3] >> (7 - (bits & 7)).astype(np.uint8) & 1).astype(np.bool_)
        places = np.flatnonzero(found)
        found[places] = self._seen.has(numbers[places])
        return found

    def let_go(self) -> None:
        """Have none of the file in the process's memory until somebody asks again."""
        if LET_GO is not None:
            self._mapped.madvise(LET_GO)


class SeenLately:
    """Who has been seen, forgotten some time after it does not matter any more: by the number of their rows."""

    def __init__(self) -> None:
        self._parts: list[Seen | _Written] = [Seen()]
        self._ends: list[int] = [0]
        """One behind the last row of each part."""

    def fresh(self, numbers: Integers, end: int) -> Mask:
        """Which of some numbers are seen for the first time; from now on they are not. `end` is behind their rows."""
        first = np.zeros(len(numbers), np.bool_)
        first[np.unique(numbers, return_index=True)[1]] = True
        for part in self._parts:
            first &= ~part.has(numbers)
        new = numbers[first]
        last = self._last(len(new), end)
        last.add(new)
        self._ends[-1] = end
        return first

    def _last(self, coming: int, end: int) -> Seen:
        """The part that so many are to be added to."""
        last = self._parts[-1]
        if isinstance(last, Seen) and len(last) + coming <= PART:
            return last
        # Where there is no room for them on disk they stay in memory.
        with suppress(OSError):
            if isinstance(last, Seen) and len(last):
                self._parts[-1] = _Written(last)
        fresh = Seen()
        self._parts.append(fresh)
        self._ends.append(end)
        return fresh

    @property
    def memory(self) -> int:
        """Bytes in memory."""
        return sum(part.memory for part in self._parts)

    @property
    def disk(self) -> int:
        """Bytes of files."""
        return sum(part.disk for part in self._parts if isinstance(part, _Written))

    def forget(self, row: int) -> None:
        """Those of rows before this one do not matter any more."""
        while len(self._parts) > 1 and self._ends[0] <= row:
            del self._parts[0], self._ends[0]
        for part in self._parts:
            if isinstance(part, _Written):
                part.let_go()
