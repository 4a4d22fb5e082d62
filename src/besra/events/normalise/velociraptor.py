"""Windows events as Velociraptor writes them: `System` and `EventData` as objects, attributes as their members."""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise import windows
from besra.events.normalise.evtx_json import event_data_of, user_data_of
from besra.events.normalise.nested_document import Document, integer_of, put, text_of
from besra.events.normalise.winlog import RawRecord, Rendering, guid_of, unsigned
from besra.events.normalise.winlog_time import record_time

RECORD = ("System", "EventData", "UserData", "Message")


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record has a `System` object that names an event id, and a provider or a channel."""
    parsed = raw_record(record)
    return parsed.event_id is not None and (parsed.provider is not None or parsed.channel is not None)


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document, as of the same record in an event log file; other columns of the answer stay beside it."""
    document = windows.to_ecs(raw_record(record))
    others = {name: value for name, value in record.items() if name not in RECORD and value is not None}
    put(document, "velociraptor", others or None)
    return document


def raw_record(record: Mapping[str, Any]) -> RawRecord:
    """The log record a row of Velociraptor tells of."""
    system = _object(record.get("System"))
    provider, execution = _object(system.get("Provider")), _object(system.get("Execution"))
    correlation, event_id = _object(system.get("Correlation")), system.get("EventID")
    return RawRecord(
        provider=text_of(provider.get("Name")),
        provider_guid=guid_of(text_of(provider.get("Guid"))),
        channel=text_of(system.get("Channel")),
        event_id=text_of(event_id.get("Value") if isinstance(event_id, dict) else event_id),
        computer=text_of(system.get("Computer")),
        record_id=integer_of(text_of(system.get("EventRecordID"))),
        time=record_time([_object(system.get("TimeCreated")).get("SystemTime")]),
        level=integer_of(text_of(system.get("Level"))),
        keywords=unsigned(system.get("Keywords")),
        task=integer_of(text_of(system.get("Task"))),
        version=integer_of(text_of(system.get("Version"))),
        process_id=integer_of(text_of(execution.get("ProcessID"))),
        thread_id=integer_of(text_of(execution.get("ThreadID"))),
        activity_id=guid_of(text_of(correlation.get("ActivityID"))),
        related_activity_id=guid_of(text_of(correlation.get("RelatedActivityID"))),
        user_id=text_of(_object(system.get("Security")).get("UserID")),
        event_data=event_data_of(record.get("EventData")),
        user_data=user_data_of(record.get("UserData")),
        rendering=Rendering(text_of(record.get("Message"))),
    )


def _object(value: Any) -> Document:
    return value if isinstance(value, dict) else {}
