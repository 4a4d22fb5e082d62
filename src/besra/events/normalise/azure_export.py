"""What Microsoft Graph and Azure's REST interface give, brought to the shape of diagnostic records.

Graph's sign-ins, directory audits, risk detections and risky users are what diagnostic records have in `properties`.
The activity log, as `az monitor activity-log list` and the portal give it, has names and values as objects.
"""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise.nested_document import Document, field_text, field_value, put
from besra.events.normalise.raw_record import opened, text_at

SIGN_IN = ("createdDateTime", "appId", "status.errorCode")
DIRECTORY_AUDIT = ("activityDateTime", "activityDisplayName", "loggedByService")
RISK_DETECTION = ("detectedDateTime", "riskEventType")
RISKY_USER = ("riskLastUpdatedDateTime", "riskState")
ACTIVITY = ("eventTimestamp", "operationName.value", "resourceId")

SIGN_IN_CATEGORIES = {
    "noninteractiveuser": "NonInteractiveUserSignInLogs",
    "serviceprincipal": "ServicePrincipalSignInLogs",
    "managedidentity": "ManagedIdentitySignInLogs",
}
"""Kinds of sign-ins in Graph, and their logs; others are `SignInLogs`."""

RESULTS = {"Succeeded": "Success", "Failed": "Failure", "Started": "Start", "Accepted": "Accept"}
"""What the REST interface says of an operation, and diagnostic records."""

ACTIVITY_MOVES = (
    ("eventTimestamp", "time"),
    ("operationName.value", "operationName"),
    ("category.value", "category"),
    ("httpRequest.clientIpAddress", "callerIpAddress"),
    ("subStatus.value", "resultSignature"),
    ("claims", "identity.claims"),
    ("authorization", "identity.authorization"),
)

OBJECTS = ("operationName", "category", "resourceId", "identity")
"""Names that mean something else in a diagnostic record; what they hold stays under `export`."""


def has_all(record: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    """Whether a record has a scalar at each of the names."""
    return all(text_at(record, name) is not None for name in names)


def sign_in_record(record: Mapping[str, Any]) -> Document | None:
    """The diagnostic record of a sign-in of Microsoft Graph; None for another record."""
    if not has_all(record, SIGN_IN):
        return None
    sign_in = opened(record)
    kinds = sign_in.get("signInEventTypes")
    kind = kinds[0] if isinstance(kinds, list) and kinds else None
    return {
        "time": sign_in["createdDateTime"],
        "category": SIGN_IN_CATEGORIES.get(str(kind).lower(), "SignInLogs"),
        "operationName": "Sign-in activity",
        "properties": sign_in,
    }


def audit_record(record: Mapping[str, Any]) -> Document | None:
    """The diagnostic record of a directory audit of Microsoft Graph; None for another record."""
    if not has_all(record, DIRECTORY_AUDIT):
        return None
    audit = opened(record)
    names = ("initiatedBy.user.displayName", "initiatedBy.app.displayName")
    result: Document = {
        "time": audit["activityDateTime"],
        "category": "AuditLogs",
        "operationName": audit["activityDisplayName"],
        "properties": audit,
    }
    put(result, "identity", next((name for field in names if (name := field_text(audit, field))), None))
    return result


def risk_record(record: Mapping[str, Any]) -> Document | None:
    """The diagnostic record of a risk detection or a risky user of Microsoft Graph; None for another record."""
    if has_all(record, RISK_DETECTION):
        time, category, name = "detectedDateTime", "UserRiskEvents", "User Risk Detection"
    elif has_all(record, RISKY_USER):
        time, category, name = "riskLastUpdatedDateTime", "RiskyUsers", "Risky user"
    else:
        return None
    risk = opened(record)
    return {"time": risk[time], "category": category, "operationName": name, "properties": risk}


def activity_record(record: Mapping[str, Any]) -> Document | None:
    """The diagnostic record of an event of the activity log from Azure's REST interface; None for another record."""
    if not has_all(record, ACTIVITY):
        return None
    rest = opened(record)
    result = {name: value for name, value in rest.items() if name not in OBJECTS}
    result["export"] = {name: rest[name] for name in OBJECTS if name in rest}
    for name, field in ACTIVITY_MOVES:
        put(result, field, field_value(rest, name))
        result.pop(name, None)
    operation, resource = field_text(result, "operationName") or "", field_text(rest, "resourceId") or ""
    status = field_text(rest, "status.value") or ""
    put(result, "operationName", operation.upper())
    put(result, "resourceId", resource.upper())
    put(result, "resultType", RESULTS.get(status, status) or None)
    return result
