"""The options with which a command takes exceptions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from besra.cli.summary import counted
from besra.rules.exception_loading import ExceptionFiles
from besra.rules.loaded import Excepted

F = TypeVar("F", bound=Callable[..., Any])


class ValueListFile(click.ParamType[tuple[str, str]]):
    """A file with the id of its list: `ID=FILE`, or `FILE`, whose name is the id then."""

    name = "value list"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The id and the path. A file whose name has `=` in it may be written as it is."""
        if isinstance(value, tuple):
            return value
        name, equals, path = value.partition("=")
        if equals and name and path and not Path(value).exists():
            return name, path
        return Path(value).name, value


def exception_options(command: F) -> F:
    """`--exceptions` and `--value-list`."""
    for option in (
        click.option(
            "--value-list",
            "value_lists",
            type=ValueListFile(),
            multiple=True,
            metavar="[ID=]FILE",
            help="Values of a list that exceptions name, one a line (repeatable).",
        ),
        click.option(
            "--exceptions",
            "exceptions",
            multiple=True,
            metavar="FILE",
            help="Exception lists and items, as Kibana exports them or TOML (repeatable).",
        ),
    ):
        command = option(command)
    return command


def exception_files(given: dict[str, Any]) -> ExceptionFiles:
    """The files named by the options."""
    return ExceptionFiles.of(given.get("exceptions") or (), given.get("value_lists") or ())


def exception_line(excepted: Excepted) -> str | None:
    """How many exceptions were in effect; None where there were none."""
    if not (excepted.items or excepted.expired):
        return None
    text = f"exceptions: {counted(excepted.items, 'item')} applied to {counted(excepted.silenced, 'rule')}"
    return text + (f"; {counted(excepted.expired, 'item')} expired" if excepted.expired else "")
