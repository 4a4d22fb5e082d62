"""Sysmon events to ECS (sources.md 4.1 to 4.4).

One table of event ids (`EVENTS`), one of fields (`MOVES`), and the few things that are not a plain copy: hashes, DNS
answers, registry paths, names cut from paths and arguments from command lines.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from besra.events.normalise.command_line import split_arguments
from besra.events.normalise.community_id import community_id
from besra.events.normalise.dns_lookup import put_answers, status_name
from besra.events.normalise.nested_document import (
    Document,
    child_at,
    collect,
    drop_empty_event_data,
    event_data,
    field_text,
    field_value,
    integer_of,
    put,
    text_of,
)
from besra.events.normalise.path_name import name_after_backslash, put_account, put_file_parts
from besra.events.normalise.registered_domain import put_domain_parts
from besra.events.normalise.registry import put_registry_data, put_registry_path
from besra.events.normalise.winlog import Shipper
from besra.schema.fieldtype import parse_ip
from besra.schema.timestamp import format_timestamp, parse_timestamp


@dataclass(frozen=True, slots=True)
class Kind:
    """What an event id means: `event.category`, `event.type` and, from the Agent, `event.action`."""

    category: tuple[str, ...]
    type: tuple[str, ...]
    action: str


def _kind(category: str, types: str, action: str) -> Kind:
    return Kind(tuple(category.split()), tuple(types.split()), action)


EVENTS = {
    "1": _kind("process", "start", "Process creation"),
    "2": _kind("file", "change", "A process changed a file creation time"),
    "3": _kind("network", "start connection protocol", "Network connection"),
    "4": _kind("process", "change", "Sysmon service state changed"),
    "5": _kind("process", "end", "Process terminated"),
    "6": _kind("driver", "start", "Driver loaded"),
    "7": _kind("process", "change", "Image loaded"),
    "8": _kind("process", "change", "CreateRemoteThread"),
    "9": _kind("process", "access", "RawAccessRead"),
    "10": _kind("process", "access", "ProcessAccess"),
    "11": _kind("file", "creation", "FileCreate"),
    "12": _kind("configuration registry", "change", "RegistryEvent (Object create and delete)"),
    "13": _kind("configuration registry", "change", "RegistryEvent (Value Set)"),
    "14": _kind("configuration registry", "change", "RegistryEvent (Key and Value Rename)"),
    "15": _kind("file", "access", "FileCreateStreamHash"),
    "16": _kind("configuration", "change", "ServiceConfigurationChange"),
    "17": _kind("file", "creation", "PipeEvent (Pipe Created)"),
    "18": _kind("file", "access", "PipeEvent (Pipe Connected)"),
    "19": _kind("process", "info", "WmiEvent (WmiEventFilter activity detected)"),
    "20": _kind("process", "change", "WmiEvent (WmiEventConsumer activity detected)"),
    "21": _kind("process", "access", "WmiEvent (WmiEventConsumerToFilter activity detected)"),
    "22": _kind("network", "connection protocol info", "DNSEvent (DNS query)"),
    "23": _kind("file", "deletion", "FileDelete (File Delete archived)"),
    "24": _kind("", "change", "ClipboardChange (New content in the clipboard)"),
    "25": _kind("process", "change", "ProcessTampering (Process image change)"),
    "26": _kind("file", "deletion", "FileDeleteDetected (File Delete logged)"),
    "27": _kind("file", "creation", "FileBlockExecutable"),
    "28": _kind("file", "deletion", "FileBlockShredding"),
    "29": _kind("file", "creation", "FileExecutableDetected"),
    "255": _kind("process", "", "Error"),
}

PROCESS_HASHES = {
    Shipper.AGENT: frozenset({"1", "23", "24", "25"}),
    Shipper.WINLOGBEAT: frozenset({"1", "23", "24", "25", "26"}),
}
FILE_HASHES = {
    Shipper.AGENT: frozenset({"6", "7", "15", "26", "29"}),
    Shipper.WINLOGBEAT: frozenset({"6", "7", "15"}),
}
"""Event ids whose hashes are of the process and of the file; with other ids only `related.hash` has them."""

LENGTH = len("2019-03-18 16:57:38.011")

EMPTY = frozenset({"", "-", "{00000000-0000-0000-0000-000000000000}", "00000000-0000-0000-0000-000000000000"})
"""Values that mean nothing was recorded; removed before anything is read."""


def _address(text: str) -> str | None:
    return text if parse_ip(text) is not None else None


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _text(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Move:
    """One field made of one raw name. `keep` leaves the raw value in `winlog.event_data` too.

    `only` and `never` are the event ids for which the row counts.
    """

    raw: str
    field: str
    convert: Callable[[str], Any] = _text
    keep: bool = False
    only: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


IMAGE = frozenset({"7"})
DNS = frozenset({"22"})

MOVES = (
    Move("RuleName", "rule.name"),
    Move("ProcessGuid", "process.entity_id"),
    Move("SourceProcessGuid", "process.entity_id"),
    Move("SourceProcessGUID", "process.entity_id"),
    Move("ProcessId", "process.pid", integer_of),
    Move("SourceProcessId", "process.pid", integer_of),
    Move("SourceThreadId", "process.thread.id", integer_of),
    Move("Image", "process.executable"),
    Move("SourceImage", "process.executable"),
    Move("Destination", "process.executable"),
    Move("CommandLine", "process.command_line"),
    Move("CurrentDirectory", "process.working_directory"),
    Move("ParentProcessGuid", "process.parent.entity_id"),
    Move("ParentProcessId", "process.parent.pid", integer_of),
    Move("ParentImage", "process.parent.executable"),
    Move("ParentCommandLine", "process.parent.command_line"),
    Move("OriginalFileName", "process.pe.original_file_name", never=IMAGE),
    Move("Company", "process.pe.company", keep=True, never=IMAGE),
    Move("Description", "process.pe.description", keep=True, never=IMAGE),
    Move("FileVersion", "process.pe.file_version", keep=True, never=IMAGE),
    Move("Product", "process.pe.product", keep=True, never=IMAGE),
    Move("OriginalFileName", "file.pe.original_file_name", only=IMAGE),
    Move("Company", "file.pe.company", keep=True, only=IMAGE),
    Move("Description", "file.pe.description", keep=True, only=IMAGE),
    Move("FileVersion", "file.pe.file_version", keep=True, only=IMAGE),
    Move("Product", "file.pe.product", keep=True, only=IMAGE),
    Move("TargetFilename", "file.path"),
    Move("Device", "file.path"),
    Move("ImageLoaded", "file.path"),
    Move("PipeName", "file.name"),
    Move("Signature", "file.code_signature.subject_name", keep=True),
    Move("SignatureStatus", "file.code_signature.status", keep=True),
    Move("Protocol", "network.transport"),
    Move("DestinationPortName", "network.protocol", never=DNS),
    Move("SourcePortName", "network.protocol", never=DNS),
    Move("SourceIp", "source.ip", _address),
    Move("SourceHostname", "source.domain"),
    Move("SourcePort", "source.port", integer_of),
    Move("DestinationIp", "destination.ip", _address),
    Move("DestinationHostname", "destination.domain"),
    Move("DestinationPort", "destination.port", integer_of),
    Move("Initiated", "network.direction", {"true": "egress", "false": "ingress"}.get),
    Move("SourceIsIpv6", "network.type", {"true": "ipv6", "false": "ipv4"}.get),
    Move("QueryName", "dns.question.name"),
    Move("QueryStatus", "sysmon.dns.status", status_name),
    Move("Archived", "sysmon.file.archived", _boolean),
    Move("IsExecutable", "sysmon.file.is_executable", _boolean),
    Move("ID", "error.code", only=frozenset({"255"})),
    Move("Type", "message", only=frozenset({"25"})),
)
"""Where two rows name one field, the first value there is wins."""

CONSUMED = frozenset(
    {
        "ProcessId",
        "ParentProcessId",
        "SourceProcessId",
        "SourceThreadId",
        "SourceIp",
        "SourcePort",
        "SourcePortName",
        "DestinationIp",
        "DestinationPort",
        "DestinationPortName",
        "RuleName",
        "User",
        "Initiated",
        "SourceIsIpv6",
        "DestinationIsIpv6",
        "QueryStatus",
        "QueryResults",
        "Archived",
        "IsExecutable",
        "UtcTime",
        "Hash",
        "Hashes",
        "TargetObject",
        "Details",
    }
)
"""Raw names that never stay in `winlog.event_data`, read or not."""


def normalise_sysmon(document: Document, shipper: Shipper) -> None:
    """Make the ECS fields of a Sysmon event, in place, from `winlog.event_data`."""
    code = field_text(document, "event.code") or ""
    _put_kind(document, code, shipper)
    drop_empty_event_data(document, EMPTY)
    data = event_data(document)
    _put_time(document, text_of(data.get("UtcTime")), shipper)
    moved = _put_moves(document, data, code)
    _put_hashes(document, text_of(data.get("Hashes")) or text_of(data.get("Hash")), code, shipper)
    _put_derived(document)
    if code == "22":
        _put_dns(document, text_of(data.get("QueryResults")))
    if code in ("12", "13", "14"):
        _put_registry(document, data)
    _put_users(document, text_of(data.get("User")))
    document["winlog"].pop("time_created", None)
    for name in moved:
        data.pop(name, None)
    for name in CONSUMED.intersection(data):
        del data[name]
    if not data:
        document["winlog"].pop("event_data", None)


def _put_kind(document: Document, code: str, shipper: Shipper) -> None:
    if shipper is Shipper.WINLOGBEAT:
        put(document, "event.module", "sysmon")
    kind = EVENTS.get(code)
    if kind is None or (code == "29" and shipper is Shipper.WINLOGBEAT):
        return
    event = child_at(document, "event")
    types = list(kind.type)
    if shipper is Shipper.AGENT:
        event["action"] = kind.action
    elif code in ("27", "28"):
        types.append("denied")
    if kind.category:
        event["category"] = list(kind.category)
    if types:
        event["type"] = types


def _put_time(document: Document, utc_time: str | None, shipper: Shipper) -> None:
    """The time of the event replaces the time its record was written, which the Agent keeps as `event.created`.

    Sysmon writes `2019-03-18 16:57:38.011`; text of another form is no such time and replaces nothing.
    """
    time = _iso(utc_time) if utc_time and utc_time[10:11] == " " else None
    if time is None:
        return
    if shipper is Shipper.AGENT:
        put(document, "event.created", field_text(document, "@timestamp"))
    document["@timestamp"] = time


def _iso(text: str) -> str | None:
    if len(text) == LENGTH and text.isascii() and text[19] == ".":
        try:
            datetime.fromisoformat(text)  # whether there is such a time: it is there in the form wanted already
        except ValueError:
            pass
        else:
            return f"{text[:10]}T{text[11:]}Z"
    nanos = parse_timestamp(text)
    return None if nanos is None else format_timestamp(nanos)


@lru_cache(maxsize=1024)
def _moves(code: str, names: tuple[str, ...]) -> tuple[tuple[Move, str, str], ...]:
    """The rows that count for an event id and raw names, each with the object its field is in and its name there.

    There are few combinations of names.
    """
    rows = [row for row in MOVES if row.raw in names and code not in row.never and (not row.only or code in row.only)]
    return tuple((row, *row.field.rpartition(".")[::2]) for row in rows)


def _put_moves(document: Document, data: Document, code: str) -> list[str]:
    """Fill the fields of `MOVES`; returns the raw names that are used up."""
    moved = []
    holders: dict[str, Document] = {"": document}
    filled = set()
    for move, parent, name in _moves(code if code in EVENTS else "", tuple(data)):
        if move.field in filled:
            continue
        text = text_of(data[move.raw])
        value = text if text is None or move.convert is _text else move.convert(text)
        if value is None:
            continue
        if parent not in holders:
            holders[parent] = child_at(document, parent)
        holders[parent][name] = value
        filled.add(move.field)
        if not move.keep:
            moved.append(move.raw)
    return moved


def _put_hashes(document: Document, hashes: str | None, code: str, shipper: Shipper) -> None:
    if not hashes:
        return
    owner = "process" if code in PROCESS_HASHES[shipper] else "file" if code in FILE_HASHES[shipper] else None
    for name, value in _parsed_hashes(hashes):
        collect(document, "related.hash", value)
        if owner is not None:
            put(document, f"{owner}.pe.imphash" if name == "imphash" else f"{owner}.hash.{name}", value)


@lru_cache(maxsize=4096)
def _parsed_hashes(hashes: str) -> tuple[tuple[str, str], ...]:
    """Names and values of `SHA1=…,MD5=…`, which a file has wherever it is met; those of zeros say nothing."""
    pairs = [item.strip().lower().partition("=") for item in hashes.split(",")]
    return tuple((name, value) for name, _, value in pairs if name and value.strip("0"))


def _put_derived(document: Document) -> None:
    """Fields made of other fields: names, arguments, file parts, the flow's community id."""
    process = document.get("process")
    if isinstance(process, dict):
        _put_process_parts(process)
        if isinstance(process.get("parent"), dict):
            _put_process_parts(process["parent"])
    file = document.get("file")
    if isinstance(file, dict):
        path = text_of(file.get("path"))
        if path:
            put_file_parts(document, path)
        if field_value(file, "code_signature.status") == "Valid":
            put(file, "code_signature.valid", True)
    if "source" in document and "destination" in document:
        _put_community_id(document)


