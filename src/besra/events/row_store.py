"""The rows that matter, kept until the end of a scan: as places in a file where it can be read again, else as bytes.

A scan keeps rows it may need for an alert, and cannot keep their documents: a common stage of a sequence may hold in
every other event. Bytes of pipes and compressed files, and events that came one by one, go to a temporary file beyond a
limit.
"""

import marshal
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import IO, Any
from weakref import finalize

import numpy as np
import orjson

from besra.errors import InputError
from besra.events.envelope import Document, event_of
from besra.events.event import POSITION_BITS, Event, Origin
from besra.events.identity import event_key
from besra.events.line_block import Integers, LineBlock
from besra.events.raw_event import RawEvent
from besra.events.spill import Spill, Table
from besra.events.spool import Spool, read_at

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

MEMORY_LIMIT = 512 * 2**20
"""Bytes that what a scan keeps may take in memory before it moves to temporary files."""

MAX_OPEN = 64
"""Files held open at once; a folder of evidence may have more than the system allows a process."""

MAX_LOADED = 256
"""Events remembered once they have been read back; many rules show the same few."""

MAX_HELD = 2_000
"""Events held as they are. Further ones are written down as bytes, which take a tenth of the memory."""

KEPT_TOGETHER = 1_000
"""Events written down together."""

ROWS = "rows"
IDENTITIES = "identities"
"""Piles of the store: place, length and position of every row; identities of events that came one by one."""

HELD = -1
"""The length of a row whose event is held as it is."""


@dataclass(frozen=True, slots=True)
class _Home:
    """What the rows of one file share; `path` is None if their bytes are in the spool."""

    path: Path | None
    origin: str
    default_index: str | None


EVENTS = _Home(None, "", None)
"""The home of events that came one by one, each with an origin of its own."""


