"""The besra command: argument parsing, and the one place where errors become exit codes."""

import os
import signal
import sys
import traceback

import click

from besra.cli.commands.demo import demo
from besra.cli.commands.rules import rules
from besra.cli.commands.scan import scan
from besra.cli.commands.search import search
from besra.cli.commands.version import version
from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.errors import BesraError, QueryError
from besra.version import __version__


@click.group(epilog=EXIT_CODE_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="besra")
def besra() -> None:
    """Run Elastic detection rules over your events, without a cluster.

    Start with `besra demo`, then `besra scan ./evidence`.
    """


for command in (scan, search, rules, demo, version):
    besra.add_command(command)


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run())


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
    except Exception:  # the shell loop: anything else is a defect of besra, and says so
        traceback.print_exc()
        _say("this is a defect in besra; please report it with the lines above")
        return ExitCode.INTERNAL


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _reader_left() -> int:
    """`besra … | head`: the reader has what it wanted. Keep the interpreter from writing to the pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + getattr(signal, "SIGPIPE", 13)


if __name__ == "__main__":
    main()
