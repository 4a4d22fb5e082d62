"""Records of Azure's diagnostic settings: `{"time", "category", "operationName", "properties", …}`, as Event Hubs hold.

What surrounds `properties` is the same in all logs, and goes to the same fields.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from besra.events.normalise.azure_resource import put_resource
from besra.events.normalise.ip_address import put_source
from besra.events.normalise.nested_document import Document, collect, field_text, integer_of, put, text_of
from besra.events.normalise.raw_record import (
    LIMIT,
    json_in,
    keep,
    opened,
    peek,
    take,
    take_text,
    text_at,
    time_of,
    without_empty,
)
from besra.events.normalise.stream_fields import note_derived, put_stream

NANOS_PER_MILLISECOND = 1_000_000
AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d\d):(\d\d)(?: ([AP])M)?")
SHORT_HOUR = re.compile(r"(T| )(\d):")
LEVELS = {"1": "Critical", "2": "Error", "3": "Warning", "4": "Informational", "5": "Verbose"}
OUTCOMES = ("success", "failure", "unknown")
Exported = Callable[[Document], Document | None]
TIMES = ("time", "properties.timeGenerated", "properties.createdDateTime", "EventTimeString")


def category_of(record: Mapping[str, Any]) -> str:
    """The log a record is of, in lower case; empty if it is no diagnostic record."""
    has_shape = any(text_at(record, name) for name in ("operationName", "resourceId", "operationVersion"))
    return (text_at(record, "category") or "").lower() if has_shape else ""


def parse_texts(holder: Any) -> None:
    """Replace members that are JSON text, as some exports write lists and objects, by what they say."""
    for name, value in list(holder.items()) if isinstance(holder, dict) else ():
        parsed = json_in(value)
        if parsed is not None:
            holder[name] = parsed


def begin(
    record: Mapping[str, Any], dataset: str, namespace: str, exported: Exported | None = None
) -> tuple[Document, Document]:
    """A document with what all logs have beside their properties, and the rest of the record.

    `exported` gives the diagnostic record of what an interface of Microsoft's tells, None of other records; what that
    did not say is named as derived.
    """
    document: Document = {}
    raw = opened(record)
    diagnostic = exported(raw) if exported else None
    rest = without_empty(diagnostic or raw)
    put(document, "ecs.version", "8.11.0")
    put_stream(document, dataset)
    if diagnostic:
        note_derived(document, f"{namespace}.category", f"{namespace}.operation_name", "event.action")
    put(document, "cloud.provider", "azure")
    put(document, "event.kind", "event")
    _take_common(document, rest, namespace)
    return document, rest


def _take_common(document: Document, rest: Document, namespace: str) -> None:
    for name in ("identity", "properties"):
        parsed = json_in(peek(rest, name))
        if isinstance(parsed, dict):
            rest[name] = parsed
    _put_time(document, rest)
    put_resource(document, take_text(rest, "resourceId"))
    put_address(document, rest, "callerIpAddress")
    _put_level(document, rest)
    put_duration(document, rest, "durationMs")
    put(document, "event.action", field_text(rest, "operationName"))
    put(document, f"{namespace}.operation_name", take(rest, "operationName"))
    put(document, "azure.correlation_id", take_text(rest, "correlationId"))


def put_tenant(document: Document, rest: Document) -> None:
    """Take the tenant, which is the account of what happens in Entra."""
    put(document, "azure.tenant_id", take_text(rest, "tenantId"))
    put(document, "cloud.account.id", field_text(document, "azure.tenant_id"))


def put_address(document: Document, rest: Document, name: str) -> None:
    """Take the address of the client, unless there is one already."""
    text = field_text(rest, name)
    if text and field_text(document, "source.ip") is None:
        take(rest, name)
        if not put_source(document, text):
            put(document, "source.address", text)
        put(document, "client.ip", field_text(document, "source.ip"))
    elif text and text == field_text(document, "source.ip"):
        take(rest, name)


def put_duration(document: Document, rest: Document, name: str) -> None:
    """Take milliseconds; `event.duration` has nanoseconds."""
    milliseconds = integer_of(field_text(rest, name))
    is_known = field_text(document, "event.duration") is not None
    if milliseconds is not None and abs(milliseconds) < LIMIT // NANOS_PER_MILLISECOND and not is_known:
        take(rest, name)
        put(document, "event.duration", milliseconds * NANOS_PER_MILLISECOND)


def put_outcome(document: Document, *values: Any) -> None:
    """Set the outcome to the first of the values that is one."""
    texts = ((text_of(value) or "").lower() for value in values)
    put(document, "event.outcome", next((text for text in texts if text in OUTCOMES), None))


def put_principal(document: Document, principal: str | None) -> None:
    """Set `user.name` and `user.domain` from the name a user signs in with; one without domain is the name."""
    name, at, domain = (principal or "").partition("@")
    whole = not (at and name and domain)
    put(document, "user.name", principal if whole else name)
    put(document, "user.domain", None if whole else domain)
    collect(document, "related.user", field_text(document, "user.name"))


def keep_rest(document: Document, rest: Document, namespace: str) -> None:
    """Keep what is left of a record: names of Azure's own in snake case, those of the properties as they are."""
    properties = take(rest, "properties")
    if isinstance(properties, dict):
        keep(document, f"{namespace}.properties", properties, str)
    elif properties is not None:
        rest["properties"] = properties
    keep(document, namespace, rest)


def iso_time(value: Any) -> str | None:
    """ISO 8601 text of what Azure writes for a time: ISO 8601, an hour of one digit, or American order in UTC."""
    if not isinstance(value, str):
        return None
    found = AMERICAN.fullmatch(value)
    if not found:
        return time_of(SHORT_HOUR.sub(r"\g<1>0\2:", value, count=1))
    month, day, year, hour, minute, second, half = found.groups()
    hours = int(hour) if half is None else int(hour) % 12 + (12 if half == "P" else 0)
    return time_of(f"{year}-{int(month):02d}-{int(day):02d}T{hours:02d}:{minute}:{second}Z")


def _put_time(document: Document, rest: Document) -> None:
    for name in TIMES:
        time = iso_time(peek(rest, name))
        if time is not None:
            put(document, "@timestamp", time)
            if "." not in name:
                take(rest, name)
            return


def _put_level(document: Document, rest: Document) -> None:
    for name in ("Level", "level"):
        level = field_text(rest, name)
        if level is not None:
            take(rest, name)
            put(document, "log.level", LEVELS.get(level, level))
            return
