"""NDJSON in blocks of lines decoded together; the few lines that are not plain go to the ordinary reader as texts."""

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from besra.events.line_block import ACTION, BLOCK, Buffer, Decoder, LineBlock, Pending, RawLines
from besra.events.readers.document_reader import DocumentReader
from besra.events.readers.json_text import Text, too_long
from besra.problems import Problem

FIRST_BUFFER = 1 << 18
"""Bytes of the first buffer of a file: most files are small, and memory has to be cleared."""

NEWLINE = ord("\n")

MOST_BLANK = 100
"""Blank lines looked behind for a bulk action: a file may be nothing but blank lines."""


@dataclass(frozen=True, slots=True)
class BlockSource:
    """How blocks are made: the decoder, the longest line in bytes, and the file the stream's bytes are those of."""

    decoder: Decoder
    limit: int
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """The first `size` bytes of a buffer, whole lines that begin at `offset` of the stream.

    Without a buffer it is a line too long to hold.
    """

    buffer: Buffer | None
    size: int
    offset: int

    @property
    def view(self) -> memoryview:
        assert self.buffer is not None
        return memoryview(self.buffer)[: self.size].toreadonly()


def block_lines(stream: BinaryIO, reader: DocumentReader, source: BlockSource) -> Iterator[Text | LineBlock | Problem]:
    """Blocks of plain lines, each followed by the texts of its other lines; problems of lines too long to read.

    A block's bytes are overwritten when the next one is asked for.
    """
    line = 1
    waiting: deque[tuple[_Piece, Pending | None]] = deque()
    pieces = _pieces(stream, source)
    is_over = False
    while not is_over or waiting:
        while not is_over and len(waiting) <= source.decoder.ahead:
            piece = next(pieces, None)
            is_over = piece is None
            if piece:
                waiting.append((piece, _submitted(piece, reader, source)))
        if not waiting:
            return
        piece, pending = waiting.popleft()
        if pending is None:
            yield too_long(reader.path, line, source.limit)
            line += 1
            continue
        line += yield from _decoded(piece, pending, line, reader, source)
        if piece.buffer is not None:
            source.decoder.give(piece.buffer)


def _submitted(piece: _Piece, reader: DocumentReader, source: BlockSource) -> Pending | None:
    if piece.buffer is None:
        return None
    return source.decoder.submit(RawLines(piece.view, piece.offset == 0, reader.default_index))


def _pieces(stream: BinaryIO, source: BlockSource) -> Iterator[_Piece]:
    """The stream in pieces."""
    buffer: Buffer = bytearray(min(FIRST_BUFFER, BLOCK))
    held, offset = 0, 0
    while True:
        held += _fill(stream, buffer, held)
        is_end = held < len(buffer)
        cut = held if is_end else 0 if len(buffer) < BLOCK else _cut(buffer)
        if cut:
            rest = held - cut
            following = buffer if is_end else _following(source, rest)
            if not is_end:
                following[:rest] = buffer[cut:held]
            yield _Piece(buffer, cut, offset)
            buffer, held, offset = following, rest, offset + cut
        elif len(buffer) >= BLOCK and held > source.limit:
            passed = held + _pass_over(stream, source.limit)
            yield _Piece(None, passed, offset)
            held, offset = 0, offset + passed
        elif held:
            # Not enlarged in place: views of it may be about.
            larger = bytearray(min(4 * len(buffer), BLOCK) if len(buffer) < BLOCK else 2 * len(buffer))
            larger[:held] = buffer[:held]
            buffer = larger
        if is_end:
            return


def _following(source: BlockSource, rest: int) -> Buffer:
    """A buffer for what follows a piece, which begins with so many bytes of its buffer."""
    return source.decoder.take() if rest < BLOCK else bytearray(2 * rest)


def _fill(stream: BinaryIO, buffer: Buffer, held: int) -> int:
    """Reads until the buffer is full or the stream at its end; the bytes read."""
    taken = 0
    with memoryview(buffer) as view:
        while held + taken < len(buffer):
            count = stream.readinto(view[held + taken :])  # type: ignore[attr-defined]  # all streams here have it
            if not count:
                break
            taken += count
    return taken


def _cut(buffer: Buffer) -> int:
    """Where the whole lines of a full buffer end; a bulk action stays with the document behind it.

    A few blank lines may stand between; what comes after more of them is read one by one.
    """
    cut = end = buffer.rfind(b"\n") + 1
    for _ in range(MOST_BLANK):
        start = buffer.rfind(b"\n", 0, max(0, end - 1)) + 1
        if not buffer[start:end].isspace():
            return start if ACTION.match(buffer, start, end) else cut
        end = start
    return cut


def _pass_over(stream: BinaryIO, limit: int) -> int:
    """Read to the end of the line without holding it; the bytes read."""
    passed = 0
    while rest := stream.readline(limit):
        passed += len(rest)
        if rest.endswith(b"\n"):
            break
    return passed


def _decoded(
    piece: _Piece, pending: Pending, line: int, reader: DocumentReader, source: BlockSource
) -> Generator[Text | LineBlock, None, int]:
    """The block of some lines, then the texts of the lines it does not vouch for. Returns the number of its lines."""
    outcome = pending.result()
    raw, decoded, kept = piece.view, outcome.decoded, outcome.kept
    slow = decoded.slow
    if reader.expects_document:
        # A bulk action whose document does not follow at once: rare enough to read all of it one by one.
        slow[:] = True
    untimed = outcome.untimed[~slow[outcome.untimed]]
    place = None if source.file is None else piece.offset
    block = LineBlock(raw, decoded, reader.path, line, reader.default_index, untimed, source.file, place, kept)
    if not slow.all():
        yield block
    for row in np.flatnonzero(slow).tolist():
        ended_early = row == block.size - 1 and raw[-1] != NEWLINE
        yield Text(block.text(row), block.line_of(row), reader.path, ended_early)
    return decoded.seen
