"""NDJSON in blocks of lines decoded together; the few lines that are not plain go to the ordinary reader as texts.

Of an ordinary file only the ends of lines are looked for here: whoever decodes a block reads it where it stands.
"""

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from besra.events.file_lines import FileBytes, FileLines, FileReader, PlainFile
from besra.events.line_block import ACTION, BLOCK, Buffer, Bytes, Decoder, LineBlock, Pending, RawLines
from besra.events.readers.document_reader import DocumentReader
from besra.events.readers.json_text import Text, too_long
from besra.problems import Problem

FIRST_BUFFER = 1 << 18
"""Bytes of the first buffer of a file: most files are small, and memory has to be cleared."""

LOOKED_AT = 1 << 16
"""Bytes at the end of a part of a file that are first searched for the end of a line."""

MOST_BLANK = 100
"""Blank lines looked behind for a bulk action: a file may be nothing but blank lines."""


@dataclass(frozen=True, slots=True)
class BlockSource:
    """How blocks are made: the decoder, the longest line in bytes, and the file the stream's bytes are those of.

    Where there is a file, nothing is read of the stream.
    """

    decoder: Decoder
    limit: int
    file: PlainFile | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """Whole lines and their bytes; `buffer` is to be given back. Without lines it is a line too long to hold."""

    lines: RawLines | FileLines | None = None
    bytes: Bytes | None = None
    buffer: Buffer | None = None


def block_lines(stream: BinaryIO, reader: DocumentReader, source: BlockSource) -> Iterator[Text | LineBlock | Problem]:
    """Blocks of plain lines, each followed by the texts of its other lines; problems of lines too long to read.

    A block's bytes are overwritten when the next one is asked for. Raises UnreadError if the file cannot be read to
    its end; what came before is whole.
    """
    line = 1
    waiting: deque[tuple[_Piece, Pending | None]] = deque()
    home = reader.intake.default_index
    pieces = _pieces(stream, home, source) if source.file is None else _pieces_of_file(source.file, home, source.limit)
    is_over = False
    while not is_over or waiting:
        while not is_over and len(waiting) <= source.decoder.ahead:
            piece = next(pieces, None)
            is_over = piece is None
            if piece:
                waiting.append((piece, source.decoder.submit(piece.lines) if piece.lines else None))
        if not waiting:
            return
        piece, pending = waiting.popleft()
        if pending is None:
            yield too_long(reader.path, line, source.limit)
            line += 1
            continue
        line += yield from _decoded(piece, pending, line, reader)
        if piece.buffer is not None:
            source.decoder.give(piece.buffer)


def _pieces_of_file(file: PlainFile, default_index: str | None, limit: int) -> Iterator[_Piece]:
    """A file in pieces, of which only the ends are read."""
    reader, offset = FileReader(), 0
    while rest := reader.rest(file, offset):
        size = _whole_lines(reader, file, offset, rest, limit)
        if size:
            yield _Piece(FileLines(file, offset, size, default_index), FileBytes(reader, file, offset))
        else:
            size = _line_length(reader, file, offset, rest)
            yield _Piece()
        if size == rest:
            return  # what a file grows by meanwhile may be half a line
        offset += size


def _pieces(stream: BinaryIO, default_index: str | None, source: BlockSource) -> Iterator[_Piece]:
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
            view = memoryview(buffer)[:cut].toreadonly()
            yield _Piece(RawLines(view, offset == 0, default_index), view, buffer)
            buffer, held, offset = following, rest, offset + cut
        elif len(buffer) >= BLOCK and held > source.limit:
            passed = held + _pass_over(stream, source.limit)
            yield _Piece()
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


def _whole_lines(reader: FileReader, file: PlainFile, offset: int, rest: int, limit: int) -> int:
    """The size of the next piece of a file, of which so much is left; 0 if it begins with a line too long to hold."""
    size = BLOCK
    while size < rest:
        cut = _cut_of_file(reader, file, offset, size)
        if cut or size > limit:
            return cut
        size *= 2
    return rest


def _cut_of_file(reader: FileReader, file: PlainFile, offset: int, size: int) -> int:
    """Where the whole lines of a part of a file end, as `_cut` has it. Looks at its end first."""
    looked = LOOKED_AT
    while looked < size:
        tail = reader.part(file, offset + size - looked, looked)
        first, last = tail.find(b"\n") + 1, tail.rfind(b"\n") + 1  # what stands before the first may be half a line
        if tail[first:last].strip():
            return size - looked + first + _cut(tail[first:])
        looked *= 8
    return _cut(reader.part(file, offset, size))


def _line_length(reader: FileReader, file: PlainFile, offset: int, rest: int) -> int:
    """The length of the line at an offset of a file, of which so much is left. Does not hold the line."""
    passed = 0
    while passed < rest:
        part = reader.part(file, offset + passed, min(BLOCK, rest - passed))
        end = part.find(b"\n") + 1
        passed += end or len(part)
        if end:
            break
    return passed


def _pass_over(stream: BinaryIO, limit: int) -> int:
    """Read to the end of the line without holding it; the bytes read."""
    passed = 0
    while rest := stream.readline(limit):
        passed += len(rest)
        if rest.endswith(b"\n"):
            break
    return passed


def _decoded(
    piece: _Piece, pending: Pending, line: int, reader: DocumentReader
) -> Generator[Text | LineBlock, None, int]:
    """The block of some lines, then the texts of the lines it does not vouch for. Returns the number of its lines."""
    outcome = pending.result()
    decoded, lines = outcome.decoded, piece.lines
    assert lines is not None and piece.bytes is not None
    slow = decoded.slow
    if reader.expects_document:
        # A bulk action whose document does not follow at once: rare enough to read all of it one by one.
        slow[:] = True
    path, offset = (lines.file.path, lines.offset) if isinstance(lines, FileLines) else (None, None)
    block = LineBlock(piece.bytes, outcome, reader.path, line, lines.default_index, path, offset)
    if not slow.all():
        yield block
    for row in np.flatnonzero(slow).tolist():
        ended_early = row == block.size - 1 and bytes(piece.bytes[lines.size - 1 : lines.size]) != b"\n"
        yield Text(block.text(row), block.line_of(row), reader.path, ended_early)
    return decoded.seen
