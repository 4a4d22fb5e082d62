"""Windows events in alerts and archives of Wazuh: `data.win.system` and `data.win.eventdata`, names in camel case.

Wazuh writes the first letter of every name in lower case; here it is a capital again, so that the record is the one the
log held. The rest of the document is kept under `wazuh`.
"""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise import windows
from besra.events.normalise.nested_document import Document, field_value, integer_of, nested, put, text_of
from besra.events.normalise.winlog import RawRecord, Rendering, flat_value, guid_of, unsigned
from besra.events.normalise.winlog_time import record_time

WINDOWS = "data.win"


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a document holds the system part of a Windows event with its id."""
    system = field_value(nested(record), f"{WINDOWS}.system")
    return isinstance(system, dict) and integer_of(text_of(system.get("eventID"))) is not None


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document, as of the same record in an event log file."""
    document = nested(record)
    parsed = _raw_record(field_value(document, WINDOWS), record.get("timestamp"))
    data = document.get("data")
    if isinstance(data, dict):
        data.pop("win", None)
    result = windows.to_ecs(parsed)
    put(result, "wazuh", {name: value for name, value in document.items() if value not in (None, {})} or None)
    return result


def _raw_record(event: Any, received: Any) -> RawRecord:
    members = event if isinstance(event, dict) else {}
    system, data = members.get("system"), members.get("eventdata")
    system = system if isinstance(system, dict) else {}

    def text(name: str) -> str | None:
        return text_of(system.get(name))

    return RawRecord(
        provider=text("providerName"),
        provider_guid=guid_of(text("providerGuid")),
        channel=text("channel"),
        event_id=text("eventID"),
        computer=text("computer"),
        record_id=integer_of(text("eventRecordID")),
        time=record_time([system.get("systemTime"), received]),
        level=integer_of(text("level")),
        keywords=unsigned(system.get("keywords")),
        task=integer_of(text("task")),
        version=integer_of(text("version")),
        process_id=integer_of(text("processID")),
        thread_id=integer_of(text("threadID")),
        event_data={
            _capital(name): shipped
            for name, value in (data.items() if isinstance(data, dict) else ())
            if (shipped := flat_value(value)) is not None
        },
        rendering=Rendering((text("message") or "").strip('"') or None),
    )


def _capital(name: str) -> str:
    return name if name.startswith("param") else name[:1].upper() + name[1:]
