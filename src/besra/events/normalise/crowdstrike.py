"""Records of CrowdStrike's Falcon Data Replicator to ECS (sources.md 7).

Paths stay as the kernel writes them (`\\Device\\HarddiskVolume3\\…`); rules have patterns for that form.
"""

from collections.abc import Mapping
from typing import Any

from besra.events.document import field_values
from besra.events.normalise.any_path import directory_and_name, last_name, put_path_parts
from besra.events.normalise.crowdstrike_events import WRITTEN, Kind, kind_of
from besra.events.normalise.crowdstrike_fields import (
    ACTING,
    COMMON,
    CREATED,
    DIRECTIONS,
    FILE,
    LIBRARY,
    PROCESS,
    REGISTRY,
    REGISTRY_OPERATIONS,
    RENAMED,
    TRANSPORTS,
    ends,
    hashes,
)
from besra.events.normalise.derived_fields import put_arguments, put_related
from besra.events.normalise.dns_lookup import put_answers, record_type
from besra.events.normalise.nested_document import Document, field_text, field_value, put
from besra.events.normalise.raw_values import RawValues, put_moves
from besra.events.normalise.registered_domain import put_domain_parts
from besra.events.normalise.stream_fields import put_stream

DATASET = "crowdstrike.fdr"
NAMESPACE = "crowdstrike"
NAME = "event_simpleName"
TAG = "#"
"""Stands before the names of some fields in exports of LogScale."""

RENAMES = frozenset({"NewExecutableRenamed", "FileRenameInfo"})


def recognises(record: Mapping[str, Any]) -> bool:
    """Every record of a sensor has the name of its event."""
    return any(isinstance(value, str) and value for tag in ("", TAG) for value in field_values(record, tag + NAME))


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The document the integration makes; what no field takes stays below `crowdstrike`."""
    document: Document = {}
    values = RawValues(record, without=TAG)
    action = values.text(NAME) or ""
    kind = kind_of(action)
    _put_kind(document, values, kind)
    put_moves(document, values, COMMON)
    put_moves(document, values, PROCESS)
    _put_image(document, values, kind)
    _put_hashes(document, values, action)
    _put_file(document, values, action)
    _put_registry(document, values)
    _put_connection(document, values)
    if "DnsRequest" in action:
        _put_dns(document, values)
    put_arguments(document, "process", "process.parent", count_empty=False)
    _put_names(document)
    put_related(document)
    values.put_rest(document, NAMESPACE)
    put_stream(document, DATASET)
    return document


def _put_kind(document: Document, values: RawValues, kind: Kind) -> None:
    operation = REGISTRY_OPERATIONS.get(values.text("RegOperationType") or "")
    put(document, "event.kind", kind.kind)
    put(document, "event.category", list(kind.category) or None)
    put(document, "event.type", [operation] if operation else list(kind.type) or None)
    put(document, "event.outcome", kind.outcome)


def _put_image(document: Document, values: RawValues, kind: Kind) -> None:
    if "library" in kind.category or "driver" in kind.category:
        put_moves(document, values, LIBRARY)
        put_moves(document, values, hashes("dll"))
        put(document, "dll.name", last_name(field_text(document, "dll.path") or ""))
        return
    put_moves(document, values, CREATED if "process" in kind.category else (*ACTING, *CREATED))


def _put_hashes(document: Document, values: RawValues, action: str) -> None:
    """Hashes are of what the name of the event is about."""
    if "Process" in action or "Service" in action:
        put_moves(document, values, hashes("process"))
    elif any(word in action for word in ("File", "Directory", "Executable", WRITTEN)):
        put_moves(document, values, hashes("file"))


def _put_file(document: Document, values: RawValues, action: str) -> None:
    put_moves(document, values, RENAMED if action in RENAMES else FILE)
    path = field_text(document, "file.path")
    if not path:
        return
    is_directory = "Directory" in action or path.endswith(("\\", "/"))
    put(document, "file.type", "dir" if is_directory else "file")
    put_path_parts(document, "file", path)
    original = directory_and_name(field_text(document, "file.Ext.original.path") or "")
    put(document, "file.Ext.original.name", original[1] if original else None)


def _put_registry(document: Document, values: RawValues) -> None:
    """`\\REGISTRY\\MACHINE\\…\\value`: the object and, where one is named, the value in it."""
    key = values.text("RegObjectName")
    if not key:
        return
    put_moves(document, values, REGISTRY)
    name = field_text(document, "registry.value")
    put(document, "registry.path", f"{key}\\{name}" if name else key)
    below = key
    for root in ("\\REGISTRY\\MACHINE\\", "\\REGISTRY\\USER\\"):
        below = below.removeprefix(root)
    put(document, "registry.key", below or None)
    values.take("RegObjectName")


def _put_connection(document: Document, values: RawValues) -> None:
    """Connections whose direction is not told are taken to go out, as the integration does."""
    way = values.text("ConnectionDirection")
    direction = DIRECTIONS.get(way, "unknown") if way else None
    put(document, "network.direction", direction)
    local, remote = ("destination", "source") if direction == "inbound" else ("source", "destination")
    put_moves(document, values, ends(local, remote))
    for end in (local, remote):
        put(document, f"{end}.address", field_text(document, f"{end}.ip"))
    put(document, "network.transport", TRANSPORTS.get(field_text(document, "network.iana_number") or ""))


def _put_dns(document: Document, values: RawValues) -> None:
    put(document, "dns.type", "query")
    put(document, "network.protocol", "dns")
    name, number = values.text("DomainName"), values.text("RequestType")
    if name:
        put_domain_parts(document, name)
        put(document, "dns.question.name", name)
        values.take("DomainName")
    if number:
        put(document, "dns.question.type", record_type(number))
        values.take("RequestType")
    addresses = [values.text(raw) for raw in ("IP4Records", "IP6Records")]
    put_answers(document, ";".join(text for text in addresses if text))


def _put_names(document: Document) -> None:
    """The name of a process is the last one of its path; a container's first process has the path `/`."""
    for process in ("process", "process.parent"):
        executable = field_text(document, f"{process}.executable")
        if executable and field_value(document, f"{process}.name") is None:
            arguments = field_value(document, f"{process}.args")
            first = arguments[0] if isinstance(arguments, list) and arguments else ""
            put(document, f"{process}.name", last_name(executable) or last_name(first))
