"""Terminal sessions in documents: run again, and compared with what the page says was printed.

    $ besra scan demo/sysmon --fail-on medium
    SEVERITY  RULE …
    …
    $ echo $?
    1

Lines that begin with `$ ` are typed, the rest is what was printed; a line `…` stands for any number of lines. A command
must end with 0 unless `echo $?` follows it. `besra` runs within this process, as on a terminal of `WIDTH` columns; a
line with a pipe or redirection goes to the shell, where output is no terminal. Other programs (git, make) do not run.
"""

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from besra.cli.command_line import run
from tests.documents import Block

WIDTH = 120
GAP = "…"
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
MEASURED = re.compile(r"in [\d.]+ s(?: \([\d,]+ events/s(?:, peak memory [\d,]+ MB)?\))?")
"""Time, speed and memory differ from run to run and machine to machine."""


@dataclass(frozen=True)
class Step:
    """A command typed, the exit code it must have, and the lines said to be printed (None: not shown)."""

    command: str
    code: int
    output: tuple[str, ...]
    line: int


def steps_of(block: Block) -> Iterator[Step]:
    """The commands of a session."""
    typed: list[tuple[str, list[str], int]] = []
    for number, line in enumerate(block.text.rstrip("\n").split("\n"), block.line):
        if line.startswith("$ "):
            typed.append((line[2:], [], number))
        else:
            typed[-1][1].append(line)
    for position, (command, output, number) in enumerate(typed):
        if command == "echo $?":
            continue
        following = typed[position + 1] if position + 1 < len(typed) else ("", [], 0)
        code = int(following[1][0]) if following[0] == "echo $?" else 0
        yield Step(command, code, tuple(output), number)


class Screen(io.StringIO):
    """A stream that writes to a screen shared with others; `is_terminal` is what it says of itself."""

    def __init__(self, show: Callable[[str], object], *, is_terminal: bool) -> None:
        super().__init__()
        self._show = show
        self._is_terminal = is_terminal

    def write(self, text: str) -> int:
        size = super().write(text)  # refuses bytes, by which click tells a text stream
        self._show(text)
        return size

    def isatty(self) -> bool:
        return self._is_terminal


def execute(step: Step, folder: Path) -> tuple[int, str] | None:
    """Exit code and everything printed; None for a program that is not run."""
    if re.search(r"[|<>]", re.sub(r"'[^']*'", "", step.command)):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", step.command],
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout
    words = shlex.split(step.command)
    if words[0] != "besra":
        return None
    shown: list[str] = []
    out, err = Screen(shown.append, is_terminal=True), Screen(shown.append, is_terminal=False)
    with redirect_stdout(out), redirect_stderr(err):
        code = run(words[1:])
    return code, "".join(shown)


def differences(step: Step, printed: str) -> str | None:
    """The first line of the page that was not printed in its place; None if there is none, or no output is shown."""
    if not step.output:
        return None
    # Said once a machine, by whichever scan comes first.
    lines = [line for line in printed.rstrip("\n").split("\n") if not line.startswith("compiling code ")]
    actual = [_plain(line) for line in lines]
    position, may_skip = 0, False
    for wanted in step.output:
        if wanted.strip() == GAP:
            may_skip = True
            continue
        ahead = range(position, len(actual)) if may_skip else range(position, min(position + 1, len(actual)))
        found = next((number for number in ahead if _fits(_plain(wanted), actual[number])), None)
        if found is None:
            return wanted
        position, may_skip = found + 1, False
    return None if may_skip or position == len(actual) else f"(and more: {actual[position]})"


def _plain(line: str) -> str:
    return " ".join(MEASURED.sub("in (measured)", STYLE.sub("", line)).split())


def _fits(wanted: str, actual: str) -> bool:
    """Whether a line is the one on the page, where `…` stands for any text within the line."""
    return re.fullmatch(".*".join(map(re.escape, wanted.split(GAP))), actual) is not None
