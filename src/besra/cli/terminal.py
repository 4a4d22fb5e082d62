"""Where output goes: data to stdout or a file, everything else to stderr; colour and width as the terminal has them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from besra.errors import InputError
from besra.problems import Problem, Severity

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
"""Severity is always written out too: colour is never the only sign."""


@dataclass(frozen=True)
class Terminal:
    """The two consoles of a command. `is_quiet` silences everything but errors on stderr."""

    is_quiet: bool = False
    no_color: bool = False

    @classmethod
    def of(cls, *, quiet: bool = False, no_color: bool = False) -> "Terminal":
        """Consoles on the process's streams; NO_COLOR counts as --no-color."""
        return cls(quiet, no_color or bool(os.environ.get("NO_COLOR")))

    @cached_property
    def out(self) -> "Console":
        """The console on standard output."""
        return console_on(sys.stdout, no_color=self.no_color)

    @cached_property
    def err(self) -> "Console":
        """The console on standard error."""
        return console_on(sys.stderr, no_color=self.no_color, soft_wrap=True)

    def say(self, text: str = "") -> None:
        """A line for the person at the terminal, on stderr."""
        if not self.is_quiet:
            self.err.print(printable(text))

    def show(self, problem: Problem) -> None:
        """A problem on stderr; warnings only if not quiet."""
        if problem.severity is Severity.ERROR or not self.is_quiet:
            style = "red" if problem.severity is Severity.ERROR else "yellow"
            head, _, rest = printable(problem.render()).partition("\n")
            self.err.print(head, style=style)
            if rest:
                self.err.print(rest)


def console_on(out: TextIO, *, no_color: bool, width: int | None = None, soft_wrap: bool = False) -> "Console":
    """A console that shows text as it is: no markup, no `:100:` for an emoji in `file:100: error`."""
    # A scan that says nothing, as in scripts, does without it.
    from rich.console import Console  # noqa: PLC0415

    return Console(
        file=out, width=width, no_color=no_color, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False
    )


def printable(text: str) -> str:
    """Text with the control characters in it, which could steer the terminal, made visible."""
    return "".join(char if char.isprintable() or char in "\n\t" else f"\\u{{{ord(char):04x}}}" for char in text)


def check_writable(path: str | None) -> None:
    """Raise InputError now if `path` cannot be written later: nobody should learn it after a long scan."""
    if path is None or path == "-":
        return
    folder = Path(path).parent
    if Path(path).is_dir():
        raise not_writable(path, "is a folder")
    if not folder.is_dir():
        raise not_writable(path, f"there is no folder {folder}")
    if not os.access(path if Path(path).exists() else folder, os.W_OK):
        raise not_writable(path, "permission denied")


def not_writable(path: str, why: str) -> InputError:
    """The error of an output that cannot be written."""
    return InputError.of("output-write", f"cannot write: {why}", path=path, hint="choose another file with -o")


@contextmanager
def output_to(path: str | None) -> Iterator[TextIO]:
    """The file data is written to: stdout without a path. Raises InputError where it cannot be written."""
    if path is None or path == "-":
        yield sys.stdout
        return
    try:
        with Path(path).open("w", encoding="utf-8", newline="\n") as file:
            yield file
    except OSError as error:
        raise not_writable(path, str(error.strerror or error)) from error
