"""NDJSON in blocks of lines decoded together; the few lines that are not plain go to the ordinary reader as texts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from besra.events.line_block import Decode, LineBlock
from besra.events.readers.document_reader import DocumentReader
from besra.events.readers.json_text import Text, too_long
from besra.problems import Problem

BLOCK = 32 * 2**20
"""Bytes of lines decoded together."""

PROBE = 20
"""Lines at the beginning of a file, one of which must be plain for its first block to be decoded."""

ACTION = re.compile(rb'\s*\{\s*"(?:index|create|update|delete)"')


@dataclass(frozen=True, slots=True)
class BlockSource:
    """How blocks are made: the decoder, the longest line in bytes, and the file the stream's bytes are those of."""

    decode: Decode
    limit: int
    file: Path | None = None


def block_lines(stream: BinaryIO, reader: DocumentReader, source: BlockSource) -> Iterator[Text | LineBlock | Problem]:
    """Blocks of plain lines, each followed by the texts of its other lines; problems of lines too long to read."""
    line, offset = 1, 0
    while raw := stream.read(BLOCK):
        consumed = len(raw)
        if not raw.endswith(b"\n"):
            rest = stream.readline(source.limit + 1)
            consumed += len(rest)
            if len(rest) > source.limit and not rest.endswith(b"\n"):
                lines = raw[: raw.rfind(b"\n") + 1]
                yield from _decoded(lines, (line, offset), reader, source)
                line += lines.count(b"\n") + 1
                yield too_long(reader.path, line - 1, source.limit)
                offset += consumed + _pass_over(stream, source.limit)
                continue
            raw += rest
        yield from _decoded(raw, (line, offset), reader, source)
        line += raw.count(b"\n")
        offset += consumed


def _pass_over(stream: BinaryIO, limit: int) -> int:
    """Read to the end of the line without holding it; the bytes read."""
    passed = 0
    while rest := stream.readline(limit):
        passed += len(rest)
        if rest.endswith(b"\n"):
            break
    return passed


def _decoded(
    raw: bytes, at: tuple[int, int], reader: DocumentReader, source: BlockSource
) -> Iterator[Text | LineBlock]:
    """The block of some lines, then the texts of the lines it does not vouch for; `at` is its line and offset."""
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
        ended_early = row == block.size - 1 and not raw.endswith(b"\n")
        yield Text(block.text(row), block.line_of(row), reader.path, ended_early)
