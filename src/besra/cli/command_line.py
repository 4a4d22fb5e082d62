"""The command line: the commands by name, and the one place where errors become exit codes."""

import os
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

import click

from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.garbage import staying
from besra.cli.interruption import uninterrupted
from besra.errors import BesraError, QueryError
from besra.version import __version__

NAMES = (
    *("scan", "search", "doctor", "convert", "rules"),
    *("serve", "user", "key", "audit", "ingest", "backup", "restore"),
    *("config", "demo", "version"),
)


class Commands(Mapping[str, click.Command]):
    """The commands, each in the module of its name, which is imported when the command is asked for.

    The engine takes half a second to load: Ctrl-C in that time comes through when all is loaded.
    """

    def __getitem__(self, name: str) -> click.Command:
        if name not in NAMES:
            raise KeyError(name)
        with uninterrupted(), staying():
            command: click.Command = getattr(import_module(f"besra.cli.commands.{name}"), name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


@click.group(
    epilog=EXIT_CODE_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    commands=Commands(),
)
@click.version_option(__version__, prog_name="besra")
def besra() -> None:
    """Run Elastic detection rules over your events, without a cluster.

    Start with `besra demo`, then `besra scan ./evidence`.
    """


def prepare_streams() -> None:
    """Make the standard streams fit for any text.

    A stream the caller has closed is /dev/null. Data that leaves for a file or pipe is UTF-8 whatever the locale, as
    JSON has to be; a terminal keeps its encoding and shows `?` for what it does not have.
    """
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  open to the end
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        encoding = sys.stdout.encoding if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="replace")


def run(arguments: list[str] | None = None) -> int:
    """The exit code of the command line. Only this function turns errors into messages."""
    try:
        code = besra.main(arguments, prog_name="besra", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return ExitCode.BAD_INPUT
    except QueryError as error:
        _say(str(error))
        return ExitCode.BAD_RULE
    except BesraError as error:
        _say(str(error))
        return ExitCode.BAD_INPUT
    except BrokenPipeError:
        return _reader_left()
    except OSError as error:  # the system's: a full disk, too many open files
        where = f"{error.filename}: " if error.filename else ""
        _say(f"{where}error: {error.strerror or error}")
        _discard_output()
        return ExitCode.BAD_INPUT
    except SystemExit as leave:  # how click and rich end when the reader has left, and click after completing a word
        return _reader_left() if leave.code == 1 else int(leave.code or 0)
    except Exception:  # the shell loop: anything else is a defect of besra, and says so
        traceback.print_exc()
        _say("this is a defect in besra; please report it with the lines above")
        return ExitCode.INTERNAL


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _reader_left() -> int:
    """`besra … | head`: the reader has what it wanted."""
    _discard_output()
    return 128 + getattr(signal, "SIGPIPE", 13)


def _discard_output() -> None:
    """Keep the interpreter from writing, at exit, what could not be written before."""
    with suppress(OSError):  # a stream of Python's own, which holds nothing back
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
