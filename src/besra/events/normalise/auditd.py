"""Events of the Linux audit system to ECS, as auditbeat and the Auditd Manager integration make them (sources.md 7)."""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise.auditd_events import UID, Meaning, call_meaning, record_meaning
from besra.events.normalise.auditd_record import UNSET, AuditEvent, gather, ids_of
from besra.events.normalise.nested_document import Document, field_text, field_value, put, text_of
from besra.events.normalise.raw_values import address, integer
from besra.events.normalise.stream_fields import note_derived, put_stream

DATASET = "auditd_manager.auditd"
RECORDS = "auditd_records"

USER_FIELDS = {
    "uid": "user",
    "gid": "user.group",
    "euid": "user.effective",
    "egid": "user.effective.group",
    "suid": "user.saved",
    "sgid": "user.saved.group",
    "fsuid": "user.filesystem",
    "fsgid": "user.filesystem.group",
    "auid": "user.audit",
}
PROCESS_FIELDS = {
    "exe": "process.executable",
    "comm": "process.name",
    "cwd": "process.working_directory",
    "pid": "process.pid",
    "ppid": "process.parent.pid",
}
FILE_FIELDS = {"name": "path", "inode": "inode", "rdev": "device", "ouid": "uid", "ogid": "gid"}
FILE_TYPES = {
    0o010000: "named-pipe",
    0o020000: "character-device",
    0o040000: "directory",
    0o060000: "block-device",
    0o100000: "file",
    0o120000: "symlink",
    0o140000: "socket",
}
TYPE_BITS, PERMISSION_BITS = 0o170000, 0o777
INTERPRETERS = ("/usr/bin/python", "/usr/bin/sh", "/usr/bin/bash", "/usr/bin/perl")
INCOMING = frozenset({"recvfrom", "recvmsg", "accept", "accept4"})
OUTGOING = frozenset({"connect", "sendto", "sendmsg"})
OUTCOMES = {"success": "success", "fail": "failure", "unknown": "unknown"}


