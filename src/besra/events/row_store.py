"""The rows that matter, kept until the end of a scan: as places in a file where it can be read again, else as bytes.

A scan keeps rows it may need for an alert, and cannot keep their documents: a common stage of a sequence may hold in
every other event. Bytes of pipes and compressed files go to a temporary file beyond a limit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

import numpy as np
import orjson

from besra.errors import InputError
from besra.events.envelope import Document, event_of
from besra.events.event import POSITION_BITS, Event, Origin
from besra.events.line_block import Integers, LineBlock

MEMORY_LIMIT = 64 * 2**20
"""Bytes of lines held in memory before they move to a temporary file."""


MAX_OPEN = 64
"""Files held open at once; a folder of evidence may have more than the system allows a process."""


@dataclass(frozen=True, slots=True)
class _Home:
    """What the rows of one file share; `path` is None if their bytes are in the spool."""

    path: Path | None
    origin: str
    default_index: str | None


@dataclass
class RowStore:
    """Rows by number. Numbers ascend in the order rows are kept, which is the order they were read."""

    memory_limit: int = MEMORY_LIMIT
    _homes: list[_Home] = field(default_factory=list)
    _parts: list[Integers] = field(default_factory=list)
    _size: int = 0
    _spool: IO[bytes] | None = None
    _open: dict[Path, IO[bytes]] = field(default_factory=dict)
    _events: dict[int, Event] = field(default_factory=dict)

    def keep(self, block: LineBlock, rows: Integers) -> Integers:
        """The numbers of some rows of a block."""
        home = _Home(block.path if block.offset is not None else None, block.origin, block.default_index)
        if not self._homes or self._homes[-1] != home:
            self._homes.append(home)
        starts, ends = block.decoded.starts[rows], block.decoded.ends[rows]
        places = starts + block.offset if block.offset is not None else self._write(block, starts, ends)
        lines = block.lines_of(rows)
        homes = np.full(len(rows), len(self._homes) - 1, np.int64)
        self._parts.append(np.stack([homes, places, ends - starts, lines]))
        return self._number(len(rows))

    def keep_events(self, events: Iterable[Event]) -> Integers:
        """The numbers of events that are held as they are."""
        first = self._size
        for event in events:
            self._events[self._size] = event
            self._size += 1
        self._parts.append(np.full((4, self._size - first), -1, np.int64))
        return np.arange(first, self._size)

    def _number(self, count: int) -> Integers:
        numbers = np.arange(self._size, self._size + count)
        self._size += count
        return numbers

    def _write(self, block: LineBlock, starts: Integers, ends: Integers) -> Integers:
        if self._spool is None:
            self._spool = SpooledTemporaryFile(max_size=self.memory_limit)  # noqa: SIM115  closed by `close`
        base = self._spool.seek(0, 2)
        self._spool.write(b"".join(block.buffer[s:e] for s, e in zip(starts.tolist(), ends.tolist(), strict=True)))
        lengths = ends - starts
        places: Integers = base + np.cumsum(lengths) - lengths
        return places

    def seal(self) -> None:
        """No more rows will be kept: make them addressable by number."""
        self._parts = [np.concatenate(self._parts, axis=1)] if self._parts else []

    def event(self, number: int) -> Event:
        """The event of a row. Raises InputError if its file is gone or is not what it was."""
        known = self._events.get(number)
        if known is not None:
            return known
        home_number, place, length, line = (int(cell) for cell in self._parts[0][:, number])
        home = self._homes[home_number]
        try:
            document = Document(orjson.loads(self._read(home, place, length)))
        except (OSError, orjson.JSONDecodeError) as error:
            message, hint = "the file changed while it was scanned", "scan a copy that nobody writes to"
            raise InputError.of("input-changed", message, path=home.origin, hint=hint) from error
        event = event_of(document, Origin(home.origin, line), line << POSITION_BITS, default_index=home.default_index)
        self._events[number] = event
        return event

    def _read(self, home: _Home, place: int, length: int) -> bytes:
        if home.path is None:
            assert self._spool is not None  # it holds the bytes of every row without a path
            file = self._spool
        else:
            file = self._opened(home.path)
        file.seek(place)
        return file.read(length)

    def _opened(self, path: Path) -> IO[bytes]:
        file = self._open.pop(path, None)
        if file is None:
            file = path.open("rb")
            if len(self._open) >= MAX_OPEN:
                self._open.pop(next(iter(self._open))).close()
        self._open[path] = file  # the one used last is closed last
        return file

    def close(self) -> None:
        """Close the files and drop the temporary one."""
        for file in (*self._open.values(), *([self._spool] if self._spool else [])):
            file.close()
        self._open.clear()
        self._spool = None
