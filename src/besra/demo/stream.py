"""The demo's event streams: who plays which story when, merged in order of time and written as one source would."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from besra.demo.activity import Activity
from besra.demo.background import background
from besra.demo.benign import (
    browser_update,
    control_action,
    custom_action,
    dotnet_registration,
    installer_online,
    interactive_install,
    other_system,
    restore_point,
    run_key_by_others,
    slow_vendor_agent,
    task_by_others,
    update_helper,
)
from besra.demo.defend import defend_documents
from besra.demo.document import DEFAULT_BASE, DEFAULT_SEED, Document, to_nanos
from besra.demo.machine import workstation
from besra.demo.malicious_msi import malicious_msi
from besra.demo.persistence import persistence
from besra.demo.scene import Scene, scene
from besra.demo.sentinel_one import sentinel_one_records
from besra.demo.sysmon import sysmon_records
from besra.errors import InputError
from besra.schema.timestamp import NANOS

MINUTES = 5
HOSTS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A story of the demo: how many seconds after the base time it starts, and on which workstation (from 0)."""

    name: str
    play: Callable[[Scene], Mapping[str, Activity] | Sequence[Activity]]
    seconds: float
    host: int


ATTACKS = (Entry("malicious-msi", malicious_msi, 65.0, 0), Entry("persistence", persistence, 118.0, 1))
"""The two attacks, on different hosts."""

AROUND = (
    Entry("update-helper", update_helper, 11.382, 2),
    Entry("slow-vendor-agent", slow_vendor_agent, 23.917, 3),
    Entry("browser-update", browser_update, 31.046, 0),
    Entry("custom-action", custom_action, 44.663, 2),
    Entry("other-system", other_system, 57.208, 0),
    Entry("dotnet-registration", dotnet_registration, 76.511, 3),
    Entry("control-action", control_action, 92.174, 1),
    Entry("interactive-install", interactive_install, 103.829, 2),
    Entry("restore-point", restore_point, 139.470, 0),
    Entry("installer-online", installer_online, 151.635, 3),
    Entry("run-key-by-others", run_key_by_others, 163.090, 1),
    Entry("task-by-others", task_by_others, 178.744, 2),
)
"""The benign stories around them."""


def demo_documents(
    *, seed: int = DEFAULT_SEED, base: int | datetime = DEFAULT_BASE, minutes: int = MINUTES, hosts: int = HOSTS
) -> Iterator[Document]:
    """The Elastic Defend stream in order of time: both attacks, the benign stories, and background noise.

    `base` (nanoseconds since 1970, or a datetime) is the time of the beginning: all documents come after it. `minutes`
    is the length of the noise (131 documents a minute and host); the stories take three minutes whatever it is.
    The first seed rule gives one alert on it and the second three. Raises InputError for fewer than two hosts or a
    negative length.
    """
    if hosts < 2 or minutes < 0:
        message = f"a demo needs at least 2 hosts and 0 minutes, not {hosts} and {minutes}"
        raise InputError.of("demo-size", message, hint="the two attacks happen on different hosts")
    start = to_nanos(base)
    told = _played(ATTACKS + AROUND, start, hosts, seed)
    noise = [background(workstation(index, start, seed), start, minutes, seed) for index in range(hosts)]
    return defend_documents(heapq.merge(told, *noise, key=lambda activity: activity.time), seed=seed)


def sysmon_documents(base: int | datetime = DEFAULT_BASE, *, seed: int = DEFAULT_SEED) -> Iterator[Document]:
    """Both attacks of `demo_documents` as Sysmon saw them, without noise.

    The first seed rule gives one alert; the second none, for its indices are Elastic Defend's (sources.md 8).
    """
    return sysmon_records(_played(ATTACKS, to_nanos(base), HOSTS, seed), seed=seed)


def sentinel_one_documents(base: int | datetime = DEFAULT_BASE, *, seed: int = DEFAULT_SEED) -> Iterator[Document]:
    """The malicious MSI of `demo_documents` as SentinelOne saw it: one alert of the first seed rule."""
    return sentinel_one_records(_played(ATTACKS[:1], to_nanos(base), HOSTS, seed), seed=seed)


def _played(entries: Iterable[Entry], start: int, hosts: int, seed: int) -> list[Activity]:
    """The activities of all those stories in order of time."""
    activities: list[Activity] = []
    for entry in entries:
        machine = workstation(entry.host % hosts, start, seed)
        told = entry.play(scene(machine, start + round(entry.seconds * NANOS), seed, entry.name))
        activities += told.values() if isinstance(told, Mapping) else told
    return sorted(activities, key=lambda activity: activity.time)
