"""Background noise: the ordinary activity of one workstation, minute after minute, from the tables in `habits`."""

from collections.abc import Callable, Iterator
from random import Random

from besra.demo.activity import (
    Activity,
    Connection,
    DnsLookup,
    FileChange,
    LibraryLoad,
    ProcessEnd,
    ProcessStart,
    RegistryAccess,
)
from besra.demo.habits import AT_START, HABITS, LATER, SHORT_LIVED, Habit
from besra.demo.machine import Machine
from besra.demo.process import Process
from besra.demo.program import PROGRAMS, Program, system_library
from besra.demo.scene import child, process_ids, running_processes
from besra.schema.timestamp import NANOS

# Documents of one machine in one minute (demo-events.md, last line of (c)).
SHORT_LIVED_STARTS = 3
LOADS_OF_A_START = 8
LOADS = 60 - SHORT_LIVED_STARTS * LOADS_OF_A_START
REGISTRY = 25
FILES = 20
LOOKUPS = 4
CONNECTIONS = 6

REWRITTEN = ("modification", "overwrite")


def background(machine: Machine, base: int, minutes: int, seed: int) -> Iterator[Activity]:
    """The noise of that many minutes from `base` on, in order of time.

    Each minute holds 60 library, 25 registry, 20 file, 12 network, 8 DNS and 6 process activities.
    """
    running = running_processes(machine)
    for minute in range(minutes):
        rng = Random(f"{seed}:{machine.name}:background:{minute}")
        yield from sorted(_minute(running, base + minute * 60 * NANOS, rng), key=lambda activity: activity.time)


def _minute(running: dict[str, Process], start: int, rng: Random) -> Iterator[Activity]:
    yield from _short_lived(running, start, rng)
    for _ in range(LOADS):
        role, habit = _anyone(rng)
        yield LibraryLoad(_moment(start, rng), running[role], _library(running[role], habit, rng))
    for _ in range(REGISTRY):
        role, habit = _anyone(rng, lambda habit: habit.registry)
        yield _registry(running[role], habit, _moment(start, rng), rng)
    for _ in range(FILES):
        role, habit = _anyone(rng, lambda habit: habit.files)
        yield _file(running[role], habit, _moment(start, rng), rng)
    for number in range(CONNECTIONS):
        role, habit = _anyone(rng, lambda habit: habit.sites)
        # Nothing outlasts its minute, so that minutes put one after another are in order of time.
        yield from _connection(running[role], habit, _moment(start, rng, 40.0), number < LOOKUPS, rng)


def _short_lived(running: dict[str, Process], start: int, rng: Random) -> Iterator[Activity]:
    for role, key, as_user, template in rng.sample(SHORT_LIVED, SHORT_LIVED_STARTS):
        parent, program, time = running[role], PROGRAMS[key], _moment(start, rng, 40.0)
        account = parent.machine.user if as_user else None
        line = _fill(template, parent.machine, rng, path=program.executable)
        process = child(parent, program, next(process_ids(rng)), time, line, account)
        yield ProcessStart(time, process)
        loaded = time
        for library in _libraries_at_start(rng):
            loaded += rng.randrange(3_000, 90_000) * 100
            yield LibraryLoad(loaded, process, system_library(library))
        yield ProcessEnd(time + rng.randrange(5_000_000, 190_000_000) * 100, process)


def _libraries_at_start(rng: Random) -> list[str]:
    chosen = sorted(rng.sample(range(3, len(AT_START)), LOADS_OF_A_START - 3))
    return [*AT_START[:3], *(AT_START[position] for position in chosen)]


def _anyone(rng: Random, wanted: Callable[[Habit], object] = lambda _: True) -> tuple[str, Habit]:
    """A role by weight, among those whose habits have what is wanted."""
    able = [(role, habit) for role, habit in HABITS.items() if wanted(habit)]
    return rng.choices(able, [habit.weight for _, habit in able])[0]


def _library(process: Process, habit: Habit, rng: Random) -> Program:
    """A library of Windows, or one that the program brought along: signed as the program is."""
    found = rng.choice(habit.libraries + LATER)
    if "\\" not in found:
        return system_library(found)
    return Program(found, process.program.signer, found.rpartition("\\")[2])


def _registry(process: Process, habit: Habit, time: int, rng: Random) -> Activity:
    hive, key, value, data, data_type = rng.choice(habit.registry)
    key = _fill(key, process.machine, rng)
    if data is None:
        return RegistryAccess(time, process, "query", hive, key, value)
    strings = (_fill(data, process.machine, rng),) if data_type != "REG_BINARY" else ()
    return RegistryAccess(time, process, "modification", hive, key, value, strings, data_type)


def _file(process: Process, habit: Habit, time: int, rng: Random) -> Activity:
    template, header = rng.choice(habit.files)
    # A file with a fixed name was there before: it is written again, not created.
    actions = ("creation", "modification", "deletion") if "{" in template.replace("{user}", "") else REWRITTEN
    action = rng.choice(actions)
    path = _fill(template, process.machine, rng)
    return FileChange(time, process, action, path, int(rng.lognormvariate(9.5, 1.6)), header.ljust(32, "0"))


def _connection(process: Process, habit: Habit, time: int, look_up: bool, rng: Random) -> Iterator[Activity]:
    name, ip = rng.choice(habit.sites)
    if look_up:
        answered = time + rng.randrange(60_000, 900_000) * 100
        yield DnsLookup(time, process, name)
        yield DnsLookup(answered, process, name, (ip,))
        time = answered + rng.randrange(8_000, 60_000) * 100
    local_port = rng.randrange(49_152, 65_536)
    yield Connection(time, process, "connection_attempted", ip, 443, local_port)
    ended = time + rng.randrange(3_000_000, 190_000_000) * 100
    sent, received = int(rng.lognormvariate(7.6, 1.0)), int(rng.lognormvariate(9.2, 1.5))
    yield Connection(ended, process, "disconnect_received", ip, 443, local_port, sent, received)


def _moment(start: int, rng: Random, seconds: float = 60.0) -> int:
    return start + rng.randrange(int(seconds * 10_000_000)) * 100


def _fill(template: str, machine: Machine, rng: Random, path: str = "") -> str:
    return template.format(
        user=machine.user.name,
        sid=machine.user.sid,
        hex=f"{rng.getrandbits(32):08x}",
        number=rng.randrange(10, 999),
        path=path,
    )
