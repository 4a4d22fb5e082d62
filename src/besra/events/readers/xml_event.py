"""The text of one `<Event>` element to the log record it is.

The element becomes the object that the evtx package makes of the same record, so that a record is read the same
whether it was exported or not: attributes under `#attributes`, text beside them under `#text`, named data by name.
"""

import re
from typing import Any
from xml.parsers import expat

from besra.events.normalise.evtx_json import parse_record
from besra.events.normalise.winlog import GUID, RawRecord
from besra.events.readers.json_text import Text
from besra.events.readers.log_record import is_log_record
from besra.events.readers.xml_elements import not_an_event
from besra.problems import Place, Problem, Severity

DEEPEST = 64
"""Elements within elements; a log record has five."""

NO_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|(\d{1,9}));")


class TooDeepError(ValueError):
    """An element nested deeper than any log record."""


def parse_event(text: Text, encoding: str = "utf-8") -> tuple[RawRecord | None, Problem | None]:
    """The record in the text of an element, and what is to be said of it; no record if it is none.

    `encoding` is that of text which is no UTF-8. Characters XML does not allow, which logs hold all the same, are
    replaced, and a warning says so.
    """
    try:
        found, problem = _parse(text, encoding)
    except expat.ExpatError as error:
        line, column = text.line + error.lineno - 1, error.offset + 1
        if text.ended_early:
            return None, not_an_event("an event without its end", text.path, text.line)
        return None, not_an_event(f"not well-formed XML: {expat.ErrorString(error.code)}", text.path, line, column)
    except TooDeepError:
        return None, not_an_event(f"elements nested deeper than {DEEPEST}", text.path, text.line)
    record = parse_record(found)
    if not is_log_record(record):
        return None, not_an_event("the event names no event id, provider or channel", text.path, text.line)
    return record, problem


def _parse(text: Text, encoding: str) -> tuple[dict[str, Any], Problem | None]:
    raw = text.raw
    if encoding != "utf-8":
        raw = _decoded(raw, encoding).encode("utf-8", "replace")
    try:
        return _Builder().object_of(raw), None
    except expat.ExpatError as error:
        repaired = _repair(raw)
        if repaired == raw:
            raise
        found = _Builder().object_of(repaired)
        return found, _repaired(Place(text.path, text.line + error.lineno - 1, error.offset + 1))


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(encoding, "replace")


def _repair(raw: bytes) -> bytes:
    """The text with U+FFFD for every character, and every reference to one, that XML does not allow."""
    text = raw.decode("utf-8", "replace")
    return REFERENCE.sub(_allowed_reference, NO_XML.sub("\ufffd", text)).encode("utf-8")


def _allowed_reference(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    return found[0] if number < 0x110000 and not NO_XML.match(chr(number)) else "\ufffd"


def _repaired(place: Place) -> Problem:
    hint = "bytes that are not UTF-8 and characters XML does not allow become U+FFFD"
    return Problem("record-repaired", "not strict XML; used after repair", Severity.WARNING, place, hint)


class _Element:
    """An open element: its children and text so far."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: dict[str, Any] = {}
        self.text: list[str] = []

    def value(self) -> Any:
        """What the element is in its parent."""
        if not self.children:
            text = "".join(self.text)
            if not self.attributes:
                return text
            return {"#attributes": self.attributes, "#text": text} if text else {"#attributes": self.attributes}
        return {"#attributes": self.attributes, **self.children} if self.attributes else self.children

    def add(self, name: str, value: Any) -> None:
        """Add a child; one of a name that is taken is numbered, as the evtx package does."""
        key, number = name, 0
        while key in self.children:
            number += 1
            key = f"{name}_{number}"
        self.children[key] = value


class _Builder:
    """Builds the object of an element while it is parsed."""

    def __init__(self) -> None:
        self._root = _Element("", {})
        self._open = [self._root]

    def object_of(self, raw: bytes) -> dict[str, Any]:
        """The object of the `Event` element. Raises ExpatError or TooDeepError."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(raw, True)
        found = next(iter(self._root.children.values()), None)
        return found if isinstance(found, dict) else {}

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > DEEPEST:
            raise TooDeepError
        self._open.append(_Element(_local(name), {_local(key): _guid(value) for key, value in attributes.items()}))

    def _characters(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _end(self, _: str) -> None:
        done = self._open.pop()
        parent = self._open[-1]
        value = done.value()
        if isinstance(value, str):
            value = value.strip() if parent.name == "System" else _guid(value)
        if done.name == "Data" and parent.name == "EventData":
            _add_data(parent, done)
        else:
            parent.add(done.name, value)


def _add_data(parent: _Element, data: _Element) -> None:
    text: Any = data.children or _guid("".join(data.text))
    if isinstance(text, str) and "\n" in text and text.isspace():
        text = ""  # an empty element, written out prettily
    if name := data.attributes.get("Name"):
        parent.add(name, text)
        return
    unnamed = parent.children.setdefault("Data", {"#text": []})
    if isinstance(unnamed, dict) and isinstance(unnamed.get("#text"), list):
        unnamed["#text"].append(text)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _guid(text: str) -> str:
    """Windows prints values of the GUID type with braces, in either case; shippers in lower case (sources.md 9.1)."""
    return text.lower() if len(text) == 38 and text[0] == "{" and GUID.fullmatch(text) else text
