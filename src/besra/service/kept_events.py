"""The events that rows stand for, in temporary files: what is kept of a busy day would fill any memory.

Only events that become part of something are read back, which are few. Written together, and compressed, are events
that may go at about the same time: a file goes once nothing can join its events any more.
"""

import errno
import os
import tempfile
from bisect import bisect_right
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
FILE = 64 << 20
"""Bytes of a file before the next one is begun."""
READ_BACK = 64
"""Lots of events remembered once they have been read back."""
SHORTEST = 60 * 10**9
"""Events are kept for this long, or a power of two times as long; in nanoseconds."""

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Lot = tuple[Integers, int, int, "_File"]
"""The rows of some events, where they are in a file, how long they are there, and the file."""


class KeptEventsError(BesraError):
    """An event that should be kept cannot be read back."""


class _File:
    """A temporary file, which is gone when nothing refers to it any more, and when its last event arrived."""

    def __init__(self) -> None:
        # Without a buffer: what could not be written is not tried again when the file is closed.
        self.held: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  closed when its last event goes
        self.size = 0
        self.arrived = 0
        finalize(self, self.held.close)

    def add(self, text: bytes, arrived: int) -> int:
        """The place of some bytes, which are added at the end. Raises OSError if not all of them are there."""
        if self.held.write(text) != len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        place = self.size
        self.size += len(text)
        self.arrived = max(self.arrived, arrived)
        return place


@dataclass
class _Shelf:
    """Events that are kept for about the same time: some waiting to be written, the others as lots in their order."""

    waiting: dict[int, RawEvent] = field(default_factory=dict)
    lots: list[Lot] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    file: _File | None = None


class KeptEvents:
    """Events by the numbers of their rows, which ascend in the order they are added."""

    def __init__(self) -> None:
        self._shelves: dict[int, _Shelf] = {}
        self._read: OrderedDict[tuple[int, int], Mapping[int, RawEvent]] = OrderedDict()

    def add(self, first: int, events: Sequence[RawEvent], times: Integers, arrived: int) -> None:
        """Add the events of rows from `first` on, and for how long after they arrived each may be asked for, if at all.

        While they cannot be written, for lack of disk perhaps, they are kept in memory.
        """
        powers = np.ceil(np.log2(np.maximum(times, SHORTEST) / SHORTEST)).astype(np.int64)
        powers[times == 0] = -1
        for power in np.unique(powers[times > 0]).tolist():
            shelf = self._shelves.setdefault(power, _Shelf())
            shelf.waiting.update((first + place, events[place]) for place in np.flatnonzero(powers == power).tolist())
            self._write(shelf, arrived)

    def _write(self, shelf: _Shelf, arrived: int) -> None:
        """Write what is waiting, as whole lots; what cannot be written goes on waiting, for a file of its own."""
        rows, done = list(shelf.waiting), 0
        compress = zstandard.ZstdCompressor(LEVEL).compress
        try:
            while done + TOGETHER <= len(rows):
                if shelf.file is None or shelf.file.size > FILE:
                    shelf.file = _File()
                lot = rows[done : done + TOGETHER]
                text = compress(written([shelf.waiting[row] for row in lot]))
                place = shelf.file.add(text, arrived)
                shelf.lots.append((np.array(lot), place, len(text), shelf.file))
                shelf.firsts.append(lot[0])
                done += TOGETHER
        except OSError:
            # Nothing is added behind what may be a part of a lot; the lots before it are read as ever.
            shelf.file = None
        if done:
            shelf.waiting = {row: shelf.waiting[row] for row in rows[done:]}

    def __getitem__(self, row: int) -> RawEvent:
        """The event of a row. Raises KeptEventsError if it is gone or cannot be read."""
        for power, shelf in self._shelves.items():
            if row in shelf.waiting:
                return shelf.waiting[row]
            place = bisect_right(shelf.firsts, row) - 1
            if place >= 0 and row in (found := self._lot(power, shelf.lots[place])):
                return found[row]
        raise KeptEventsError(f"event {row} is kept no more")

    def _lot(self, power: int, lot: Lot) -> Mapping[int, RawEvent]:
        rows, place, length, file = lot
        key = power, int(rows[0])
        found = self._read.get(key)
        if found is None:
            try:
                text = zstandard.ZstdDecompressor().decompress(read_at(file.held, place, length))
                found = dict(zip(rows.tolist(), read(text), strict=True))
            except (OSError, zstandard.ZstdError, ValueError) as error:
                raise KeptEventsError(f"events of a temporary file cannot be read: {error}") from error
            self._read[key] = found
            if len(self._read) > READ_BACK:
                self._read.popitem(last=False)
        return found

    def drop_old(self, now: int, unseen: int) -> None:
        """Let go of events whose time is over, but for those of rows from `unseen` on."""
        for power, shelf in self._shelves.items():
            over = now - (SHORTEST << power)
            gone = 0
            while gone < len(shelf.lots):
                rows, _, _, file = shelf.lots[gone]
                if file.arrived >= over or file is shelf.file or rows[-1] >= unseen:
                    break
                gone += 1
            del shelf.lots[:gone], shelf.firsts[:gone]


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
