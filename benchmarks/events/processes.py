"""The processes of a host: each started by another that runs there, so that events hang together in chains."""

import base64
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from benchmarks.events.fleet import Host, User
from benchmarks.events.programs import Program, Programs, arguments

ALIVE = 60
"""Processes a host runs at a time; of more, the oldest ends."""

DEPTH = 5
"""Ancestors an event tells of."""


@dataclass(frozen=True, slots=True)
class Process:
    """A running process."""

    pid: int
    entity_id: str
    program: Program
    args: list[str]
    user: User
    start: str
    parent: "Process | None" = None
    ancestry: tuple[str, ...] = ()
    """The entity ids of its parent, that one's parent and so on."""

    def brief(self) -> dict[str, Any]:
        """What every kind of event tells of the process behind it."""
        told: dict[str, Any] = {
            "pid": self.pid,
            "entity_id": self.entity_id,
            "name": self.program.name,
            "executable": self.program.executable,
            "thread": {"id": self.pid + 4},
            "Ext": {"ancestry": list(self.ancestry), "architecture": "x86_64", "protection": ""},
        }
        if self.program.signer:
            signature = {
                "exists": True,
                "trusted": True,
                "status": "trusted",
                "subject_name": self.program.signer,
                "thumbprint_sha256": self.program.hashes["sha256"][::-1],
            }
            told["code_signature"] = signature
            told["Ext"]["code_signature"] = [signature]
        if self.parent:
            told["parent"] = {"entity_id": self.parent.entity_id, "pid": self.parent.pid}
        return told

    def full(self) -> dict[str, Any]:
        """What an event about the process itself tells."""
        told = (
            self.brief()
            | self._command()
            | {
                "hash": self.program.hashes,
                "working_directory": "/" if self.program.executable.startswith("/") else "C:\\Windows\\system32\\",
                "start": self.start,
                "interactive": self.pid % 2 == 0,
            }
        )
        if self.parent:
            told["parent"] = self.parent.brief() | self.parent._command()
            leader = {key: value for key, value in self.parent.brief().items() if not isinstance(value, dict)}
            leader |= {"user": {"id": self.parent.user.id, "name": self.parent.user.name}, "start": self.parent.start}
            if self.program.executable.startswith("/"):
                told |= {"group_leader": leader, "session_leader": leader, "entry_leader": leader}
            else:
                told["Ext"] |= {"token": {"integrity_level_name": "high", "elevation": True}, "session": "Console"}
                told["pe"] = {"original_file_name": self.program.name, "product": "Workplace", "file_version": "10.0.1"}
        return told

    def _command(self) -> dict[str, Any]:
        return {"args": self.args, "args_count": len(self.args), "command_line": " ".join(self.args)}


@dataclass
class Processes:
    """The processes that run on one host."""

    host: Host
    programs: Programs
    running: list[Process] = field(default_factory=list)

    def start(self, random: Random, time: str) -> Process:
        """A new process, by one that runs."""
        program = self.programs.draw(random)
        parent = random.choice(self.running) if self.running else None
        pid = random.randrange(300, 65000)
        identity = base64.b64encode(f"{self.host.agent}-{pid}-{random.getrandbits(56)}".encode()).decode()
        args = arguments(random, program, self.host.os)
        process = Process(pid, identity, program, args, random.choice(self.host.users), time)
        if parent:
            ancestry = (parent.entity_id, *parent.ancestry)[:DEPTH]
            # A parent that knew its own parent would keep the whole chain in memory.
            process = replace(process, parent=replace(parent, parent=None), ancestry=ancestry)
        self.running.append(process)
        del self.running[:-ALIVE]
        return process

    def any(self, random: Random, time: str) -> Process:
        """One that runs, the youngest most often."""
        if len(self.running) < 3:
            return self.start(random, time)
        return self.running[-1 - int(len(self.running) * random.random() ** 2)]
