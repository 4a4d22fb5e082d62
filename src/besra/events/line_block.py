"""A block of NDJSON lines decoded to columns: events that exist as rows until somebody asks for one.

Nearly all lines of nearly all files are plain documents the kernel vouches for. The others (`slow`) go through the
ordinary reader one by one, so a block never has to know about envelopes, damage or odd JSON.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson

from besra.events.envelope import Document, event_of
from besra.events.event import POSITION_BITS, Event, Origin

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]

if TYPE_CHECKING:
    from besra.events.columns import DecodedLines

Decode = Callable[[memoryview], tuple["DecodedLines", Integers]]
"""Decodes the lines of a buffer, and finds those without a usable time."""


@dataclass(frozen=True)
class LineBlock:
    """Lines of one file. Rows are numbered as `decoded` numbers lines, slow ones included.

    `line` is the number of the block's first line in the file, `origin` the file's name; `untimed` holds the rows
    without a usable time. With `offset`, the block's bytes are those of the file at `path` from there on.
    """

    buffer: memoryview
    decoded: "DecodedLines"
    origin: str
    line: int
    default_index: str | None = None
    untimed: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    path: Path | None = None
    offset: int | None = None

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
