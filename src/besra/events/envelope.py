"""What is wrapped around documents: hits, search responses, `Records`, bulk actions; and the event inside.

| form                                                     | documents                              |
| -------------------------------------------------------- | -------------------------------------- |
| `{"_index": …, "_id": …, "_source": {…}}`                | the `_source`                          |
| the same with `"_aliases": […]`, as besra writes it      | the `_source`; it has just these names |
| `{"_index": …, "_id": …, "fields": {…}}`                 | the `fields`, every value an array     |
| `{"hits": {"hits": […]}}`, also below `rawResponse`      | every hit                              |
| `{"hits": {"events": […]}}`, `{"hits": {"sequences": …}}`| every event of an EQL response         |
| `{"Records": […]}`, `{"records": […]}`                   | every record (CloudTrail, Azure)       |
| `{"Events": [{"CloudTrailEvent": …}]}`                   | every event (CloudTrail's LookupEvents)|
| `{"kind": "EventList", "items": […]}`                    | every item (Kubernetes audit log)      |
| `{"@odata.context": …, "value": […]}`                    | every value (Microsoft Graph)          |
| `{"logEvents": [{"message": "{…}"}]}`                    | the JSON of every message (CloudWatch) |
| `{"create": {"_index": …}}` and the document after it    | the document (a `_bulk` body)          |
| an alert, which has `kibana.alert.uuid`                  | itself, in the index of alerts         |
| any other object                                         | itself                                 |

Source: sources.md 2 ("Document shape"), interfaces.md 2 and 3.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from besra.events.event import Event, Origin
from besra.events.identity import document_id
from besra.events.index_name import alert_index, index_names
from besra.rules.space import DEFAULT


@dataclass(frozen=True, slots=True)
class Document:
    """A document out of its envelope, with the index and id the envelope gave it.

    With `aliases`, it answers to these and the index, and to nothing else.
    """

    source: Mapping[str, Any]
    index: str | None = None
    id: str | None = None
    aliases: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class NotADocument:
    """Something in an envelope that holds no document, and what it is instead."""

    what: str


@dataclass(frozen=True, slots=True)
class BulkAction:
    """The action line of a `_bulk` body; `has_document` says that the next line is a whole document."""

    name: str
    index: str | None
    id: str | None

    @property
    def has_document(self) -> bool:
        """Whether the next line is a document to take: `update` is followed by a partial one, `delete` by none."""
        return self.name in ("index", "create")


HIT_KEYS = frozenset(("fields", "sort", "highlight", "inner_hits", "matched_queries", "ignored_field_values"))
BULK_NAMES = frozenset(("index", "create", "update", "delete"))
BULK_KEYS = frozenset(("routing", "pipeline", "require_alias", "dynamic_templates", "if_seq_no", "if_primary_term"))
WRAPPERS = ("Records", "records")
ALERT_ID = "kibana.alert.uuid"
SPACES = "kibana.space_ids"
PRODUCER, SECURITY = "kibana.alert.rule.producer", "siem"
"""What tells alerts of detection rules from those of Kibana's other rules."""


def documents_in(value: object) -> Iterator[Document | NotADocument]:
    """The documents in one JSON value."""
    if not isinstance(value, Mapping):
        yield NotADocument(kind_of(value))
    elif "_source" in value or "fields" in value:
        yield _document_of_hit(value)
    elif "hits" in value or "rawResponse" in value:
        yield from _documents_of_response(value)
    elif (records := _records_of(value)) is not None:
        for record in records:
            yield _member(record)
    else:
        yield _bare(value)


def _bare(value: Mapping[str, Any]) -> Document:
    index, id_ = _text(value.get("_index")), _text(value.get("_id"))
    alert_id = _text(value.get(ALERT_ID))
    if index is None and alert_id and value.get(PRODUCER) == SECURITY:
        # The event in it says where the event belongs, not the alert.
        return Document(value, alert_index(space_of_alert(value)), alert_id)
    return Document(value, index, id_)


def space_of_alert(alert: Mapping[str, Any]) -> str:
    """Whose an alert is; the default space's, if it does not say."""
    spaces = alert.get(SPACES)
    return _text(spaces[0] if isinstance(spaces, list) and spaces else spaces) or DEFAULT


