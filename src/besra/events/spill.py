"""Arrays that grow until the end of a scan: in memory up to a limit, beyond it in a temporary file.

Arrays stand in piles, each with a key of its own. When all piles together pass the limit, all go to the file, one
stretch a pile: what is appended after that is small again, and a pile is read back as few stretches.
"""

import tempfile
from collections import defaultdict
from collections.abc import Hashable
from typing import IO, NamedTuple

import numpy as np

from besra.events.spool import no_space

Table = np.ndarray[tuple[int, int], np.dtype[np.int64]]
"""Columns of one length, one below the other."""

OVERHEAD = 128
"""Bytes an array takes besides its cells; most are very short."""


class _Stretch(NamedTuple):
    """Where in the file a table is, in cells."""

    start: int
    height: int
    width: int


class Spill:
    """Piles of tables by key. `memory_limit` is in bytes, for all piles together."""

    def __init__(self, memory_limit: int) -> None:
        self._memory_limit = memory_limit
        self._parts: defaultdict[Hashable, list[Table | _Stretch]] = defaultdict(list)
        self._held = 0
        self._file: IO[bytes] | None = None
        self._written = 0
        self._mapped: np.ndarray[tuple[int], np.dtype[np.int64]] = np.empty(0, np.int64)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._parts

    def append(self, key: Hashable, part: Table) -> None:
        """Add columns on the right of a pile; all parts of a pile have the same height.

        Raises InputError if the temporary file cannot be written.
        """
        self._parts[key].append(part)
        self._held += part.nbytes + OVERHEAD
        if self._held > self._memory_limit:
            self._write_out()

    def replace(self, key: Hashable, whole: Table) -> None:
        """Let a pile be this table."""
        self.drop(key)
        self.append(key, whole)

    def drop(self, key: Hashable) -> None:
        """Forget a pile. What the file holds of it stays there unused."""
        for part in self._parts.pop(key, ()):
            if not isinstance(part, _Stretch):
                self._held -= part.nbytes + OVERHEAD

    def parts(self, key: Hashable) -> list[Table]:
        """The parts of a pile in order; those in the file are views of it."""
        return [self._view(part) if isinstance(part, _Stretch) else part for part in self._parts.get(key, ())]

    def table(self, key: Hashable) -> Table:
        """A pile that is not empty, as one table in memory."""
        parts = self.parts(key)
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    @property
    def spilled(self) -> int:
        """Bytes written to the temporary file so far."""
        return self._written * 8

    def _write_out(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
            for parts in self._parts.values():
                self._write_pile(parts)
            self._file.flush()
        except OSError as error:
            raise no_space(error) from error
        self._held = 0

    def _write_pile(self, parts: list[Table | _Stretch]) -> None:
        assert self._file is not None  # opened by the only caller
        held = [part for part in parts if not isinstance(part, _Stretch)]
        if not held:
            return
        table = np.concatenate(held, axis=1)
        self._file.write(table.tobytes())
        parts[len(parts) - len(held) :] = [_Stretch(self._written, *table.shape)]
        self._written += table.size

    def _view(self, part: _Stretch) -> Table:
        if len(self._mapped) < self._written:
            assert self._file is not None  # something has been written
            self._mapped = np.memmap(self._file, np.int64, "r", shape=(self._written,))
        size = part.height * part.width
        return self._mapped[part.start : part.start + size].reshape(part.height, part.width)

    def close(self) -> None:
        """Drop all piles and the temporary file."""
        self._parts.clear()
        self._held = 0
        self._mapped = np.empty(0, np.int64)
        if self._file is not None:
            self._file.close()
            self._file = None
