"""The progress bar of a scan, on stderr, only where that is a terminal."""

import os
from collections.abc import Sequence
from types import TracebackType

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from besra.cli.terminal import Terminal
from besra.events.file_read import FileRead
from besra.events.files import InputFile

EVERY = 500
"""Events between two updates of the bar."""


class Progress:
    """Counts files by their size and shows how many events have passed."""

    def __init__(self, terminal: Terminal, files: Sequence[InputFile]) -> None:
        self._events = 0
        self._is_shown = terminal.err.is_terminal and not terminal.is_quiet
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[events]:,} events"),
            TimeElapsedColumn(),
            console=terminal.err,
            transient=True,
            disable=not self._is_shown,
        )
        total = sum(_size(file) for file in files)
        self._task = self._bar.add_task("scanning", total=total or None, events=0)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def event(self) -> None:
        """An event went by."""
        self._events += 1
        if self._events % EVERY == 0:
            self._bar.update(self._task, events=self._events)

    def file_done(self, read: FileRead) -> None:
        """A file was read to its end."""
        self._bar.update(self._task, advance=read.bytes, events=self._events)


def _size(file: InputFile) -> int:
    try:
        return os.path.getsize(file.path) if file.path else 0  # noqa: PTH202  a file may vanish before it is read
    except OSError:
        return 0
