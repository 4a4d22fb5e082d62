"""Bodies of requests: compressed or not, never larger than allowed once they are in the clear."""

import zlib

import zstandard

ENCODINGS = ("gzip", "deflate", "zstd", "identity")
PIECE = 64 * 1024


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
            clear = _inflated(body, 31, limit)
        case "deflate":
            clear = _inflated(body, 15, limit)
        case "zstd":
            clear = _expanded(body, limit)
        case other:
            raise BodyError(415, f"the content encoding {other[:40]!r} is none of {', '.join(ENCODINGS)}")
    if len(clear) > limit:
        raise _too_large(limit)
    return clear


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    inflate = zlib.decompressobj(wbits=window)
    try:
        clear = inflate.decompress(body, limit + 1)
    except zlib.error as error:
        raise BodyError(400, f"the body is not what its content encoding says: {error}") from error
    if len(clear) <= limit and not inflate.eof:
        raise BodyError(400, "the compressed body is cut off")
    return clear


def _expanded(body: bytes, limit: int) -> bytes:
    clear = bytearray()
    try:
        with zstandard.ZstdDecompressor().stream_reader(body) as reader:
            while len(clear) <= limit and (piece := reader.read(PIECE)):
                clear += piece
    except zstandard.ZstdError as error:
        raise BodyError(400, f"the body is not what its content encoding says: {error}") from error
    return bytes(clear)


def _too_large(limit: int) -> BodyError:
    return BodyError(413, f"the body is larger than {limit / 2**20:g} MiB in the clear; send smaller batches")