class RowStore:
    """Rows by number. Numbers ascend in the order rows are kept, which is the order they were read.

    Rows of a block hold plain documents: none has an `_id` or `_index` of its own. What `memory_limit` does not allow
    in memory is in temporary files, which go when the store goes.
    """

    def __init__(self, memory_limit: int = MEMORY_LIMIT) -> None:
        self.spill = Spill(memory_limit // 2)
        self._homes: list[_Home] = []
        self._firsts: list[int] = []
        self._size = 0
        self._held: dict[int, Event] = {}
        self._loaded: dict[int, Event] = {}
        self._spool = Spool(memory_limit // 2)
        self._open: dict[Path, IO[bytes]] = {}
        self._rows = _Columns([])
        self._known = _Columns([])
        self._digests = np.empty((0, 2), np.int64)
        self._alone = np.empty(0, np.bool_)
        finalize(self, _close, self._spool, self._open, self.spill)

    def __len__(self) -> int:
        """The number of rows, which are numbered from 0."""
        return self._size

    def keep(self, block: LineBlock, rows: Integers) -> Integers:
        """The numbers of some rows of a block."""
        home = _Home(block.path if block.offset is not None else None, block.origin, block.default_index)
        starts, ends = block.decoded.starts[rows], block.decoded.ends[rows]
        places = starts + block.offset if block.offset is not None else self._write_lines(block, starts, ends)
        self._begin(home)
        return self._number(np.stack([places, ends - starts, block.lines_of(rows) << POSITION_BITS]))

    def keep_events(self, events: Iterable[Event | RawEvent]) -> Integers:
        """The numbers of events that came one by one, or were read from a table. Holds some of them at a time.

        Where `events` raises, rows may stay that nobody knows the numbers of.
        """
        waiting = iter(events)
        first = self._size
        while kept := list(islice(waiting, KEPT_TOGETHER)):
            self._keep_events(kept)
        return np.arange(first, self._size)

    def _keep_events(self, kept: Sequence[Event | RawEvent]) -> None:
        self._begin(EVENTS)
        places = [self._keep_event(event, self._size + index) for index, event in enumerate(kept)]
        cells = [(place, length, event.position) for (place, length), event in zip(places, kept, strict=True)]
        digests = b"".join(map(_digest, kept))
        self.spill.append(IDENTITIES, np.frombuffer(digests, np.int64).reshape(-1, 2).T.copy())
        self._number(np.array(cells, np.int64).reshape(-1, 3).T.copy())

    def _begin(self, home: _Home) -> None:
        if not self._homes or self._homes[-1] != home:
            self._homes.append(home)
            self._firsts.append(self._size)

    def _number(self, cells: Table) -> Integers:
        numbers = np.arange(self._size, self._size + cells.shape[1])
        self.spill.append(ROWS, cells)
        self._size += cells.shape[1]
        return numbers

    def _write_lines(self, block: LineBlock, starts: Integers, ends: Integers) -> Integers:
        base = self._spool.write(
            b"".join(block.buffer[s:e] for s, e in zip(starts.tolist(), ends.tolist(), strict=True))
        )
        lengths = ends - starts
        places: Integers = base + np.cumsum(lengths) - lengths
        return places

    def _keep_event(self, event: Event | RawEvent, number: int) -> tuple[int, int]:
        if isinstance(event, RawEvent) or len(self._held) >= MAX_HELD:
            origin = event.origin
            source = event.text if isinstance(event, RawEvent) else event.written or event.source
            parts: Any = event.id, event.index, source, event.position, origin.path, origin.line, origin.record
            try:
                text = marshal.dumps(parts)
            except ValueError:
                pass  # a document made in Python may hold more than JSON does, or be deeper than marshal goes
            else:
                return self._spool.write(text), len(text)
        assert isinstance(event, Event)
        self._held[number] = event
        return 0, HELD

    def seal(self) -> None:
        """Make the rows that have been kept addressable by number; after more have been, seal again.

        Processes forked then can read them, side by side.
        """
        self._spool.flush()
        if len(self._digests) == self._size > 0:
            return
        self._rows = _Columns(self.spill.parts(ROWS))
        self._known = _Columns(self.spill.parts(IDENTITIES))
        known, self._digests = self._digests, np.zeros((self._size, 2), np.int64)
        self._digests[: len(known)] = known
        self._alone = np.array([home is EVENTS for home in self._homes], np.bool_)

    def positions(self, numbers: Integers) -> Integers:
        """The positions of rows in reading order within their files."""
        found: Integers = self._rows.of(numbers)[2]
        return found

    def came_alone(self, numbers: Integers) -> Mask:
        """Which rows are events that came one by one: only these may carry an id that does not follow from the rest."""
        found: Mask = self._alone[np.searchsorted(self._firsts, numbers, side="right") - 1]
        return found

    def shared_ids(self, numbers: Integers) -> Mask:
        """Which rows are events that came one by one and share their identity with another such among these rows."""
        shared = self.came_alone(numbers)
        places = np.flatnonzero(shared)
        digests = self.identities(numbers[places])
        order = np.lexsort(digests.T)
        equal = (digests[order][1:] == digests[order][:-1]).all(axis=1)
        shared[places] = False
        shared[places[order[1:][equal]]] = shared[places[order[:-1][equal]]] = True
        return shared

    def origin(self, number: int) -> tuple[str, int, int]:
        """Where a row was read, in the order in which origins are preferred: path, line, position."""
        home = self._homes[bisect_right(self._firsts, number) - 1]
        if home is EVENTS:
            event = self.event(number)
            return event.origin.path, event.origin.line or 0, event.position
        position = self._rows.cell(number)[2]
        return home.origin, position >> POSITION_BITS, position

    def identities(self, numbers: Integers) -> Table:
        """Digests of who the events are, two numbers for each row: equal digests, equal `event_key`.

        Reads the documents of rows of blocks, each once.
        """
        unknown = numbers[~self._digests[numbers].any(axis=1)]
        alone = self.came_alone(unknown)
        if alone.any():
            self._digests[unknown[alone]] = self._known.of(self._places_among_events(unknown[alone])).T
        rest = unknown[~alone]
        if len(rest):
            digests = b"".join(_digest(self._load(number)) for number in rest.tolist())
            self._digests[rest] = np.frombuffer(digests, np.int64).reshape(-1, 2)
        return self._digests[numbers]

    def _places_among_events(self, numbers: Integers) -> Integers:
        """Where rows stand among those that came one by one."""
        before = np.cumsum(np.where(self._alone, 0, np.diff([*self._firsts, self._size])))
        places: Integers = numbers - before[np.searchsorted(self._firsts, numbers, side="right") - 1]
        return places

    def event(self, number: int) -> Event:
        """The event of a row. Raises InputError if its file is gone or is not what it was."""
        event = self._loaded.pop(number, None)
        if event is None:
            event = self._load(number)
            if len(self._loaded) >= MAX_LOADED:
                self._loaded.pop(next(iter(self._loaded)))
        self._loaded[number] = event  # the one used last is forgotten last
        return event

    def _load(self, number: int) -> Event:
        held = self._held.get(number)
        if held is not None:
            return held
        place, length, position = self._rows.cell(number)
        home = self._homes[bisect_right(self._firsts, number) - 1]
        if home is EVENTS:
            id_, index, source, position, path, line, record = marshal.loads(self._spool.read(place, length))
            origin = Origin(path, line, record)
            if isinstance(source, bytes):
                return RawEvent(id_, index, source, origin, position).event()
            return Event(id_, index, source, origin, position)
        try:
            document = Document(orjson.loads(self._read(home, place, length)))
        except (OSError, orjson.JSONDecodeError) as error:
            message, hint = "the file changed while it was scanned", "scan a copy that nobody writes to"
            raise InputError.of("input-changed", message, path=home.origin, hint=hint) from error
        origin = Origin(home.origin, position >> POSITION_BITS)
        return event_of(document, origin, position, default_index=home.default_index)

    def _read(self, home: _Home, place: int, length: int) -> bytes:
        if home.path is None:
            return self._spool.read(place, length)
        return read_at(self._opened(home.path), place, length)

    def _opened(self, path: Path) -> IO[bytes]:
        file = self._open.pop(path, None)
        if file is None:
            file = path.open("rb", buffering=0)
            if len(self._open) >= MAX_OPEN:
                self._open.pop(next(iter(self._open))).close()
        self._open[path] = file  # the one used last is closed last
        return file

    def close(self) -> None:
        """Close the files that were scanned; rows that are asked for later open theirs again."""
        for file in self._open.values():
            file.close()
        self._open.clear()


class _Columns:
    """The parts of a pile as one: cells by column number."""

    def __init__(self, parts: list[Table]) -> None:
        # Parts in the file are large and few and come first; those in memory are small and many.
        mapped = [part for part in parts if isinstance(part, np.memmap)]
        held = parts[len(mapped) :]
        self._parts = [*mapped, np.concatenate(held, axis=1)] if held else mapped
        self._ends = np.cumsum([part.shape[1] for part in self._parts])

    def cell(self, number: int) -> tuple[int, ...]:
        """One column."""
        part = int(np.searchsorted(self._ends, number, side="right"))
        table = self._parts[part]
        return tuple(table[:, number - int(self._ends[part])].tolist())

    def of(self, numbers: Integers) -> Table:
        """Columns by their numbers."""
        if len(self._parts) == 1:
            return self._parts[0][:, numbers]
        found = np.empty((self._parts[0].shape[0] if self._parts else 0, len(numbers)), np.int64)
        which = np.searchsorted(self._ends, numbers, side="right")
        for part, table in enumerate(self._parts):
            mine = which == part
            found[:, mine] = table[:, numbers[mine] - int(self._ends[part])]
        return found


def _digest(event: Event | RawEvent) -> bytes:
    known = Event(event.id, event.index, {}) if isinstance(event, RawEvent) else event
    home, id_ = event_key(known)
    return blake2b(f"{home}\0{id_}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _close(spool: Spool, opened: dict[Path, IO[bytes]], spill: Spill) -> None:
    """Not a method: what closes a store must not keep it."""
    for file in opened.values():
        file.close()
    spool.close()
    spill.close()
