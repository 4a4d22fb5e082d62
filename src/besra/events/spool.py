"""Bytes written once and read back by place: in memory up to a limit, beyond it in a temporary file.

What was there when a process forks both can read: no read moves a position they would share.
"""

import os
import tempfile
from typing import IO

from besra.errors import InputError


class Spool:
    """`memory_limit`: bytes held in memory before all of them go to a file."""

    def __init__(self, memory_limit: int) -> None:
        self._memory_limit = memory_limit
        self._held = bytearray()
        self._file: IO[bytes] | None = None
        self._size = 0
        self._is_written = True

    def write(self, text: bytes) -> int:
        """The place of some bytes, which are added at the end. Raises InputError if the file cannot be written."""
        place = self._size
        try:
            if self._file is None and place + len(text) > self._memory_limit:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
                self._file.write(self._held)
                self._held = bytearray()
            if self._file is None:
                self._held += text
            else:
                self._is_written = False
                self._file.write(text)
        except OSError as error:
            raise no_space(error) from error
        self._size += len(text)
        return place

    def flush(self) -> None:
        """Leave nothing to be written later, by two processes perhaps. Raises InputError if that cannot be."""
        if self._file is not None and not self._is_written:
            try:
                self._file.flush()
            except OSError as error:
                raise no_space(error) from error
            self._is_written = True

    def read(self, place: int, length: int) -> bytes:
        """So many bytes from a place on."""
        if self._file is None:
            return bytes(self._held[place : place + length])
        self.flush()
        return read_at(self._file, place, length)

    def close(self) -> None:
        """Drop the bytes and the file."""
        self._held = bytearray()
        if self._file is not None:
            self._file.close()
            self._file = None


def read_at(file: IO[bytes], place: int, length: int) -> bytes:
    """So many bytes of a file from a place on; its position is what it was."""
    if hasattr(os, "pread"):
        return os.pread(file.fileno(), length, place)
    before = file.tell()
    file.seek(place)
    try:
        return file.read(length)
    finally:
        file.seek(before)


def no_space(error: OSError) -> InputError:
    """What to raise when a temporary file cannot be written."""
    message = f"a temporary file cannot be written: {error.strerror or error}"
    hint = f"make room in {tempfile.gettempdir()}, point TMPDIR elsewhere, or allow more memory"
    return InputError.of("no-temporary-space", message, hint=hint)