def _member(value: object) -> Document | NotADocument:
    """A document in a list, hit or not. Lists in lists are not unwrapped: no producer writes them."""
    if not isinstance(value, Mapping):
        return NotADocument(kind_of(value))
    return _document_of_hit(value) if "_source" in value or "fields" in value else _bare(value)


def _document_of_hit(value: Mapping[str, Any]) -> Document | NotADocument:
    index, id_ = _text(value.get("_index")), _text(value.get("_id"))
    source = value.get("_source")
    if isinstance(source, Mapping):
        return Document(source, index, id_, _aliases(value.get("_aliases")))
    # Beats have a `fields` object too, for the labels of their user: a hit has nothing but metadata beside it.
    fields = value.get("fields")
    is_hit = all(key in HIT_KEYS or key.startswith("_") for key in value)
    if is_hit and isinstance(fields, Mapping):
        return Document(fields, index, id_)
    if is_hit and "_source" in value:
        return NotADocument("a hit without its document (`_source` is not an object)")
    return _bare(value)


def _documents_of_response(value: Mapping[str, Any]) -> Iterator[Document | NotADocument]:
    raw = value.get("rawResponse")
    hits = (raw if isinstance(raw, Mapping) else value).get("hits")
    lists = [hits.get(key) for key in ("hits", "events", "sequences")] if isinstance(hits, Mapping) else []
    if not any(isinstance(found, list) for found in lists):
        yield _bare(value)
        return
    for found in lists:
        for hit in found if isinstance(found, list) else ():
            members = hit.get("events") if isinstance(hit, Mapping) else None
            for member in members if isinstance(members, list) else (hit,):
                # The place of a missing event in a sequence holds an empty hit.
                if not (isinstance(member, Mapping) and member.get("missing") is True):
                    yield _member(member)


def _records_of(value: Mapping[str, Any]) -> list[Any] | None:
    """The records a service wrapped into one object; None where there are none."""
    if len(value) == 1:
        wrapped = (_objects(value.get(key)) for key in WRAPPERS)
        return next((records for records in wrapped if records is not None), _looked_up(value))
    if value.get("kind") == "EventList":
        return _objects(value.get("items"))
    if "@odata.context" in value:
        return _objects(value.get("value"))
    if "logEvents" in value:
        events = _objects(value["logEvents"])
        return events and [_message_of(event) for event in events]
    return _looked_up(value)


def _looked_up(value: Mapping[str, Any]) -> list[Any] | None:
    events = _objects(value.get("Events"))
    objects = [event for event in events or () if isinstance(event, Mapping)]
    return events if objects and all("CloudTrailEvent" in event for event in objects) else None


def _objects(value: object) -> list[Any] | None:
    """A list with objects in it, or an empty one. What else is in it is no document, and said to be none."""
    if not isinstance(value, list):
        return None
    return value if not value or any(isinstance(member, Mapping) for member in value) else None


def _message_of(event: object) -> object:
    """The object whose JSON is the message of a log event; the event as it is if it has another message."""
    message = event.get("message") if isinstance(event, Mapping) else None
    if not isinstance(message, str) or not message.startswith("{"):
        return event
    try:
        record = orjson.loads(message)
    except ValueError:
        return event
    return record if isinstance(record, dict) else event


def bulk_action_of(value: object) -> BulkAction | None:
    """The `_bulk` action a line is, or None."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((name, meta),) = value.items()
    if name not in BULK_NAMES or not isinstance(meta, Mapping):
        return None
    if not all(key.startswith("_") or key in BULK_KEYS for key in meta):
        return None
    return BulkAction(name, _text(meta.get("_index")), _text(meta.get("_id")))


def event_of(document: Document, origin: Origin, position: int, *, default_index: str | None = None) -> Event:
    """The event a document is. `default_index` names its home where the document does not."""
    source = document.source
    if document.index and document.aliases is not None:
        names: tuple[str, ...] = (document.index, *document.aliases)
    else:
        names = index_names(source, index=document.index, default=default_index)
    return Event(document.id or document_id(source), names, source, origin, position)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _aliases(value: object) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if isinstance(value, list) else None


def kind_of(value: object) -> str:
    """What a JSON value that is not an object is called."""
    match value:
        case list():
            return "a list"
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case _:
            return "a number"
