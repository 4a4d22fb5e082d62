"""A file that seems to be longer than it is: zeros stand where its end is missing."""

import io
from typing import BinaryIO


class PaddedFile(io.RawIOBase):
    """A seekable file and so many zeros behind it."""

    def __init__(self, file: BinaryIO, padding: int) -> None:
        super().__init__()
        self._file = file
        self._end = file.seek(0, io.SEEK_END)
        self._size = self._end + padding
        self._offset = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset; see `io.IOBase.seek`."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._offset, io.SEEK_END: self._size}[whence]
        self._offset = max(0, start + offset)
        return self._offset

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the stub asks for any buffer
        """The bytes of the file, then zeros; 0 at the end."""
        size = min(len(buffer), max(0, self._size - self._offset))
        if self._offset < self._end:
            self._file.seek(self._offset)
            found = self._file.read(min(size, self._end - self._offset))
            size = len(found)
            buffer[:size] = found
        else:
            buffer[:size] = bytes(size)
        self._offset += size
        return size
