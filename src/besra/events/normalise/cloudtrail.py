"""Records of AWS CloudTrail to ECS: one API call, console login or service event each.

Requests and answers are kept twice, as the pipelines do: as one text (`aws.cloudtrail.request_parameters`), in which
rules look for parts, and by name under `aws.cloudtrail.flattened`.
"""

import re
from collections.abc import Mapping
from typing import Any

from besra.events.normalise.cloudtrail_entities import put_entities
from besra.events.normalise.cloudtrail_kinds import cloudtrail_kinds
from besra.events.normalise.ip_address import put_source
from besra.events.normalise.java_text import java_text
from besra.events.normalise.nested_document import Document, collect, field_text, field_value, put
from besra.events.normalise.raw_record import (
    json_in,
    keep,
    move,
    move_texts,
    move_times,
    opened,
    peek,
    renamed,
    take,
    take_text,
    text_at,
    without_empty,
)
from besra.events.normalise.stream_fields import put_stream
from besra.events.normalise.user_agent import put_user_agent

DATASET = "aws.cloudtrail"
VENDOR = "aws.cloudtrail"
IDENTITY = "aws.cloudtrail.user_identity"
ISSUER = "userIdentity.sessionContext.sessionIssuer"

TIMES = (
    ("eventTime", "@timestamp"),
    ("userIdentity.sessionContext.attributes.creationDate", f"{IDENTITY}.session_context.creation_date"),
)
TEXTS = (
    ("eventSource", "event.provider"),
    ("eventName", "event.action"),
    ("eventID", "event.id"),
    ("awsRegion", "cloud.region"),
    ("sourceIPAddress", "source.address"),
    ("userIdentity.principalId", "user.id"),
    ("userIdentity.onBehalfOf.userId", "user.id"),
    ("userIdentity.accountId", "cloud.account.id"),
    ("tlsDetails.cipherSuite", "tls.cipher"),
    ("tlsDetails.clientProvidedHostHeader", "tls.client.server_name"),
)
VALUES = (
    ("userIdentity.sessionContext.attributes.mfaAuthenticated", f"{IDENTITY}.session_context.mfa_authenticated"),
    ("eventVersion", f"{VENDOR}.event_version"),
    ("eventCategory", f"{VENDOR}.event_category"),
    ("eventType", f"{VENDOR}.event_type"),
    ("requestID", f"{VENDOR}.request_id"),
    ("insightDetails", f"{VENDOR}.flattened.insight_details"),
)
"""Names that snake case alone would not give, or that stand elsewhere; all others keep theirs in snake case."""

STRUCTURES = (
    ("requestParameters", "request_parameters"),
    ("responseElements", "response_elements"),
    ("additionalEventData", "additional_eventdata"),
    ("serviceEventDetails", "service_event_details"),
)
LONGEST = 32766
"""Units of the longest text that is also kept by name, Elasticsearch's limit for a term."""

SESSION_TYPES = ("AssumedRole", "FederatedUser")
STS = re.compile(r"arn:[\w-]+:sts:")
LOGIN = "ConsoleLogin"
LOOKED_UP, BRIDGED = "CloudTrailEvent", "detail"
"""Where an answer of `LookupEvents` has the record, as JSON text, and an event of EventBridge, as an object."""


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is one of CloudTrail, which names an event, its source and its time, or holds such a record."""
    if any(text_at(record, name) for name in (LOOKED_UP, f"{BRIDGED}.eventSource")):
        return _held(opened(record)) is not None
    is_call = all(text_at(record, name) for name in ("eventName", "eventSource", "eventTime"))
    # Other clouds name calls alike.
    is_of_aws = (text_at(record, "eventSource") or "").endswith(".amazonaws.com") or text_at(record, "awsRegion")
    return is_call and bool(is_of_aws)


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of a CloudTrail record."""
    document: Document = {}
    whole = opened(record)
    held = _held(whole)
    if held is not None:
        take(whole, LOOKED_UP if LOOKED_UP in whole else BRIDGED)
        keep(document, f"{VENDOR}.envelope", whole)
        whole = held
    rest = without_empty(whole)
    put(document, "ecs.version", "8.11.0")
    put_stream(document, DATASET)
    put_entities(document, rest)
    _put_kind(document, rest)
    _put_people(document, rest)
    _put_structures(document, rest, whole)
    move_times(rest, document, TIMES)
    move_texts(rest, document, TEXTS)
    move(rest, document, VALUES)
    put_source(document, field_text(document, "source.address"))
    put_user_agent(document, take_text(rest, "userAgent"))
    if field_value(document, "cloud.account.id") is None:
        put(document, "cloud.account.id", field_text(rest, "recipientAccountId"))
    _put_tls_version(document, rest)
    _put_resources(document, rest)
    _put_related_users(document)
    keep(document, VENDOR, rest)
    return document


