"""Rows of event logs exported as tables, by Event Viewer, PowerShell or EvtxECmd, to the log records they were.

EvtxECmd keeps the event data, so its rows become the records that were in the log. The others keep the rendered
message only: `rendered_message` says what can be had from it.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import orjson

from besra.events.local_date import DateOrder, parse_date
from besra.events.normalise.evtx_json import parse_record
from besra.events.normalise.nested_document import integer_of
from besra.events.normalise.rendered_message import event_data_of
from besra.events.normalise.winlog import AUDIT_FAILURE, AUDIT_SUCCESS, RawRecord, Rendering
from besra.schema.timestamp import format_timestamp

Row = Mapping[str, str]


class LogExport(StrEnum):
    """The program that wrote a table of log records, as the object is called that keeps columns of no record."""

    EVTXECMD = "evtxecmd"
    POWERSHELL = "powershell_export"
    EVENT_VIEWER = "event_viewer"


MESSAGE = "Message"
"""The column of Event Viewer's messages, which it leaves without a name."""

HEADERS = {
    LogExport.EVTXECMD: frozenset(("EventRecordId", "TimeCreated", "EventId", "Provider", "Channel", "Payload")),
    LogExport.POWERSHELL: frozenset(("Id", "ProviderName", "TimeCreated", "Message")),
    LogExport.EVENT_VIEWER: frozenset(("Date and Time", "Source", "Event ID", "Task Category")),
}
"""Columns that tell whose a table is."""

COLUMNS = {
    "provider": ("Provider", "ProviderName", "Source"),
    "channel": ("Channel", "LogName", "Log Name"),
    "event_id": ("EventId", "Id", "Event ID"),
    "computer": ("Computer", "MachineName"),
    "record_id": ("EventRecordId", "RecordId"),
    "time": ("TimeCreated", "Date and Time"),
    "version": ("Version",),
    "process_id": ("ProcessId", "Process ID"),
    "thread_id": ("ThreadId", "Thread ID"),
    "provider_guid": ("ProviderId",),
    "activity_id": ("ActivityId",),
    "related_activity_id": ("RelatedActivityId",),
    "user_id": ("UserId", "User"),
    "level": ("LevelDisplayName", "Level"),
    "keywords": ("KeywordsDisplayNames", "Keywords"),
    "task": ("TaskDisplayName", "Task Category"),
    "opcode": ("OpcodeDisplayName", "OpCode"),
    "message": ("Message",),
}
"""Where the parts of a record stand, by the names of all three."""

LEVELS = {
    "logalways": 0,
    "critical": 1,
    "error": 2,
    "warning": 3,
    "information": 4,
    "info": 4,
    "verbose": 5,
}

CHANNELS = {
    "Microsoft-Windows-Sysmon": "Microsoft-Windows-Sysmon/Operational",
    "Microsoft-Windows-Security-Auditing": "Security",
    "Microsoft-Windows-PowerShell": "Microsoft-Windows-PowerShell/Operational",
    "PowerShell": "Windows PowerShell",
}
"""The one channel these providers write to, for tables that do not name it."""

PAYLOAD = frozenset(("EventData", "UserData"))
"""What EvtxECmd's payload has."""

SID = "S-1-"
BARE_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUMBER = re.compile(r"0x[0-9A-F]+")


def export_of(names: frozenset[str]) -> LogExport | None:
    """Whose table has columns of these names; None if it is no event log."""
    return next((export for export, needed in HEADERS.items() if needed <= names), None)


USED = frozenset(("Payload",)).union(*COLUMNS.values())
"""The columns a record is made of."""


def others_of(row: Row) -> dict[str, Any]:
    """What a row holds beside the parts of its record, and the name of a user where an identifier belongs."""
    users = {name: row[name] for name in COLUMNS["user_id"] if name in row and not row[name].startswith(SID)}
    return {name: cell for name, cell in row.items() if name not in USED} | users


def record_of(row: Row, export: LogExport, order: DateOrder) -> RawRecord:
    """The record a row of a table was made of; what it does not tell is None."""
    parts = {part: next((row[name] for name in names if row.get(name)), None) for part, names in COLUMNS.items()}
    provider, event_id, message = parts["provider"], parts["event_id"], parts["message"]
    data: Mapping[str, Any] = {}
    user_data: Mapping[str, Any] = {}
    if export is LogExport.EVTXECMD:
        data, user_data = _payload(row.get("Payload", ""))
    elif message:
        data = event_data_of(message, provider, event_id)
    user = parts["user_id"]
    return RawRecord(
        provider=provider,
        provider_guid=_guid(parts["provider_guid"]),
        channel=parts["channel"] or CHANNELS.get(provider or ""),
        event_id=event_id,
        computer=parts["computer"],
        record_id=integer_of(parts["record_id"]),
        time=_time(parts["time"], order),
        level=_level(parts["level"]),
        keywords=_keywords(parts["keywords"]),
        version=integer_of(parts["version"]),
        process_id=integer_of(parts["process_id"]),
        thread_id=integer_of(parts["thread_id"]),
        activity_id=_guid(parts["activity_id"]),
        related_activity_id=_guid(parts["related_activity_id"]),
        user_id=user if user and user.startswith(SID) else None,
        event_data=data,
        user_data=user_data,
        rendering=Rendering(message, parts["task"], parts["opcode"]),
    )


def _time(text: str | None, order: DateOrder) -> str | None:
    nanos = parse_date(text, order) if text else None
    return None if nanos is None else format_timestamp(nanos)


def _level(text: str | None) -> int | None:
    return LEVELS.get(text.lower(), integer_of(text)) if text else None


def _keywords(text: str | None) -> int | None:
    """The bits: PowerShell prints them as a signed number, the others the names."""
    if not text:
        return None
    number = integer_of(text)
    if number is not None:
        return number % (1 << 64)
    names = text.lower()
    return (AUDIT_SUCCESS if "audit success" in names else 0) | (AUDIT_FAILURE if "audit failure" in names else 0)


def _guid(text: str | None) -> str | None:
    return f"{{{text.lower()}}}" if text and BARE_GUID.fullmatch(text.lower()) else text


def _payload(text: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Event data and user data in the JSON EvtxECmd makes of them; what is none stays as it is, as `Payload`."""
    try:
        payload = orjson.loads(text)
        if not payload.keys() & PAYLOAD:
            raise KeyError
        event_data, user_data = _event_data(payload.get("EventData")), _plain(payload.get("UserData"))
        record = parse_record({"EventData": event_data, "UserData": user_data})
    except (ValueError, AttributeError, KeyError, RecursionError):
        return ({"Payload": text} if text else {}), {}
    return record.event_data, record.user_data


def _event_data(value: Any) -> dict[str, Any]:
    """The EventData element as the evtx package has it: data by name, and those without one in a list."""
    if not isinstance(value, dict):
        return {}
    items = value.get("Data")
    found: dict[str, Any] = {name: _plain(item) for name, item in value.items() if name[:1] != "@" and name != "Data"}
    unnamed: list[Any] = []
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, dict) and isinstance(item.get("@Name"), str):
            found[item["@Name"]] = _plain(item.get("#text"))
        elif item is not None:
            unnamed.append(_plain(item))
    if unnamed:
        found["Data"] = {"#text": unnamed}
    return found


def _plain(value: Any) -> Any:
    """A value without attributes; GUIDs and hexadecimal numbers as shippers write them."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items() if name[:1] != "@"}
        case list():
            return [_plain(item) for item in value]
        case str():
            return value.lower() if NUMBER.fullmatch(value) else _guid(value)
        case _:
            return value
