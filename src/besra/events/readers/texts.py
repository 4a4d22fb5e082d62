"""The reader of each format of text that is no JSON."""

from collections.abc import Iterator

from besra.events.content import Content
from besra.events.event import Event
from besra.events.readers.csv_events import read_csv_events
from besra.events.readers.syslog import read_syslog_events
from besra.events.readers.text_options import TextOptions
from besra.events.readers.xml_events import read_xml_events
from besra.events.text_format import TextFormat
from besra.problems import Problem


def read_text_events(found: TextFormat, content: Content, path: str, options: TextOptions) -> Iterator[Event | Problem]:
    """The events of a text in order, and a located problem for every record that is none."""
    match found:
        case TextFormat.XML:
            yield from read_xml_events(content, path, options)
        case TextFormat.CSV:
            yield from read_csv_events(content, path, options)
        case TextFormat.SYSLOG | TextFormat.AUDITD:
            yield from read_syslog_events(content, path, options)
