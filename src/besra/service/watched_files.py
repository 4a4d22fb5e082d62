"""The files in watched folders as they are at the moment, and since when they have been so."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from besra.events.files import InputFile, find_files
from besra.problems import Problem
from besra.service.watch_state import Key


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """A file in a watched folder: its size, and when it was last written, in nanoseconds since 1970."""

    key: Key
    file: InputFile
    path: Path
    size: int
    written: int


def files_in(folders: Sequence[Path]) -> tuple[list[WatchedFile], set[Problem]]:
    """The files in folders and the folders below them, but for hidden ones, and what cannot be looked at."""
    listed, problems = [], set()
    for folder in folders:
        for file in find_files([folder]):
            if isinstance(file, Problem):
                if file.code != "input-hidden":
                    problems.add(file)
            elif file.path is not None:
                with suppress(OSError):  # it has just gone
                    status = file.path.stat()
                    key = (str(folder), status.st_ino)
                    listed.append(WatchedFile(key, file, file.path, status.st_size, status.st_mtime_ns))
    return listed, problems


@dataclass(frozen=True, slots=True)
class Sighting:
    """When a file was seen first, and since when it has been as it is, in seconds by some clock."""

    size: int
    written: int
    first: float
    since: float


class Sightings:
    """What was seen of files that are not done. Times of files may be wrong: only changes count, by another clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[Key, Sighting] = {}

    def keys(self) -> set[Key]:
        """The files seen."""
        return set(self._seen)

    def see(self, found: WatchedFile) -> Sighting:
        """A file is as it is now."""
        now = self._clock()
        seen = self._seen.get(found.key) or Sighting(found.size, found.written, now, now)
        if (seen.size, seen.written) != (found.size, found.written):
            seen = replace(seen, size=found.size, written=found.written, since=now)
        self._seen[found.key] = seen
        return seen

    def forget(self, keys: Iterable[Key]) -> None:
        """Files are gone or done: what is seen of them later is seen for the first time."""
        for key in keys:
            self._seen.pop(key, None)
