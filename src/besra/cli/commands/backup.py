"""`besra backup`: a copy of what a service keeps, made while it runs."""

from pathlib import Path

import click

from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.secrets import Url
from besra.cli.service_place import DATA, serves_at
from besra.cli.settings import config_option, tell_settings
from besra.cli.summary import counted
from besra.cli.terminal import Terminal
from besra.errors import InputError


@click.command(epilog=EXIT_CODE_HELP, short_help="Copy what a service keeps, while it runs.")
@click.argument("to", metavar="DIR|FILE.tar")
@config_option
@click.option("--data", "folder", metavar="DIR", help="The service's --data.  [its setting]")
@click.option("--alerts", type=Url(), metavar="URL", help="The service's --alerts.  [its setting]")
@click.option("-q", "--quiet", is_flag=True, help="Only errors.")
@click.option("--no-color", is_flag=True, help="No colours (also: the variable NO_COLOR).")
@click.pass_context
def backup(context: click.Context, /, to: str, quiet: bool, no_color: bool, **given: object) -> None:
    """Copy the folder of `besra serve` as it is at one moment, into a new folder or one tar file.

    The service goes on meanwhile. Nothing acknowledged before is missing in the copy.
    """
    try:
        from besra.service.backup import back_up  # noqa: PLC0415  optional, as what it needs
    except ImportError as error:
        message = f"backups need more than is installed ({error.name})"
        raise InputError.of("serve-not-installed", message, hint="pip install 'besra[serve]'") from error
    terminal = Terminal.of(quiet=quiet, no_color=no_color)
    folder, alerts = serves_at(given["folder"], given["alerts"], context)
    tell_settings(context, terminal)
    made = back_up(Path(folder or DATA), Path(to), alerts)
    terminal.say(f"{to}: {counted(made.files, 'file')}, {made.bytes:,} bytes, up to batch {made.batch}")
    context.exit(ExitCode.OK)
