"""Entra ID Protection to ECS: risk detections (`UserRiskEvents`) and users at risk (`RiskyUsers`)."""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise.azure_export import risk_record
from besra.events.normalise.azure_record import (
    begin,
    category_of,
    iso_time,
    parse_texts,
    put_address,
    put_principal,
    put_tenant,
)
from besra.events.normalise.nested_document import Document, field_text, put
from besra.events.normalise.raw_record import keep, peek, renamed, take

DATASET = "azure.identity_protection"
VENDOR = "azure.identityprotection"
PROPERTIES = f"{VENDOR}.properties"
CATEGORIES = ("riskyusers", "userriskevents")

TIMES = (
    ("properties.last_updated_date_time", f"{PROPERTIES}.last_updated_datetime"),
    ("properties.risk_last_updated_date_time", f"{PROPERTIES}.risk_last_updated_datetime"),
    ("properties.activity_date_time", f"{PROPERTIES}.activity_datetime"),
    ("properties.detected_date_time", f"{PROPERTIES}.detected_datetime"),
)
COPIES = (
    ("properties.user_id", "user.id"),
    ("properties.user_display_name", "user.full_name"),
    ("properties.user_principal_name", "user.email"),
)


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is of ID Protection, or a risk detection or risky user of Microsoft Graph."""
    return category_of(record) in CATEGORIES or risk_record(record) is not None


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of a risk detection or of a risky user."""
    document, rest = begin(record, DATASET, VENDOR, risk_record)
    put_tenant(document, rest)
    parse_texts(rest.get("properties"))
    address = field_text(rest, "properties.ipAddress")
    put_address(document, rest, "properties.ipAddress")
    put(document, f"{PROPERTIES}.ip_address", address)
    rest = renamed(rest)
    for name, field in TIMES:
        time = iso_time(peek(rest, name))
        if time is not None:
            take(rest, name)
            put(document, field, time)
    for source, field in COPIES:
        put(document, field, field_text(rest, source))
    put_principal(document, field_text(rest, "properties.user_principal_name"))
    keep(document, VENDOR, rest, str)
    return document
