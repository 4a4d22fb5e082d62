"""The events that rows stand for, in temporary files: what is kept of a busy day would fill any memory.

Only events that become part of something are read back, which are few. Written together, and compressed, are events
that may go at about the same time: a file goes once nothing can join its events any more.
"""

import errno
import os
import tempfile
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO
from weakref import finalize

import numpy as np
import orjson
import zstandard

from besra.errors import BesraError
from besra.events.event import Origin
from besra.events.raw_event import RawEvent
from besra.events.spool import read_at

TOGETHER = 64
"""Events compressed together: to read one all of them are expanded."""
LEVEL = 1
FILE = 256 << 20
"""Bytes of a file before the next one is begun: each takes a handle of the process's."""
PIECES = 8
"""A file that is not full is added to for so much of the time its events are kept."""
READ_BACK = 64
"""Lots of events remembered once they have been read back."""
SHORTEST = 60 * 10**9
"""Events are kept for this long, or a power of two times as long; in nanoseconds."""

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
ROW_TYPE = np.dtype("<i8")
ROWS = TOGETHER * ROW_TYPE.itemsize
"""Bytes at the beginning of a lot that tell the rows of its events; the events follow, compressed."""


class KeptEventsError(BesraError):
    """An event that should be kept cannot be read back."""


class _File:
    """A temporary file of lots, which is gone when nothing refers to it any more.

    Of each lot its first row and its place are in memory: a quarter of a byte for each event.
    """

    def __init__(self, arrived: int) -> None:
        # Without a buffer: what could not be written is not tried again when the file is closed.
        self.held: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  closed when its last event goes
        self.size = 0
        self.began = self.arrived = arrived
        """When its first and its last events arrived."""
        self.last = -1
        """The last row."""
        self.firsts = array("q")
        self.places = array("q")
        finalize(self, self.held.close)

    def add(self, rows: Integers, text: bytes, arrived: int) -> None:
        """Add a lot at the end. Raises OSError if not all of it is there; the next one is written in its place."""
        text = rows.astype(ROW_TYPE).tobytes() + text
        os.lseek(self.held.fileno(), self.size, os.SEEK_SET)
        if self.held.write(text) != len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.firsts.append(int(rows[0]))
        self.places.append(self.size)
        self.size += len(text)
        self.last = int(rows[-1])
        self.arrived = max(self.arrived, arrived)

    def lot_of(self, row: int) -> int:
        """The number of the lot a row is in, if it is here."""
        return bisect_right(self.firsts, row) - 1

    def read(self, number: int, row: int) -> "_Lot | None":
        """A lot, if a row is in it. Raises OSError, ValueError or ZstdError if it cannot be read."""
        place = self.places[number]
        end = self.places[number + 1] if number + 1 < len(self.places) else self.size
        told = read_at(self.held, place, ROWS)
        if len(told) != ROWS:
            raise ValueError("it is shorter than it was")
        rows = np.frombuffer(told, ROW_TYPE)
        if row not in rows:
            return None
        text = zstandard.ZstdDecompressor().decompress(read_at(self.held, place + ROWS, end - place - ROWS))
        return dict(zip(rows.tolist(), read(text), strict=True))


_Lot = Mapping[int, RawEvent]


@dataclass
class _Shelf:
    """Events that are kept for about the same time: some waiting to be written, the others in files, in their order."""

    waiting: dict[int, RawEvent] = field(default_factory=dict)
    files: list[_File] = field(default_factory=list)


