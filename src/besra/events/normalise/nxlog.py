"""Windows events as flat JSON: the names of the event's data stand at the top level, beside those of the record.

NXLog writes this form, with fields of its own (`SourceModuleType`, `EventReceivedTime`, …), and public data sets of
recorded attacks have it, made with NXLog or with PowerShell. A name of event data may be one of the record's as well:
`ProcessId` is always data (`ExecutionProcessID` is the record's), and NXLog's `EventType`, `Version` or `UserID` is
told from data of that name by its value. What NXLog says of itself is kept under `nxlog`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from besra.events.normalise import windows
from besra.events.normalise.nested_document import Document, integer_of, put, text_of
from besra.events.normalise.winlog import Account, RawRecord, Rendering, flat_value, guid_of, unsigned
from besra.events.normalise.winlog_time import record_time

PROVIDER = ("SourceName", "ProviderName", "Provider")
COMPUTER = ("Hostname", "Computer", "ComputerName", "MachineName")
RECORD_ID = ("RecordNumber", "EventRecordID", "RecordID", "RecordId")
TIMES = ("TimeCreated", "SystemTime", "EventTime", "@timestamp", "timestamp")
SYSTEM = frozenset(
    (
        *PROVIDER,
        *COMPUTER,
        *RECORD_ID,
        *TIMES,
        "ActivityID",
        "Channel",
        "EventID",
        "ExecutionProcessID",
        "ExecutionThreadID",
        "Keywords",
        "Level",
        "Message",
        "ProviderGuid",
        "RelatedActivityID",
        "Task",
    )
)
"""Names of the record, never of event data."""

COLLECTORS = ("SourceModuleType", "SourceModuleName", "EventReceivedTime", "SeverityValue", "ExecutionProcessID")
"""Any of these tells that NXLog wrote the record."""

CLASSIC = "windows powershell"

WORD = re.compile(r"[A-Z_]+")
SID = re.compile(r"S-1-\d+(-\d+)*")


def _any(_: Any) -> bool:
    return True


def _number(value: Any) -> bool:
    return type(value) is int


def _word(value: Any) -> bool:
    return isinstance(value, str) and WORD.fullmatch(value) is not None


def _sid(value: Any) -> bool:
    return isinstance(value, str) and SID.fullmatch(value) is not None


NXLOG: dict[str, Callable[[Any], bool]] = {
    "EventReceivedTime": _any,
    "EventTime": _any,
    "SourceModuleName": _any,
    "SourceModuleType": _any,
    "SeverityValue": _number,
    "Severity": _word,
    "EventType": _word,
    "EventTypeOrignal": _word,
    "Version": _number,
    "OpcodeValue": _number,
    "Opcode": _any,
    "Category": _any,
    "ThreadID": _number,
    "UserID": _sid,
    "@version": _any,
    "host": _any,
    "port": _number,
    "tags": _any,
}
"""Names NXLog, or Logstash behind it, adds; each with what its value is if it is not event data of that name.

Data are always text there, numbers are the record's."""

ACCOUNT = ("AccountName", "AccountType", "Domain")
"""The account of `UserID`; without `AccountType`, names of event data."""

MAPPED = frozenset(("Category", "Opcode", "ThreadID", "UserID", "Version", "tags"))
"""Those of NXLog's names whose values have a place in the document; the others stay under `nxlog`."""

LEVELS = {1: 5, 2: 4, 3: 3, 4: 2, 5: 1}
"""NXLog's severity, where the greatest is the worst, to the level of Windows."""

USER_DATA = {
    "1102": ("LogFileCleared", "microsoft-windows-eventlog"),
    "104": ("LogFileCleared", "microsoft-windows-eventlog"),
}
"""Events whose members Windows puts into UserData, by id: the name of the element and the provider."""


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record has an event id beside a channel or a provider, all at the top level."""
    named = isinstance(record.get("Channel"), str) or any(isinstance(record.get(name), str) for name in PROVIDER)
    return named and integer_of(text_of(record.get("EventID"))) is not None


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document, as of the same record in an event log file."""
    document = windows.to_ecs(raw_record(record))
    if _is_nxlog(record):
        own = {name: value for name, value in record.items() if name in NXLOG and name not in MAPPED}
        own = {name: value for name, value in own.items() if value is not None and NXLOG[name](value)}
        put(document, "nxlog", own or None)
        put(document, "tags", record.get("tags") or None)
    return document


def raw_record(record: Mapping[str, Any]) -> RawRecord:
    """The log record a flat object tells of."""
    nxlog = _is_nxlog(record)
    meta = {name: value for name, value in record.items() if nxlog and name in NXLOG and NXLOG[name](value)}
    account = nxlog and "AccountType" in record
    data = {
        name: shipped
        for name, value in record.items()
        if name not in SYSTEM
        and name not in meta
        and not (account and name in ACCOUNT)
        and (shipped := flat_value(value)) is not None
    }
    event_id, message = text_of(record.get("EventID")), text_of(record.get("Message"))
    if not data and message and (text_of(record.get("Channel")) or "").lower() == CLASSIC:
        data = classic_values(event_id, message)
    provider = _first(record, PROVIDER)
    in_user_data = event_id in USER_DATA and (provider or "").lower() == USER_DATA[event_id][1]
    level = integer_of(text_of(record.get("Level")))
    return RawRecord(
        provider=provider,
        provider_guid=guid_of(text_of(record.get("ProviderGuid"))),
        channel=text_of(record.get("Channel")),
        event_id=event_id,
        computer=_first(record, COMPUTER),
        record_id=integer_of(_first(record, RECORD_ID)),
        time=record_time(record.get(name) for name in TIMES),
        level=LEVELS.get(meta.get("SeverityValue", 0)) if level is None else level,
        keywords=unsigned(record.get("Keywords")),
        task=integer_of(text_of(record.get("Task"))),
        version=meta.get("Version"),
        process_id=integer_of(text_of(record.get("ExecutionProcessID"))),
        thread_id=integer_of(text_of(record.get("ExecutionThreadID"))) or meta.get("ThreadID"),
        activity_id=guid_of(text_of(record.get("ActivityID"))),
        related_activity_id=guid_of(text_of(record.get("RelatedActivityID"))),
        user_id=meta.get("UserID"),
        account=Account(*(text_of(record.get(name)) for name in ACCOUNT)) if account else None,
        event_data={} if in_user_data else data,
        user_data={"xml_name": USER_DATA[event_id or ""][0], **data} if in_user_data and data else {},
        rendering=Rendering(message, _task(record, meta), text_of(meta.get("Opcode"))),
    )


def classic_values(event_id: str | None, message: str) -> Document:
    """The values of a classic PowerShell event, which have no names and so are in its message alone."""
    text = message.replace("\r\n", "\n")
    head, found, details = text.partition("Details:")
    if not found:
        return {}
    values = {"param3": details.lstrip(" \n").rstrip()}
    if event_id == "800":
        line, _, context = head.partition("Context Information:")
        values |= {"param1": line.partition(":")[2].strip(" .\n"), "param2": context.strip(" \n")}
    return {name: value for name, value in values.items() if value}


def _is_nxlog(record: Mapping[str, Any]) -> bool:
    return any(name in record for name in COLLECTORS)


def _task(record: Mapping[str, Any], meta: Mapping[str, Any]) -> str | None:
    """The text of the task: NXLog's category, or a task that is no number."""
    task = text_of(record.get("Task"))
    return text_of(meta.get("Category")) or (task if integer_of(task) is None else None)


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := text_of(record.get(name))) is not None), None)
