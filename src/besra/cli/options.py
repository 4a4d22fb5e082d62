"""Options several commands share."""

import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from besra.cli.terminal import Terminal, console_on
from besra.errors import DateMathError
from besra.rules.space import ID_RULE, is_space_id
from besra.schema.datemath import parse_date_math

if TYPE_CHECKING:
    from rich.console import Console

F = TypeVar("F", bound=Callable[..., Any])

FILE_WIDTH = 160
"""Columns of a table in a file."""


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Where and how data is written."""

    form: str
    path: str | None = None
    quiet: bool = False
    no_color: bool = False

    @classmethod
    def of(cls, given: dict[str, Any]) -> "OutputOptions":
        """From what click parsed: without --format a table on a terminal, NDJSON in a pipe or file."""
        path = given.get("output")
        to_terminal = path in (None, "-") and sys.stdout.isatty()
        form = given.get("form") or ("table" if to_terminal else "ndjson")
        return cls(form, path, bool(given.get("quiet")), bool(given.get("no_color")))

    def terminal(self) -> Terminal:
        """The consoles of the process."""
        return Terminal.of(quiet=self.quiet, no_color=self.no_color)

    def console_on(self, out: TextIO, terminal: Terminal) -> "Console":
        """A console that writes tables to `out`; a file or pipe gets them wide, or as COLUMNS says, and plain."""
        if out is sys.stdout and sys.stdout.isatty():
            return terminal.out
        width = None if os.environ.get("COLUMNS", "").isdigit() else FILE_WIDTH
        return console_on(out, no_color=True, width=width)


def output_options(*forms: str, default: str = "table on a terminal, else ndjson") -> Callable[[F], F]:
    """`--format`, `-o`, `-q` and `--no-color`; `default` says which form is written without --format."""

    def add(command: F) -> F:
        for option in (
            click.option("--no-color", is_flag=True, help="No colours (also: the variable NO_COLOR)."),
            click.option("-q", "--quiet", is_flag=True, help="Only data and errors, no warnings, no summary."),
            click.option("-o", "--output", metavar="FILE", help="Write data to this file."),
            click.option(
                "--format",
                "form",
                type=click.Choice(forms),
                help=f"How data is written.  [{default}]",
            ),
        ):
            command = option(command)
        return command

    return add


rules_option = click.option(
    "--rules",
    "rules",
    multiple=True,
    metavar="PATH",
    help="Rule file or folder, or `bundled` (repeatable).  [bundled]",
)


class SpacePath(click.ParamType[tuple[str, str]]):
    """Rules of a space: `SPACE=PATH`."""

    name = "space and path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The id of the space and the path."""
        if isinstance(value, tuple):
            return value
        space, equals, path = value.partition("=")
        if not equals or not path:
            self.fail(f"{value!r} is not SPACE=PATH", param, ctx)
        if not is_space_id(space):
            self.fail(f"{space!r} cannot be a space, whose id is {ID_RULE}", param, ctx)
        return space, path


mapping_option = click.option(
    "--mapping",
    "mappings",
    multiple=True,
    metavar="FILE",
    help="Mapping file that turns records of a format of your own into ECS (repeatable).",
)


class TimeType(click.ParamType[int]):
    """An ISO date or date math, as nanoseconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The time; "now" in date math is that of --now, else the clock's."""
        if isinstance(value, int):
            return value
        given = ctx.params.get("now") if ctx else None
        try:
            return parse_date_math(value, now=given if isinstance(given, int) else time.time_ns())
        except DateMathError as error:
            self.fail(f"{error.problem.message}; {error.problem.hint}", param, ctx)


def time_option(*names: str, help: str, is_eager: bool = False) -> Callable[[F], F]:  # noqa: A002  click's own words
    """An option that takes a time; an eager one is read before the others."""
    return click.option(*names, type=TimeType(), metavar="T", help=help, is_eager=is_eager)


class SizeType(click.ParamType[int]):
    """A number of bytes, with K, M or G for powers of 1,024."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?)(?:i?B)?", value.strip(), re.IGNORECASE)
        if not found:
            self.fail(f"{value!r} is no size; write bytes, or a number with K, M or G such as 512M", param, ctx)
        return int(float(found[1]) * 1024 ** " KMG".index(found[2].upper() or " "))


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
