"""Sign-in logs of Entra to ECS: of users, interactive or not, of service principals and managed identities."""

from collections.abc import Mapping
from typing import Any

from besra.events.document import flatten
from besra.events.normalise.azure_export import sign_in_record
from besra.events.normalise.azure_record import (
    begin,
    category_of,
    parse_texts,
    put_address,
    put_principal,
    put_tenant,
)
from besra.events.normalise.nested_document import Document, field_text, integer_of, put, text_of
from besra.events.normalise.raw_record import (
    keep,
    move,
    move_numbers,
    move_texts,
    peek,
    renamed,
    take,
    take_text,
)
from besra.events.normalise.user_agent import put_user_agent

DATASET = "azure.signinlogs"
VENDOR = "azure.signinlogs"
PROPERTIES = f"{VENDOR}.properties"
CATEGORIES = "signinlogs"

TEXTS = (
    ("location", "geo.country_iso_code"),
    ("properties.location.country_or_region", "geo.country_iso_code"),
    ("properties.location.city", "geo.city_name"),
    ("properties.location.state", "geo.region_name"),
)
NUMBERS = (
    ("properties.location.geo_coordinates.latitude", "geo.location.lat"),
    ("properties.location.geo_coordinates.longitude", "geo.location.lon"),
)
VALUES = (
    ("properties.created_date_time", f"{PROPERTIES}.created_at"),
    ("properties.processing_time_in_milliseconds", f"{PROPERTIES}.processing_time_ms"),
    ("properties.risk_level_during_sign_in", f"{PROPERTIES}.risk_level_during_signin"),
)
"""Names that snake case alone would not give; all others keep theirs in snake case."""

COPIES = (
    ("properties.id", "event.id"),
    ("properties.user_display_name", "user.full_name"),
    ("properties.user_id", "user.id"),
)
DETAILS = "authentication_processing_details"


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is of a sign-in log, or a sign-in of Microsoft Graph."""
    return category_of(record).endswith(CATEGORIES) or sign_in_record(record) is not None


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of a sign-in."""
    document, rest = begin(record, DATASET, VENDOR, sign_in_record)
    put_tenant(document, rest)
    for name in ("ipAddress", "IPAddress"):
        put_address(document, rest, f"properties.{name}")
    parse_texts(rest.get("properties"))
    rest = renamed(rest)
    for source, field in COPIES:
        put(document, field, field_text(rest, source))
    put_principal(document, field_text(rest, "properties.user_principal_name"))
    _put_kind(document, rest)
    _put_message(document, rest)
    _put_details(document, rest)
    put_user_agent(document, take_text(rest, "properties.user_agent"))
    put(document, "source.as.number", integer_of(field_text(rest, "properties.autonomous_system_number")))
    move_texts(rest, document, TEXTS)
    move_numbers(rest, document, NUMBERS)
    move(rest, document, VALUES)
    keep(document, VENDOR, rest, str)
    return document


def _put_kind(document: Document, rest: Document) -> None:
    put(document, "event.category", ["authentication"])
    put(document, "event.type", ["info"])
    code = integer_of(field_text(rest, "properties.status.error_code"))
    put(document, "event.outcome", "failure" if code else "success")


def _put_message(document: Document, rest: Document) -> None:
    """Why a sign-in failed, and what more there is to say."""
    reason = take_text(rest, "properties.status.failure_reason")
    details = take_text(rest, "properties.status.additional_details")
    put(document, "message", f"{reason} ({details})" if reason and details else reason or details)


def _put_details(document: Document, rest: Document) -> None:
    """Pairs of key and value as an object, and all values under the name of the object, where rules look for them.

    Elasticsearch has a type of fields for that, in which a search for the object is one in all that it holds.
    """
    pairs = peek(rest, f"properties.{DETAILS}")
    if not isinstance(pairs, list) or not pairs or not all(_is_pair(pair) for pair in pairs):
        return
    take(rest, f"properties.{DETAILS}")
    named = {f"{DETAILS}.{pair['key']}": pair["value"] for pair in pairs if pair.get("value") is not None}
    values = [value for values in flatten(named).values() for value in values]
    put(document, f"{PROPERTIES}.{DETAILS}", values)
    peek(document, PROPERTIES).update(named)


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, dict) and text_of(pair.get("key")) is not None and set(pair) <= {"key", "value"}
