"""Processes: a program running on a machine, with its parent, its command line and an identity in each source."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from besra.demo.machine import LOCAL_SERVICE, NETWORK_SERVICE, SYSTEM, Account, Machine
from besra.demo.program import Program
from besra.schema.timestamp import NANOS

SECONDS_1601_TO_1970 = 11_644_473_600
ARGUMENT = re.compile(r'(?:"[^"]*"|[^\s"])+')
SERVICE_ACCOUNTS = (SYSTEM, LOCAL_SERVICE, NETWORK_SERVICE)


@dataclass(frozen=True)
class Process:
    """One run of a program. `started` is in nanoseconds; `integrity` as Defend names it: system, high, medium, low."""

    machine: Machine
    program: Program
    pid: int
    started: int
    command_line: str
    account: Account
    integrity: str
    parent: "Process | None" = None

    @property
    def name(self) -> str:
        """The program's file name."""
        return self.program.name

    @property
    def executable(self) -> str:
        """The program's full path."""
        return self.program.executable

    @property
    def args(self) -> list[str]:
        """The command line split at blanks outside quotes, quotes removed (sources.md 4.3; none here is escaped)."""
        return [found.replace('"', "") for found in ARGUMENT.findall(self.command_line)]

    @property
    def working_directory(self) -> str:
        """Where such a process usually starts."""
        service = self.account in SERVICE_ACCOUNTS
        return "C:\\Windows\\system32\\" if service else f"C:\\Users\\{self.account.name}\\"

    @cached_property
    def entity_id(self) -> str:
        """Elastic Defend's identity: base64 of `<agent.id>-<pid>-<start in seconds since 1601, nine decimals>`."""
        seconds, nanos = divmod(self.started, NANOS)
        text = f"{self.machine.agent_id}-{self.pid}-{seconds + SECONDS_1601_TO_1970}.{nanos:09d}"
        return base64.b64encode(text.encode()).decode()

    @property
    def ancestors(self) -> "Iterator[Process]":
        """Parent, grandparent and so on."""
        parent = self.parent
        while parent is not None:
            yield parent
            parent = parent.parent
