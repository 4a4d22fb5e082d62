"""A scene: one machine at one time, with the programs that run on it all day, where a story takes place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from besra.demo.activity import ProcessStart
from besra.demo.machine import LOCAL_SERVICE, NETWORK_SERVICE, SYSTEM, Account, Machine
from besra.demo.process import Process
from besra.demo.program import PROGRAMS, Program, teams
from besra.schema.timestamp import NANOS

SERVICE_HOST = r"C:\Windows\system32\svchost.exe"

# role, role of the parent, program, command line, account (None: the machine's user), seconds after boot
RUNNING: tuple[tuple[str, str | None, str, str, Account | None, float], ...] = (
    ("wininit", None, "wininit", "wininit.exe", SYSTEM, 9.2),
    ("services", "wininit", "services", r"C:\Windows\system32\services.exe", SYSTEM, 9.9),
    ("winlogon", None, "winlogon", "winlogon.exe", SYSTEM, 10.1),
    ("dcom", "services", "svchost", f"{SERVICE_HOST} -k DcomLaunch -p", SYSTEM, 11.0),
    ("dnscache", "services", "svchost", f"{SERVICE_HOST} -k NetworkService -p -s Dnscache", NETWORK_SERVICE, 12.4),
    ("schedule", "services", "svchost", f"{SERVICE_HOST} -k netsvcs -p -s Schedule", SYSTEM, 12.8),
    ("update", "services", "svchost", f"{SERVICE_HOST} -k netsvcs -p -s wuauserv", SYSTEM, 131.5),
    ("time", "services", "svchost", f"{SERVICE_HOST} -k LocalService -s W32Time", LOCAL_SERVICE, 14.1),
    ("msmpeng", "services", "msmpeng", f'"{PROGRAMS["msmpeng"].executable}"', SYSTEM, 15.7),
    ("search", "services", "searchindexer", r"C:\Windows\system32\SearchIndexer.exe /Embedding", SYSTEM, 33.2),
    ("userinit", "winlogon", "userinit", r"C:\Windows\system32\userinit.exe", None, 61.0),
    ("explorer", "userinit", "explorer", r"C:\Windows\Explorer.EXE", None, 61.6),
    ("onedrive", "explorer", "onedrive", f'"{PROGRAMS["onedrive"].executable}" /background', None, 74.3),
    ("teams", "explorer", "teams", "", None, 78.8),
    ("outlook", "explorer", "outlook", f'"{PROGRAMS["outlook"].executable}" ', None, 142.0),
    ("chrome", "explorer", "chrome", f'"{PROGRAMS["chrome"].executable}" ', None, 190.4),
    (
        "chrome-network",
        "chrome",
        "chrome",
        f'"{PROGRAMS["chrome"].executable}" --type=utility --utility-sub-type=network.mojom.NetworkService',
        None,
        190.9,
    ),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A machine, what runs on it by role, and the instant that a story's offsets count from."""

    machine: Machine
    running: Mapping[str, Process]
    base: int
    pids: Iterator[int]

    def at(self, seconds: float) -> int:
        """The instant so many seconds after the base."""
        return self.base + round(seconds * NANOS)

    def start(
        self, seconds: float, parent: Process, program: Program, command_line: str, account: Account | None = None
    ) -> ProcessStart:
        """A process started then by that parent, as the parent's account unless told."""
        time = self.at(seconds)
        return ProcessStart(time, child(parent, program, next(self.pids), time, command_line, account))


def scene(machine: Machine, base: int, seed: int, label: str) -> Scene:
    """The scene of the story called `label`; process ids differ between labels."""
    return Scene(machine, running_processes(machine), base, process_ids(Random(f"{seed}:{machine.name}:{label}")))


def process_ids(rng: Random) -> Iterator[int]:
    """Process ids as Windows gives them out: multiples of four in no order. Below 4000 they belong to `RUNNING`."""
    while True:
        yield 4 * rng.randrange(1_000, 6_000)


def running_processes(machine: Machine) -> dict[str, Process]:
    """The processes that were running on a workstation before the demo begins, by role."""
    rng = Random(f"{machine.agent_id}:running")
    pids = sorted(4 * number for number in rng.sample(range(110, 990), len(RUNNING)))
    running: dict[str, Process] = {}
    for pid, (role, parent, key, command_line, account, seconds) in zip(pids, RUNNING, strict=True):
        program = teams(machine.user.name) if key == "teams" else PROGRAMS[key]
        started = machine.booted + round(seconds * NANOS) + rng.randrange(9_000_000) * 100
        running[role] = Process(
            machine,
            program,
            pid,
            started,
            command_line or f'"{program.executable}" --system-initiated',
            account or machine.user,
            "system" if account else "medium",
            running[parent] if parent else None,
        )
    return running


def child(
    parent: Process, program: Program, pid: int, started: int, command_line: str, account: Account | None = None
) -> Process:
    """A process started by another. It inherits account and integrity, or runs as that account at medium integrity."""
    integrity = parent.integrity if account in (None, parent.account) else "medium"
    return Process(parent.machine, program, pid, started, command_line, account or parent.account, integrity, parent)
