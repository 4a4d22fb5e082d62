"""Documents on their way in: recognised, made ECS, stamped with the time of their arrival, given an id.

`event.ingested` is when besra took the event, whatever its sender says: rules that look through a window of it must see
what arrived late (detection-engine.md 2.2, 11.5).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from besra.events.envelope import Document
from besra.events.event import Origin
from besra.events.event_time import event_time
from besra.events.json_line import document_text
from besra.events.recognise import Intake
from besra.schema.timestamp import format_timestamp
from besra.service.bulk import Put, Refused
from besra.storage.journal import Record

INGESTED = "event.ingested"
SENT = Origin("(sent)")


def admitted(put: Put, intake: Intake, received: int) -> Record | Refused:
    """The record of a document received at a time, in nanoseconds since 1970; refused if it cannot be written.

    Without an id it has that of its content, so that what a shipper sends twice is one event.
    """
    event = intake.event_of(Document(put.document, put.index, put.id, put.aliases), SENT, 0)
    stamped = replace(event, source=with_ingested(event.source, format_timestamp(received)))
    line = document_text(stamped)
    if line is None:
        reason = "failed to parse: a lone surrogate, or an integer beyond 64 bits"
        action = "create" if put.is_create else "index"
        return Refused(action, put.index, put.id, 400, "document_parsing_exception", reason, _as_it_is(put))
    time = event_time(stamped.source)
    if time is not None and abs(time) >= 1 << 63:
        time = None  # beyond 64 bits: no window holds it
    return Record(line, event.index, event.id, time, put.is_create and put.id is not None, put.id is not None)


def _as_it_is(put: Put) -> bytes:
    return json.dumps(put.document, default=str).encode()


def with_ingested(document: Mapping[str, Any], stamp: str) -> dict[str, Any]:
    """The document with the stamp, and no other, where its own arrangement has it."""
    stamped = {name: value for name, value in document.items() if name != INGESTED}
    event = stamped.get("event")
    if isinstance(event, Mapping):
        stamped["event"] = {**event, "ingested": stamp}
    else:
        stamped[INGESTED] = stamp
    return stamped
