"""Rows of Microsoft Defender XDR's advanced hunting tables to ECS, streamed or exported (sources.md 7).

Streamed, a row stands below `properties` of `{"time", "category": "AdvancedHunting-DeviceProcessEvents", …}`; exported
it is bare, and its table has to be told from its columns.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from besra.events.document import field_values
from besra.events.normalise.any_path import has_drive, last_name, put_path_parts
from besra.events.normalise.defender_fields import (
    ACTING,
    ALERT,
    APPLICATION,
    COMMON,
    CREATED,
    EMAIL,
    FILE,
    LOGON,
    REGISTRY,
    TARGET,
    ends,
    file_moves,
)
from besra.events.normalise.defender_tables import ALERT_CATEGORIES, ALERT_TABLES, ENTITY_CATEGORIES, Row, row_of
from besra.events.normalise.derived_fields import put_arguments, put_related
from besra.events.normalise.nested_document import Document, field_text, field_value, put
from besra.events.normalise.raw_values import RawValues, put_moves
from besra.events.normalise.registry import HIVES
from besra.events.normalise.stream_fields import note_derived, put_stream
from besra.events.normalise.vendor_name import snake_case

DATASET = "m365_defender.event"
PROPERTIES = "properties."
ADDITIONAL = "AdditionalFields"
TIMES = ("Timestamp", "TimeGenerated", "time")
SUBJECTS = ("ActionType", "DeviceId", "DeviceName", "AlertId", "NetworkMessageId", "AccountObjectId", "ReportId")

SYSTEMS = ("windows", "linux", "macos")
WINDOWS_ONLY = frozenset({"api", "registry", "library", "driver"})
SIDS = ("InitiatingProcessAccountSid", "RequestAccountSid", "AccountSid")
REMOTE_CALLS = frozenset(
    {
        "createremotethreadapicall",
        "readprocessmemoryapicall",
        "ntallocatevirtualmemoryremoteapicall",
        "openprocessapicall",
    }
)
DIRECTIONS = {"In": "inbound", "Out": "outbound"}


def recognises(record: Mapping[str, Any]) -> bool:
    """A row has a time and says what it is about; those of other products of the same cloud have smaller names."""
    return _has(record, TIMES) and _has(record, SUBJECTS)


def _has(record: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return any(field_values(record, place + name) for name in names for place in (PROPERTIES, ""))


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The document the integration makes; what no field takes stays below `m365_defender.event`."""
    document: Document = {}
    values = RawValues(record, without=PROPERTIES)
    _open_additional_fields(values)
    row = row_of(values)
    put(document, "event.kind", "alert" if row.table in ALERT_TABLES else "event")
    _put_kind(document, values, row)
    put_moves(document, values, COMMON)
    _put_payload(document, values, row)
    _put_system(document, values, row)
    put_arguments(document, "process", "process.parent")
    put_related(document)
    values.put_rest(document, DATASET, _vendor_name)
    put_stream(document, DATASET)
    return document


def _open_additional_fields(values: RawValues) -> None:
    text = values.value(ADDITIONAL)
    try:
        inner = orjson.loads(text) if isinstance(text, str) else None
    except ValueError:
        return
    if isinstance(inner, dict) and inner:
        values.open(ADDITIONAL, inner)


def _put_kind(document: Document, values: RawValues, row: Row) -> None:
    category = row.category
    if row.table in ALERT_TABLES:
        category = ALERT_CATEGORIES.get(values.word("Category")) or ENTITY_CATEGORIES.get(values.word("EntityType"), "")
        put(document, "event.type", ["indicator" if category == "threat" else "info"])
    else:
        put(document, "event.type", row.types or None)
        put(document, "event.action", row.event_action)
    put(document, "event.category", [category] if category else None)
    if row.table == "devicelogonevents":
        failed = "FailureReason" in values or row.action == "logonfailed"
        put(document, "event.outcome", "failure" if failed else "success")


def _put_payload(document: Document, values: RawValues, row: Row) -> None:
    if row.table in ALERT_TABLES:
        put_moves(document, values, ALERT)
        _put_registry_path(document, values)
    elif row.table.startswith("device"):
        _put_processes(document, values, row)
        _put_object(document, values, row)
    elif row.table.startswith(("email", "url")):
        put_moves(document, values, EMAIL)
    else:
        put_moves(document, values, APPLICATION)


