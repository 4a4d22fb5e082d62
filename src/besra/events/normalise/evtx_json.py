"""Records of the Windows event log as JSON in the arrangement of their XML: `{"Event": {"System": …}}`.

The reader of EVTX files gets it from the parser (the evtx package), whose `evtx_dump` writes it for others: Chainsaw
dumps it, Hayabusa reads it. Attributes of an element stand inside it, under `#attributes` or as `@Name`, or beside it,
as `Provider_attributes`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from besra.events.normalise import windows
from besra.events.normalise.nested_document import Document, integer_of, text_of
from besra.events.normalise.winlog import RawRecord, Rendering, guid_of

DEEPEST = 32
"""Elements within elements; what lies deeper is left as it is."""

NOTHING: Mapping[str, Any] = {}
NOT_RENDERED = Rendering()

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
    provider, created = _attributes(system, "Provider"), _attributes(system, "TimeCreated")
    execution, security = _attributes(system, "Execution"), _attributes(system, "Security")
    correlation = _attributes(system, "Correlation")
    return RawRecord(
        provider=text_of(provider.get("Name")),
        provider_guid=_known_guid(text_of(provider.get("Guid"))),
        channel=_element(system, "Channel"),
        event_id=_element(system, "EventID"),
        computer=_element(system, "Computer"),
        record_id=_integer(system, "EventRecordID"),
        time=text_of(created.get("SystemTime")),
        level=_integer(system, "Level"),
        keywords=_keywords(_element(system, "Keywords")),
        task=_integer(system, "Task"),
        version=_integer(system, "Version"),
        process_id=_number(execution.get("ProcessID")),
        thread_id=_number(execution.get("ThreadID")),
        activity_id=guid_of(text_of(correlation["ActivityID"])) if "ActivityID" in correlation else None,
        related_activity_id=(
            guid_of(text_of(correlation["RelatedActivityID"])) if "RelatedActivityID" in correlation else None
        ),
        user_id=text_of(security.get("UserID")),
        event_data=event_data_of(event.get("EventData")),
        user_data=user_data_of(event["UserData"]) if "UserData" in event else NOTHING,
        rendering=_rendering(event["RenderingInfo"]) if "RenderingInfo" in event else NOT_RENDERED,
    )


def _object(value: Any) -> Document:
    return value if isinstance(value, dict) else {}


def _element(parent: Document, name: str) -> str | None:
    """The text of a child element, which is an object where the element has attributes."""
    value = parent.get(name)
    if type(value) is str:  # most of them
        return value or None
    return text_of(value.get("#text") if isinstance(value, dict) else value)


def _integer(parent: Document, name: str) -> int | None:
    value = parent.get(name)
    return _number(value.get("#text") if isinstance(value, dict) else value)


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 1 << 63 else integer_of(text_of(value))


def _attributes(parent: Document, element: str) -> Mapping[str, Any]:
    """The attributes of a child element, by name."""
    value = parent.get(element)
    if type(value) is dict:
        attributes = value.get("#attributes")
        if type(attributes) is dict:
            return attributes
        own = {name[1:]: item for name, item in value.items() if name[:1] == "@"}
        if own:
            return own
    beside = parent.get(f"{element}_attributes")
    return beside if isinstance(beside, dict) else NOTHING


@lru_cache(maxsize=256)
def _known_guid(text: str | None) -> str | None:
    """A provider's GUID, of which there are few."""
    return guid_of(text)


@lru_cache(maxsize=256)
def _keywords(text: str | None) -> int | None:
    """The bits, of which few combinations are met."""
    return integer_of(text)


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


def event_data_of(data: Any) -> Document:
    """The members of the EventData element; unnamed `Data` elements are numbered from 1 as `param1`, `param2`."""
    found: Document = {}
    for name, value in _object(data).items():
        if name == "Data":
            members = _unnamed(value)
        elif name in ("#attributes", "Data_attributes") or name[:1] == "@":
            continue
        elif type(value) is str:  # most of them
            # As `shipped_value` tells, which this is spared for.
            shipped = shipped_value(value) if len(value) == 36 or "\r" in value else value
            if shipped:
                found[name] = shipped
            continue
        elif type(value) is int:
            found[name] = str(value)
            continue
        else:
            members = iter(((name, value),))
        for key, item in members:
            shipped = str(item) if type(item) is int else _tree(item)
            if shipped is not None:
                found[key] = shipped
    return found


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


def _rendering(info: Any) -> Rendering:
    found = _object(info)
    return Rendering(_element(found, "Message"), _element(found, "Task"), _element(found, "Opcode"))
