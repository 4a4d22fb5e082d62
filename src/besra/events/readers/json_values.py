"""JSON that is not one document a line: arrays, pretty-printed objects, objects without a separator.

Only structure is looked at here (strings, brackets, line ends), to cut the stream into the texts of its documents;
memory is bounded by the largest document. A document is an object at the top, or an element of an array at the top.

A broken document costs only itself: no JSON string holds a line end, and an opening brace that stands first on its line
where no value may stand begins the next document.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from besra.events.readers.json_text import Text, too_long
from besra.problems import Place, Problem, Severity

CHUNK = 1024 * 1024

# What lies before the next bracket: anything, and whole strings. A string ends at the end of its line at the latest.
STRING = rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+(?:["\n]|\\(?=\n))'
GAP = re.compile(rb'[^"{}\[\]]*+(?:' + STRING + rb'[^"{}\[\]]*+)*+')
SPACE = b" \t\r\n"
BETWEEN = b" \t\r\n,"
BRACE = ord("{")
QUOTE = ord('"')
CLOSERS = b"}]"


class ValueSplitter:
    """Cuts a stream into the texts of its documents."""

    def __init__(self, stream: BinaryIO, path: str, limit: int) -> None:
        self._stream = stream
        self._path = path
        self._limit = limit
        self._buffer = b""
        self._scanned = 0  # where in the buffer to go on
        self._start = 0  # of the open document, or of what stands between documents
        self._line, self._counted = 1, 0  # the line at a position in the buffer
        self._open = bytearray()  # the brackets that are open
        self._outside = 0  # how many of them are not the document's
        self._in_document = False
        self._dropped = False  # the open document is too long and already reported

    def texts(self) -> Iterator[Text | Problem]:
        """The documents and, so that nothing is lost in silence, what stands between them."""
        size = CHUNK
        while chunk := self._stream.read(size):
            self._extend(chunk)
            yield from self._scan()
            yield from self._drop_if_too_long()
            # A string that does not end within the buffer is scanned again: doubling keeps that linear.
            size = max(CHUNK, len(self._buffer) - self._scanned)
        yield from self._scan()
        within = self._in_document
        yield from self._cut(len(self._buffer), ended_early=within)
        if self._open and not within:
            message = "the array that holds the documents is not closed; was the file cut off?"
            yield Problem("input-truncated", message, Severity.WARNING, Place(self._path, self._line))

    def _extend(self, chunk: bytes) -> None:
        keep = self._scanned if self._dropped else self._start
        self._line_at(keep)
        if self._dropped and self._buffer[keep : keep + 1] == b'"':
            # Inside a string nobody will read: only whether the next byte is escaped counts.
            inner = self._buffer[keep + 1 :]
            self._buffer = b'"\\' if (len(inner) - len(inner.rstrip(b"\\"))) % 2 else b'"'
        else:
            self._buffer = self._buffer[keep:]
        self._scanned -= keep
        self._start = 0
        self._counted = 0
        self._buffer += chunk

    def _line_at(self, position: int) -> int:
        self._line += self._buffer.count(b"\n", self._counted, position)
        self._counted = position
        return self._line

    def _scan(self) -> Iterator[Text | Problem]:
        while True:
            position = GAP.match(self._buffer, self._scanned).end()  # type: ignore[union-attr]  # may be empty
            self._scanned = position
            # At the end of the buffer, or before a string that does not end within it.
            if position == len(self._buffer) or self._buffer[position] == QUOTE:
                return
            if not (self._in_document and self._stays_inside(position)):
                yield from self._cross(position)
            self._scanned = position + 1

    def _stays_inside(self, position: int) -> bool:
        """Follow a bracket that neither begins nor ends a document; False for one that does."""
        bracket = self._buffer[position]
        if bracket in CLOSERS:
            if len(self._open) - 1 == self._outside:
                return False
            self._open.pop()
            return True
        if bracket == BRACE and self._begins_anew(position):
            return False
        self._open.append(bracket)
        return True

    def _cross(self, position: int) -> Iterator[Text | Problem]:
        """Follow a bracket that begins or ends a document, or the array around the documents."""
        bracket = self._buffer[position]
        if bracket in CLOSERS:
            if self._open:
                self._open.pop()
            yield from self._cut(position + self._in_document)
            self._start = position + 1
        else:
            if self._in_document:
                del self._open[self._outside :]
            yield from self._cut(position)
            self._begin(position, bracket)

    def _begin(self, position: int, bracket: int) -> None:
        # A bracket at the top opens the array of documents; within it, an element that is a list.
        self._in_document = bracket == BRACE or bool(self._open)
        self._outside = len(self._open)
        self._open.append(bracket)
        self._start = position if self._in_document else position + 1

    def _begins_anew(self, position: int) -> bool:
        """Whether the brace at a position cannot belong to the open document."""
        before = position - 1
        if before >= 0 and self._buffer[before] not in SPACE:
            return False
        while before >= 0 and self._buffer[before] in SPACE:
            before -= 1
        if before < 0 or b"\n" not in self._buffer[before:position]:
            return False
        return self._buffer[before] not in (b":" if self._open[-1] == BRACE else b"[,")

    def _cut(self, end: int, *, ended_early: bool = False) -> Iterator[Text | Problem]:
        """What lies between the start and `end`, unless that is nothing or was reported before."""
        self._skip_space(end)
        piece = self._buffer[self._start : end]
        if not self._in_document:
            piece = piece.rstrip(BETWEEN)
        if piece and not self._dropped:
            line = self._line_at(self._start)
            if len(piece) > self._limit:
                yield too_long(self._path, line, self._limit)
            else:
                yield Text(piece, line, self._path, ended_early)
        self._start = end
        self._in_document = self._dropped = False

    def _skip_space(self, end: int) -> None:
        if not self._in_document:
            between = self._buffer[self._start : end]
            self._start += len(between) - len(between.lstrip(BETWEEN))

    def _drop_if_too_long(self) -> Iterator[Problem]:
        self._skip_space(len(self._buffer))
        if not self._dropped and len(self._buffer) - self._start > self._limit:
            self._dropped = True
            yield too_long(self._path, self._line_at(self._start), self._limit)
