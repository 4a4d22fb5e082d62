"""Windows events as EvtxECmd writes them, in JSON or CSV: one flat record, the event's data as JSON text in `Payload`.

What its maps made of the event (`MapDescription`, `PayloadData1` to `6`, …) is kept under `evtxecmd`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from besra.events.normalise import windows
from besra.events.normalise.evtx_json import event_data_of, user_data_of
from besra.events.normalise.nested_document import Document, integer_of, put, text_of
from besra.events.normalise.winlog import AUDIT_FAILURE, AUDIT_SUCCESS, RawRecord
from besra.events.normalise.winlog_time import record_time

LEVELS = {"critical": 1, "error": 2, "warning": 3, "info": 4, "information": 4, "verbose": 5, "logalways": 0}
KEYWORDS = {"audit success": AUDIT_SUCCESS, "audit failure": AUDIT_FAILURE}
RECORD = frozenset(
    (
        "Channel",
        "Computer",
        "EventId",
        "EventRecordId",
        "Keywords",
        "Level",
        "Payload",
        "ProcessId",
        "Provider",
        "ThreadId",
        "TimeCreated",
        "UserId",
    )
)


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record has an event id of EvtxECmd's spelling beside a channel or a provider."""
    named = text_of(record.get("Channel")) or text_of(record.get("Provider"))
    return bool(named) and integer_of(text_of(record.get("EventId"))) is not None


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document, as of the same record in an event log file."""
    payload = _payload(record.get("Payload"))
    level = (text_of(record.get("Level")) or "").lower()
    document = windows.to_ecs(
        RawRecord(
            provider=text_of(record.get("Provider")),
            channel=text_of(record.get("Channel")),
            event_id=text_of(record.get("EventId")),
            computer=text_of(record.get("Computer")),
            record_id=integer_of(text_of(record.get("EventRecordId"))),
            time=record_time([record.get("TimeCreated")]),
            level=LEVELS.get(level, integer_of(level)),
            keywords=KEYWORDS.get((text_of(record.get("Keywords")) or "").lower()),
            process_id=integer_of(text_of(record.get("ProcessId"))),
            thread_id=integer_of(text_of(record.get("ThreadId"))),
            user_id=text_of(record.get("UserId")),
            event_data=event_data_of(payload.get("EventData")),
            user_data=user_data_of(payload.get("UserData")),
        )
    )
    read = RECORD if payload else RECORD - {"Payload"}
    others = {name: value for name, value in record.items() if name not in read and value not in (None, "")}
    put(document, "evtxecmd", others or None)
    return document


def _payload(value: Any) -> Document:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return value if isinstance(value, dict) else {}
