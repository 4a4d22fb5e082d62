"""Lines of an ordinary file, read where they stand: by whoever evaluates them, in several processes at once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from weakref import finalize

from besra.errors import InputError

CHANGED = "the file changed while it was scanned"

FIRST = 1 << 18
"""Bytes of the first buffer: most files are small, and memory has to be cleared."""

KEPT = 8 * 2**20
"""Bytes of the largest buffer that is kept for the next lines."""


class UnreadError(InputError):
    """A part of a file that cannot be read any more: the file became shorter, or another took its place."""


@dataclass(frozen=True, slots=True)
class PlainFile:
    """An ordinary file: its path, and the device and number of the file that was there when it was opened."""

    path: Path
    device: int
    number: int

    @classmethod
    def of(cls, path: Path, opened: IO[bytes]) -> "PlainFile":
        """The file that has been opened under a path."""
        status = os.fstat(opened.fileno())
        return cls(path, status.st_dev, status.st_ino)


@dataclass(frozen=True, slots=True)
class FileLines:
    """Whole lines, the `size` bytes from `offset` of a file on; `default_index` is as in `RawLines`."""

    file: PlainFile
    offset: int
    size: int
    default_index: str | None = None

    @property
    def is_first(self) -> bool:
        """Whether the first of them is the first of the file."""
        return self.offset == 0


class FileReader:
    """Reads parts of one file after the other, of which it keeps the last one open."""

    def __init__(self) -> None:
        self._file: PlainFile | None = None
        self._opened: list[IO[bytes]] = []
        self._buffer = bytearray()
        finalize(self, _close, self._opened)

    def rest(self, file: PlainFile, offset: int) -> int:
        """The bytes of a file from an offset on, which may become more. Raises UnreadError."""
        with _named(file):
            rest = os.fstat(self._open(file).fileno()).st_size - offset
        if rest < 0:
            raise _shorter(file)
        return rest

    def part(self, file: PlainFile, offset: int, size: int) -> bytearray:
        """So many bytes of a file. Raises UnreadError."""
        held = bytearray(size)
        self._fill(memoryview(held), file, offset)
        return held

    def lines(self, lines: FileLines) -> memoryview:
        """Lines of a file, until the next call. Raises UnreadError."""
        if lines.size > len(self._buffer) or len(self._buffer) > KEPT:
            self._buffer = bytearray(max(lines.size, FIRST))  # not enlarged in place: views of it may be about
        view = memoryview(self._buffer)[: lines.size]
        self._fill(view, lines.file, lines.offset)
        return view.toreadonly()

    def _fill(self, view: memoryview, file: PlainFile, offset: int) -> None:
        done = 0
        with _named(file):
            opened = self._open(file)
            opened.seek(offset)
            while done < len(view):
                count = opened.readinto(view[done:])  # type: ignore[attr-defined]  # unbuffered files have it
                if not count:
                    raise _shorter(file)
                done += count

    def _open(self, file: PlainFile) -> IO[bytes]:
        if self._file != file:
            _close(self._opened)
            self._file = None
            opened = file.path.open("rb", buffering=0)
            self._opened.append(opened)
            if PlainFile.of(file.path, opened) != file:
                raise UnreadError.of("input-changed", CHANGED, path=str(file.path))
            self._file = file
        return self._opened[0]


@contextmanager
def _named(file: PlainFile) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"the file cannot be read further ({error.strerror or error})"
        raise UnreadError.of("input-unreadable", message, path=str(file.path)) from error


def _shorter(file: PlainFile) -> UnreadError:
    return UnreadError.of("input-changed", "the file became shorter", path=str(file.path))


def _close(opened: list[IO[bytes]]) -> None:
    """Not a method: what closes a reader must not keep it."""
    while opened:
        opened.pop().close()


class FileBytes:
    """The bytes of a file from an offset on, read when they are asked for."""

    def __init__(self, reader: FileReader, file: PlainFile, offset: int) -> None:
        self._reader = reader
        self._file = file
        self._offset = offset

    def __getitem__(self, span: slice) -> bytearray:
        """A part, from a start to an end. Raises UnreadError."""
        return self._reader.part(self._file, self._offset + span.start, span.stop - span.start)
