"""What the headers of an event log file say it holds, read without parsing records.

Layout: a file header of one block (4,096 bytes), then chunks of 65,536 bytes, each starting with `ElfChnk` and the
first and last record id in it. Logs are grown ahead of use, so chunks of zeros at the end are free space.
"""

import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

FILE_MAGIC = b"ElfFile\0"
CHUNK_MAGIC = b"ElfChnk\0"
CHUNK_SIZE = 0x10000
SMALLEST_RECORD = 24
FILE_HEADER = struct.Struct("<8s3QI4H")
CHUNK_HEADER = struct.Struct("<8s4Q")
CHUNK_NUMBER = re.compile(r"chunk number (\d+): Failed to parse chunk header")


@dataclass(frozen=True, slots=True)
class Layout:
    """Ranges of damaged chunks (numbers from 0, both ends included), records promised by the intact chunks' headers,
    how many bytes the file lacks, and how many of those are the rest of its last chunk."""

    damaged: tuple[tuple[int, int], ...] = ()
    promised: int = 0
    missing_bytes: int = 0
    padding: int = 0

    def explains(self, message: str) -> bool:
        """Whether a complaint of the parser is about a chunk that is known to be damaged."""
        found = CHUNK_NUMBER.search(message)
        return found is not None and any(first <= int(found[1]) <= last for first, last in self.damaged)


def read_layout(stream: BinaryIO) -> Layout:
    """The layout of an event log file; empty for a file that is none. Leaves the stream anywhere."""
    size = stream.seek(0, 2)
    stream.seek(0)
    header = stream.read(128)
    if len(header) < 128 or not header.startswith(FILE_MAGIC):
        return Layout()
    *_, block_size, chunk_count = FILE_HEADER.unpack_from(header)
    block_size = block_size or 0x1000
    length = max(0, size - block_size)
    padding = -length % CHUNK_SIZE
    # The count is stale while a log is open: a file may well be longer than it says, never shorter.
    missing = max(chunk_count * CHUNK_SIZE - length, padding)
    damaged: list[int] = []
    empty: list[int] = []
    promised = 0
    for number in range((length + padding) // CHUNK_SIZE):
        stream.seek(block_size + number * CHUNK_SIZE)
        header = stream.read(512).ljust(CHUNK_HEADER.size, b"\0")
        magic, _, _, first, last = CHUNK_HEADER.unpack_from(header)
        if magic == CHUNK_MAGIC:
            promised += _count(first, last)
            damaged += empty  # zeros before records are a hole, not free space
            empty = []
        elif header.strip(b"\0") or number < chunk_count:
            damaged.append(number)
        else:
            empty.append(number)
    return Layout(_ranges(sorted(damaged)), promised, missing, padding)


def _count(first: int, last: int) -> int:
    """Records between two ids; 0 for a pair no chunk has room for (an empty chunk holds the largest number twice)."""
    count = last - first + 1
    return count if 0 < count <= CHUNK_SIZE // SMALLEST_RECORD and last != (1 << 64) - 1 else 0


def _ranges(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return tuple(ranges)
