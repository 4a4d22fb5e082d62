"""The besra command run as a user runs it: as a process, in a terminal of some width, or inside this process."""

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from besra.cli.command_line import run

BESRA = (sys.executable, "-m", "besra.cli")
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3|4|9|10)[0-7]m|\x1b\[[0-9;]*[34]8;")
TIMEOUT = 120.0
SHAPING = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING", "PYTHONUNBUFFERED", "PYTHONUTF8")
"""Variables that change what output looks like."""


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Standard output as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def rules(self) -> list[str]:
        """The names of the rules that gave alerts, an entry an alert, building blocks left out."""
        shown = [alert for alert in self.documents if "kibana.alert.building_block_type" not in alert]
        return [alert["kibana.alert.rule.name"] for alert in shown]


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of this process without what would change the output, and with some changes."""
    kept = {name: value for name, value in os.environ.items() if name not in SHAPING}
    return {**kept, **(changes or {})}


def besra(
    *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> Outcome:
    """Run the command as a process with its output in pipes."""
    done = subprocess.run(
        [*BESRA, *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        env=environment(env),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start the command with all three streams as pipes."""
    command = [*BESRA, *map(str, arguments)]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=cwd, env=environment(env), bufsize=0, **streams)


def inside(*arguments: str | Path) -> Outcome:
    """Run the command within this process, which is quick; its output goes to text streams that are no terminal."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    return Outcome(code, out.getvalue(), err.getvalue())


def start_in_terminal(
    columns: int, *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the command in a terminal so many columns wide; the process, and our end of the terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL, *BESRA, *map(str, arguments)],
        cwd=cwd,
        env=environment({"TERM": "xterm-256color", **(env or {})}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    return process, ours


OWN_TERMINAL = """\
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal the one whose Ctrl-C reaches the command."""


def read_all(terminal: int) -> bytes:
    """What is written to a terminal until nobody is left to write; closes it."""
    written = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how a terminal tells
            break
        if not piece:
            break
        written += piece
    os.close(terminal)
    return written


def in_terminal(columns: int, *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Outcome:
    """Run the command in a terminal so many columns wide. What it wrote, to both streams, is in `out`."""
    process, terminal = start_in_terminal(columns, *arguments, cwd=cwd, env=env)
    written = read_all(terminal)
    return Outcome(process.wait(TIMEOUT), written.decode().replace("\r\n", "\n"), "")


def screen(written: str) -> list[str]:
    """The lines a terminal shows in the end, styles taken off: the cursor goes up and lines are cleared."""
    lines = [""]
    row = 0
    for piece in re.split(r"(\n|\r|\x1b\[1A|\x1b\[2K)", written):
        match piece:
            case "\n":
                row += 1
                lines += [""] * (row == len(lines))
            case "\x1b[1A":
                row = max(0, row - 1)
            case "\r" | "\x1b[2K":
                lines[row] = ""
            case _:
                lines[row] += STYLE.sub("", piece)
    return lines
