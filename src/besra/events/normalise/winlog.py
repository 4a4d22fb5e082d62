"""A Windows event log record, and the document a shipper makes of it before any pipeline (sources.md 4.4, 9.1, 9.2).

Not in the record, hence absent: names of tasks and opcodes and the rendered message, which live in the provider's
message files on the machine that wrote the log. Names of levels and keywords are the same for all providers. A
collected log (event forwarding) carries the texts in `RenderingInfo`; then they are used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from besra.events.normalise.nested_document import Document, field_text, integer_of, put, text_of
from besra.schema.timestamp import format_timestamp, parse_timestamp


class Shipper(StrEnum):
    """Whose pipeline a document is to look like: they differ in names and in a few values (sources.md 4.4)."""

    AGENT = "agent"
    WINLOGBEAT = "winlogbeat"


@dataclass(frozen=True, slots=True)
class Rendering:
    """What the collecting machine rendered for a forwarded record."""

    message: str | None = None
    task: str | None = None
    opcode: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The account behind a record's SID, where the machine that collected it looked it up."""

    name: str | None = None
    type: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as the log holds it.

    Values of `event_data` are text as shippers send it: numbers in decimal, GUIDs in lower case with braces.
    `time` is ISO 8601; `level`, `keywords`, `task` and `version` are the numbers of the System element.
    """

    provider: str | None = None
    provider_guid: str | None = None
    channel: str | None = None
    event_id: str | None = None
    computer: str | None = None
    record_id: int | None = None
    time: str | None = None
    level: int | None = None
    keywords: int | None = None
    task: int | None = None
    version: int | None = None
    process_id: int | None = None
    thread_id: int | None = None
    activity_id: str | None = None
    related_activity_id: str | None = None
    user_id: str | None = None
    account: Account | None = None
    event_data: Mapping[str, Any] = field(default_factory=dict)
    user_data: Mapping[str, Any] = field(default_factory=dict)
    rendering: Rendering = Rendering()


LEVELS = {
    0: "information",
    1: "critical",
    2: "error",
    3: "warning",
    4: "information",
    5: "verbose",
}
AUDIT_FAILURE = 1 << 52
AUDIT_SUCCESS = 1 << 53
KEYWORDS = {
    1 << 48: "Response Time",
    1 << 49: "WDI Context",
    1 << 50: "WDI Diag",
    1 << 51: "SQM",
    AUDIT_FAILURE: "Audit Failure",
    AUDIT_SUCCESS: "Audit Success",
    1 << 54: "Correlation Hint",
    1 << 55: "Classic",
}
"""The reserved keyword bits; the lower 48 belong to each provider."""

ACCOUNTS = {
    "S-1-5-18": ("NT AUTHORITY", "SYSTEM"),
    "S-1-5-19": ("NT AUTHORITY", "LOCAL SERVICE"),
    "S-1-5-20": ("NT AUTHORITY", "NETWORK SERVICE"),
}
"""Accounts whose SID is the same everywhere; any other name could only be asked of the machine or its domain."""

GUID = re.compile(r"\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?")


def guid_of(text: str | None) -> str | None:
    """A GUID in lower case with braces, however it is written; any other text as it is."""
    found = GUID.fullmatch(text) if text else None
    return f"{{{found[1].lower()}}}" if found else text


def unsigned(value: Any) -> int | None:
    """Keywords as the 64 bits they are; some exporters write them as a signed number."""
    number = integer_of(text_of(value))
    return None if number is None else number & (1 << 64) - 1


def flat_value(value: Any) -> Any:
    """A value of event data as shippers write it: text, with GUIDs in braces in lower case. Lists and objects stay."""
    text = text_of(value)
    if text is None:
        return value if value and isinstance(value, (list, dict)) else None
    if len(text) == 38 and text[0] == "{":
        return guid_of(text)
    return text.replace("\r\n", "\n") if "\r" in text else text


def to_winlog(record: RawRecord) -> Document:
    """The document Winlogbeat would ship for a record, its pipeline not yet run."""
    rendering = record.rendering
    keywords = record.keywords or 0
    event = _known(
        {
            "kind": "event",
            "code": record.event_id,
            "provider": record.provider,
            "outcome": _outcome(keywords),
            "action": rendering.task,
        }
    )
    winlog = _known(
        {
            "api": "wineventlog",
            "channel": record.channel,
            "computer_name": record.computer,
            "event_id": record.event_id,
            "keywords": list(keyword_names(keywords)) or None,
            "provider_name": record.provider,
            "provider_guid": record.provider_guid,
            "record_id": None if record.record_id is None else str(record.record_id),
            "activity_id": record.activity_id,
            "related_activity_id": record.related_activity_id,
            "task": rendering.task,
            "opcode": rendering.opcode,
            "version": record.version or None,
            "user": None if record.user_id is None else _user(record.user_id, record.account),
            "event_data": dict(record.event_data) or None,
            "user_data": dict(record.user_data) or None,
        }
    )
    document: Document = {"event": event, "winlog": winlog}
    if record.time is not None:
        document["@timestamp"] = record.time
    if rendering.message is not None:
        document["message"] = rendering.message
    if record.computer is not None:
        document["host"] = {"name": record.computer}
    if record.level in LEVELS:
        document["log"] = {"level": LEVELS[record.level]}
    process: Document = {}
    if record.process_id is not None:
        process["pid"] = record.process_id
    if record.thread_id is not None:
        process["thread"] = {"id": record.thread_id}
    if process:
        winlog["process"] = process
    return document


def _known(members: Document) -> Document:
    return {name: value for name, value in members.items() if value is not None}


def take_time_created(document: Document) -> None:
    """Set `@timestamp` from `winlog.time_created`, where newer Winlogbeat versions put the time for the pipeline.

    To the millisecond, as the pipelines' date conversion leaves it.
    """
    winlog = document.get("winlog")
    if not isinstance(winlog, dict) or "time_created" not in winlog:
        return
    created = field_text(document, "winlog.time_created")
    nanos = parse_timestamp(created) if created else None
    if nanos is not None:
        put(document, "@timestamp", format_timestamp(nanos, digits=3))


def _outcome(keywords: int) -> str | None:
    if keywords & AUDIT_FAILURE:
        return "failure"
    return "success" if keywords & AUDIT_SUCCESS else None


@lru_cache(maxsize=256)
def keyword_names(keywords: int) -> tuple[str, ...]:
    """Names of the reserved bits that are set."""
    return tuple(name for bit, name in KEYWORDS.items() if keywords & bit)


def _user(sid: str, account: Account | None) -> Document:
    if account is not None:
        return _known({"identifier": sid, "domain": account.domain, "name": account.name, "type": account.type})
    if sid not in ACCOUNTS:
        return {"identifier": sid}
    domain, name = ACCOUNTS[sid]
    return {"identifier": sid, "domain": domain, "name": name, "type": "Well Known Group"}
