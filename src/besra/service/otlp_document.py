"""Log records of OpenTelemetry to documents.

A body that is an object, or the text of one, is the record itself: one of a known source becomes ECS as it would from a
file, and what stands around it stays outside. To any other, attributes are added under their own names, which mostly
are those of ECS, else by this table (ECS 9.3 on semantic conventions 1.38). What a document says itself counts more
than attributes, those of a record more than those of its scope, and those more than those of its resource.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from besra.events.document import field_values
from besra.events.envelope import Document, NotADocument, documents_in
from besra.events.event import Origin
from besra.events.event_time import TIMESTAMP
from besra.events.index_name import index_names
from besra.events.readers.json_text import Text
from besra.events.readers.log_record import LogEvents
from besra.events.readers.xml_event import parse_event
from besra.events.recognise import Intake
from besra.schema.timestamp import format_timestamp
from besra.service.bulk import Item, Put, Refused
from besra.service.otlp_request import LogRecord

INDEX = "logs-generic.otel-default"
"""Home of documents that do not say where they belong."""

ECS_NAMES = {
    "cloud.platform": "cloud.service.name",
    "code.file.path": "log.origin.file.name",
    "code.filepath": "log.origin.file.name",
    "code.function": "log.origin.function",
    "code.function.name": "log.origin.function",
    "code.line.number": "log.origin.file.line",
    "code.lineno": "log.origin.file.line",
    "container.image.repo_digests": "container.image.hash.all",
    "container.image.tags": "container.image.tag",
    "container.runtime.name": "container.runtime",
    "deployment.environment": "service.environment",
    "deployment.environment.name": "service.environment",
    "enduser.id": "user.id",
    "event.name": "event.action",
    "exception.message": "error.message",
    "exception.stacktrace": "error.stack_trace",
    "exception.type": "error.type",
    "faas.invocation_id": "faas.execution",
    "faas.trigger": "faas.trigger.type",
    "file.changed": "file.ctime",
    "file.group.id": "file.gid",
    "file.group.name": "file.group",
    "file.modified": "file.mtime",
    "file.owner.id": "file.uid",
    "file.owner.name": "file.owner",
    "file.symbolic_link.target_path": "file.target_path",
    "host.arch": "host.architecture",
    "http.request.body.size": "http.request.body.bytes",
    "http.request.size": "http.request.bytes",
    "http.response.body.size": "http.response.body.bytes",
    "http.response.size": "http.response.bytes",
    "k8s.cluster.name": "orchestrator.cluster.name",
    "k8s.namespace.name": "orchestrator.namespace",
    "log.record.original": "event.original",
    "log.record.uid": "event.id",
    "network.protocol.name": "network.protocol",
    "os.description": "host.os.full",
    "os.name": "host.os.name",
    "os.type": "host.os.type",
    "os.version": "host.os.version",
    "process.command_args": "process.args",
    "process.executable.name": "process.name",
    "process.executable.path": "process.executable",
    "process.owner": "user.name",
    "process.parent_pid": "process.parent.pid",
    "service.instance.id": "service.node.name",
    "thread.id": "process.thread.id",
    "thread.name": "process.thread.name",
}

OS_TYPES = {"windows": "windows", "linux": "linux", "darwin": "macos"}
OTHER_OS = "unix"
"""What ECS has for all others OpenTelemetry names."""

ADDRESSES = ("client", "destination", "server", "source")
"""An `address` of these is an IP address or a name; rules look for it at `ip` and `domain`."""

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""Severities without a text: four numbers each, from 1."""


def items_of(record: LogRecord, intake: Intake) -> list[Item]:
    """What a record asks to be taken: one document, or all that are wrapped in its body."""
    if isinstance(record.body, str) and record.body.lstrip().startswith("<Event"):
        found = _log_event(record.body)
        if found is not None:
            return [found]
    held = _object(record.body)
    if held is None:
        document = _around(_message(record.body), record)
        return [_put(document, Document(document))]
    return [_item(found, record, intake) for found in documents_in(held)]


def _item(found: Document | NotADocument, record: LogRecord, intake: Intake) -> Item:
    if isinstance(found, NotADocument):
        reason = f"{found.what}, not an event document"
        return Refused("create", INDEX, None, 400, "document_parsing_exception", reason, _text(record.body))
    if intake.recogniser.source_of(found.source) is not None:
        return Put(found.index or _own_stream(record.attributes) or "", found.id, found.source, False, found.aliases)
    return _put(_around(found.source, record), found)


def _put(source: Mapping[str, Any], found: Document) -> Put:
    # "" lets the document answer to all that its fields say.
    index = found.index or (INDEX if index_names(source, default=INDEX) == (INDEX,) else "")
    return Put(index, found.id, source, False, found.aliases)


def _own_stream(attributes: Mapping[str, Any]) -> str | None:
    dataset = attributes.get("data_stream.dataset")
    return index_names(attributes)[0] if isinstance(dataset, str) and dataset else None


def _object(body: object) -> dict[str, Any] | None:
    if isinstance(body, dict):
        return body
    if isinstance(body, str) and body.lstrip().startswith("{"):
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        return value if isinstance(value, dict) else None
    return None


def _message(body: object) -> dict[str, Any]:
    if body is None:
        return {}
    return {"message": body if isinstance(body, str) else _text(body).decode("utf-8", "replace")}


def _text(body: object) -> bytes:
    return body.encode("utf-8", "replace") if isinstance(body, str) else orjson.dumps(body, default=str)


def _log_event(body: str) -> Put | None:
    """A record of a Windows event log as its XML, which a collector sends if it is told to."""
    record, _ = parse_event(Text(body.strip().encode("utf-8", "replace"), 1, "-"))
    if record is None:
        return None
    event = LogEvents().event_of(record, Origin("-"), 0)
    return Put(event.index[0], event.id, event.source, False, event.index[1:])


def _around(document: Mapping[str, Any], record: LogRecord) -> dict[str, Any]:
    """The document with what the record says beside its body, where it says nothing itself."""
    added = dict(_fields(record))
    return {**document, **{name: value for name, value in added.items() if not field_values(document, name)}}


def _fields(record: LogRecord) -> Iterator[tuple[str, Any]]:
    """Fields and values; of several for one field the last counts."""
    for name, value in record.attributes.items():
        if name in ECS_NAMES and ECS_NAMES[name] not in record.attributes:
            yield ECS_NAMES[name], _os_type(value) if name == "os.type" else value
        elif name not in ECS_NAMES:
            yield name, value
    for side in ADDRESSES:
        yield from _address(side, record.attributes)
    time = record.time or record.observed
    told = {
        TIMESTAMP: format_timestamp(time) if time else None,
        "event.action": record.event_name,
        "event.severity": record.severity_number or None,
        "log.level": record.severity or _level(record.severity_number),
        "log.logger": record.logger,
        "span.id": record.span_id,
        "trace.id": record.trace_id,
    }
    yield from ((name, value) for name, value in told.items() if value is not None)


def _os_type(value: object) -> object:
    return OS_TYPES.get(value.lower(), OTHER_OS) if isinstance(value, str) else value


def _address(side: str, attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    value = attributes.get(f"{side}.address")
    if isinstance(value, str) and value:
        field = f"{side}.ip" if _is_ip(value) else f"{side}.domain"
        if field not in attributes:
            yield field, value


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _level(number: int) -> str | None:
    return LEVELS[(number - 1) // 4] if 1 <= number <= 4 * len(LEVELS) else None
