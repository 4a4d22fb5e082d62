"""How far the files of watched folders have been taken, on disk: a SQLite file that syncs every commit.

A file is known by its inode in its folder, so a log that was renamed is the same log. That what was taken is known here
comes after it is in the journal: a process that dies in between reads some lines again, and their ids are known there.
"""

import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from besra.errors import BesraError
from besra.events.format import Format

FILE = "watched.sqlite"
BUSY = 10
"""Seconds to wait for another process that reads the file."""
SCHEMA = """CREATE TABLE IF NOT EXISTS progress (
    folder TEXT NOT NULL, inode INTEGER NOT NULL, format TEXT, position INTEGER NOT NULL, lines INTEGER NOT NULL,
    size INTEGER NOT NULL, written INTEGER NOT NULL, head_size INTEGER NOT NULL, head BLOB NOT NULL,
    PRIMARY KEY (folder, inode)
) WITHOUT ROWID"""
HEAD = 1024
"""Bytes at the beginning of a log that tell whether it is still the same."""

Key = tuple[str, int]
"""A folder and an inode."""


class WatchStateError(BesraError):
    """The file cannot be opened or written."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has been taken.

    With a format it is read line by line: the first `position` bytes, `lines` lines, are taken. `size` and `written`
    (in nanoseconds since 1970) are those of the file when nothing was left in it to take; -1 before. `head` is a digest
    of its first `head_size` bytes.
    """

    format: Format | None
    position: int = 0
    lines: int = 0
    size: int = -1
    written: int = -1
    head_size: int = 0
    head: bytes = b""

    def is_done(self, size: int, written: int) -> bool:
        """Whether a file of that size and time has nothing left to take."""
        return (self.size, self.written) == (size, written)


def digest_of(head: bytes) -> bytes:
    """What tells beginnings of files apart."""
    return blake2b(head, digest_size=16).digest()


class WatchState:
    """The progress of all files, for any thread. To be closed. Raises WatchStateError if it cannot be opened."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = FULL")
            self._file.execute(SCHEMA)
            rows = self._file.execute("SELECT * FROM progress").fetchall()
        except (OSError, sqlite3.Error) as error:
            raise WatchStateError(f"{self._path}: {error}") from error
        self._known = {
            (folder_, inode): Progress(Format(found) if found else None, *rest) for folder_, inode, found, *rest in rows
        }

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def get(self, key: Key) -> Progress | None:
        """How far a file is; None if nothing of it is taken."""
        return self._known.get(key)

    def keys(self) -> set[Key]:
        """All files known."""
        with self._lock:
            return set(self._known)

    def put(self, key: Key, progress: Progress) -> None:
        """A file is so far now, in memory whatever happens. Raises WatchStateError if that is not on disk."""
        values = (progress.position, progress.lines, progress.size, progress.written, progress.head_size, progress.head)
        row = (*key, str(progress.format) if progress.format else None, *values)
        with self._lock:
            self._known[key] = progress
            self._execute("INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def drop(self, keys: Iterable[Key]) -> None:
        """Forget files that are gone. Raises WatchStateError."""
        with self._lock:
            for key in keys:
                self._known.pop(key, None)
                self._execute("DELETE FROM progress WHERE folder = ? AND inode = ?", key)

    def _execute(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            self._file.execute(statement, values)
        except sqlite3.Error as error:
            raise WatchStateError(f"{self._path}: {error}") from error
