"""Azure's activity log to ECS: what was done to the resources of a subscription."""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise.azure_export import activity_record
from besra.events.normalise.azure_record import (
    begin,
    category_of,
    keep_rest,
    parse_texts,
    put_outcome,
    put_principal,
)
from besra.events.normalise.nested_document import Document, collect, field_text, put
from besra.events.normalise.raw_record import keep, move, move_texts, peek, take, text_at

DATASET = "azure.activitylogs"
VENDOR = "azure.activitylogs"
CATEGORIES = (
    *("administrative", "security", "servicehealth", "alert", "recommendation", "policy", "autoscale"),
    *("resourcehealth", "write", "delete", "action", "read"),
)
TYPES = {"write": "change", "action": "change", "read": "access", "delete": "deletion"}

EVIDENCE = "identity.authorization.evidence"
VALUES = (
    *(
        (f"{EVIDENCE}.{name}", f"{VENDOR}.{EVIDENCE}.{field}")
        for name, field in (
            ("roleAssignmentScope", "role_assignment_scope"),
            ("roleDefinitionId", "role_definition_id"),
            ("roleAssignmentId", "role_assignment_id"),
            ("principalId", "principal_id"),
            ("principalType", "principal_type"),
        )
    ),
    ("properties.serviceRequestId", f"{VENDOR}.properties.service_request_id"),
    ("properties.statusCode", f"{VENDOR}.properties.status_code"),
    ("properties.eventCategory", f"{VENDOR}.event_category"),
)
CLAIMS, INITIATOR = f"{VENDOR}.identity.claims", f"{VENDOR}.identity.claims_initiated_by_user"
SCHEMA = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
INITIATOR_CLAIMS = {
    "name": "fullname",
    f"{SCHEMA}/name": "name",
    f"{SCHEMA}/surname": "surname",
    f"{SCHEMA}/givenname": "givenname",
}
"""Claims of the token an operation was done with, and what they say of the user."""


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is of the activity log, from an Event Hub or the REST interface."""
    is_diagnostic = category_of(record) in CATEGORIES and text_at(record, "resourceId") is not None
    return is_diagnostic or activity_record(record) is not None


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of an event of the activity log."""
    document, rest = begin(record, DATASET, VENDOR, activity_record)
    parse_texts(rest.get("properties"))
    put_outcome(document, rest.get("resultType"), peek(rest, "properties.result"))
    category = TYPES.get((field_text(rest, "category") or "").lower())
    put(document, "event.type", [category] if category else None)
    move(rest, document, VALUES)
    if peek(document, f"{VENDOR}.event_category") is None:
        is_policy = peek(rest, "properties.policies") is not None
        put(document, f"{VENDOR}.event_category", "Policy" if is_policy else "Administrative")
    move_texts(rest, document, (("properties.statusMessage", "message"), ("location", "geo.name")))
    _put_identity(document, rest)
    for field in ("azure.resource.id", f"{VENDOR}.{EVIDENCE}.principal_id"):
        collect(document, "related.entity", field_text(document, field))
    keep_rest(document, rest, VENDOR)
    return document


def _put_identity(document: Document, rest: Document) -> None:
    """Who did it: what the claims of the token say. Dots in their names become underscores."""
    identity = take(rest, "identity")
    if not isinstance(identity, dict):
        put(document, f"{VENDOR}.identity_name", identity)
        return
    claims = identity.pop("claims", None)
    if isinstance(claims, dict):
        for claim, field in INITIATOR_CLAIMS.items():
            text = claims.get(claim)
            put(document, f"{INITIATOR}.{field}", text if isinstance(text, str) and text else None)
        keep(document, CLAIMS, claims, lambda name: name.replace(".", "_"))
    elif claims is not None:
        identity["claims"] = claims
    principal = field_text(document, f"{INITIATOR}.name")
    if principal is not None:
        put(document, f"{INITIATOR}.schema", SCHEMA)
        put_principal(document, principal)
        put(document, "user.email", principal if "@" in principal else None)
    put(document, "user.full_name", field_text(document, f"{INITIATOR}.fullname"))
    keep(document, f"{VENDOR}.identity", identity, str)
