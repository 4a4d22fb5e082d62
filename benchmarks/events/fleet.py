"""The hosts of the made-up company: three operating systems, each host with its users and its part of every event."""

from dataclasses import dataclass
from random import Random
from typing import Any

OS_MIX = (("windows", 14), ("linux", 7), ("macos", 3))
"""Of every 24 hosts so many."""

RELEASES = {
    "windows": (("Windows", "22H2 (10.0.19045.4291)", "Windows 10 Enterprise"), ("Windows", "24H2", "Windows 11 Pro")),
    "linux": (("Linux", "6.1.0-18-amd64", "Debian 12"), ("Linux", "5.14.0-427.el9", "Rocky Linux 9.4")),
    "macos": (("macOS", "14.5", "macOS 14.5"), ("macOS", "15.1", "macOS 15.1")),
}
PREFIX = {"windows": "DESK", "linux": "node", "macos": "book"}
FIRST_NAMES = (
    *("ada", "bela", "cleo", "dina", "egon", "fritz", "gesa", "hanno", "ines", "jana", "kolja", "lene", "milo"),
    *("nora", "otto", "pia", "rike", "sven", "tilda", "uwe"),
)


@dataclass(frozen=True, slots=True)
class User:
    """An account: name, domain (None outside of Windows) and id as the system writes it."""

    name: str
    domain: str | None
    id: str

    def document(self) -> dict[str, Any]:
        """`user` of an event."""
        return {"name": self.name, "id": self.id} | ({"domain": self.domain} if self.domain else {})


@dataclass(frozen=True, slots=True)
class Host:
    """A computer: its operating system, address, users, and the parts of its events that never change."""

    number: int
    os: str
    name: str
    address: str
    agent: str
    users: tuple[User, ...]
    document: dict[str, Any]


def fleet(random: Random, size: int = 48) -> tuple[Host, ...]:
    """The hosts of a company."""
    systems = [name for name, count in OS_MIX for _ in range(count)]
    return tuple(_host(random, number, systems[number % len(systems)]) for number in range(size))


def _host(random: Random, number: int, system: str) -> Host:
    name = f"{PREFIX[system]}-{number:03}"
    address = f"10.20.{number // 200}.{number % 200 + 10}"
    family, version, full = random.choice(RELEASES[system])
    document = {
        "hostname": name,
        "name": name.lower(),
        "id": f"{random.getrandbits(128):032x}",
        "architecture": "arm64" if system == "macos" else "x86_64",
        "ip": [address, f"fe80::{random.getrandbits(16):x}:{random.getrandbits(16):x}", "127.0.0.1", "::1"],
        "mac": ["-".join(f"{random.getrandbits(8):02x}" for _ in range(6))],
        "os": {
            "type": system,
            "family": {"linux": full.partition(" ")[0].lower()}.get(system, system),
            "platform": {"linux": full.partition(" ")[0].lower()}.get(system, system),
            "name": family,
            "version": version,
            "kernel": version,
            "full": full,
            "Ext": {"variant": full},
        },
    }
    agent = _uuid(random)
    users = tuple(_user(random, system, name, position) for position in range(4))
    return Host(number, system, name, address, agent, users, document)


def _user(random: Random, system: str, host: str, position: int) -> User:
    name = random.choice(FIRST_NAMES)
    if system == "windows":
        if position == 0:
            return User("SYSTEM", "NT AUTHORITY", "S-1-5-18")
        return User(name, "HAUS", f"S-1-5-21-{random.getrandbits(30)}-{random.getrandbits(30)}-{1100 + position}")
    if position == 0:
        return User("root", None, "0")
    return User(name, None, str((1000 if system == "linux" else 500) + position))


def _uuid(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
