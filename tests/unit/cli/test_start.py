"""The start of the process: what it loads, and Ctrl-C while it does."""

import signal
import subprocess
import sys

import pytest

from besra.cli.terminal import Terminal

LOADED = "import sys, {module}; print(*sorted(sys.modules))"
INTERRUPTED = """
import os, signal
import besra.cli.__main__ as start

real = start.import_module

def load(name):
    {when}
    return real(name)

start.import_module = load
start.main()
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_a_scan_loads_neither_tables_nor_parsers_nor_the_compiler() -> None:
    loaded = python(LOADED.format(module="besra.cli.command_line, besra.cli.commands.scan")).stdout.split()
    assert "besra.rules.cache" in loaded
    assert not {"rich.console", "rich.table", "numba", "tomllib", "besra.language.eql.parser"} & set(loaded)


def test_before_main_next_to_nothing_is_loaded() -> None:
    loaded = python(LOADED.format(module="besra.cli.__main__")).stdout.split()
    assert "besra.cli.__main__" in loaded
    assert not {"click", "numpy", "besra.errors"} & set(loaded)


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be held back here")
@pytest.mark.parametrize("when", ["os.kill(os.getpid(), signal.SIGINT)", "raise KeyboardInterrupt"])
def test_ctrl_c_while_loading_is_an_interruption(when: str) -> None:
    done = python(INTERRUPTED.format(when=when))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


LEFT = """
import atexit, sys
import besra.cli.__main__ as start

atexit.register(lambda: print("not forgotten"))
sys.argv = ["besra", {argument!r}]
start.main()
"""


@pytest.mark.parametrize(("argument", "code"), [("version", 0), ("--no-such-option", 3)])
def test_leaving_forgets_neither_what_was_written_nor_what_was_to_be_done(argument: str, code: int) -> None:
    done = python(LEFT.format(argument=argument))
    assert done.returncode == code
    assert done.stdout.endswith("not forgotten\n")
    assert ("besra" in done.stdout) == (code == 0)


def test_a_quiet_terminal_makes_no_console() -> None:
    terminal = Terminal.of(quiet=True)
    terminal.say("not said")
    assert "err" not in vars(terminal)
    assert terminal.err is terminal.err
