"""What a syslog line tells of an event: of one in its message, or the line itself."""

import hashlib
from dataclasses import replace

from besra.events.document import field_values
from besra.events.event import Event, Origin
from besra.events.event_time import TIMESTAMP
from besra.events.identity import document_id
from besra.events.normalise.nested_document import Document, integer_of, put
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
    put(document, "host.id", line.host)
    put(document, "process.name", line.app)
    put(document, "process.pid", integer_of(line.pid))
    for field, value in _syslog_fields(line).items():
        put(document, field, value)
    put_stream(document, DATASET)
    if line.host:
        note_derived(document, "host.id")
    if line.is_without_year and time is not None:
        note_derived(document, TIMESTAMP)
    return Event(_mixed(document_id(document), str(origin.line)), INDEX, document, origin, position)


def stand_in(event: Event, line: SyslogLine, time: int | None) -> Event:
    """An event from the message of a line, with the line's time and host where it has none of its own.

    The program that wrote the line is not the process of the event: it is in `log.syslog`. What was taken from the
    line stands beside the document under dotted names, and is named in `besra.derived`. An event of an unknown shape
    stays one: it gets no host.
    """
    source, added, id_ = event.source, Document(), event.id
    if time is not None and not field_values(source, TIMESTAMP):
        added[TIMESTAMP] = format_timestamp(time)
        # Equal messages at two times are two events.
        id_ = _mixed(id_, added[TIMESTAMP])
    if line.host and not field_values(source, "host.name") and is_known_shape(source):
        added["host.name"] = line.host
    added.update({name: value for name, value in _syslog_fields(line).items() if not field_values(source, name)})
    return replace(event, id=id_, source={**source, **added, "besra.derived": list(added)}, written=None)


def _syslog_fields(line: SyslogLine) -> Document:
    fields: Document = {
        "log.syslog.appname": line.app,
        "log.syslog.procid": line.pid,
        "log.syslog.hostname": line.host,
    }
    if line.priority is not None:
        fields["log.syslog.priority"] = line.priority
        fields["log.syslog.facility.code"] = line.priority >> 3
        fields["log.syslog.severity.code"] = line.priority & 7
    return {name: value for name, value in fields.items() if value is not None}


def _mixed(id_: str, text: str) -> str:
    return hashlib.sha256(f"{id_} {text}".encode()).hexdigest()[:40]
