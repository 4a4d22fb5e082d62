"""Documents of Winlogbeat and the Elastic Agent whose pipeline has not run: sent to a file, a queue or Logstash.

They have what the log holds under `winlog`, and no categories. Their fields are made as for a record from a file, in
the Agent's flavour; what the shipper said, its data stream included, is kept.
"""

from collections.abc import Mapping
from typing import Any

from besra.events.document import field_values
from besra.events.normalise import windows
from besra.events.normalise.nested_document import Document, field_text, field_value, put

SHIPPED = ("winlog.event_id", "winlog.provider_name", "winlog.computer_name", "winlog.record_id")
"""Fields every shipped record has; documents made to try rules have but some."""

OLD = {
    "log_name": "winlog.channel",
    "source_name": "winlog.provider_name",
    "provider_guid": "winlog.provider_guid",
    "event_id": "winlog.event_id",
    "computer_name": "winlog.computer_name",
    "record_number": "winlog.record_id",
    "event_data": "winlog.event_data",
    "user_data": "winlog.user_data",
    "activity_id": "winlog.activity_id",
    "related_activity_id": "winlog.related_activity_id",
    "keywords": "winlog.keywords",
    "opcode": "winlog.opcode",
    "task": "winlog.task",
    "process_id": "winlog.process.pid",
    "thread_id": "winlog.process.thread.id",
}
"""Names of Winlogbeat up to version 6, before it had ECS."""

OUTCOMES = {"Audit Success": "success", "Audit Failure": "failure"}
"""Names of keywords; newer versions of the shipper set the outcome themselves."""


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a document has what the shipper always sends, and members of the record beside it."""
    if "log_name" in record:
        return "source_name" in record and "event_id" in record and "record_number" in record
    return all(field_values(record, field) for field in SHIPPED)


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document, with the fields of the shipper and what a scan adds where they are missing."""
    document = windows.winlog_to_ecs(_renamed(record) if "log_name" in record else record)
    put(document, "event.kind", "event" if field_text(document, "event.kind") is None else None)
    if field_text(document, "event.provider") is None:
        put(document, "event.provider", field_text(document, "winlog.provider_name"))
    if field_text(document, "host.name") is None:
        put(document, "host.name", field_text(document, "winlog.computer_name"))
    if field_text(document, "event.outcome") is None:
        keywords = field_value(document, "winlog.keywords")
        words = keywords if isinstance(keywords, list) else [keywords]
        put(document, "event.outcome", next((OUTCOMES[word] for word in words if _is_outcome(word)), None))
    windows.add_scan_fields(document)
    return document


def _is_outcome(word: Any) -> bool:
    return isinstance(word, str) and word in OUTCOMES


def _renamed(record: Mapping[str, Any]) -> Mapping[str, Any]:
    renamed = {OLD.get(name, name): value for name, value in record.items()}
    level = renamed.pop("level", None)
    if isinstance(level, str):
        renamed["winlog.level"] = level.lower()
    user = record.get("user")
    if isinstance(user, Mapping) and "identifier" in user:
        renamed["winlog.user"] = renamed.pop("user")
    return renamed
