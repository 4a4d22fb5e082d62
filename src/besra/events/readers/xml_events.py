"""Event logs exported as XML (`wevtutil qe /f:xml`, Event Viewer), and one `<Event>` a line (Sysmon for Linux)."""

import codecs
import re
from collections.abc import Iterator

from besra.events.content import Content
from besra.events.event import POSITION_BITS, Event, Origin
from besra.events.readers.log_record import LogEvents
from besra.events.readers.ndjson import damaged_after
from besra.events.readers.text_options import TextOptions
from besra.events.readers.xml_elements import EventElements
from besra.events.readers.xml_event import parse_event
from besra.problems import Problem

DECLARED = re.compile(rb"\s*<\?xml[^>]{0,100}?\sencoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")

ENCODINGS = ("cp", "iso8859", "koi8")
"""How the names of encodings begin that programs on Windows write."""

ASCII = bytes(range(0x20, 0x7F))


def read_xml_events(content: Content, path: str, options: TextOptions) -> Iterator[Event | Problem]:
    """The events of an export in order, and a located problem for every piece that is none.

    Memory is bounded by the longest element, at most `options.limit` bytes.
    """
    encoding = declared_encoding(content.head)
    elements = EventElements(content.stream, path, options.limit)
    events, position = LogEvents(), 0
    for text in elements.texts():
        if isinstance(text, Problem):
            yield text
            continue
        if text.ended_early and content.damage:
            continue  # of an input known to be damaged, its end says nothing more
        record, problem = parse_event(text, encoding)
        if problem:
            yield problem
        if record is None:
            continue
        number = None if record.record_id is None else str(record.record_id)
        # Several elements may begin on one line.
        position = max(position + 1, text.line << POSITION_BITS)
        yield events.event_of(record, Origin(path, text.line, number), position)
    if content.damage:
        yield damaged_after(elements.line, content.damage, path)


def declared_encoding(head: bytes) -> str:
    """The encoding an XML declaration names, if it is one of `ENCODINGS` that leaves ASCII as it is; else UTF-8.

    UTF-16 has been decoded before.
    """
    found = DECLARED.match(head)
    try:
        name = codecs.lookup(found[1].decode("ascii")).name if found else "utf-8"
        usable = name.startswith(ENCODINGS) and ASCII.decode(name) == ASCII.decode("ascii")
    except (LookupError, ValueError):
        usable = False
    return name if usable else "utf-8"
