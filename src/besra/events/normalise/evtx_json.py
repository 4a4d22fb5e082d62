"""Records of the Windows event log as JSON in the arrangement of the evtx package: `{"Event": {"System": …}}`.

`evtx_dump` writes it, Chainsaw and Hayabusa take it, and the reader of EVTX files gets it from the parser. Attributes
of an element stand inside it (`#attributes`) or beside it (`Provider_attributes`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from besra.events.normalise.nested_document import Document, integer_of, text_of
from besra.events.normalise.winlog import RawRecord, Rendering, guid_of

PARSED_GUID = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}")


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
        version=integer_of(_element(system, "Version")),
        process_id=integer_of(_attribute(system, "Execution", "ProcessID")),
        thread_id=integer_of(_attribute(system, "Execution", "ThreadID")),
        activity_id=guid_of(_attribute(system, "Correlation", "ActivityID")),
        related_activity_id=guid_of(_attribute(system, "Correlation", "RelatedActivityID")),
        user_id=_attribute(system, "Security", "UserID"),
        event_data=dict(_event_data(event.get("EventData"))),
        user_data=_user_data(event.get("UserData")),
        rendering=_rendering(_object(event.get("RenderingInfo"))),
    )


def _object(value: Any) -> Document:
    return value if isinstance(value, dict) else {}


def _element(parent: Document, name: str) -> str | None:
    """The text of a child element, which is an object where the element has attributes."""
    value = parent.get(name)
    return text_of(value.get("#text") if isinstance(value, dict) else value)


def _attribute(parent: Document, element: str, name: str) -> str | None:
    return text_of(_object(_object(parent.get(element)).get("#attributes")).get(name))


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


def _event_data(data: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of the EventData element; unnamed `Data` elements are numbered from 1 as `param1`, `param2`."""
    for name, value in _object(data).items():
        if name == "#attributes":
            continue
        if name == "Data":
            content = value.get("#text") if isinstance(value, dict) else value
            values = content if isinstance(content, list) else [content]
            pairs = [(f"param{number}", item) for number, item in enumerate(values, start=1)]
        else:
            pairs = [(name, value)]
        for key, item in pairs:
            shipped = _tree(item)
            if shipped is not None:
                yield key, shipped


def _tree(value: Any) -> Any:
    """An element's value with its scalars as shippers write them; attributes left out, empty branches None."""
    match value:
        case str() | bool() | int() | None:
            return shipped_value(value)
        case dict():
            if "#text" in value:
                return _tree(value["#text"])
            members = {name: _tree(item) for name, item in value.items() if name != "#attributes"}
            return {name: item for name, item in members.items() if item is not None} or None
        case list():
            return [item for item in map(_tree, value) if item is not None] or None
        case _:
            return shipped_value(value)


def _user_data(data: Any) -> Mapping[str, Any]:
    """The members of the one element inside UserData, with its name as `xml_name`."""
    for name, content in _object(data).items():
        if name == "#attributes":
            continue
        tree = _tree(content)
        members = tree if isinstance(tree, dict) else {} if tree is None else {"value": tree}
        return {"xml_name": name, **members}
    return {}


def _rendering(info: Document) -> Rendering:
    return Rendering(_element(info, "Message"), _element(info, "Task"), _element(info, "Opcode"))
