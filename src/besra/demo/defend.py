"""Activities as documents of Elastic Defend (demo-events.md, "Fields on every document"; sources.md 3)."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from random import Random
from typing import Any

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
from besra.demo.document import DEFAULT_SEED, Document, ingested
from besra.demo.machine import BASE64, Machine
from besra.demo.process import Process
from besra.demo.program import Program
from besra.schema.timestamp import format_timestamp

ECS_VERSION = "8.10.0"
AGENT_VERSION = "9.1.0"

MESSAGES = {
    "process": "Endpoint process event",
    "network": "Endpoint network event",
    "file": "Endpoint file event",
    "registry": "Endpoint registry event",
    "library": "Endpoint DLL load event",
}
TYPES = {
    "creation": ("creation",),
    "modification": ("change",),
    "overwrite": ("change",),
    "deletion": ("deletion",),
    "query": ("access",),
    "connection_attempted": ("start",),
    "disconnect_received": ("end",),
}
DNS_TYPES = ("connection", "protocol", "info")


def defend_documents(activities: Iterable[Activity], *, seed: int = DEFAULT_SEED) -> Iterator[Document]:
    """One document for each activity, in the order given, which must be that of time.

    `event.sequence` counts per agent over all streams, from where the agent was before (`Machine.sequence`).
    """
    rng = Random(f"{seed}:defend")
    reached: dict[str, int] = {}
    for activity in activities:
        machine = activity.process.machine
        sequence = reached.get(machine.agent_id, machine.sequence) + 1
        reached[machine.agent_id] = sequence
        yield _document(activity, sequence, rng)


def _document(activity: Activity, sequence: int, rng: Random) -> Document:
    machine = activity.process.machine
    stream, action, types = _kind(activity)
    dataset = f"endpoint.events.{stream}"
    time = format_timestamp(activity.time, digits=7)
    account = activity.process.account
    return {
        "@timestamp": time,
        "agent": {"id": machine.agent_id, "type": "endpoint", "version": AGENT_VERSION},
        "data_stream": {"type": "logs", "dataset": dataset, "namespace": "default"},
        "ecs": {"version": ECS_VERSION},
        "elastic": {"agent": {"id": machine.agent_id}},
        "event": {
            "action": action,
            "agent_id_status": "verified",
            "category": [stream],
            "created": time,
            "dataset": dataset,
            "id": _event_id(machine, sequence),
            "ingested": ingested(activity.time, rng),
            "kind": "event",
            "module": "endpoint",
            "outcome": "unknown",
            "sequence": sequence,
            "type": list(types),
        },
        "host": _host(machine),
        "message": MESSAGES[stream],
        "user": {"id": account.sid, "name": account.name, "domain": account.authority},
        "process": _process(activity, rng),
        **_payload(activity),
    }


def _kind(activity: Activity) -> tuple[str, str, tuple[str, ...]]:
    """Stream, `event.action` and `event.type` (sources.md 3, first table)."""
    match activity:
        case ProcessStart():
            return "process", "start", ("start",)
        case ProcessEnd():
            return "process", "end", ("end",)
        case FileChange(action=action):
            return "file", action, TYPES[action]
        case RegistryAccess(action=action):
            return "registry", action, TYPES[action]
        case LibraryLoad():
            return "library", "load", ("start",)
        case DnsLookup(resolved=None):
            return "network", "lookup_requested", DNS_TYPES
        case DnsLookup():
            return "network", "lookup_result", DNS_TYPES
        case Connection(action=action):
            return "network", action, TYPES[action]


def _event_id(machine: Machine, sequence: int) -> str:
    """24 characters as Defend makes them: a prefix of the agent's start, then a counter."""
    counter = "".join(BASE64[sequence >> shift & 63] for shift in (18, 12, 6, 0))
    return f"{machine.event_prefix}++++{counter}"


def _host(machine: Machine) -> dict[str, Any]:
    return {
        "architecture": "x86_64",
        "hostname": machine.name,
        "id": machine.host_id,
        "ip": [machine.ip, machine.link_local, "127.0.0.1", "::1"],
        "mac": [machine.mac],
        "name": machine.name,
        "os": asdict(machine.os),
    }


