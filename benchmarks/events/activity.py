"""What a process does, as the part of the event that tells of it."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any

from benchmarks.events.processes import Process
from benchmarks.events.programs import WORDS, file_path


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event: category, action, the values of event.type, and how often it occurs."""

    category: str
    action: str
    types: tuple[str, ...]
    weight: int
    systems: tuple[str, ...] = ("windows", "linux", "macos")


KINDS = (
    Kind("process", "start", ("start",), 24),
    Kind("process", "end", ("end",), 8),
    Kind("file", "creation", ("creation",), 18),
    Kind("file", "deletion", ("deletion",), 6),
    Kind("file", "rename", ("change",), 6),
    Kind("network", "connection_attempted", ("start",), 14),
    Kind("network", "disconnect_received", ("end",), 5),
    Kind("network", "lookup_result", ("protocol", "info"), 6, ("windows",)),
    Kind("registry", "modification", ("change",), 16, ("windows",)),
    Kind("library", "load", ("start",), 12, ("windows", "macos")),
    Kind("authentication", "log_on", ("start",), 3),
)
OUTSIDE = (23, 52, 104, 142, 185)
HIVES = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData",
    r"HKLM\SYSTEM\ControlSet001\Services",
    r"HKCU\SOFTWARE\Microsoft\Office\16.0\Common",
    r"HKCU\SOFTWARE\Classes\Local Settings",
)
BY_SYSTEM = {system: [kind for kind in KINDS if system in kind.systems] for system in ("windows", "linux", "macos")}
WEIGHTS = {system: list(accumulate(kind.weight for kind in kinds)) for system, kinds in BY_SYSTEM.items()}


def draw_kind(random: Random, system: str) -> Kind:
    """A kind of event of that operating system."""
    return random.choices(BY_SYSTEM[system], cum_weights=WEIGHTS[system])[0]


def told(random: Random, kind: Kind, system: str, address: str, process: Process) -> dict[str, Any]:
    """The parts of the event that only this kind has, `process` among them."""
    match kind.category:
        case "process":
            return {"process": process.full()}
        case "file":
            return {"process": process.brief(), "file": _file(random, kind, system)}
        case "registry":
            return {"process": process.brief(), "registry": _registry(random)}
        case "library":
            return {"process": process.brief(), "dll": _library(random, system)}
        case "authentication":
            return {"process": process.brief(), "source": {"ip": _address(random)}, **_logon(random)}
        case _ if kind.action == "lookup_result":
            return {"process": process.brief(), "dns": _lookup(random), "network": {"protocol": "dns"}}
        case _:
            return {"process": process.brief(), **_connection(random, address)}


def _file(random: Random, kind: Kind, system: str) -> dict[str, Any]:
    path = file_path(random, system)
    name = path.replace("\\", "/").rpartition("/")[2]
    held: dict[str, Any] = {
        "path": path,
        "name": name,
        "extension": name.rpartition(".")[2],
        "size": random.randrange(1, 900_000),
        "hash": {"sha256": f"{random.getrandbits(256):064x}"},
        "owner": "staff",
        "mode": "0644",
        "Ext": {
            "entropy": round(random.uniform(1, 8), 12),
            "header_bytes": f"{random.getrandbits(128):032x}",
            "monotonic_id": random.randrange(100_000),
            "device": {"volume_device_type": "Disk File System"},
        },
    }
    if kind.action == "rename":
        held["Ext"]["original"] = {"path": path + ".part", "name": name + ".part", "extension": "part"}
    return held


def _registry(random: Random) -> dict[str, Any]:
    hive = random.choice(HIVES)
    key = rf"{hive}\{random.choice(WORDS)}{random.getrandbits(12):x}\{random.choice(WORDS)}"
    value = random.choice(WORDS).title()
    strings = [f"{random.choice(WORDS)} {random.getrandbits(24):x}"]
    data = {"type": "REG_SZ", "strings": strings} if random.random() < 0.7 else {"type": "REG_DWORD", "strings": ["1"]}
    return {"hive": hive[:4], "key": key[5:], "path": rf"{key}\{value}", "value": value, "data": data}


def _library(random: Random, system: str) -> dict[str, Any]:
    path = file_path(random, system) if random.random() < 0.2 else _usual_library(random, system)
    signature = {"exists": True, "trusted": True, "status": "trusted", "subject_name": "Microsoft Windows"}
    return {
        "path": path,
        "name": path.replace("\\", "/").rpartition("/")[2],
        "hash": {"md5": f"{random.getrandbits(128):032x}", "sha256": f"{random.getrandbits(256):064x}"},
        "code_signature": signature,
        "pe": {"original_file_name": f"{random.choice(WORDS)}.dll", "imphash": f"{random.getrandbits(128):032x}"},
        "Ext": {
            "load_index": random.randrange(1, 40),
            "relative_file_creation_time": round(random.uniform(1, 9e6), 6),
            "defense_evasions": [],
        },
    }


def _usual_library(random: Random, system: str) -> str:
    if system == "windows":
        return rf"C:\Windows\System32\{random.choice(WORDS)}{random.randrange(4)}.dll"
    return f"/usr/lib/lib{random.choice(WORDS)}.{random.randrange(4)}.dylib"


def _address(random: Random) -> str:
    if random.random() < 0.6:
        return f"10.20.{random.randrange(4)}.{random.randrange(10, 210)}"
    return ".".join(str(part) for part in (random.choice(OUTSIDE), *random.randbytes(3)))


def _connection(random: Random, address: str) -> dict[str, Any]:
    to = _address(random)
    destination: dict[str, Any] = {
        "ip": to,
        "address": to,
        "port": random.choice((443, 443, 443, 80, 53, 22, 445, 8080)),
    }
    destination["bytes"] = random.randrange(60, 90_000)
    if not to.startswith("10."):
        number = random.randrange(1000, 60_000)
        destination["as"] = {"number": number, "organization": {"name": f"{random.choice(WORDS).upper()}-NET-{number}"}}
        destination["geo"] = {
            "continent_name": "Europe",
            "country_iso_code": random.choice(("DE", "FR", "NL", "SE")),
            "country_name": "Somewhere",
            "location": {"lon": round(random.uniform(4, 20), 2), "lat": round(random.uniform(45, 60), 2)},
        }
    source = {
        "ip": address,
        "address": address,
        "port": random.randrange(1025, 65535),
        "bytes": random.randrange(60, 9000),
    }
    network = {
        "transport": "tcp",
        "type": "ipv4",
        "direction": "egress",
        "bytes": source["bytes"] + destination["bytes"],
    }
    return {"source": source, "destination": destination, "network": network}


def _lookup(random: Random) -> dict[str, Any]:
    name = f"{random.choice(WORDS)}{random.getrandbits(10):x}.{random.choice(WORDS)}.example"
    answers = [_address(random) for _ in range(random.randrange(1, 4))]
    return {
        "question": {"name": name, "type": "A"},
        "resolved_ip": answers,
        "Ext": {"status": 0, "options": 1073766400},
    }


def _logon(random: Random) -> dict[str, Any]:
    return {"group": {"id": "0", "name": "staff"}, "related": {"user": [random.choice(WORDS)]}}
