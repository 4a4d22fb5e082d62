"""A stream of text to the rows of a table, each with the line it begins on.

Python's parser does the cells; here it is kept within bounds. A quote that is never closed would swallow the rest of
the file: then only the line it stands in is given up, where the lines after it are rows by themselves.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from besra.events.readers.csv_dialect import Dialect, names_of
from besra.events.readers.json_text import too_long
from besra.problems import Place, Problem, Severity

PROBED = 10
"""Lines behind an open quote of which one has to be a row for all of them to be read as rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and its first line. `is_repaired`: NUL bytes or bytes that are not UTF-8 were replaced."""

    line: int
    cells: list[str]
    is_repaired: bool


class Table:
    """The rows of a stream, the header among them."""

    def __init__(self, stream: BinaryIO, path: str, limit: int, dialect: Dialect) -> None:
        self.columns = 0
        """Of the first row, which is the header."""
        self._path = path
        self._limit = limit
        self._dialect = dialect
        self._lines = _Lines(stream, limit)

    def rows(self) -> Iterator[Row | Problem]:
        """The rows that are not blank, and a problem for what is none."""
        lines = self._lines
        lines.skip(self._dialect.skip)
        parser = csv.reader(lines, delimiter=self._dialect.delimiter)
        while True:
            start = lines.begin()
            try:
                cells = self._next(parser)
            except csv.Error as error:
                yield self._damaged(f"not a row: {error}", start)
                continue
            if lines.is_too_long:
                lines.skip_line()
                yield too_long(self._path, start, self._limit)
            elif cells and lines.is_over:
                yield from self._after_open_quote(start)
            elif cells is None:
                return
            elif any(cells):
                self.columns = self.columns or len(cells)
                yield Row(start, cells, lines.is_repaired)

    def _next(self, parser: Iterator[list[str]]) -> list[str] | None:
        # The limit is the process's: it is put back before anybody else can see it.
        before = csv.field_size_limit(self._limit + 1)
        try:
            return next(parser, None)
        finally:
            csv.field_size_limit(before)

    def _after_open_quote(self, start: int) -> Iterator[Problem]:
        count = len(self._lines.held)
        if any(self._is_row(line) for line in self._lines.held[1 : 1 + PROBED]) and self._lines.read_again():
            yield self._damaged("a quoted cell that is not closed", start)
            return
        lines = "" if count == 1 else f" (lines {start} to {start + count - 1})"
        yield self._damaged(f"a quoted cell that is not closed before the end of the file{lines}", start)

    def _is_row(self, line: bytes) -> bool:
        cells = names_of(line.decode("utf-8", "replace").rstrip("\n"), self._dialect.delimiter)
        return len(cells) == self.columns > 1

    def _damaged(self, message: str, line: int) -> Problem:
        hint = "it is skipped; everything else is read"
        return Problem("csv-damaged-row", message, Severity.WARNING, Place(self._path, line), hint)


class _Lines:
    """Lines for the parser of cells, with those of the row it is at."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.held: list[bytes] = []
        self.is_over = False
        self.is_too_long = False
        self.is_repaired = False
        self._stream = stream
        self._limit = limit
        self._number = 0  # of lines given
        self._size = 0  # of those held
        self._ahead: deque[bytes] = deque()  # lines to be read again
        self._read = self._read_again = 0  # bytes

    def begin(self) -> int:
        """Begin a row; the number of its first line."""
        self.held = []
        self.is_over = self.is_too_long = self.is_repaired = False
        self._size = 0
        return self._number + 1

    def skip(self, count: int) -> None:
        """Pass over lines."""
        for _ in range(count):
            self._next()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self._next()
        self._size += len(raw)
        if self._size > self._limit:
            self.held.append(raw)
            self.is_too_long = True
            raise StopIteration
        if not raw:
            self.is_over = True
            raise StopIteration
        self.held.append(raw)
        text = raw.decode("utf-8", "replace")
        if "\0" in text or ("\ufffd" in text and b"\xef\xbf\xbd" not in raw):
            self.is_repaired = True
            text = text.replace("\0", "")
        return text

    def _next(self) -> bytes:
        raw = self._ahead.popleft() if self._ahead else self._stream.readline(self._limit + 1)
        self._read += len(raw)
        self._number += bool(raw)
        return raw

    def skip_line(self) -> None:
        """Read to the end of a line that was too long to hold."""
        raw = self.held[-1]
        while raw and not raw.endswith(b"\n"):
            raw = self._stream.readline(self._limit)

    def read_again(self) -> bool:
        """Give all lines of the row but the first once more; False if that has been done too often.

        No more bytes are read again than there were in all, which keeps the work in proportion to the file.
        """
        if self._read_again + self._size > self._read:
            return False
        self._read_again += self._size
        self._number -= len(self.held) - 1
        self._ahead.extendleft(reversed(self.held[1:]))
        return True
