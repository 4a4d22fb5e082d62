"""Bodies of requests: compressed or not, never larger than allowed once they are in the clear."""

import zlib

from besra.events.chunks import Damage
from besra.events.compression import Compression, decompress
from besra.events.expansion import Allowance, ExpansionLimits

LIMITS = ExpansionLimits()
"""Those of files; the limit of a body is reached long before."""

ENCODINGS = ("gzip", "deflate", "zstd", "identity")


class BodyError(Exception):
    """A body that is not taken; `status` is the HTTP status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def in_the_clear(body: bytes, encoding: str | None, limit: int) -> bytes:
    """The body decompressed as its Content-Encoding says, at most `limit` bytes. Raises BodyError."""
    match (encoding or "identity").strip().lower():
        case "identity":
            clear = body
        case "gzip" | "x-gzip":
            clear = _decompressed(body, Compression.GZIP, limit)
        case "deflate":
            clear = _inflated(body, limit)
        case "zstd":
            clear = _decompressed(body, Compression.ZSTD, limit)
        case other:
            raise BodyError(415, f"the content encoding {other[:40]!r} is none of {', '.join(ENCODINGS)}")
    if len(clear) > limit:
        raise _too_large(limit)
    return clear


def _decompressed(body: bytes, compression: Compression, limit: int) -> bytes:
    """All members or frames of a body, as those of a file are read."""
    clear = bytearray()
    for chunk in decompress(iter([body]), compression, Allowance(LIMITS)):
        if isinstance(chunk, Damage):
            raise BodyError(400, f"the body is not what its content encoding says: {chunk.what}")
        clear += chunk
        if len(clear) > limit:
            break
    return bytes(clear)


def _inflated(body: bytes, limit: int) -> bytes:
    inflate = zlib.decompressobj()
    try:
        clear = inflate.decompress(body, limit + 1)
    except zlib.error as error:
        raise BodyError(400, f"the body is not what its content encoding says: {error}") from error
    if len(clear) <= limit and not inflate.eof:
        raise BodyError(400, "the compressed body is cut off")
    return clear


def _too_large(limit: int) -> BodyError:
    return BodyError(413, f"the body is larger than {limit / 2**20:g} MiB in the clear; send smaller batches")
