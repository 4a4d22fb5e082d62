"""Records of the Okta System Log to ECS.

What Okta tells of risk and behaviour is text of its own (`{reasons=Anomalous Device, level=HIGH}`); rules read its
parts.
"""

import re
from collections.abc import Mapping
from typing import Any

from besra.events.normalise.ip_address import put_source
from besra.events.normalise.nested_document import Document, collect, field_text, field_value, integer_of, put
from besra.events.normalise.okta_kinds import categories_of, types_of
from besra.events.normalise.raw_record import (
    copied,
    json_in,
    keep,
    move,
    move_numbers,
    move_texts,
    move_times,
    opened,
    peek,
    renamed,
    take,
    text_at,
    without_empty,
)
from besra.events.normalise.stream_fields import put_stream
from besra.events.normalise.user_agent import put_user_agent

DATASET = "okta.system"
VENDOR = "okta"
DEBUG = "okta.debug_context.debug_data"
FLAT = f"{DEBUG}.flattened"

TIMES = (("published", "@timestamp"),)
TEXTS = (
    ("client.geographicalContext.city", "client.geo.city_name"),
    ("client.geographicalContext.state", "client.geo.region_name"),
    ("client.geographicalContext.country", "client.geo.country_name"),
)
NUMBERS = (
    ("client.geographicalContext.geolocation.lat", "client.geo.location.lat"),
    ("client.geographicalContext.geolocation.lon", "client.geo.location.lon"),
)
VALUES = (
    ("client.ipAddress", "okta.client.ip"),
    ("securityContext.asNumber", "okta.security_context.as.number"),
    ("securityContext.asOrg", "okta.security_context.as.organization.name"),
    ("authenticationContext.interface", "okta.authentication_context.authentication_provider"),
)
"""Names that snake case alone would not give; all others keep theirs in snake case."""

COPIES = (
    ("okta.event_type", "event.action"),
    ("okta.uuid", "event.id"),
    ("okta.security_context.as.organization.name", "client.as.organization.name"),
    ("okta.security_context.as.organization.name", "source.as.organization.name"),
    ("okta.security_context.domain", "client.domain"),
    ("okta.security_context.domain", "source.domain"),
    ("okta.actor.display_name", "user.full_name"),
    ("okta.actor.id", "client.user.id"),
    ("okta.actor.id", "source.user.id"),
    ("okta.actor.display_name", "client.user.full_name"),
    ("okta.actor.display_name", "source.user.full_name"),
    ("source.ip", "client.ip"),
)
"""Fields whose text another has as well."""

RELATED = (
    ("okta.actor.display_name", "related.user"),
    ("user.name", "related.user"),
    ("user.target.full_name", "related.user"),
    ("okta.actor.id", "related.entity"),
    ("okta.actor.alternate_id", "related.entity"),
)
OUTCOMES = {"success": "success", "allow": "success", "failure": "failure", "deny": "failure"}
TARGETS = {
    "user": (("display_name", "full_name"), ("id", "id"), ("login", "email")),
    "usergroup": (("display_name", "group.name"), ("id", "group.id")),
}
"""Kinds of targets, and what becomes of the first of each: its fields and those below `user.target`."""

TARGET_NAMES = {"alternateId": "alternate_id", "displayName": "display_name"}
"""Names that change in a target; what is below them keeps its names."""
NAME = re.compile(r"[a-zA-Z0-9._-]+")
REASONS = re.compile(r",\s*")


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is an event of Okta's System Log."""
    names = ("uuid", "published", "eventType")
    return all(text_at(record, name) for name in names) and "." in (text_at(record, "eventType") or "")


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of an event of the System Log."""
    document: Document = {}
    rest = without_empty(opened(record))
    put(document, "ecs.version", "8.11.0")
    put_stream(document, DATASET)
    move_times(rest, document, TIMES)
    move_texts(rest, document, TEXTS)
    move_numbers(rest, document, NUMBERS)
    move(rest, document, VALUES)
    put_source(document, field_text(document, "okta.client.ip"))
    _put_debug_data(document, rest)
    _put_targets(document, rest)
    keep(document, VENDOR, rest)
    put_user_agent(document, field_text(document, "okta.client.user_agent.raw_user_agent"))
    put(document, "source.as.number", integer_of(field_text(document, "okta.security_context.as.number")))
    _put_kind(document)
    _put_user_name(document)
    for source, field in COPIES:
        put(document, field, field_text(document, source))
    for source, field in RELATED:
        collect(document, field, field_text(document, source))
    return document


def _put_kind(document: Document) -> None:
    event_type = field_text(document, "okta.event_type") or ""
    result = (field_text(document, "okta.outcome.result") or "").lower()
    put(document, "event.kind", "event")
    put(document, "event.category", categories_of(event_type) or None)
    put(document, "event.type", types_of(event_type))
    put(document, "event.outcome", OUTCOMES.get(result, "unknown"))


def _put_user_name(document: Document) -> None:
    """The part of the actor's login before `@`, or its first word."""
    found = NAME.search(field_text(document, "okta.actor.alternate_id") or "")
    for field in ("user.name", "client.user.name", "source.user.name"):
        put(document, field, found[0] if found else None)


def _put_debug_data(document: Document, rest: Document) -> None:
    """Debug data under Okta's own names (`flattened`) and, in snake case, beside it."""
    data = peek(rest, "debugContext.debugData")
    if not isinstance(data, dict):
        return
    flat = copied(data)
    for name, read in (("behaviors", _pairs), ("risk", _pairs), ("logOnlySecurityData", json_in)):
        parsed = read(flat.get(name))
        if isinstance(parsed, dict):
            flat[name] = parsed
    put(document, FLAT, flat)
    for name in ("behaviors", "risk", "logOnlySecurityData"):
        data.pop(name, None)
    risks = [risk for path in ("logOnlySecurityData.risk", "risk") if isinstance(risk := field_value(flat, path), dict)]
    for risk in risks[::-1]:
        put(document, f"{DEBUG}.risk_level", field_text(risk, "level"))
        reasons = field_text(risk, "reasons")
        put(document, f"{DEBUG}.risk_reasons", REASONS.split(reasons) if reasons else None)
    behaviors = flat.get("behaviors")
    if isinstance(behaviors, dict):
        positive = [name for name, value in behaviors.items() if value == "POSITIVE"]
        put(document, f"{DEBUG}.risk_behaviors", positive or None)


def _pairs(text: Any) -> dict[str, str] | None:
    """The pairs of `{a=b, c=d}`; None for other texts. What has no `=` belongs to the value before it."""
    if not isinstance(text, str) or not (text.startswith("{") and text.endswith("}")):
        return None
    pairs: dict[str, str] = {}
    name = None
    for part in text[1:-1].split(", "):
        before, equals, value = part.partition("=")
        if equals:
            name = before
            pairs[name] = value
        elif name is None:
            return None
        else:
            pairs[name] += f", {part}"
    return pairs


def _put_targets(document: Document, rest: Document) -> None:
    targets = peek(rest, "target")
    if not isinstance(targets, list):
        return
    take(rest, "target")
    named: list[Any] = [renamed(target, _target_name, 1) for target in targets]
    put(document, "okta.target", named)
    for kind, fields in TARGETS.items():
        first: Document = next((one for one in named if isinstance(one, dict) and _type_of(one) == kind), {})
        for name, field in fields:
            put(document, f"user.target.{field}", field_text(first, name))


def _target_name(name: str) -> str:
    return TARGET_NAMES.get(name, name)


def _type_of(target: Document) -> str:
    return (field_text(target, "type") or "").lower()
