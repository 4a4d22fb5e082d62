"""Compressed input, told by its first bytes and used as far as it is readable.

Streams are iterators of chunks. Damage is an item of the stream, and its last: what came before it is good.
"""

import bz2
import lzma
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

import zstandard

from besra.events.chunks import Chunks, Damage
from besra.events.expansion import UNPACK, Allowance, size


class Compression(StrEnum):
    """A compression besra reads. `DEFLATE` has no magic number: it stands in archives only."""

    GZIP = "gzip"
    ZSTD = "zstd"
    BZIP2 = "bzip2"
    XZ = "xz"
    LZMA = "lzma"
    DEFLATE = "deflate"


GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
XZ_MAGIC = b"\xfd7zXZ\0"
BZIP2_MAGIC = b"BZh"
BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
"""What follows the level: a first block, or the end of an empty stream."""
SKIPPABLE_TAIL = b"\x2a\x4d\x18"
LZMA_PROPERTIES = 0x5D
"""The first byte of a `.lzma` file made with any preset."""

# Compressed bytes are fed in small pieces, since one may hold thousands of times its size.
PIECE = 8 * 1024
OUTPUT = 64 * 1024

ZSTD_PIECE = 1024
"""Its decompressor cannot be held to an output: a piece of this size gives at most 32 MiB."""

SLACK = 2**20
"""Bytes a decompressor needs beside its dictionary."""


def compression_of(head: bytes) -> Compression | None:
    """The compression whose magic number the content begins with."""
    if head.startswith(GZIP_MAGIC):
        return Compression.GZIP
    # Skippable frames, which parallel compressors write first, have sixteen magic numbers.
    skippable = head[1:4] == SKIPPABLE_TAIL and head[0] & 0xF0 == 0x50
    if head.startswith(ZSTD_MAGIC) or skippable:
        return Compression.ZSTD
    if head.startswith(XZ_MAGIC):
        return Compression.XZ
    if head.startswith(BZIP2_MAGIC) and head[3:4].isdigit() and head[4:10] in BZIP2_BLOCKS:
        return Compression.BZIP2
    return Compression.LZMA if _is_lzma(head) else None


def _is_lzma(head: bytes) -> bool:
    """Whether a `.lzma` header begins the content: properties, a power of two as dictionary, and a size or none."""
    if len(head) < 14 or head[0] != LZMA_PROPERTIES:
        return False
    dictionary, length = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:13], "little")
    # Of the range coder the first byte is always zero.
    return dictionary.bit_count() in (1, 2) and dictionary >= 2**12 and _is_size(length) and head[13] == 0


def _is_size(length: int) -> bool:
    return length == 2**64 - 1 or length < 2**48


def decompress(chunks: Chunks, compression: Compression, allowance: Allowance) -> Chunks:
    """The decompressed stream, all members or frames of it; `Damage` if it does not end as it should.

    What comes out is taken from the allowance; where that ends, the stream ends.
    """
    decoder: Decoder | None = None
    seen = False
    for piece in _pieces(chunks, ZSTD_PIECE if compression is Compression.ZSTD else PIECE):
        if isinstance(piece, Damage):
            yield piece
            return
        rest = piece
        while rest:
            if decoder is None:
                # Tapes and block devices pad the last member with zeros, and so does xz itself.
                rest = rest.lstrip(b"\0") if seen and compression is not Compression.ZSTD else rest
                if not rest:
                    break
                decoder, seen = decoder_of(compression, allowance.limits.dictionary), True
            try:
                for data in decoder.feed(rest):
                    # Before: whoever has seen enough asks for nothing more.
                    beyond = allowance.expand(len(data))
                    yield data
                    if beyond:
                        yield beyond
                        return
            except DECODING_ERRORS as error:
                yield _damage(compression, error, allowance)
                return
            rest = decoder.rest
            if decoder.ended:
                decoder = None
                if compression is Compression.DEFLATE:
                    return  # in an archive something else may follow
    if decoder is not None:
        yield Damage(f"the {compression} stream is truncated")


DECODING_ERRORS = (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError, EOFError, ValueError)
"""bz2 raises OSError."""


def _damage(compression: Compression, error: Exception, allowance: Allowance) -> Damage:
    text = str(error)
    if "Memory usage limit" in text or "too much memory" in text:
        limit = size(allowance.limits.dictionary)
        return Damage(f"the {compression} stream needs more than {limit} of memory to be decompressed", UNPACK)
    return Damage(f"the {compression} stream is damaged ({error})")


def _pieces(chunks: Chunks, length: int) -> Chunks:
    for chunk in chunks:
        if isinstance(chunk, Damage):
            yield chunk
            return
        for start in range(0, len(chunk), length):
            yield chunk[start : start + length]


class Decoder(Protocol):
    """One gzip member, zstd frame or the like on its way."""

    rest: bytes
    ended: bool

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The output of a piece, never empty; then `ended` is set, and `rest` to what lies beyond the end."""


def decoder_of(compression: Compression, dictionary: int) -> Decoder:
    """A decoder that needs so many bytes of memory at most; it fails where it would need more."""
    match compression:
        case Compression.GZIP:
            return Inflater(31)
        case Compression.DEFLATE:
            return Inflater(-15)
        case Compression.ZSTD:
            return ZstdDecoder(dictionary)
        case Compression.BZIP2:
            return BoundedDecoder(bz2.BZ2Decompressor())
        case Compression.XZ:
            return BoundedDecoder(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=dictionary + SLACK))
        case Compression.LZMA:
            return BoundedDecoder(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=dictionary + SLACK))


class Inflater:
    """Deflate, with or without what gzip puts around it."""

    def __init__(self, wbits: int) -> None:
        self._inflate = zlib.decompressobj(wbits=wbits)
        self.rest = b""
        self.ended = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """See `Decoder`."""
        # Small outputs keep memory bounded, and keep what precedes an error within the piece.
        data = self._inflate.decompress(piece, OUTPUT)
        while data:
            yield data
            data = self._inflate.decompress(self._inflate.unconsumed_tail, OUTPUT)
        self.ended, self.rest = self._inflate.eof, self._inflate.unused_data


class ZstdDecoder:
    """A zstd frame."""

    def __init__(self, dictionary: int) -> None:
        self._zstd = zstandard.ZstdDecompressor(max_window_size=dictionary).decompressobj()
        self.rest = b""
        self.ended = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """See `Decoder`."""
        data = self._zstd.decompress(piece)
        for start in range(0, len(data), 16 * OUTPUT):
            yield data[start : start + 16 * OUTPUT] if len(data) > 16 * OUTPUT else data
        self.ended, self.rest = self._zstd.eof, self._zstd.unused_data


class BoundedDecoder:
    """What the standard library's decompressors of bzip2 and LZMA have in common."""

    def __init__(self, decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._decompressor = decompressor
        self.rest = b""
        self.ended = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """See `Decoder`."""
        decompressor = self._decompressor
        data = decompressor.decompress(piece, OUTPUT)
        while data:
            yield data
            if decompressor.eof or decompressor.needs_input:
                break
            data = decompressor.decompress(b"", OUTPUT)
        self.ended = decompressor.eof
        self.rest = decompressor.unused_data
