"""The besra command: the start of the process. What takes time to load is loaded in `main`, where Ctrl-C is minded."""

import gc
import sys
from importlib import import_module

from besra.cli.interruption import uninterrupted

YOUNG = 50_000
"""Objects made between two looks for garbage. A start makes a million that stay, and with Python's 700 a tenth of its
time went into looking at them."""


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(YOUNG)
    try:
        with uninterrupted():
            command_line = import_module("besra.cli.command_line")
        command_line.prepare_streams()
        code = command_line.run()
    except KeyboardInterrupt:  # before `run` could see it
        sys.exit(interrupted())
    sys.exit(code)


def interrupted() -> int:
    """Say that it was interrupted, and with which exit code."""
    if sys.stderr:
        sys.stderr.write("interrupted\n")
    return 130


if __name__ == "__main__":
    main()