def _held(record: Document) -> Document | None:
    """The record within an answer of CloudTrail's `LookupEvents` or an event of EventBridge; None if there is none."""
    held = json_in(record.get(LOOKED_UP)) if LOOKED_UP in record else record.get(BRIDGED)
    return opened(held) if isinstance(held, dict) and text_at(held, "eventName") else None


def _put_kind(document: Document, rest: Document) -> None:
    action = field_text(rest, "eventName")
    failed = "errorCode" in rest or "errorMessage" in rest
    answer = field_text(rest, "responseElements.ConsoleLogin") if action == LOGIN else None
    category, types = cloudtrail_kinds().get(action or "", (None, ("info",)))
    put(document, "event.kind", "event")
    put(document, "event.category", [category] if category else None)
    put(document, "event.type", list(types) or None)
    put(document, "event.outcome", answer.lower() if answer else "failure" if failed else "success")


def _put_people(document: Document, rest: Document) -> None:
    """Who acted: in a session of a role the role, whose session name is `user.changes.name`; and upon whom."""
    names = ["userIdentity.userName", f"{ISSUER}.userName"]
    if field_text(rest, "userIdentity.type") in SESSION_TYPES:
        names.reverse()
        arn = field_text(rest, "userIdentity.arn") or ""
        put(document, "user.changes.name", arn.rpartition("/")[2] or None if STS.match(arn) else None)
    move_texts(rest, document, [(name, "user.name") for name in names])
    if field_text(rest, "eventName") == "UserAuthentication" and field_value(document, "user.name") is None:
        put(document, "user.name", field_text(rest, "additionalEventData.UserName"))
    name = field_text(document, "user.name")
    put(document, "user.email", name if name and name.find("@") > 0 else None)
    put(document, "user.target.name", field_text(rest, "requestParameters.userName"))
    put(document, "user.target.id", field_text(rest, "responseElements.user.userId"))
    put(document, "user.changes.name", field_text(rest, "requestParameters.newUserName"))
    put(document, "group.name", field_text(rest, "requestParameters.groupName"))
    put(document, "group.id", field_text(rest, "responseElements.group.groupId"))


def _put_related_users(document: Document) -> None:
    for field in ("user.target.name", "user.target.id", "user.id", "user.name", "user.changes.name"):
        collect(document, "related.user", field_text(document, field))


def _put_structures(document: Document, rest: Document, whole: Document) -> None:
    """Requests and answers, as text and by name."""
    if field_text(rest, "eventName") == LOGIN:
        _put_login(document, rest)
    for name, field in STRUCTURES:
        value, text = take(rest, name), java_text(whole.get(name))
        put(document, f"{VENDOR}.{field}", text)
        # Its text alone may be shortened, where the record is nested absurdly deep.
        if text is not None and (len(text) < LONGEST or "…" in text):
            put(document, f"{VENDOR}.flattened.{field}", value)


def _put_login(document: Document, rest: Document) -> None:
    data = peek(rest, "additionalEventData")
    data = data if isinstance(data, dict) else {}
    login = f"{VENDOR}.console_login.additional_eventdata"
    put(document, f"{login}.login_to", data.get("LoginTo"))
    for name, field in (("MobileVersion", "mobile_version"), ("MFAUsed", "mfa_used")):
        put(document, f"{login}.{field}", data[name] != "No" if name in data else None)


def _put_tls_version(document: Document, rest: Document) -> None:
    """`TLSv1.3` is a protocol and a version."""
    protocol, v, version = (take_text(rest, "tlsDetails.tlsVersion") or "").partition("v")
    put(document, "tls.version", (version if v else protocol) or None)
    put(document, "tls.version_protocol", protocol.lower() if v and protocol else None)


def _put_resources(document: Document, rest: Document) -> None:
    """The resources of an event, each once."""
    resources = peek(rest, "resources")
    if isinstance(resources, list):
        take(rest, "resources")
        for resource in resources:
            collect(document, f"{VENDOR}.resources", renamed(resource))
