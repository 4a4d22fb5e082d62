"""Reading for a command: problems to the terminal, counts for the summary, events to whoever asked."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from besra.cli.progress import Progress
from besra.events.event import Event, Origin
from besra.events.file_read import FileRead, ReadOptions
from besra.events.files import InputFile, find_files
from besra.events.line_block import LineBlock
from besra.events.reader import read_file
from besra.events.recognise import recogniser_with
from besra.events.table_part import TablePart
from besra.problems import Problem


def read_options(given: Mapping[str, Any]) -> ReadOptions:
    """How to read, from what click parsed of `--index` and `--mapping`. Raises MappingError."""
    mappings = given.get("mappings")
    if not mappings:
        return ReadOptions(given.get("index"))
    from besra.events.mapping.file import load_mappings  # noqa: PLC0415  the parser of TOML is seldom needed

    return ReadOptions(given.get("index"), recogniser=recogniser_with(load_mappings(mappings)))


class ScanCounts:
    """What was read, counted while it is read."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.files = 0
        self.events = 0
        self.skipped = 0
        self.without_time = 0
        self.passed_over = 0
        self.homes: Counter[str] = Counter()
        self.unknown = 0
        self.first_unknown: Origin | None = None
        self.indicators: int | None = None
        self.indicator_seconds = 0.0
        self.unread: list[str] = []
        self._bad_paths = 0
        self._named_unread = 0

    def add(self, read: FileRead, *, named: bool) -> None:
        """A file of events was read to its end. Of an archive the files in it count, if there are any."""
        self.files += not read.members
        self.events += read.events
        self.without_time += read.without_time
        self.passed_over += read.passed_over
        self.homes.update(read.homes)
        self.unknown += read.unknown
        self.first_unknown = self.first_unknown or read.first_unknown
        self._add(read, named=named)

    def add_indicators(self, read: FileRead, *, named: bool) -> None:
        """A file of indicators was read to its end."""
        self.indicators = (self.indicators or 0) + read.events
        self.indicator_seconds = time.perf_counter() - self.started
        self._add(read, named=named)

    def _add(self, read: FileRead, *, named: bool) -> None:
        self.skipped += read.skipped
        if read.is_unused:
            if not read.members:
                self.unread.append(read.path)
            self._named_unread += named and not read.within

    def note_bad_path(self) -> None:
        """A path given cannot be read at all."""
        self._bad_paths += 1

    @property
    def is_bad_input(self) -> bool:
        """Whether something the user named could not be used. Odd files inside a folder are no error of the user."""
        return bool(self._bad_paths or self._named_unread)


def read_all(
    paths: Sequence[str], read: ReadOptions, progress: Progress, counts: ScanCounts
) -> Iterator[Event | LineBlock | TablePart]:
    """The events of all files the paths lead to, in the order of the files' names."""
    return _read_all(paths, read, progress, counts.note_bad_path, counts.add)


def read_indicators(
    paths: Sequence[str], read: ReadOptions, progress: Progress, counts: ScanCounts
) -> Iterator[Event | LineBlock | TablePart]:
    """The same of documents that are indicators."""
    return _read_all(paths, read.of_indicators(), progress, counts.note_bad_path, counts.add_indicators)


def _read_all(
    paths: Sequence[str],
    read: ReadOptions,
    progress: Progress,
    note_bad_path: Callable[[], None],
    add: Callable[..., None],
) -> Iterator[Event | LineBlock | TablePart]:
    terminal = progress.terminal
    files: list[InputFile] = []
    for found in find_files(paths):
        if isinstance(found, Problem):
            if found.severity == "error":
                note_bad_path()
            terminal.show(found)
        else:
            files.append(found)
    progress.expect(files)
    for file in files:
        for item in read_file(file, read):
            match item:
                case Event():
                    progress.events(1)
                    yield item
                case LineBlock():
                    progress.events(len(item.rows))
                    yield item
                case TablePart():
                    progress.events(item.size)
                    yield item
                case FileRead():
                    add(item, named=file.named)
                    progress.file_done(item, file)
                case Problem():
                    terminal.show(item)
