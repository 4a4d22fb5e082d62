"""Machines: the monitored hosts, with their user, addresses and the identities their agents have."""

import uuid
from dataclasses import dataclass
from random import Random

from besra.schema.timestamp import NANOS


@dataclass(frozen=True, slots=True)
class Account:
    """A security principal: SID (or numeric user id), name, and the authority that knows it."""

    sid: str
    name: str
    authority: str


SYSTEM = Account("S-1-5-18", "SYSTEM", "NT AUTHORITY")
LOCAL_SERVICE = Account("S-1-5-19", "LOCAL SERVICE", "NT AUTHORITY")
NETWORK_SERVICE = Account("S-1-5-20", "NETWORK SERVICE", "NT AUTHORITY")


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """The values of `host.os.*`."""

    type: str
    family: str
    platform: str
    name: str
    version: str
    full: str


WINDOWS_10 = OperatingSystem(
    "windows",
    "windows",
    "windows",
    "Windows",
    "22H2 (10.0.19045.4291)",
    "Windows 10 Pro 22H2 (10.0.19045.4291)",
)
UBUNTU = OperatingSystem("linux", "debian", "ubuntu", "Ubuntu", "22.04.4 LTS (Jammy Jellyfish)", "Ubuntu 22.04.4")

USERS = ("jdoe", "jdoe", "asmith", "mgarcia", "tnguyen", "lpatel", "kweber", "rjones")
"""Users of the first machines; jdoe has two, since both hand-written stories happen to jdoe (demo-events.md)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A host and its agent. `booted` is in nanoseconds; `sequence` is the number its agent had reached before."""

    name: str
    os: OperatingSystem
    user: Account
    ip: str
    link_local: str
    mac: str
    host_id: str
    agent_id: str
    event_prefix: str
    sequence: int
    booted: int


def workstation(index: int, base: int, seed: int) -> Machine:
    """The index-th Windows workstation of a demo at that base time: wks-0042, wks-0049, …"""
    number = 42 + 7 * index
    rng = Random(f"{seed}:workstation:{index}")
    name = f"wks-{number:04d}"
    domain = "-".join(str(rng.randrange(100_000_000, 4_000_000_000)) for _ in range(3))
    user = Account(f"S-1-5-21-{domain}-1001", USERS[index % len(USERS)], name.upper())
    ip = f"10.0.{4 + number // 250}.{number % 250 or 250}"
    return _machine(name, WINDOWS_10, user, ip, base, rng)


def wine_machine(neighbour: Machine) -> Machine:
    """The Linux host of a workstation's user, on which Windows programs run under wine."""
    rng = Random(f"{neighbour.agent_id}:wine")
    user = Account("1000", neighbour.user.name, "dev-lnx-07")
    return _machine("dev-lnx-07", UBUNTU, user, "10.0.9.17", neighbour.booted, rng)


def _machine(name: str, system: OperatingSystem, user: Account, ip: str, base: int, rng: Random) -> Machine:
    low = [f"{rng.randrange(256):02x}" for _ in range(8)]
    return Machine(
        name=name,
        os=system,
        user=user,
        ip=ip,
        link_local=f"fe80::{low[0]}{low[1]}:{low[2]}ff:fe{low[3]}:{low[4]}{low[5]}",
        mac="-".join(("00", "50", "56", *(f"{rng.randrange(256):02x}" for _ in range(3)))),
        host_id=_uuid(rng),
        agent_id=_uuid(rng),
        event_prefix="".join(rng.choices(BASE64, k=16)),
        sequence=rng.randrange(20_000, 400_000),
        booted=base - rng.randrange(3_600, 6 * 86_400) * NANOS - rng.randrange(10_000_000) * 100,
    )


BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