def _put_process_parts(process: Document) -> None:
    executable, command_line = text_of(process.get("executable")), text_of(process.get("command_line"))
    if executable and (name := name_after_backslash(executable)):
        process["name"] = name
    if command_line:
        arguments = split_arguments(command_line)
        process["args"] = arguments
        process["args_count"] = len(arguments)


def _put_community_id(document: Document) -> None:
    source, destination = field_value(document, "source"), field_value(document, "destination")
    transport = field_text(document, "network.transport")
    if not transport or not isinstance(source, dict) or not isinstance(destination, dict):
        return
    ends = [
        (end["ip"], end["port"])
        for end in (source, destination)
        if isinstance(end.get("ip"), str) and isinstance(end.get("port"), int)
    ]
    if len(ends) == 2:
        put(document, "network.community_id", community_id(transport, ends[0], ends[1]))


def _put_dns(document: Document, results: str | None) -> None:
    put(document, "network.protocol", "dns")
    if results:
        put_answers(document, results)
    name = field_text(document, "dns.question.name")
    if name:
        put_domain_parts(document, name)
        collect(document, "related.hosts", name)


def _put_registry(document: Document, data: Document) -> None:
    path, details = text_of(data.get("TargetObject")), text_of(data.get("Details"))
    if path:
        put_registry_path(document, path)
        if details:
            put_registry_data(document, details)


def _put_users(document: Document, user: str | None) -> None:
    """`user.id` is the account of the Sysmon service, not of the actor (sources.md 4.2)."""
    put(document, "user.id", field_text(document, "winlog.user.identifier"))
    if user is not None:
        put_account(document, "user", user)
    collect(document, "related.user", field_text(document, "user.name"))
    if "source" in document or "destination" in document:
        collect(document, "related.ip", field_text(document, "source.ip"))
        collect(document, "related.ip", field_text(document, "destination.ip"))
