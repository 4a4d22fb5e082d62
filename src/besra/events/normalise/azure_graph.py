"""Requests to Microsoft Graph and to Azure AD Graph, as their activity logs have them, to ECS."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from besra.events.normalise.azure_record import (
    begin,
    category_of,
    iso_time,
    put_address,
    put_duration,
    put_tenant,
)
from besra.events.normalise.nested_document import Document, collect, field_text, integer_of, put
from besra.events.normalise.raw_record import keep, move_texts, peek, renamed, take, take_text
from besra.events.normalise.user_agent import put_user_agent

LOGS = {
    "microsoftgraphactivitylogs": "graphactivitylogs",
    "azureadgraphactivitylogs": "aadgraphactivitylogs",
    "aadgraphactivitylogs": "aadgraphactivitylogs",
}
"""Categories of records, and the name of their log in data sets and fields."""

TEXTS = (
    ("properties.request_id", "http.request.id"),
    ("properties.request_method", "http.request.method"),
    ("properties.http_method", "http.request.method"),
    ("properties.user_id", "user.id"),
    ("location", "destination.geo.region_name"),
    ("properties.location", "destination.geo.region_name"),
)
NUMBERS = (
    ("properties.response_size_bytes", "http.response.bytes"),
    ("properties.response_status_code", "http.response.status_code"),
    ("properties.http_status_code", "http.response.status_code"),
)
LISTS = ("roles", "scopes", "wids")
SEPARATORS = re.compile(r"[\s,]+")


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is of one of the two logs."""
    return category_of(record) in LOGS


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of a request."""
    log = LOGS.get(category_of(record), "graphactivitylogs")
    document, rest = begin(record, f"azure.{log}", f"azure.{log}")
    put_tenant(document, rest)
    for name in ("callerIpAddress", "ipAddress"):
        put_address(document, rest, f"properties.{name}")
    put_duration(document, rest, "properties.durationMs")
    rest = renamed(rest)
    put(document, "event.type", ["access"])
    if field_text(document, "azure.tenant_id") is None:
        put(document, "azure.tenant_id", take_text(rest, "properties.tenant_id"))
        put(document, "cloud.account.id", field_text(document, "azure.tenant_id"))
    put_user_agent(document, take_text(rest, "properties.user_agent"))
    move_texts(rest, document, TEXTS)
    for name, field in NUMBERS:
        number = integer_of(field_text(rest, name))
        if number is not None and field_text(document, field) is None:
            take(rest, name)
            put(document, field, number)
    _put_url(document, rest)
    _put_lists(document, rest, log)
    put(document, "cloud.service.name", "Microsoft Graph" if log == "graphactivitylogs" else "Azure AD Graph")
    put(document, "cloud.region", field_text(document, "destination.geo.region_name"))
    put(document, "client.user.id", field_text(document, "user.id"))
    collect(document, "related.user", field_text(document, "user.id"))
    keep(document, f"azure.{log}", rest, str)
    return document


def _put_url(document: Document, rest: Document) -> None:
    url = take_text(rest, "properties.request_uri")
    put(document, "url.original", url)
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return
    for field, value in (("scheme", parts.scheme), ("domain", parts.hostname), ("path", parts.path)):
        put(document, f"url.{field}", value or None)
    put(document, "url.query", parts.query or None)


def _put_lists(document: Document, rest: Document, log: str) -> None:
    """What a token allowed, as lists; and when it was issued."""
    for name in LISTS:
        text = peek(rest, f"properties.{name}")
        words = [word for word in SEPARATORS.split(text) if word] if isinstance(text, str) else []
        if words:
            take(rest, f"properties.{name}")
            put(document, f"azure.{log}.properties.{name}", words)
    for name in ("issued_at", "token_issued_at"):
        time = iso_time(peek(rest, f"properties.{name}"))
        if time is not None:
            take(rest, f"properties.{name}")
            put(document, f"azure.{log}.properties.token_issued_at", time)
