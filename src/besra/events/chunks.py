"""Bytes on their way: chunks, of which the last may be the damage that ends them, and a stream made of them."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """Why a stream ends where it does, as a clause: "the gzip stream is truncated".

    With `hint` it is a limit of besra's own that ends it, and this is what to do about it.
    """

    what: str
    hint: str | None = None


Chunks = Iterator[bytes | Damage]


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
