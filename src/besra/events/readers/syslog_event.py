"""What a syslog line tells of an event: of one in its message, or the line itself."""

import hashlib
from dataclasses import replace

from besra.events.document import field_values
from besra.events.event import Event, Origin
from besra.events.event_time import TIMESTAMP, event_time
from besra.events.identity import document_id
from besra.events.normalise.nested_document import Document, integer_of, nested, put
from besra.events.normalise.stream_fields import note_derived, put_stream
from besra.events.readers.syslog_line import SyslogLine
from besra.events.recognise import is_known_shape
from besra.schema.timestamp import format_timestamp

DATASET = "system.syslog"

INDEX = (f"logs-{DATASET}-default", "filebeat-besra")
"""The names a plain line answers to: the Agent's data stream, and Filebeat's index."""


def plain_event(line: SyslogLine, time: int | None, origin: Origin, position: int) -> Event:
    """The event of a line whose message is text: message, host, program and time, nothing parsed out of the text.

    Equal lines at two places of a file are two events.
    """
    document: Document = {"event": {"kind": "event"}, "message": line.message.strip()}
    put(document, TIMESTAMP, None if time is None else format_timestamp(time))
    put(document, "host.name", line.host)
    put(document, "host.hostname", line.host)
    put(document, "process.name", line.app)
    put(document, "process.pid", integer_of(line.pid))
    _put_syslog(document, line)
    put_stream(document, DATASET)
    if line.is_without_year and time is not None:
        note_derived(document, TIMESTAMP)
    return Event(_mixed(document_id(document), str(origin.line)), INDEX, document, origin, position)


def stand_in(event: Event, line: SyslogLine, time: int | None) -> Event:
    """An event from the message of a line, with the line's time and host where it has none of its own.

    The program that wrote the line is not the process of the event: it is in `log.syslog`. What was taken from the
    line is named in `besra.derived`. An event of an unknown shape stays one: it gets no host.
    """
    document = nested(event.source)
    derived = []
    id_ = event.id
    if time is not None and event_time(event.source) is None and not field_values(event.source, TIMESTAMP):
        put(document, TIMESTAMP, format_timestamp(time))
        derived.append(TIMESTAMP)
        # Equal messages at two times are two events.
        id_ = _mixed(id_, format_timestamp(time))
    if line.host and not field_values(event.source, "host.name") and is_known_shape(event.source):
        put(document, "host.name", line.host)
        derived.append("host.name")
    if not field_values(event.source, "log.syslog"):
        _put_syslog(document, line)
        derived.append("log.syslog")
    note_derived(document, *derived)
    return replace(event, id=id_, source=document)


def _put_syslog(document: Document, line: SyslogLine) -> None:
    put(document, "log.syslog.appname", line.app)
    put(document, "log.syslog.procid", line.pid)
    put(document, "log.syslog.hostname", line.host)
    if line.priority is not None:
        put(document, "log.syslog.priority", line.priority)
        put(document, "log.syslog.facility.code", line.priority >> 3)
        put(document, "log.syslog.severity.code", line.priority & 7)


def _mixed(id_: str, text: str) -> str:
    return hashlib.sha256(f"{id_} {text}".encode()).hexdigest()[:40]
