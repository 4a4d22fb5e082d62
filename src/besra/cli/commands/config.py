"""`besra config`: the settings of commands, and where they come from."""

import os
from typing import Any

import click

from besra.cli.exit_codes import EXIT_CODE_HELP
from besra.cli.formats import as_json
from besra.cli.options import OutputOptions, SizeType, TimeType, output_options
from besra.cli.setting_keys import SECTIONS, keys_of, shown_value
from besra.cli.settings import Setting, read_source, settings_in, variable_of
from besra.cli.tables import plain, print_table
from besra.cli.terminal import output_to
from besra.errors import SettingsError
from besra.problems import Problem

DEFAULT = "default"
AS_GIVEN = (TimeType, SizeType)
"""Types whose values are easier to read as they were written."""


@click.group(short_help="Show the settings of commands and where they come from.")
def config() -> None:
    """Look at settings: those of a file, of variables, and the defaults."""


@config.command(epilog=EXIT_CODE_HELP, short_help="Show settings and where each comes from.")
@click.argument("sections", nargs=-1, type=click.Choice(SECTIONS), metavar="[SECTION...]")
@click.option("--config", "path", metavar="FILE", help="Settings file.  [besra.toml, where there is one]")
@output_options("table", "json", default="table on a terminal, else json")
@click.pass_context
def show(context: click.Context, /, sections: tuple[str, ...], path: str | None, **given: Any) -> None:
    """Show the settings of the commands named, or of all, and where each comes from. Secrets are not shown."""
    output = OutputOptions.of({**given, "form": given["form"] or _usual_form(given)})
    source = read_source(path, os.environ)
    rows: list[dict[str, object]] = []
    problems: list[Problem] = []
    for section in sections or SECTIONS:
        command = _command(context, section)
        try:
            settings = settings_in(source, section, command)
        except SettingsError as error:
            problems += error.problems
            continue
        rows += _rows(section, command, settings)
    if problems:
        raise SettingsError(*problems)
    with output_to(output.path) as out:
        if output.form == "json":
            out.write(f"{as_json({'file': source.path, 'settings': rows}, indent=True)}\n")
        else:
            console = output.console_on(out, output.terminal())
            print_table(console, _table(rows))


def _usual_form(given: dict[str, Any]) -> str:
    return "json" if OutputOptions.of(given).form == "ndjson" else "table"


def _command(context: click.Context, name: str) -> click.Context:
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    return click.Context(root.command.commands[name], parent=root, info_name=name)


def _rows(section: str, context: click.Context, settings: dict[str, Setting]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for key in keys_of(context.command).values():
        setting = settings.get(str(key.option.name))
        is_other_name = key.is_secret or key.reads_file
        if (setting is None and is_other_name) or (setting is not None and setting.key.name != key.name):
            continue
        value = setting.value if setting else _default(key.option, context)
        typed = value if value is None else key.option.type_cast_value(context, value)
        rows.append(
            {
                "section": section,
                "key": key.name,
                "value": value if isinstance(key.option.type, AS_GIVEN) else shown_value(key.option, typed),
                "origin": setting.origin if setting else DEFAULT,
                "variable": variable_of(section, key.name),
            }
        )
    return rows


def _default(option: click.Option, context: click.Context) -> object:
    found = option.get_default(context)
    return found if isinstance(found, str | int | float | list | tuple) else None  # else a mark that there is none


def _table(rows: list[dict[str, object]]) -> Any:
    from rich.table import Table  # noqa: PLC0415  takes its time to load

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("SETTING", "VALUE", "ORIGIN"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(plain(f"{row['section']}.{row['key']}"), plain(_said(row["value"])), plain(str(row["origin"])))
    return table


def _said(value: object) -> str:
    if value is None or value == []:
        return "-"
    return value if isinstance(value, str) else as_json(value)
