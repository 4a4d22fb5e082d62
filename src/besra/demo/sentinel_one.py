"""Activities as documents of the SentinelOne Cloud Funnel integration (sources.md 6).

`process.*` is the created process in process events and the actor in all others; `event.action` is an array.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from besra.demo.activity import Activity, Connection, DnsLookup, FileChange, ProcessEnd, ProcessStart
from besra.demo.document import DEFAULT_SEED, Document, ingested
from besra.demo.machine import Machine
from besra.demo.process import Process
from besra.schema.timestamp import format_timestamp

DATASET = "sentinel_one_cloud_funnel.event"


@dataclass(frozen=True, slots=True)
class Kind:
    """What Cloud Funnel calls an event (category, type, `meta.event.name`) and what ECS does."""

    raw_category: str
    raw_type: str
    meta_name: str
    category: str
    types: tuple[str, ...]
    action: str


PROCESS_CREATION = Kind("process", "Process Creation", "PROCESSCREATION", "process", ("start",), "start")
PROCESS_EXIT = Kind("process", "Process Exit", "PROCESSEXIT", "process", ("end",), "end")
FILE_CREATION = Kind("file", "File Creation", "FILECREATION", "file", ("creation",), "creation")
DNS_RESOLVED = Kind("dns", "DNS Resolved", "DNS", "network", ("info", "protocol"), "lookup_requested")
IP_CONNECT = Kind("ip", "IP Connect", "TCPV4", "network", ("start", "connection"), "connection_attempted")


def sentinel_one_records(activities: Iterable[Activity], *, seed: int = DEFAULT_SEED) -> Iterator[Document]:
    """The documents of those activities that Cloud Funnel reports, in the order given, which must be that of time."""
    rng = Random(f"{seed}:sentinel-one")
    for number, activity in enumerate(activities):
        kind = event_kind(activity)
        if kind:
            yield _document(activity, kind, number, rng)


def event_kind(activity: Activity) -> Kind | None:
    """The kind of an activity; None for what is not reported here."""
    match activity:
        case ProcessStart():
            return PROCESS_CREATION
        case ProcessEnd():
            return PROCESS_EXIT
        case FileChange(action="creation"):
            return FILE_CREATION
        case DnsLookup(resolved=tuple()):
            return DNS_RESOLVED
        case Connection(action="connection_attempted"):
            return IP_CONNECT
        case _:
            return None


def _document(activity: Activity, kind: Kind, number: int, rng: Random) -> Document:
    machine = activity.process.machine
    event_id = f"01JPHX4T9QWB7RZ5MK3D8VYE2A_{number + 17}"
    return {
        "@timestamp": format_timestamp(activity.time, digits=3),
        "data_stream": {"type": "logs", "dataset": DATASET, "namespace": "default"},
        "ecs": {"version": "8.11.0"},
        "event": {
            "action": [kind.action],
            "category": [kind.category],
            "dataset": DATASET,
            "id": event_id,
            "ingested": ingested(activity.time, rng),
            "kind": "event",
            "module": "sentinel_one_cloud_funnel",
            "type": list(kind.types),
        },
        "host": _host(machine),
        "message": kind.raw_type,
        "process": _process(activity.process) | _parent(activity.process),
        "sentinel_one_cloud_funnel": {
            "event": {
                "agent": {"uuid": machine.host_id.replace("-", ""), "version": "24.1.5.277"},
                "category": kind.raw_category,
                "endpoint": {"name": machine.name, "os": "windows", "type": "laptop"},
                "id": event_id,
                "meta_event_name": kind.meta_name,
                "process_unique_key": process_uid(activity.process),
                "type": kind.raw_type,
            }
        },
        **_payload(activity),
    }


def _host(machine: Machine) -> dict[str, Any]:
    system = {"name": "Windows 10 Pro", "platform": "windows", "type": "windows"}
    return {"hostname": machine.name, "id": machine.host_id.replace("-", ""), "os": system, "type": "laptop"}


def process_uid(process: Process) -> str:
    """`src.process.uid` or `tgt.process.uid`: 16 hexadecimal digits, the last eight the agent's."""
    own = (process.started // 1_000 ^ process.pid << 17) & 0xFFFF_FFFF
    return f"{own:08X}{process.machine.host_id[:8].upper()}"


def _process(process: Process) -> dict[str, Any]:
    program, args = process.program, process.args
    signature: dict[str, Any] = {"exists": program.signer is not None}
    if program.signer:
        signature |= {"subject_name": program.signer.upper(), "trusted": True}
    return {
        "args": args,
        "args_count": len(args),
        "code_signature": signature,
        "command_line": process.command_line,
        "entity_id": process_uid(process),
        "executable": process.executable,
        "hash": program.hashes(),
        "name": process.name,
        "pid": process.pid,
        "start": format_timestamp(process.started, digits=3),
        "user": {"name": rf"{process.account.authority}\{process.account.name}"},
    }


def _parent(process: Process) -> dict[str, Any]:
    return {"parent": _process(process.parent)} if process.parent else {}


def _payload(activity: Activity) -> dict[str, Any]:
    match activity:
        case FileChange(path=path, size=size):
            name = path.rpartition("\\")[2]
            return {"file": {"extension": name.rpartition(".")[2], "name": name, "path": path, "size": size}}
        case DnsLookup(name=name, resolved=resolved):
            dns = {"question": {"name": name}, "resolved_ip": list(resolved or ())}
            return {"dns": dns, "network": {"protocol": "dns"}}
        case Connection(ip=ip, port=port, local_port=local_port):
            own = activity.process.machine.ip
            return {
                "source": {"address": own, "ip": own, "port": local_port},
                "destination": {"address": ip, "ip": ip, "port": port},
                "network": {"direction": "egress", "protocol": "https"},
            }
        case _:
            return {}