def _process(activity: Activity, rng: Random) -> dict[str, Any]:
    process = activity.process
    block: dict[str, Any] = {
        "Ext": {
            "ancestry": [ancestor.entity_id for ancestor in process.ancestors],
            "code_signature": [_code_signature(process.program)],
        },
        "code_signature": _code_signature(process.program),
        "entity_id": process.entity_id,
        "executable": process.executable,
        "name": process.name,
        "pid": process.pid,
        "thread": {"id": 4 * rng.randrange(200, 6_000)},
    }
    match activity:
        case ProcessStart():
            block["Ext"]["token"] = {"integrity_level_name": process.integrity}
            block |= _started(process)
        case ProcessEnd(exit_code=exit_code):
            block["exit_code"] = exit_code
    return block


def _started(process: Process) -> dict[str, Any]:
    """What only process starts carry."""
    fields: dict[str, Any] = {
        **_command(process),
        "hash": process.program.hashes(),
        "working_directory": process.working_directory,
    }
    if process.program.original_name:
        fields["pe"] = {"original_file_name": process.program.original_name}
    if process.parent:
        fields["parent"] = _identity(process.parent) | _command(process.parent)
    return fields


def _command(process: Process) -> dict[str, Any]:
    args = process.args
    return {"args": args, "args_count": len(args), "command_line": process.command_line}


def _identity(process: Process) -> dict[str, Any]:
    return {
        "entity_id": process.entity_id,
        "executable": process.executable,
        "name": process.name,
        "pid": process.pid,
    }


def _code_signature(program: Program) -> dict[str, Any]:
    if program.signer is None:
        return {"exists": False}
    return {"exists": True, "status": "trusted", "subject_name": program.signer, "trusted": True}


def _payload(activity: Activity) -> dict[str, Any]:
    match activity:
        case ProcessStart() | ProcessEnd():
            return {}
        case FileChange():
            return {"file": _file(activity), **_effective(activity.effective)}
        case RegistryAccess():
            return {"registry": _registry(activity), **_effective(activity.effective)}
        case LibraryLoad(library=library):
            return {"dll": _dll(library)}
        case DnsLookup():
            return _dns(activity)
        case Connection():
            return _connection(activity)


def _effective(process: Process | None) -> dict[str, Any]:
    return {"Effective_process": _identity(process)} if process else {}


def _file(change: FileChange) -> dict[str, Any]:
    name = change.path.replace("/", "\\").rpartition("\\")[2]
    fields: dict[str, Any] = {"name": name, "path": change.path, "size": change.size}
    extension = name.rpartition(".")[2]
    if extension != name:
        fields["extension"] = extension
    if change.header:
        fields["Ext"] = {"header_bytes": change.header}
    return fields


def _registry(access: RegistryAccess) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "hive": access.hive,
        "key": access.key,
        "path": rf"{access.hive}\{access.key}\{access.value}",
        "value": access.value,
    }
    if access.strings:
        fields["data"] = {"strings": list(access.strings), "type": access.data_type}
    return fields


def _dll(library: Program) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "code_signature": _code_signature(library),
        "hash": library.hashes(),
        "name": library.name,
        "path": library.executable,
    }
    if library.original_name:
        fields["pe"] = {"original_file_name": library.original_name}
    return fields


def _dns(lookup: DnsLookup) -> dict[str, Any]:
    dns: dict[str, Any] = {"question": {"name": lookup.name, "type": "A"}}
    if lookup.resolved is not None:
        dns["resolved_ip"] = list(lookup.resolved)
    return {"dns": dns, "destination": {"port": 53}, "network": {"protocol": "dns"}}


def _connection(connection: Connection) -> dict[str, Any]:
    ip = connection.process.machine.ip
    source: dict[str, Any] = {"address": ip, "ip": ip, "port": connection.local_port}
    destination: dict[str, Any] = {"address": connection.ip, "ip": connection.ip, "port": connection.port}
    if connection.sent is not None:
        source["bytes"] = connection.sent
        destination["bytes"] = connection.received
    return {
        "source": source,
        "destination": destination,
        "network": {"direction": "egress", "transport": "tcp", "type": "ipv4"},
    }