def _put_processes(document: Document, values: RawValues, row: Row) -> None:
    if row.has_created_process:
        put_moves(document, values, CREATED)
        _put_path(document, values, "process.executable", "FolderPath", "FileName")
        _put_path(
            document, values, "process.parent.executable", "InitiatingProcessFolderPath", "InitiatingProcessFileName"
        )
        _put_signature(document, values)
        return
    called = row.action in REMOTE_CALLS
    put_moves(document, values, TARGET if called else ACTING)
    if called:
        _put_path(document, values, "Target.process.executable", "FolderPath", "FileName")
    if row.category == "api":
        put(document, "process.Ext.api.name", (values.text("ActionType") or "")[: -len("apicall")] or None)
    _put_path(document, values, "process.executable", "InitiatingProcessFolderPath", "InitiatingProcessFileName")


def _put_path(document: Document, values: RawValues, field: str, folder: str, name: str) -> None:
    """A folder that does not end in the name of the file is what it says; most hold the whole path."""
    path, last = values.text(folder), values.text(name)
    if not path:
        return
    if last and (last_name(path) or "").lower() != last.lower():
        path = path.rstrip("\\/") + ("/" if path.startswith("/") else "\\") + last
    put(document, field, path)
    values.take(folder)


def _put_signature(document: Document, values: RawValues) -> None:
    status = values.text("InitiatingProcessSignatureStatus")
    if status is None:
        return
    if status in ("Valid", "Unsigned"):
        put(document, "process.parent.code_signature.exists", status == "Valid")
        put(document, "process.parent.code_signature.trusted", status == "Valid")
    put(document, "process.parent.code_signature.status", "trusted" if status == "Valid" else status)
    values.take("InitiatingProcessSignatureStatus")


def _put_object(document: Document, values: RawValues, row: Row) -> None:
    """What was acted on: a file, a library, a value of the registry, the other end of a connection."""
    match row.category:
        case "file":
            put_moves(document, values, FILE)
            _put_path(document, values, "file.path", "FolderPath", "FileName")
        case "library" | "driver":
            put_moves(document, values, (*file_moves("dll"), *file_moves("file")))
            _put_path(document, values, "dll.path", "FolderPath", "FileName")
            put(document, "file.path", field_text(document, "dll.path"))
        case "registry":
            put_moves(document, values, REGISTRY)
            _put_registry_path(document, values)
        case "network":
            _put_connection(document, values)
        case "authentication":
            put_moves(document, values, LOGON)
    path = field_text(document, "file.path")
    if path:
        put_path_parts(document, "file", path)


def _put_connection(document: Document, values: RawValues) -> None:
    """Without a direction the device is taken to be the source, as the integration does."""
    direction = values.text(f"{ADDITIONAL}.direction")
    put(document, "network.direction", DIRECTIONS.get(direction or "", "unknown"))
    put(document, "network.protocol", "dns" if "dns" in values.word("ActionType") else None)
    local, remote = ("destination", "source") if direction == "In" else ("source", "destination")
    put_moves(document, values, ends(local, remote))
    put(document, "destination.address", field_text(document, "destination.ip"))
    protocol = values.word("Protocol")
    put(document, "network.transport", next((name for name in ("tcp", "udp") if protocol.startswith(name)), None))


def _put_registry_path(document: Document, values: RawValues) -> None:
    """`HKLM\\SOFTWARE\\…\\value`: the hive by its short name, the key without it, the value where there is one."""
    name = "RegistryKey" if "RegistryKey" in values else "PreviousRegistryKey"
    whole = values.text(name)
    if not whole:
        return
    first, _, below = whole.partition("\\")
    hive = HIVES.get(first.upper())
    key = below if hive else whole
    put(document, "registry.hive", hive)
    put(document, "registry.key", key or None)
    path = "\\".join(part for part in (hive, key, field_text(document, "registry.value")) if part)
    put(document, "registry.path", path)
    values.take(name)


def _put_system(document: Document, values: RawValues, row: Row) -> None:
    """`host.os.type`, which only `DeviceInfo` tells: other rows show Windows by what exists nowhere else."""
    platform = values.word("OSPlatform")
    named = next((system for system in SYSTEMS if system in platform), None)
    has_sid = any((values.text(name) or "").startswith("S-1-") for name in SIDS)
    if named or row.category in WINDOWS_ONLY or has_sid:
        put(document, "host.os.type", named or "windows")
        return
    paths = (field_value(document, field) for field in ("process.executable", "process.parent.executable", "file.path"))
    if any(isinstance(path, str) and has_drive(path) for path in paths):
        put(document, "host.os.type", "windows")
        note_derived(document, "host.os.type")


def _vendor_name(raw: str) -> str:
    name, dot, below = raw.partition(".")
    return f"{snake_case(name)}{dot}{below}"
