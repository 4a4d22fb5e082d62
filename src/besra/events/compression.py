"""Compressed input, told by its first bytes and used as far as it is readable.

Streams are iterators of chunks. Damage is an item of the stream, and its last: what came before it is good.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import zstandard


@dataclass(frozen=True, slots=True)
class Damage:
    """Why a stream ends where it does, as a clause: "the gzip stream is truncated"."""

    what: str


Chunks = Iterator[bytes | Damage]


class Compression(StrEnum):
    """A compression besra reads."""

    GZIP = "gzip"
    ZSTD = "zstd"


GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPABLE_TAIL = b"\x2a\x4d\x18"

# Compressed bytes are fed in small pieces, since one may hold thousands of times its size.
PIECE = 8 * 1024
OUTPUT = 64 * 1024


def compression_of(head: bytes) -> Compression | None:
    """The compression whose magic number the content begins with."""
    if head.startswith(GZIP_MAGIC):
        return Compression.GZIP
    # Skippable frames, which parallel compressors write first, have sixteen magic numbers.
    skippable = head[1:4] == SKIPPABLE_TAIL and head[0] & 0xF0 == 0x50
    return Compression.ZSTD if head.startswith(ZSTD_MAGIC) or skippable else None


def decompress(chunks: Chunks, compression: Compression) -> Chunks:
    """The decompressed stream, all gzip members or zstd frames of it; `Damage` if it does not end as it should."""
    member: Member | None = None
    seen = False
    for piece in _pieces(chunks):
        if isinstance(piece, Damage):
            yield piece
            return
        rest = piece
        while rest:
            if member is None:
                # Tapes and block devices pad the last gzip member with zeros.
                rest = rest.lstrip(b"\0") if seen and compression is Compression.GZIP else rest
                if not rest:
                    break
                member, seen = Member(compression), True
            try:
                yield from member.feed(rest)
            except (zlib.error, zstandard.ZstdError) as error:
                yield Damage(f"the {compression} stream is damaged ({error})")
                return
            rest = member.rest
            if member.ended:
                member = None
    if member is not None:
        yield Damage(f"the {compression} stream is truncated")


def _pieces(chunks: Chunks) -> Chunks:
    for chunk in chunks:
        if isinstance(chunk, Damage):
            yield chunk
            return
        for start in range(0, len(chunk), PIECE):
            yield chunk[start : start + PIECE]


class Member:
    """One gzip member or zstd frame on its way."""

    def __init__(self, compression: Compression) -> None:
        gzip = compression is Compression.GZIP
        self._inflate = zlib.decompressobj(wbits=31) if gzip else None
        self._zstd = None if gzip else zstandard.ZstdDecompressor().decompressobj()
        self.rest = b""
        self.ended = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The output of a piece; sets `ended`, and `rest` to what lies beyond the end."""
        if self._inflate is not None:
            # Small outputs keep memory bounded, and keep what precedes an error within the piece.
            data = self._inflate.decompress(piece, OUTPUT)
            while data:
                yield data
                data = self._inflate.decompress(self._inflate.unconsumed_tail, OUTPUT)
            self.ended, self.rest = self._inflate.eof, self._inflate.unused_data
        elif self._zstd is not None:
            data = self._zstd.decompress(piece)
            if data:
                yield data
            self.ended, self.rest = self._zstd.eof, self._zstd.unused_data
