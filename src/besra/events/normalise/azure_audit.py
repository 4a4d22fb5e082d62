"""Audit logs of Entra to ECS: who changed which users, groups, roles, applications, devices.

What was changed is numbered, as in the pipelines: `…properties.target_resources.0.modified_properties.3.new_value`.
"""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise.azure_export import audit_record
from besra.events.normalise.azure_record import (
    begin,
    category_of,
    parse_texts,
    put_outcome,
    put_tenant,
)
from besra.events.normalise.nested_document import Document, field_text, put
from besra.events.normalise.raw_record import keep, move, peek, renamed, take
from besra.events.normalise.user_agent import put_user_agent

DATASET = "azure.auditlogs"
VENDOR = "azure.auditlogs"
PROPERTIES = f"{VENDOR}.properties"
CATEGORY = "auditlogs"

VALUES = (
    ("properties.activityDateTime", f"{PROPERTIES}.activity_datetime"),
    ("properties.initiatedBy", f"{PROPERTIES}.initiated_by"),
    ("properties.additionalDetails", f"{PROPERTIES}.additional_details"),
)
"""Names that snake case alone would not give, and objects whose members keep their names."""

RESOURCES, CHANGES = "properties.targetResources", "modified_properties"


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is of the audit log, or a directory audit of Microsoft Graph."""
    return category_of(record) == CATEGORY or audit_record(record) is not None


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of an audit event."""
    document, rest = begin(record, DATASET, VENDOR, audit_record)
    put_tenant(document, rest)
    parse_texts(rest.get("properties"))
    put_outcome(document, peek(rest, "properties.result"))
    if field_text(document, "event.outcome"):
        take(rest, "properties.result")
    put_user_agent(document, field_text(rest, "properties.userAgent"))
    put(document, f"{PROPERTIES}.target_resources", _numbered(take(rest, RESOURCES)))
    move(rest, document, VALUES)
    keep(document, VENDOR, rest)
    return document


def _numbered(resources: Any) -> Any:
    """The members of a list by their number, and the changes within each; what is no list as it is."""
    if not isinstance(resources, list):
        return resources
    result = {str(number): renamed(resource) for number, resource in enumerate(resources)}
    for resource in result.values():
        changes = resource.get(CHANGES) if isinstance(resource, dict) else None
        if isinstance(changes, list):
            resource[CHANGES] = {str(number): change for number, change in enumerate(changes)}
    return result or None
