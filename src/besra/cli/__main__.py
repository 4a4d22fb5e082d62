"""The besra command: the start of the process. What takes time to load is loaded in `main`, where Ctrl-C is minded."""

import atexit
import os
import sys
from importlib import import_module
from typing import NoReturn

from besra.cli.garbage import staying
from besra.cli.interruption import uninterrupted


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        with uninterrupted(), staying():
            command_line = import_module("besra.cli.command_line")
        command_line.prepare_streams()
        code = command_line.run()
    except KeyboardInterrupt:  # before `run` could see it
        sys.exit(interrupted())
    leave(code)


def leave(code: int) -> NoReturn:
    """Exit with a code, and leave to the system what it takes back at once.

    Python would take every object apart first: after a scan a tenth of a second.
    """
    with uninterrupted():
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            sys.exit(code)
        os._exit(code)


def interrupted() -> int:
    """Say that it was interrupted, and with which exit code."""
    if sys.stderr:
        sys.stderr.write("interrupted\n")
    return 130


if __name__ == "__main__":
    main()
