"""The bytes of one input: opened once, decompressed, decoded to UTF-8, with its first bytes to look at.

Nothing here needs to seek, so a file, a pipe and standard input are the same.
"""

import codecs
import io
import itertools
from collections.abc import Callable
from typing import Any, BinaryIO

from besra.events.compression import Chunks, Compression, Damage, compression_of, decompress

CHUNK = 1024 * 1024
HEAD = 64 * 1024


class ByteStream(io.RawIOBase):
    """Chunks as a readable stream. `damage` is set once the stream has ended before its time.

    With `direct`, what follows the chunks is read from there straight to where it is wanted.
    """

    def __init__(self, chunks: Chunks, direct: "Direct | None" = None) -> None:
        super().__init__()
        self._chunks = chunks
        self._direct = direct
        self._rest = memoryview(b"")
        self.damage: Damage | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the stub asks for any buffer
        """The next bytes, at most one chunk; 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, b"") if self.damage is None else b""
            if isinstance(chunk, Damage):
                self.damage, chunk = chunk, b""
            if not chunk:
                return self._read_direct(buffer)
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _read_direct(self, buffer: memoryview) -> int:
        if self._direct is None or self.damage is not None:
            return 0
        found = self._direct(buffer)
        if isinstance(found, Damage):
            self.damage, found = found, 0
        return found


Direct = Callable[[memoryview], int | Damage]
"""Reads into a buffer; the number of bytes, 0 at the end."""


class _Source:
    """An open file and the bytes read of it. Not part of `Content`: a cycle would keep its buffers for long."""

    def __init__(self, file: BinaryIO) -> None:
        self.bytes_read = 0
        self._file: Any = file

    @property
    def can_read_into(self) -> bool:
        return hasattr(self._file, "readinto")

    def read_into(self, buffer: memoryview) -> int | Damage:
        try:
            count = int(self._file.readinto(buffer) or 0)
        except OSError as error:
            return _unread(error)
        self.bytes_read += count
        return count

    def chunks(self) -> Chunks:
        while True:
            try:
                chunk = self._file.read(CHUNK)
            except OSError as error:
                yield _unread(error)
                return
            if not chunk:
                return
            self.bytes_read += len(chunk)
            yield chunk


class Content:
    """An open input: `stream` is all of it in the clear, `head` its first bytes (up to `HEAD`, or more).

    `is_verbatim` says that the stream's bytes are the input's, one for one.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._source = _Source(file)
        self.head, taken, rest = _look_ahead(self._source.chunks())
        chunks: Chunks = itertools.chain(taken, rest)
        self.compression: Compression | None = compression_of(self.head)
        if self.compression:
            self.head, taken, rest = _look_ahead(decompress(chunks, self.compression))
            chunks = itertools.chain(taken, rest)
        encoding = encoding_of(self.head)
        if encoding:
            self.head, taken, rest = _look_ahead(_to_utf8(chunks, encoding))
            chunks = itertools.chain(taken, rest)
        if self.head.startswith(codecs.BOM_UTF8):
            self.head, chunks = self.head[3:], _drop(chunks, 3)
            encoding = "utf-8"
        self.is_verbatim = self.compression is None and encoding is None
        if self.is_verbatim and self._source.can_read_into:
            self._bytes = ByteStream(iter(taken), self._source.read_into)
        else:
            self._bytes = ByteStream(chunks)
        self.stream: BinaryIO = io.BufferedReader(self._bytes, CHUNK)

    @property
    def bytes_read(self) -> int:
        """Bytes of the input read so far."""
        return self._source.bytes_read

    @property
    def damage(self) -> Damage | None:
        """What ended the stream before its time; known once the stream has been read to that point."""
        return self._bytes.damage


def _unread(error: OSError) -> Damage:
    return Damage(f"the file cannot be read further ({error.strerror or error})")


def _look_ahead(chunks: Chunks) -> tuple[bytes, list[bytes | Damage], Chunks]:
    """The first bytes of a stream, the chunks they came in, and what comes behind them."""
    taken: list[bytes | Damage] = []
    head = b""
    for chunk in chunks:
        taken.append(chunk)
        if isinstance(chunk, Damage):
            break
        head += chunk
        if len(head) >= HEAD:
            break
    return head, taken, chunks


def _drop(chunks: Chunks, size: int) -> Chunks:
    for chunk in chunks:
        if isinstance(chunk, Damage):
            yield chunk
            return
        if len(chunk) > size:
            yield chunk[size:]
        size = max(0, size - len(chunk))


ENCODINGS = (
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"{\0", "utf-16-le"),
    (b"[\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
    (b"\0[", "utf-16-be"),
)


def encoding_of(head: bytes) -> str | None:
    """The encoding of JSON that is not UTF-8, told by its byte order mark or first bracket; None for all else."""
    for start, encoding in ENCODINGS:
        if head.startswith(start):
            return encoding
    return None


def _to_utf8(chunks: Chunks, encoding: str) -> Chunks:
    # Half a surrogate pair becomes bytes that are no UTF-8, and is reported as such at its line.
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    for chunk in chunks:
        if isinstance(chunk, Damage):
            yield chunk
            return
        text = decoder.decode(chunk)
        if text:
            yield text.encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:
        yield b"\xff"
