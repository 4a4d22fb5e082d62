"""The files behind the paths a user names, in an order that depends on nothing but their names."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from besra.events.delta_table import LOG, events_of_service, live_files, table_above, table_at
from besra.events.path_pattern import is_pattern, paths_matching
from besra.problems import Place, Problem, Severity

STDIN = "-"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read: its name as the user would write it, and where it is (None: standard input).

    `named` tells a file the user named from one found in a folder, which may be there for other reasons. `within`: the
    number of archives it stands in; such a file has no path.
    """

    name: str
    path: Path | None
    named: bool = True
    within: int = 0


def find_files(paths: Iterable[str | Path]) -> Iterator[InputFile | Problem]:
    """Every file the paths lead to, sorted by name, each once; problems for what cannot be read come first.

    Folders are searched to any depth, links followed. Hidden files and folders (a name that begins with a dot) below a
    named folder are passed over with one warning a folder named; name them to read them. `-` is standard input. A path
    that is not there and has wildcards is a pattern (`path_pattern`); what it leads to is as if named. Of a Delta Lake
    table, or a part of one, the files are those its log names (`delta_table`).
    """
    found: list[InputFile] = []
    problems: list[Problem] = []
    for path in sorted({str(path) for path in paths}):
        if path == STDIN:
            found.append(InputFile(STDIN, None))
        else:
            for each in _expanded(path, problems):
                _find(each, found, problems)
    yield from problems
    seen: set[Path] = set()
    kept = []
    # Of two ways to one file, the one the user named counts.
    for file in sorted(found, key=lambda file: (not file.named, file.name)):
        real = file.path.resolve() if file.path else Path(STDIN)
        if real not in seen:
            seen.add(real)
            kept.append(file)
    yield from sorted(kept, key=lambda file: file.name)


def shown(path: str) -> str:
    """A path that can be written anywhere: bytes that are no text become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def _expanded(path: str, problems: list[Problem]) -> list[str]:
    """The paths a pattern leads to; the path itself if it leads nowhere, or is none."""
    if not is_pattern(path) or os.path.lexists(path):
        return [path]
    return list(paths_matching(path, lambda folder, error: problems.append(_unusable(folder, error)))) or [path]


def _find(path: str, found: list[InputFile], problems: list[Problem]) -> None:
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116  # Path("") would be the current folder
    except (OSError, ValueError) as error:
        problems.append(_unusable(path, error))
        return
    if not is_folder:
        found.append(InputFile(shown(path), Path(path)))
        return
    search = FolderSearch(found, problems)
    search.run(path)
    if search.hidden:
        message = f"{search.hidden} hidden files or folders below it are not read"
        hint = "name them to have them read"
        problems.append(Problem("input-hidden", message, Severity.WARNING, Place(shown(path)), hint))


class FolderSearch:
    """The files below one folder."""

    def __init__(self, found: list[InputFile], problems: list[Problem]) -> None:
        self.hidden = 0
        self._found = found
        self._problems = problems
        self._seen: set[str] = set()

    def run(self, folder: str) -> None:
        """Search the folder and those below it, each real folder once, so that links in a circle end."""
        waiting = [events_of_service(folder) or folder]
        if (table := table_above(folder)) and self._take_table(table, folder):
            return
        while waiting:
            folder = waiting.pop()
            real = os.path.realpath(folder)
            if real in self._seen:
                continue
            self._seen.add(real)
            if table_at(folder) and self._take_table(folder, folder):
                continue
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self._problems.append(_unusable(folder, error))
                continue
            folders = [path for entry in reversed(listed) if entry.name != LOG and (path := self._take(entry))]
            waiting += [events_of_service(path) or path for path in folders]

    def _take_table(self, table: str, within: str) -> bool:
        """Keep the live files of a table that are below a folder; whether its log says which they are."""
        paths, problems = live_files(table)
        self._problems += problems
        if paths is None:
            return False
        below = os.path.join(os.path.abspath(within), "")  # noqa: PTH100, PTH118  without following links
        for path in paths:
            if path.startswith(below):
                name = os.path.join(within, path.removeprefix(below))  # noqa: PTH118  as the user wrote the folder
                self._found.append(InputFile(shown(name), Path(path), named=False))
        return True

    def _take(self, entry: os.DirEntry[str]) -> str | None:
        """Keep a file; hand back a folder, to be searched."""
        if entry.name.startswith("."):
            self.hidden += 1
            return None
        try:
            mode = entry.stat().st_mode
        except OSError as error:
            self._problems.append(_unusable(entry.path, error))
            return None
        if stat.S_ISDIR(mode):
            return entry.path
        if stat.S_ISREG(mode):
            self._found.append(InputFile(shown(entry.path), Path(entry.path), named=False))
        else:
            place = Place(shown(entry.path))
            self._problems.append(Problem("input-not-a-file", "not an ordinary file", Severity.WARNING, place))
        return None


def _unusable(path: str, error: OSError | ValueError) -> Problem:
    place = Place(shown(path))
    if isinstance(error, FileNotFoundError):
        hint = "no file matches this pattern" if is_pattern(path) else "check the spelling and the current folder"
        return Problem("input-missing", "no such file or folder", place=place, hint=hint)
    return unreadable(path, error)


def unreadable(path: str, error: OSError | ValueError) -> Problem:
    """The problem of a path the system does not let be read."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    hint = "check its permissions" if isinstance(error, PermissionError) else None
    return Problem("input-unreadable", f"cannot be read: {reason}", place=Place(shown(path)), hint=hint)
