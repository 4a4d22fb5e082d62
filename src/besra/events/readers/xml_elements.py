"""Cuts a stream of XML into its `<Event>` elements, without a parser around them.

`wevtutil qe` writes elements without a root, Event Viewer within `<Events>`, and either file may be damaged or cut off.
So only the tags of events are looked for: a broken element costs itself, memory is bounded by the longest one, and a
document type declaration, with whatever entities it declares, is never given to a parser.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from besra.events.readers.json_text import Text, too_long
from besra.problems import Place, Problem, Severity

CHUNK = 1024 * 1024

PREFIX = rb"(?:[A-Za-z_][\w.-]{0,40}:)?"
EVENT_TAG = re.compile(rb"<(/?)" + PREFIX + rb"Event(?=[\s/>])")
LONGEST_TAG = 64

EVENT_EXPORT = re.compile(rb"<" + PREFIX + rb"Events?[\s/>]")
"""What the beginning of an export has and other XML has not."""

MOST_BETWEEN = 64 * 1024
"""Bytes between two events that are looked at; there is seldom more than a line end."""

MARKUP = ((b"<!--", b"-->"), (b"<?", b"?>"), (b"<", b">"))
"""What may stand between events and says nothing: comments, declarations, the tags of what is around them."""


class EventElements:
    """The elements of a stream; `line` is that of the last one that was whole."""

    def __init__(self, stream: BinaryIO, path: str, limit: int) -> None:
        self.line = 0
        self._stream = stream
        self._path = path
        self._limit = limit
        self._buffer = b""
        self._start = 0  # of the open element, or of what stands between elements
        self._scanned = 0  # where in the buffer to go on
        self._at, self._counted = 1, 0  # the line at a position in the buffer
        self._inside = False
        self._dropped = False  # what is open is too long and already reported

    def texts(self) -> Iterator[Text | Problem]:
        """The texts of the elements, and a problem for whatever else holds more than markup."""
        while chunk := self._stream.read(CHUNK):
            self._extend(chunk)
            yield from self._scan()
            if len(self._buffer) - self._start > self._limit:
                yield from self._drop()
        yield from self._cut(len(self._buffer), ended_early=True)

    def _extend(self, chunk: bytes) -> None:
        keep = self._scanned if self._dropped else self._start
        self._line_at(keep)
        self._buffer = self._buffer[keep:] + chunk
        self._scanned -= keep
        self._start = self._counted = 0

    def _line_at(self, position: int) -> int:
        self._at += self._buffer.count(b"\n", self._counted, position)
        self._counted = position
        return self._at

    def _scan(self) -> Iterator[Text | Problem]:
        while tag := EVENT_TAG.search(self._buffer, self._scanned):
            if not tag[1]:
                yield from self._cut(tag.start(), ended_early=True)
                self._inside = True
            elif self._inside:
                end = self._buffer.find(b">", tag.end(), tag.end() + LONGEST_TAG) + 1
                if not end and len(self._buffer) - tag.end() < LONGEST_TAG:
                    self._scanned = tag.start()
                    return
                yield from self._cut(end or tag.end(), ended_early=not end)
            self._scanned = max(tag.end(), self._start)
        # A tag may begin at the end of the buffer.
        self._scanned = max(self._scanned, self._start, len(self._buffer) - LONGEST_TAG)

    def _cut(self, end: int, *, ended_early: bool) -> Iterator[Text | Problem]:
        """What lies between the start and `end`, unless it was reported before."""
        piece = self._buffer[self._start : end]
        inside, dropped, start = self._inside, self._dropped, self._start
        self._start, self._inside, self._dropped = end, False, False
        if dropped or not piece:
            return
        line = self._line_at(start)
        if not inside:
            yield from _between(piece, line, self._path)
        elif len(piece) > self._limit:
            yield too_long(self._path, line, self._limit)
        else:
            self.line = line
            yield Text(piece, line, self._path, ended_early)

    def _drop(self) -> Iterator[Problem]:
        if self._dropped:
            return
        self._dropped = True
        line = self._line_at(self._start)
        if self._inside:
            yield too_long(self._path, line, self._limit)
        else:
            yield from _between(self._buffer[self._start :], line, self._path)


def _between(piece: bytes, line: int, path: str) -> Iterator[Problem]:
    """Problems of what stands between two events."""
    looked_at = piece[:MOST_BETWEEN]
    rest, position = b"", 0
    while position < len(looked_at):
        opening = looked_at.find(b"<", position)
        rest += looked_at[position : opening if opening >= 0 else None].strip(b" \t\r\n\0\x1a")
        if opening < 0 or rest:
            break
        if looked_at.startswith((b"<!DOCTYPE", b"<!ENTITY"), opening):
            yield _doctype(path, line + looked_at.count(b"\n", 0, opening))
            return
        closing = next(end for start, end in MARKUP if looked_at.startswith(start, opening))
        found = looked_at.find(closing, opening)
        if found < 0:
            rest = looked_at[opening:]
            break
        position = found + len(closing)
    if rest:
        first = looked_at.find(rest[:1], position)
        yield not_an_event("text outside of an event", path, line + looked_at.count(b"\n", 0, first))


def _doctype(path: str, line: int) -> Problem:
    return Problem(
        "xml-doctype",
        "a document type declaration, which is not read: no entity it declares is expanded",
        Severity.WARNING,
        Place(path, line),
        "logs are exported without one; events that use its entities are skipped",
    )


def not_an_event(what: str, path: str, line: int, column: int | None = None) -> Problem:
    """The problem of a piece of XML that gives no event."""
    hint = "it is skipped; everything else is read"
    return Problem("xml-damaged-record", what, Severity.WARNING, Place(path, line, column), hint)
