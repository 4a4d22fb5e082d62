"""NDJSON in blocks of lines decoded together; the few lines that are not plain go to the ordinary reader as texts."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from besra.events.line_block import Decode, LineBlock
from besra.events.readers.document_reader import DocumentReader
from besra.events.readers.json_text import Text, too_long
from besra.problems import Problem

BLOCK = 8 * 2**20
"""Bytes of lines decoded together."""

PROBE = 20
"""Lines at the beginning of a file, one of which must be plain for its first block to be decoded."""

NEWLINE = ord("\n")

ACTION = re.compile(rb'\s*\{\s*"(?:index|create|update|delete)"')


@dataclass(frozen=True, slots=True)
class BlockSource:
    """How blocks are made: the decoder, the longest line in bytes, and the file the stream's bytes are those of."""

    decode: Decode
    limit: int
    file: Path | None = None


def block_lines(stream: BinaryIO, reader: DocumentReader, source: BlockSource) -> Iterator[Text | LineBlock | Problem]:
    """Blocks of plain lines, each followed by the texts of its other lines; problems of lines too long to read.

    A block's bytes are overwritten when the next one is asked for.
    """
    line, offset = 1, 0
    buffer, held = bytearray(BLOCK), 0
    while True:
        taken = _fill(stream, buffer, held)
        held += taken
        is_end = held < len(buffer)
        cut = held if is_end else buffer.rfind(b"\n") + 1
        if cut:
            line += yield from _decoded(memoryview(buffer)[:cut].toreadonly(), (line, offset), reader, source)
            offset += cut
            held -= cut
            buffer[:held] = buffer[cut : cut + held]
        elif held > source.limit:
            yield too_long(reader.path, line, source.limit)
            line += 1
            offset += held + _pass_over(stream, source.limit)
            held = 0
        elif held:
            # A line longer than the buffer. Not enlarged in place: views of it may be about.
            buffer = buffer + bytearray(len(buffer))
        if is_end:
            return


def _fill(stream: BinaryIO, buffer: bytearray, held: int) -> int:
    """Reads until the buffer is full or the stream at its end; the bytes read."""
    taken = 0
    with memoryview(buffer) as view:
        while held + taken < len(buffer):
            count = stream.readinto(view[held + taken :])  # type: ignore[attr-defined]  # all streams here have it
            if not count:
                break
            taken += count
    return taken


def _pass_over(stream: BinaryIO, limit: int) -> int:
    """Read to the end of the line without holding it; the bytes read."""
    passed = 0
    while rest := stream.readline(limit):
        passed += len(rest)
        if rest.endswith(b"\n"):
            break
    return passed


def _decoded(
    raw: memoryview, at: tuple[int, int], reader: DocumentReader, source: BlockSource
) -> Generator[Text | LineBlock, None, int]:
    """The block of some lines, then the texts of the lines it does not vouch for; `at` is its line and offset.

    Returns the number of its lines, blank ones too.
    """
    line, offset = at
    decoded, untimed = source.decode(raw)
    slow = decoded.slow
    if line == 1 and slow[:PROBE].all():
        slow[:] = True  # the file may be no JSON at all: the ordinary reader decides when to give up
    if reader.expects_document:
        slow[:1] = True
    for row in np.flatnonzero(slow[:-1]).tolist():
        # The document behind a bulk action takes its id from there.
        if ACTION.match(raw, int(decoded.starts[row])):
            slow[row + 1] = True
    untimed = untimed[~slow[untimed]]
    place = None if source.file is None else offset
    block = LineBlock(raw, decoded, reader.path, line, reader.default_index, untimed, source.file, place)
    if not slow.all():
        yield block
    for row in np.flatnonzero(slow).tolist():
        ended_early = row == block.size - 1 and raw[-1] != NEWLINE
        yield Text(block.text(row), block.line_of(row), reader.path, ended_early)
    return decoded.seen
