"""Write small event log files for tests: real binary XML without templates; checksums are left out."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CHUNK_SIZE = 0x10000
FIRST_RECORD = 512
XML_START = bytes((0x0F, 1, 1, 0))


@dataclass
class Element:
    """An XML element: text or children, and attributes."""

    name: str
    content: "str | Sequence[Element] | None" = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def event(record_id: int, event_id: int = 1, data: Mapping[str, str] | None = None, **system: str) -> Element:
    """An event of the Sysmon channel with named data; keyword arguments replace the text of System elements."""
    texts = {
        "EventID": str(event_id),
        "Level": "4",
        "EventRecordID": str(record_id),
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Computer": "host1",
        **system,
    }
    children = [
        Element("Provider", attributes={"Name": "Microsoft-Windows-Sysmon"}),
        Element("TimeCreated", attributes={"SystemTime": "2024-05-01T10:00:00.1234567Z"}),
        *(Element(name, text) for name, text in texts.items()),
    ]
    named = [Element("Data", text, {"Name": name}) for name, text in (data or {}).items()]
    return Element("Event", [Element("System", children), Element("EventData", named)])


def evtx_file(*chunks: Sequence[Element], first_id: int = 1) -> bytes:
    """A log of these chunks; records are numbered from `first_id`."""
    body = b""
    for events in chunks:
        body += _chunk(events, first_id)
        first_id += len(events)
    header = struct.pack("<8s3QI4H", b"ElfFile\0", 0, len(chunks) - 1, first_id, 128, 1, 3, 0x1000, len(chunks))
    return header.ljust(0x1000, b"\0") + body


def _chunk(events: Sequence[Element], first_id: int) -> bytes:
    body = b""
    last_start = FIRST_RECORD
    for number, item in enumerate(events, start=first_id):
        last_start = FIRST_RECORD + len(body)
        body += _record(item, number, last_start)
    last_id = first_id + len(events) - 1
    free = FIRST_RECORD + len(body)
    ids = (first_id, last_id, first_id, last_id)
    header = struct.pack("<8s4Q3I", b"ElfChnk\0", *ids, 128, last_start, free).ljust(FIRST_RECORD, b"\0")
    return (header + body).ljust(CHUNK_SIZE, b"\0")


def _record(item: Element, number: int, start: int) -> bytes:
    xml = XML_START + _element(item, start + 24 + len(XML_START)) + b"\0"
    size = 24 + len(xml) + 4
    filetime = 133590312000000000
    return struct.pack("<4sIQQ", b"\x2a\x2a\0\0", size, number, filetime) + xml + struct.pack("<I", size)


def _element(item: Element, offset: int) -> bytes:
    """The element's tokens; `offset` is where they start in the chunk, since names are addressed by offset."""
    head = struct.pack("<BI", 0x41 if item.attributes else 0x01, 0)
    head += _name(item.name, offset + len(head))
    if item.attributes:
        start = offset + len(head) + 4
        tokens = b""
        for name, text in item.attributes.items():
            tokens += b"\x06"
            tokens += _name(name, start + len(tokens)) + _text(text)
        head += struct.pack("<I", len(tokens)) + tokens
    if item.content is None:
        return head + b"\x03"
    head += b"\x02"
    if isinstance(item.content, str):
        return head + _text(item.content) + b"\x04"
    for child in item.content:
        head += _element(child, offset + len(head))
    return head + b"\x04"


def _name(name: str, offset: int) -> bytes:
    """A name in place: its own offset, then next name, hash, length and UTF-16 text with a final zero."""
    encoded = name.encode("utf-16-le")
    return struct.pack("<IIHH", offset + 4, 0, 0, len(encoded) // 2) + encoded + b"\0\0"


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<BBH", 5, 1, len(encoded) // 2) + encoded
