"""Where output goes: data to stdout or a file, everything else to stderr; colour and width as the terminal has them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rich.console import Console

from besra.errors import InputError
from besra.problems import Problem, Severity

COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
"""Severity is always written out too: colour is never the only sign."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """The two consoles of a command. `is_quiet` silences everything but errors on stderr."""

    out: Console
    err: Console
    is_quiet: bool = False

    @classmethod
    def of(cls, *, quiet: bool = False, no_color: bool = False) -> "Terminal":
        """Consoles on the process's streams; NO_COLOR counts as --no-color."""
        plain = no_color or bool(os.environ.get("NO_COLOR"))
        return cls(
            Console(file=sys.stdout, no_color=plain, highlight=False, soft_wrap=False),
            Console(file=sys.stderr, no_color=plain, highlight=False, soft_wrap=True),
            quiet,
        )

    def say(self, text: str = "") -> None:
        """A line for the person at the terminal, on stderr."""
        if not self.is_quiet:
            self.err.print(text, markup=False)

    def show(self, problem: Problem) -> None:
        """A problem on stderr; warnings only if not quiet."""
        if problem.severity is Severity.ERROR or not self.is_quiet:
            style = "red" if problem.severity is Severity.ERROR else "yellow"
            head, _, rest = problem.render().partition("\n")
            self.err.print(head, style=style, markup=False)
            if rest:
                self.err.print(rest, markup=False)


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
        message = f"cannot write: {error.strerror}"
        raise InputError.of("output-write", message, path=path, hint="choose another file with -o") from error