class KeptEvents:
    """Events by the numbers of their rows, which ascend in the order they are added."""

    def __init__(self) -> None:
        self._shelves: dict[int, _Shelf] = {}
        self._read: OrderedDict[tuple[int, int], _Lot] = OrderedDict()

    @property
    def memory(self) -> int:
        """Bytes of documents in memory."""
        return sum(len(event.text) for shelf in self._shelves.values() for event in shelf.waiting.values())

    @property
    def disk(self) -> int:
        """Bytes of files."""
        return sum(file.size for shelf in self._shelves.values() for file in shelf.files)

    def __len__(self) -> int:
        lots = sum(len(file.firsts) for shelf in self._shelves.values() for file in shelf.files)
        return lots * TOGETHER + sum(len(shelf.waiting) for shelf in self._shelves.values())

    def add(self, first: int, events: Sequence[RawEvent], times: Integers, arrived: int) -> None:
        """Add the events of rows from `first` on, and for how long after they arrived each may be asked for, if at all.

        While they cannot be written, for lack of disk perhaps, they are kept in memory.
        """
        powers = np.ceil(np.log2(np.maximum(times, SHORTEST) / SHORTEST)).astype(np.int64)
        powers[times == 0] = -1
        for power in np.unique(powers[times > 0]).tolist():
            shelf = self._shelves.setdefault(power, _Shelf())
            shelf.waiting.update((first + place, events[place]) for place in np.flatnonzero(powers == power).tolist())
            self._write(power, shelf, arrived)

    def _write(self, power: int, shelf: _Shelf, arrived: int) -> None:
        """Write what is waiting, as whole lots; what cannot be written goes on waiting."""
        rows, done = list(shelf.waiting), 0
        compress = zstandard.ZstdCompressor(LEVEL).compress
        try:
            while done + TOGETHER <= len(rows):
                lot = rows[done : done + TOGETHER]
                text = compress(written([shelf.waiting[row] for row in lot]))
                _open(power, shelf, arrived).add(np.array(lot, np.int64), text, arrived)
                done += TOGETHER
        except OSError:
            # The lots before it are read as ever.
            if shelf.files and not shelf.files[-1].firsts:
                del shelf.files[-1]
        if done:
            shelf.waiting = {row: shelf.waiting[row] for row in rows[done:]}

    def __getitem__(self, row: int) -> RawEvent:
        """The event of a row. Raises KeptEventsError if it is gone or cannot be read."""
        for power, shelf in self._shelves.items():
            if row in shelf.waiting:
                return shelf.waiting[row]
            place = bisect_left(shelf.files, row, key=lambda file: file.last)
            if place < len(shelf.files) and row in (found := self._lot(power, shelf.files[place], row)):
                return found[row]
        raise KeptEventsError(f"event {row} is kept no more")

    def _lot(self, power: int, file: _File, row: int) -> _Lot:
        """The lot a row is in, if it is in that file."""
        number = file.lot_of(row)
        if number < 0:
            return {}
        key = power, file.firsts[number]
        if (known := self._read.get(key)) is not None:
            return known
        try:
            found = file.read(number, row)
        except (OSError, zstandard.ZstdError, ValueError) as error:
            raise KeptEventsError(f"events of a temporary file cannot be read: {error}") from error
        if found is None:
            return {}
        self._read[key] = found
        if len(self._read) > READ_BACK:
            self._read.popitem(last=False)
        return found

    def drop_old(self, now: int, unseen: int) -> None:
        """Let go of events whose time is over, but for those of rows from `unseen` on.

        Of each shelf the last file, to which more may be added, stays twice as long. What could not be written is tried
        again.
        """
        for power, shelf in self._shelves.items():
            lasts, files = SHORTEST << power, shelf.files
            while (
                files and files[0].last < unseen and files[0].arrived < now - (lasts if len(files) > 1 else 2 * lasts)
            ):
                del files[0]
            self._write(power, shelf, now)


def _open(power: int, shelf: _Shelf, arrived: int) -> _File:
    """The file that events of a shelf are added to. Raises OSError."""
    lasts = SHORTEST << power
    if not shelf.files or shelf.files[-1].size > FILE or arrived - shelf.files[-1].began > lasts // PIECES:
        shelf.files.append(_File(arrived))
    return shelf.files[-1]


def written(events: Sequence[RawEvent]) -> bytes:
    """Events as bytes: a line that tells of all but their documents, and a line for each document."""
    told = [(e.id, e.index, e.position, e.origin.path, e.origin.line, e.origin.record) for e in events]
    return b"\n".join([orjson.dumps(told), *(event.text for event in events)])


def read(text: bytes) -> list[RawEvent]:
    """The events of such bytes."""
    told, *documents = text.split(b"\n")
    return [
        RawEvent(id_, tuple(index), document, Origin(path, line, record), position)
        for (id_, index, position, path, line, record), document in zip(orjson.loads(told), documents, strict=True)
    ]
