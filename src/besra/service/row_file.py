"""Parts of piles in a temporary file that is mapped into memory: written once, as a whole, and read where asked.

What of a file has been read stays with the process only until it is told to let `go`: the system has the pages as long
as it has room, and may take them.
"""

import mmap
import tempfile
from collections.abc import Iterable

import numpy as np

from besra.service.row_part import Part

ALIGNED = 8
LET_GO = getattr(mmap, "MADV_DONTNEED", None)


class RowFile:
    """A file of parts, which is gone when no part refers to it any more."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes."""
        self.rows = 0
        self._mapped: mmap.mmap | None = None

    def let_go(self) -> None:
        """Have none of it in the process's memory until somebody asks again."""
        if self._mapped is not None and LET_GO is not None:
            self._mapped.madvise(LET_GO)

    def hold(self, parts: Iterable[Part]) -> list[Part]:
        """Write some parts, at least one, as all there is in the file; the parts as they are in it. Raises OSError.

        They are written one after the other: no more than one has to be in memory.
        """
        bounds: list[tuple[int, int, int, int, int]] = []
        with tempfile.TemporaryFile() as file:
            for part in parts:
                for column in (part.keys, part.clocks, part.offsets):
                    file.write(np.ascontiguousarray(column).data)
                file.write(bytes(-part.offsets.nbytes % ALIGNED))
                bounds.append((len(part), part.first, part.last, part.low, part.high))
            file.flush()
            self.size = file.tell()
            self._mapped = mmap.mmap(file.fileno(), self.size, access=mmap.ACCESS_READ)
        held, place = [], 0
        for count, first, last, low, high in bounds:
            keys = np.frombuffer(self._mapped, np.int64, count, place)
            clocks = np.frombuffer(self._mapped, np.int64, count, place + keys.nbytes)
            offsets = np.frombuffer(self._mapped, np.uint32, count, place + keys.nbytes + clocks.nbytes)
            held.append(Part(keys, clocks, offsets, first, last, low, high, self))
            place += keys.nbytes + clocks.nbytes + offsets.nbytes
            place += -place % ALIGNED
        self.rows = sum(map(len, held))
        return held
