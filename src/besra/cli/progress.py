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
    """Counts files by their size and shows how many events have passed.

    A context of the command, not of whoever reads: after Ctrl-C the terminal is set right before anything is said.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
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
        self._task = self._bar.add_task("scanning", total=None, events=0)

    def __enter__(self) -> "Progress":
        try:
            self._bar.start()
        except BaseException:  # Ctrl-C at this moment: nobody else would give the cursor back
            self._bar.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def expect(self, files: Sequence[InputFile]) -> None:
        """These files will be read."""
        self._bar.update(self._task, total=sum(_size(file) for file in files) or None)

    def events(self, count: int) -> None:
        """Some events went by."""
        before, self._events = self._events, self._events + count
        if self._events // EVERY > before // EVERY:
            self._bar.update(self._task, events=self._events)

    def file_done(self, read: FileRead) -> None:
        """A file was read to its end."""
        self._bar.update(self._task, advance=read.bytes, events=self._events)


def _size(file: InputFile) -> int:
    try:
        return os.path.getsize(file.path) if file.path else 0  # noqa: PTH202  a file may vanish before it is read
    except OSError:
        return 0