def recognises(record: Mapping[str, Any]) -> bool:
    """What the reader of audit logs hands over."""
    return isinstance(record.get(RECORDS), list)


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The document; fields of records that no other field takes stay below `auditd.data`."""
    document: Document = {}
    found = record.get(RECORDS)
    records = found if isinstance(found, list) else []
    event = gather([item for item in records if isinstance(item, Mapping)])
    meanings = _meanings(event)
    meaning = meanings[0] if meanings else Meaning()
    _put_event(document, record, event, meanings)
    _put_summary(document, event, meaning)
    _put_process(document, event)
    _put_file(document, event, meaning)
    _put_socket(document, event, meaning)
    _put_users(document, event, meaning)
    _put_data(document, event)
    put(document, "auditd.unread", [item for item in records if not isinstance(item, Mapping)] or None)
    _put_rest(document, record)
    put_stream(document, DATASET)
    put(document, "event.module", "auditd")
    note_derived(document, "host.os.type", *(("host.id",) if record.get("node") else ()))
    return document


def _meanings(event: AuditEvent) -> list[Meaning]:
    """What the event means; behind it what its call does, where another record says what that was for."""
    call = event.text("syscall")
    of_call = call_meaning(call) if call else None
    if event.type == "SYSCALL":
        return [of_call] if of_call else []
    return [meaning for meaning in (record_meaning(event.type), of_call) if meaning]


def _put_event(document: Document, record: Mapping[str, Any], event: AuditEvent, meanings: list[Meaning]) -> None:
    put(document, "@timestamp", text_of(record.get("timestamp")))
    put(document, "event.kind", "event")
    put(document, "event.action", (meanings[0].action or None) if meanings else None)
    put(
        document,
        "event.category",
        list(dict.fromkeys(name for meaning in meanings for name in meaning.category)) or None,
    )
    put(document, "event.type", list(dict.fromkeys(name for meaning in meanings for name in meaning.type)) or None)
    put(document, "event.outcome", OUTCOMES[event.result])
    put(document, "event.sequence", integer(record.get("sequence")))
    put(document, "auditd.sequence", record.get("sequence"))
    put(document, "auditd.message_type", event.type.lower() or None)
    put(document, "auditd.result", event.result)
    put(document, "host.os.type", "linux")
    for field in ("host.name", "host.id"):
        put(document, field, text_of(record.get("node")))
    put(document, "tags", event.keys or None)


def _put_summary(document: Document, event: AuditEvent, meaning: Meaning) -> None:
    actor = event.text("auid") if event.type != "LOGIN" else event.text("old-auid") or event.text("old_auid")
    put(document, "auditd.summary.actor.primary", "unset" if actor in UNSET else actor)
    put(document, "auditd.summary.actor.secondary", _first(event, meaning.actor))
    put(document, "auditd.summary.object.type", meaning.object or None)
    put(document, "auditd.summary.object.primary", _first(event, meaning.primary))
    put(document, "auditd.summary.object.secondary", _first(event, meaning.secondary))
    executable = event.text("exe") or event.text("comm") or ""
    by_script = executable.startswith(INTERPRETERS)
    how = (event.text("comm") if by_script else None) or executable or _first(event, meaning.how)
    put(document, "auditd.summary.how", how or None)


def _first(event: AuditEvent, names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := event.text(name))), None)


def _put_process(document: Document, event: AuditEvent) -> None:
    for raw, field in PROCESS_FIELDS.items():
        value = event.data.get(raw)
        converted = integer(value) if raw in ("pid", "ppid") else text_of(value)
        if converted is not None:
            put(document, field, converted)
            del event.data[raw]
    put(document, "process.title", event.title)
    put(document, "process.args", event.args or None)


def _put_file(document: Document, event: AuditEvent, meaning: Meaning) -> None:
    """The file of a call is the one at the index that its kind has, unless that is only the folder of another."""
    put(document, "auditd.paths", event.paths or None)
    if meaning.object not in ("file", "filesystem") or not event.paths:
        return
    start = meaning.path if meaning.path < len(event.paths) else 0
    named = (path for path in event.paths[start:] if path.get("nametype") not in ("PARENT", "UNKNOWN"))
    found = next(named, event.paths[start])
    for raw, field in FILE_FIELDS.items():
        put(document, f"file.{field}", text_of(found.get(raw)))
    put(document, "file.owner", event.users.get(text_of(found.get("ouid")) or ""))
    put(document, "file.group", event.groups.get(text_of(found.get("ogid")) or ""))
    put(document, "auditd.summary.object.primary", text_of(found.get("name")))
    mode = text_of(found.get("mode")) or ""
    if mode and len(mode) < 12 and all(char in "01234567" for char in mode):
        bits = int(mode, 8)
        put(document, "file.mode", f"0{bits & PERMISSION_BITS:03o}")
        put(document, "auditd.summary.object.type", FILE_TYPES.get(bits & TYPE_BITS, meaning.object))


def _put_socket(document: Document, event: AuditEvent, meaning: Meaning) -> None:
    socket, call = event.socket, event.text("syscall")
    peer, port, path = address(socket.get("address")), integer(socket.get("port")), text_of(socket.get("path"))
    if meaning.object == "socket":
        put(document, "auditd.summary.object.primary", peer or path)
        put(document, "auditd.summary.object.secondary", str(port) if port is not None else None)
    end = "source" if call in INCOMING else "destination" if call in OUTGOING else None
    if end and socket:
        put(document, f"{end}.ip", peer)
        put(document, f"{end}.port", port)
        put(document, f"{end}.address", peer or path)
        put(document, "network.direction", "ingress" if end == "source" else "egress")
    for name, value in socket.items():
        put(document, f"auditd.data.socket.{'addr' if name == 'address' else _plain(name)}", value)
    caller = address(event.data.get("addr")) if meaning.addressed else None
    if caller:
        put(document, "source.ip", caller)
        put(document, "source.address", caller)
        put(document, "network.direction", "ingress")
        del event.data["addr"]


def _put_users(document: Document, event: AuditEvent, meaning: Meaning) -> None:
    """Ids with the names that are known of them; who acted for whom where the kind of event tells."""
    for raw, number in ids_of(event):
        field = USER_FIELDS.get(raw, f"user.{_plain(raw)}")
        names = event.groups if raw.endswith("gid") else event.users
        put(document, f"{field}.id", number)
        put(document, f"{field}.name", names.get(number))
    for field, source in meaning.entities:
        value = event.ids.get("uid") if source == UID else field_text(document, f"auditd.summary.{source}")
        _put_entity(document, event, field, value)
    _drop_effective_twin(document)
    put(document, "auditd.session", _session(event))


def _put_entity(document: Document, event: AuditEvent, field: str, value: str | None) -> None:
    """A user or group given by id or by name, which replaces what the ids of the record say."""
    holder = field_value(document, field)
    if isinstance(holder, dict):
        holder.pop("id", None)
        holder.pop("name", None)
    if not value or value in UNSET:
        return
    names = event.groups if field == "group" else event.users
    if value.isdigit():
        put(document, f"{field}.id", value)
        put(document, f"{field}.name", names.get(value))
    else:
        put(document, f"{field}.name", value)
        put(document, f"{field}.id", next((number for number, name in names.items() if name == value), None))


def _drop_effective_twin(document: Document) -> None:
    """An effective user who is the user is not repeated."""
    user = field_value(document, "user")
    effective = user.get("effective") if isinstance(user, dict) else None
    if isinstance(user, dict) and isinstance(effective, dict):
        same = any(effective.get(name) == user.get(name) for name in ("id", "name") if user.get(name))
        if same or not effective:
            del user["effective"]


def _session(event: AuditEvent) -> str | None:
    session = event.data.pop("ses", None)
    return "unset" if text_of(session) in UNSET else session


def _put_data(document: Document, event: AuditEvent) -> None:
    data: dict[str, Any] = {}
    for name, value in event.data.items():
        plain = _plain(name)
        if plain in data:
            event.other.append({"type": event.type, name: value})
        else:
            data[plain] = value
    for name, value in data.items():
        put(document, f"auditd.data.{name}", value)
    for name, values in event.enriched.items():
        put(document, f"auditd.enriched.{_plain(name)}", values)
    put(document, "auditd.other", event.other or None)


def _plain(name: str) -> str:
    """A name that is one field, as the integration writes it."""
    return name.replace("-", "_").replace(".", "_")


def _put_rest(document: Document, record: Mapping[str, Any]) -> None:
    """What else the record holds, which the reader of audit logs never writes."""
    known = [RECORDS, *(name for name in ("timestamp", "sequence", "node") if text_of(record.get(name)))]
    rest = {name: value for name, value in record.items() if name not in known and value is not None}
    put(document, "auditd.log", rest or None)
