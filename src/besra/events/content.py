"""The bytes of one input: opened once, decompressed, decoded to UTF-8, with its first bytes to look at.

Nothing here needs to seek, so a file, a pipe, standard input and a member of an archive are the same.
"""

import io
import itertools
from typing import Any, BinaryIO

from besra.events.chunks import ByteStream, Chunks, Damage
from besra.events.compression import Compression, compression_of, decompress
from besra.events.encoding import encoding_of, to_utf8
from besra.events.expansion import Allowance, ExpansionLimits, Nesting

CHUNK = 1024 * 1024
HEAD = 64 * 1024


class _Source:
    """An open file and the bytes read of it. Not part of `Content`: a cycle would keep its buffers for long.

    `counted` is told how many they are: that of a file whose size nobody knows.
    """

    def __init__(self, file: BinaryIO | ByteStream, counted: Allowance | None = None) -> None:
        self.bytes_read = 0
        self._file: Any = file
        self._counted = counted

    @property
    def can_read_into(self) -> bool:
        return hasattr(self._file, "readinto")

    def read_into(self, buffer: memoryview) -> int | Damage:
        try:
            count = int(self._file.readinto(buffer) or 0)
        except OSError as error:
            return _unread(error)
        self._note(count)
        return count or self._damage or 0

    def chunks(self) -> Chunks:
        while True:
            try:
                chunk = self._file.read(CHUNK)
            except OSError as error:
                yield _unread(error)
                return
            if not chunk:
                break
            self._note(len(chunk))
            yield chunk
        if self._damage:
            yield self._damage

    def _note(self, count: int) -> None:
        self.bytes_read += count
        if self._counted:
            self._counted.stored = max(self._counted.stored, self.bytes_read)

    @property
    def _damage(self) -> Damage | None:
        return self._file.damage if isinstance(self._file, ByteStream) else None


class Content:
    """An open input: `stream` is all of it in the clear, `head` its first bytes (up to `HEAD`, or more).

    `is_verbatim` says that the stream's bytes are the input's, one for one. `nesting` is where what the stream holds
    stands, inside of its compressions.
    """

    def __init__(self, file: BinaryIO | ByteStream, nesting: Nesting | None = None) -> None:
        self.nesting = nesting or Nesting(Allowance(ExpansionLimits()))
        self.compression: Compression | None = None
        """The outermost."""
        self._source = _Source(file, None if self.nesting.depth else self.nesting.allowance)
        self._chunks = self._source.chunks()
        self._look_ahead(self._chunks)
        self._decompress()
        encoding = encoding_of(self.head)
        if encoding:
            self._look_ahead(to_utf8(self._chunks, encoding))
        self.is_verbatim = self.compression is None and encoding is None
        if self.is_verbatim and self._source.can_read_into:
            self._bytes = ByteStream(iter(self._taken), self._source.read_into)
        else:
            self._bytes = ByteStream(self._chunks)
        self.stream: BinaryIO = io.BufferedReader(self._bytes, CHUNK)

    def _decompress(self) -> None:
        while found := compression_of(self.head):
            self.compression = self.compression or found
            if too_deep := self.nesting.too_deep:
                self._look_ahead(iter([too_deep]))
                return
            self.nesting = self.nesting.deeper()
            self._look_ahead(decompress(self._chunks, found, self.nesting.allowance))

    def _look_ahead(self, chunks: Chunks) -> None:
        """Take these chunks for the content, and read its first bytes."""
        self.head = b""
        self._taken: list[bytes | Damage] = []
        for chunk in chunks:
            self._taken.append(chunk)
            if isinstance(chunk, Damage):
                break
            self.head += chunk
            if len(self.head) >= HEAD:
                break
        self._chunks = itertools.chain(self._taken, chunks)

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
