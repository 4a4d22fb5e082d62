"""Records of the Windows event log as JSON in the arrangement of their XML: `{"Event": {"System": …}}`.

The reader of EVTX files gets it from the parser (the evtx package), whose `evtx_dump` writes it for others: Chainsaw
dumps it, Hayabusa reads it. Attributes of an element stand inside it, under `#attributes` or as `@Name`, or beside it,
as `Provider_attributes`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from besra.events.normalise import windows
from besra.events.normalise.nested_document import Document, integer_of, text_of
from besra.events.normalise.winlog import RawRecord, Rendering, guid_of

DEEPEST = 32
"""Elements within elements; what lies deeper is left as it is."""

PARSED_GUID = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}")


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is an `Event` that names an event id, and a provider or a channel."""
    event = record.get("Event")
    if not isinstance(event, dict):
        return False
    parsed = parse_record(event)
    return parsed.event_id is not None and (parsed.provider is not None or parsed.channel is not None)


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document, as of the same record in an event log file."""
    event = record.get("Event")
    return windows.to_ecs(parse_record(event if isinstance(event, dict) else {}))


def parse_record(event: Mapping[str, Any]) -> RawRecord:
    """The record in the `Event` object of the evtx package's JSON. What is missing or of no use becomes None."""
    system = _object(event.get("System"))
    return RawRecord(
        provider=_attribute(system, "Provider", "Name"),
        provider_guid=guid_of(_attribute(system, "Provider", "Guid")),
        channel=_element(system, "Channel"),
        event_id=_element(system, "EventID"),
        computer=_element(system, "Computer"),
        record_id=integer_of(_element(system, "EventRecordID")),
        time=_attribute(system, "TimeCreated", "SystemTime"),
        level=integer_of(_element(system, "Level")),
        keywords=integer_of(_element(system, "Keywords")),
        task=integer_of(_element(system, "Task")),
        version=integer_of(_element(system, "Version")),
        process_id=integer_of(_attribute(system, "Execution", "ProcessID")),
        thread_id=integer_of(_attribute(system, "Execution", "ThreadID")),
        activity_id=guid_of(_attribute(system, "Correlation", "ActivityID")),
        related_activity_id=guid_of(_attribute(system, "Correlation", "RelatedActivityID")),
        user_id=_attribute(system, "Security", "UserID"),
        event_data=dict(event_data_of(event.get("EventData"))),
        user_data=user_data_of(event.get("UserData")),
        rendering=_rendering(_object(event.get("RenderingInfo"))),
    )


def _object(value: Any) -> Document:
    return value if isinstance(value, dict) else {}


def _element(parent: Document, name: str) -> str | None:
    """The text of a child element, which is an object where the element has attributes."""
    value = parent.get(name)
    return text_of(value.get("#text") if isinstance(value, dict) else value)


def _attribute(parent: Document, element: str, name: str) -> str | None:
    value = parent.get(element)
    if isinstance(value, dict):
        attributes = value.get("#attributes")
        if isinstance(attributes, dict):
            return text_of(attributes.get(name))
        if f"@{name}" in value:
            return text_of(value[f"@{name}"])
    return text_of(_object(parent.get(f"{element}_attributes")).get(name))


def shipped_value(value: Any) -> str | None:
    """A value of the evtx package's JSON as shippers write it; None where they send nothing.

    The parser prints values of the log's GUID type in upper case without braces (sources.md 9.1). A GUID inside text
    is left alone: it keeps the spelling its program gave it, in practice lower case. Line ends are those of XML.
    """
    text = text_of(value)
    if text is None:
        return None
    if len(text) == 36 and PARSED_GUID.fullmatch(text):
        return f"{{{text.lower()}}}"
    return text.replace("\r\n", "\n") if "\r" in text else text


def event_data_of(data: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of the EventData element; unnamed `Data` elements are numbered from 1 as `param1`, `param2`."""
    for name, value in _object(data).items():
        if name == "#attributes" or name[:1] == "@" or name == "Data_attributes":
            continue
        for key, item in _unnamed(value) if name == "Data" else ((name, value),):
            shipped = _tree(item)
            if shipped is not None:
                yield key, shipped


def _unnamed(value: Any) -> Iterator[tuple[str, Any]]:
    """The `Data` elements that were not made members by their name, some of which may have kept it as an attribute."""
    content = value.get("#text") if isinstance(value, dict) and "@Name" not in value else value
    for number, item in enumerate(content if isinstance(content, list) else [content], start=1):
        name = text_of(item.get("@Name")) if isinstance(item, dict) else None
        yield name or f"param{number}", item


def _tree(value: Any, levels: int = DEEPEST) -> Any:
    """An element's value with its scalars as shippers write them; attributes left out, empty branches None."""
    match value:
        case str() | bool() | int() | None:
            return shipped_value(value)
        case dict() | list() if levels == 0:
            return value
        case dict():
            if "#text" in value:
                return _tree(value["#text"], levels - 1)
            members = {name: _tree(item, levels - 1) for name, item in value.items() if not _is_attribute(name, value)}
            return {name: item for name, item in members.items() if item is not None} or None
        case list():
            return [item for item in (_tree(item, levels - 1) for item in value) if item is not None] or None
        case _:
            return shipped_value(value)


def _is_attribute(name: str, element: Document) -> bool:
    if name == "#attributes" or name[:1] == "@":
        return True
    return name.endswith("_attributes") and name.removesuffix("_attributes") in element


def user_data_of(data: Any) -> Mapping[str, Any]:
    """The members of the one element inside UserData, with its name as `xml_name`."""
    element = _object(data)
    for name, content in element.items():
        if _is_attribute(name, element):
            continue
        tree = _tree(content)
        members = tree if isinstance(tree, dict) else {} if tree is None else {"value": tree}
        return {"xml_name": name, **members}
    return {}


def _rendering(info: Document) -> Rendering:
    return Rendering(_element(info, "Message"), _element(info, "Task"), _element(info, "Opcode"))
