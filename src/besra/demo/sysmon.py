"""Activities as documents of Sysmon through the Elastic Agent's Windows integration (sources.md 4.1, 4.2).

Sysmon sees less than Defend: one record for a DNS query, when it is answered; no end of a connection; no file change
but a creation; no registry read; and nothing about the process on whose behalf a service acts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from besra.demo.activity import Activity, Connection, DnsLookup, FileChange, LibraryLoad, ProcessStart, RegistryAccess
from besra.demo.document import DEFAULT_SEED, Document, ingested
from besra.demo.machine import Machine
from besra.demo.process import Process
from besra.demo.program import Program
from besra.schema.timestamp import NANOS, format_timestamp

DATASET = "windows.sysmon_operational"
CHANNEL = "Microsoft-Windows-Sysmon/Operational"
PROVIDER = "Microsoft-Windows-Sysmon"
PROVIDER_GUID = "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"


@dataclass(frozen=True, slots=True)
class Kind:
    """What ECS calls a Sysmon event, and the version of the record."""

    categories: tuple[str, ...]
    types: tuple[str, ...]
    action: str
    version: int


KINDS = {
    "1": Kind(("process",), ("start",), "Process creation", 5),
    "3": Kind(("network",), ("start", "connection", "protocol"), "Network connection", 5),
    "7": Kind(("process",), ("change",), "Image loaded", 3),
    "11": Kind(("file",), ("creation",), "FileCreate", 2),
    "13": Kind(("configuration", "registry"), ("change",), "RegistryEvent (Value Set)", 2),
    "22": Kind(("network",), ("connection", "protocol", "info"), "DNSEvent (DNS query)", 5),
}


def sysmon_records(activities: Iterable[Activity], *, seed: int = DEFAULT_SEED) -> Iterator[Document]:
    """The documents of those activities that Sysmon records, in the order given, which must be that of time."""
    rng = Random(f"{seed}:sysmon")
    reached: dict[str, int] = {}
    for activity in activities:
        code = event_code(activity)
        if code is None:
            continue
        machine = activity.process.machine
        record = reached.get(machine.name, machine.sequence // 7) + 1
        reached[machine.name] = record
        yield _document(activity, code, record, rng)


def event_code(activity: Activity) -> str | None:
    """The Sysmon event id of an activity, None if Sysmon does not record it (id 5 is switched off here)."""
    match activity:
        case ProcessStart():
            return "1"
        case Connection(action="connection_attempted"):
            return "3"
        case LibraryLoad():
            return "7"
        case FileChange(action="creation"):
            return "11"
        case RegistryAccess(action="modification"):
            return "13"
        case DnsLookup(resolved=tuple()):
            return "22"
        case _:
            return None


def _document(activity: Activity, code: str, record: int, rng: Random) -> Document:
    machine, process = activity.process.machine, activity.process
    kind = KINDS[code]
    written = activity.time + rng.randrange(2_000_000, 900_000_000)
    return {
        "@timestamp": format_timestamp(activity.time, digits=3),
        "agent": {"id": machine.agent_id, "name": machine.name, "type": "filebeat", "version": "9.1.0"},
        "data_stream": {"type": "logs", "dataset": DATASET, "namespace": "default"},
        "ecs": {"version": "8.11.0"},
        "event": {
            "action": kind.action,
            "category": list(kind.categories),
            "code": code,
            "created": format_timestamp(written, digits=3),
            "dataset": DATASET,
            "ingested": ingested(activity.time, rng),
            "kind": "event",
            "module": "windows",
            "provider": PROVIDER,
            "type": list(kind.types),
        },
        "host": _host(machine),
        "log": {"level": "information"},
        "message": kind.action,
        "process": _process(process) | (_started(process) if code == "1" else {}),
        # The SID is that of the Sysmon service, not of the actor (sources.md 4.2).
        "user": {"id": "S-1-5-18", "name": process.account.name, "domain": process.account.authority},
        "winlog": _winlog(process, code, record),
        **_payload(activity),
    }


def _host(machine: Machine) -> dict[str, Any]:
    return {
        "architecture": "x86_64",
        "hostname": machine.name,
        "id": machine.host_id,
        "ip": [machine.link_local, machine.ip],
        "mac": [machine.mac],
        "name": machine.name,
        "os": asdict(machine.os),
    }


def _winlog(process: Process, code: str, record: int) -> dict[str, Any]:
    block: dict[str, Any] = {
        "channel": CHANNEL,
        "computer_name": process.machine.name,
        "event_id": code,
        "opcode": "Info",
        "process": {"pid": 3128, "thread": {"id": 4820}},
        "provider_guid": PROVIDER_GUID,
        "provider_name": PROVIDER,
        "record_id": str(record),
        "user": {"domain": "NT AUTHORITY", "identifier": "S-1-5-18", "name": "SYSTEM", "type": "User"},
        "version": KINDS[code].version,
    }
    if code == "1":
        service = process.integrity == "system"
        block["event_data"] = {
            "IntegrityLevel": process.integrity.title(),
            "LogonId": "0x3e7" if service else "0x4b1c2",
            "TerminalSessionId": "0" if service else "1",
        }
    return block


def process_guid(process: Process) -> str:
    """ProcessGuid: the machine, the start in seconds since 1970, and a number that tells processes apart."""
    seconds = process.started // NANOS
    machine = process.machine.host_id[:8]
    return f"{{{machine}-{seconds & 0xFFFF:04x}-{seconds >> 16 & 0xFFFF:04x}-{process.pid >> 2:04x}-000000000500}}"


def _process(process: Process) -> dict[str, Any]:
    return {
        "entity_id": process_guid(process),
        "executable": process.executable,
        "name": process.name,
        "pid": process.pid,
    }


def _started(process: Process) -> dict[str, Any]:
    fields: dict[str, Any] = {
        **_command(process),
        "hash": process.program.hashes(),
        "working_directory": process.working_directory,
    }
    if process.program.original_name:
        fields["pe"] = {"original_file_name": process.program.original_name, "company": _company(process.program)}
    if process.parent:
        fields["parent"] = _process(process.parent) | _command(process.parent)
    return fields


def _company(program: Program) -> str:
    signer = program.signer or ""
    return "Microsoft Corporation" if signer.startswith("Microsoft") else signer


def _command(process: Process) -> dict[str, Any]:
    args = process.args
    return {"args": args, "args_count": len(args), "command_line": process.command_line}


def _payload(activity: Activity) -> dict[str, Any]:
    match activity:
        case FileChange(path=path):
            return {"file": _file(path)}
        case LibraryLoad(library=library):
            return {"file": _file(library.executable) | _image(library)}
        case RegistryAccess():
            return {"registry": _registry(activity)}
        case DnsLookup(name=name, resolved=resolved):
            return _dns(name, resolved or ())
        case Connection():
            return _connection(activity)
        case _:
            return {}


def _file(path: str) -> dict[str, Any]:
    directory, _, name = path.rpartition("\\")
    fields = {"directory": directory, "name": name, "path": path}
    # The text after the last dot of the whole path, as the pipeline does it (sources.md 4.2).
    return fields | ({"extension": path.rpartition(".")[2]} if "." in path else {})


def _image(library: Program) -> dict[str, Any]:
    fields: dict[str, Any] = {"hash": library.hashes()}
    if library.original_name:
        fields["pe"] = {"original_file_name": library.original_name}
    if library.signer:
        fields["code_signature"] = {"status": "Valid", "subject_name": library.signer, "valid": True}
    return fields


def _registry(access: RegistryAccess) -> dict[str, Any]:
    hive = access.hive.replace("HKEY_USERS", "HKU")
    fields: dict[str, Any] = {
        "hive": hive,
        "key": rf"{access.key}\{access.value}",
        "path": rf"{hive}\{access.key}\{access.value}",
        "value": access.value,
    }
    if access.strings:
        fields["data"] = {"strings": list(access.strings), "type": access.data_type}
    return fields


def _dns(name: str, resolved: tuple[str, ...]) -> dict[str, Any]:
    subdomain, _, registered = name.partition(".") if name.count(".") > 1 else ("", "", name)
    question = {"name": name, "registered_domain": registered, "top_level_domain": name.rpartition(".")[2]}
    if subdomain:
        question["subdomain"] = subdomain
    dns = {
        "answers": [{"data": ip, "type": "A"} for ip in resolved],
        "question": question,
        "resolved_ip": list(resolved),
    }
    related = {"hosts": [name], "ip": list(resolved)}
    return {"dns": dns, "network": {"protocol": "dns"}, "related": related, "sysmon": {"dns": {"status": "SUCCESS"}}}


def _connection(connection: Connection) -> dict[str, Any]:
    machine = connection.process.machine
    return {
        "source": {"domain": machine.name, "ip": machine.ip, "port": connection.local_port},
        "destination": {"ip": connection.ip, "port": connection.port},
        "network": {"direction": "egress", "protocol": "https", "transport": "tcp", "type": "ipv4"},
        "related": {"ip": [machine.ip, connection.ip]},
    }
