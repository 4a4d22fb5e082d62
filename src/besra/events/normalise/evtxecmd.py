"""Windows events as EvtxECmd writes them, in JSON or CSV: one flat record, the event's data as JSON text in `Payload`.

What its maps made of the event (`MapDescription`, `PayloadData1` to `6`, …) is kept under `evtxecmd`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from besra.events.local_date import DateOrder
from besra.events.normalise import windows
from besra.events.normalise.exported_log import LogExport, others_of, record_of
from besra.events.normalise.nested_document import Document, integer_of, put, text_of


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record has an event id of EvtxECmd's spelling beside a channel or a provider."""
    named = text_of(record.get("Channel")) or text_of(record.get("Provider"))
    return bool(named) and integer_of(text_of(record.get("EventId"))) is not None


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document, as of the same record in an event log file."""
    row = {name: text for name, value in record.items() if (text := _text(value))}
    document = windows.to_ecs(record_of(row, LogExport.EVTXECMD, DateOrder.MONTH_FIRST))
    kept = {name: record[name] for name in others_of(row)}
    unread = {name: value for name, value in record.items() if name not in row and value not in (None, "")}
    put(document, "evtxecmd", {**kept, **unread} or None)
    return document


def _text(value: Any) -> str | None:
    """A cell as CSV has it; None for what no cell can hold."""
    if isinstance(value, dict):
        try:
            return orjson.dumps(value).decode()
        except TypeError:
            return None
    return text_of(value)
