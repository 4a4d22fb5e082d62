"""`besra restore`: a backup back into an empty folder."""

from pathlib import Path

import click

from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.secrets import Url
from besra.cli.settings import config_option, tell_settings
from besra.cli.summary import counted
from besra.cli.terminal import Terminal
from besra.errors import InputError


@click.command(epilog=EXIT_CODE_HELP, short_help="Put a backup into an empty folder.")
@click.argument("source", metavar="DIR|FILE.tar")
@config_option
@click.option("--data", "folder", default="besra-data", show_default=True, metavar="DIR", help="Where it goes.")
@click.option("--alerts", type=Url(), metavar="URL", help="An empty database for the alerts.  [a file in --data]")
@click.option("-q", "--quiet", is_flag=True, help="Only errors.")
@click.option("--no-color", is_flag=True, help="No colours (also: the variable NO_COLOR).")
@click.pass_context
def restore(
    context: click.Context,
    /,
    source: str,
    folder: str,
    alerts: str | None,
    quiet: bool,
    no_color: bool,
) -> None:
    """Put what `besra backup` has made into an empty folder, on which `besra serve` can be started then.

    Every file is compared with its sum before anything is put in place.
    """
    try:
        from besra.service.restore import restore as put_back  # noqa: PLC0415  optional, as what it needs
    except ImportError as error:
        message = f"backups need more than is installed ({error.name})"
        raise InputError.of("serve-not-installed", message, hint="pip install 'besra[serve]'") from error
    terminal = Terminal.of(quiet=quiet, no_color=no_color)
    tell_settings(context, terminal)
    done = put_back(Path(source), Path(folder), alerts or None)
    told = done.contents
    files = f"{counted(done.files, 'file')}, {done.bytes:,} bytes"
    terminal.say(f"{folder}: {files}, of {told.made} by besra {told.besra}, up to batch {told.batch}")
    context.exit(ExitCode.OK)
