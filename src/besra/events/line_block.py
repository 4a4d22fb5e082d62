"""A block of NDJSON lines decoded to columns: events that exist as rows until somebody asks for one.

Nearly all lines of nearly all files are plain documents the kernel vouches for. The others (`slow`) go through the
ordinary reader one by one, so a block never has to know about envelopes, damage or odd JSON.
"""

import mmap
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import orjson

from besra.events.envelope import Document, event_of
from besra.events.event import POSITION_BITS, Event, Origin
from besra.events.file_lines import FileLines
from besra.events.recognise import Recogniser
from besra.events.wanted import Wanted

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]


def no_rows() -> Integers:
    """None."""
    return np.empty(0, np.int64)


if TYPE_CHECKING:
    from besra.events.columns import DecodedLines

BLOCK = 8 * 2**20
"""Bytes of lines decoded together."""

Buffer = bytearray | mmap.mmap

PROBE = 20
"""Lines at the beginning of a file, one of which must be plain for its first block to be decoded."""

ACTION = re.compile(rb'\s*\{\s*"(?:index|create|update|delete)"')
"""What may be a bulk action: the document behind it belongs to it."""


@dataclass(frozen=True, slots=True)
class RawLines:
    """Whole lines of a file, the first of it if `is_first`; `default_index` is the home of documents that name none.

    With `names`, the document of each line that is not blank answers to these, whatever it says itself.
    """

    buffer: memoryview
    is_first: bool = False
    default_index: str | None = None
    names: tuple[tuple[str, ...], ...] | None = None

    @property
    def size(self) -> int:
        """Bytes of them."""
        return len(self.buffer)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Lines decoded, and the rows without a usable time.

    `homes` says how many rows are at home in which index, `unknown` which are of an unknown shape. `kept` is whatever
    the decoder wants back with the block.
    """

    decoded: "DecodedLines"
    untimed: Integers
    kept: object = None
    homes: Mapping[str, int] = field(default_factory=dict)
    unknown: Integers = field(default_factory=no_rows)


class Pending(Protocol):
    """An outcome, there already or soon."""

    def result(self) -> Outcome:
        """The outcome, waited for. Raises UnreadError for lines in a file that could not be read."""


class Decoder(Protocol):
    """Decodes lines, some of them at the same time.

    `ahead`: how many lots of lines to hand over before the outcome of the first is asked for. `fields` are the fields
    it looks at, `wanted` the events that can matter to it: others may be passed over.
    """

    @property
    def ahead(self) -> int:
        """See above."""

    @property
    def fields(self) -> frozenset[str]:
        """See above."""

    @property
    def wanted(self) -> Wanted:
        """See above."""

    def take(self) -> Buffer:
        """A buffer of BLOCK bytes to read lines into, the best for `submit`."""

    def give(self, buffer: Buffer) -> None:
        """Take a buffer back: the block that was made of it has been used."""

    def submit(self, lines: RawLines | FileLines) -> Pending:
        """Decode lines, whose buffer, if they have one, stays as it is until it is given back. Raises UnreadError."""


def leave_slow(lines: RawLines, decoded: "DecodedLines", recogniser: Recogniser) -> None:
    """Mark the lines that the ordinary reader has to see although their decoder knows them."""
    slow = decoded.slow
    slow |= recogniser.foreign_rows(decoded.columns, len(slow))
    if lines.is_first and slow[:PROBE].all():
        slow[:] = True  # the file may be no JSON at all: the ordinary reader decides when to give up
    # The document behind a bulk action takes its id from there, also past lines that turn out to be none.
    expected = -1
    for row in np.flatnonzero(slow).tolist():
        if 0 <= expected < row:
            slow[expected] = True
            expected = -1
        if expected == row or ACTION.match(lines.buffer, int(decoded.starts[row])):
            expected = row + 1
    if 0 <= expected < len(slow):
        slow[expected] = True


class Bytes(Protocol):
    """Bytes of which parts can be asked for: a `memoryview`, or what reads them from a file."""

    def __getitem__(self, span: slice, /) -> Buffer | memoryview:
        """A part, from a start to an end."""


@dataclass(frozen=True)
class LineBlock:
    """Lines of one file. Rows are numbered as `decoded` numbers lines, slow ones included.

    `line` is the number of the block's first line in the file, `origin` the file's name. With `offset`, the block's
    bytes are those of the file at `path` from there on.
    """

    buffer: Bytes
    outcome: Outcome
    origin: str
    line: int
    default_index: str | None = None
    path: Path | None = None
    offset: int | None = None

    @property
    def decoded(self) -> "DecodedLines":
        """The lines decoded; its columns may be gone."""
        return self.outcome.decoded

    @property
    def size(self) -> int:
        """Number of lines that are not blank, slow ones included."""
        return len(self.decoded.starts)

    @cached_property
    def rows(self) -> Integers:
        """The rows that are events of this block."""
        return np.flatnonzero(~self.decoded.slow)

    @property
    def last_line(self) -> int:
        """The number of the last line that is an event of this block."""
        return self.line_of(int(self.rows[-1]))

    def line_of(self, row: int) -> int:
        """The number of a row's line in the file."""
        return int(self.lines_of(np.array([row]))[0])

    def lines_of(self, rows: Integers) -> Integers:
        """The numbers of rows' lines in the file."""
        return self.line + self.decoded.before[rows].astype(np.int64)

    def text(self, row: int) -> bytes:
        """The bytes of a row's line."""
        return bytes(self.buffer[int(self.decoded.starts[row]) : int(self.decoded.ends[row])])

    def event(self, row: int) -> Event:
        """The event of a row that is not slow."""
        line = self.line_of(row)
        document = Document(orjson.loads(self.text(row)))
        return event_of(document, Origin(self.origin, line), line << POSITION_BITS, default_index=self.default_index)
