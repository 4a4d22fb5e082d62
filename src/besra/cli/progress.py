"""The progress bar of a scan, on stderr, only where that is a terminal."""

import os
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from besra.cli.terminal import Terminal
from besra.events.file_read import FileRead
from besra.events.files import InputFile

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

EVERY = 500
"""Events between two updates of the bar."""


class Progress:
    """Counts files by their size and shows how many events have passed.

    A context of the command, not of whoever reads: after Ctrl-C the terminal is set right before anything is said.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._events = 0
        self._expected = 0
        self._within = 0
        """Bytes of the current archive whose members have been read."""
        is_shown = not terminal.is_quiet and terminal.err.is_terminal
        self._bar = _bar(terminal) if is_shown else None

    def __enter__(self) -> "Progress":
        if self._bar:
            try:
                self._bar.start()
            except BaseException:  # Ctrl-C at this moment: nobody else would give the cursor back
                self._bar.stop()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def expect(self, files: Sequence[InputFile]) -> None:
        """These files will be read too."""
        if self._bar:
            self._expected += sum(_size(file) for file in files)
            self._update(total=self._expected or None)

    def events(self, count: int) -> None:
        """Some events went by."""
        before, self._events = self._events, self._events + count
        if self._events // EVERY > before // EVERY:
            self._update(events=self._events)

    def file_done(self, read: FileRead, file: InputFile) -> None:
        """A file was read to its end, or one in the archive that the file is.

        What a compressed archive holds is more than its size: it is done when it is done.
        """
        if read.within > 1:
            return
        advance = read.bytes - self._within
        if read.within:
            advance = max(0, min(read.bytes, _size(file) - self._within))
        self._within = self._within + advance if read.within else 0
        self._update(advance=advance, events=self._events)

    def compiling(self) -> None:
        """Code is about to be compiled."""
        self.terminal.say("compiling code for this machine; this takes some ten seconds, the first time only")

    def _update(self, **changes: Any) -> None:
        if self._bar:
            self._bar.update(self._bar.task_ids[0], **changes)


def _bar(terminal: Terminal) -> "Bar":
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415  only where a bar is seen
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TimeElapsedColumn(),
    )
    bar = Bar(*columns, console=terminal.err, transient=True)
    bar.add_task("scanning", total=None, events=0)
    return bar


def _size(file: InputFile) -> int:
    try:
        return os.path.getsize(file.path) if file.path else 0  # noqa: PTH202  a file may vanish before it is read
    except OSError:
        return 0
