"""Other diagnostic records of Azure's resources to ECS, such as those of key vaults and of AKS clusters.

What a cluster logs is JSON text within a record, and comes to stand below `azure.platformlogs.properties.log`.
"""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise.azure_record import begin, category_of, keep_rest, put_outcome
from besra.events.normalise.nested_document import Document, put
from besra.events.normalise.raw_record import json_in, move, move_texts, peek, text_at

DATASET = "azure.platformlogs"
VENDOR = "azure.platformlogs"
TEXTS = (
    ("Region", "cloud.region"),
    ("location", "geo.name"),
    ("EventName", "event.action"),
    ("tenantId", f"{VENDOR}.tenant_id"),
)
VALUES = (("properties.statusCode", f"{VENDOR}.properties.status_code"),)
STATUSES = {"Succeeded": "success", "Failed": "failure"}
TYPES = {"write": "change", "action": "change", "read": "access", "delete": "deletion"}


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is a diagnostic record: it has a time, a category, and the id of a resource."""
    return bool(category_of(record)) and all(text_at(record, name) for name in ("time", "resourceId"))


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of a diagnostic record."""
    document, rest = begin(record, DATASET, VENDOR)
    log = json_in(peek(rest, "properties.log"))
    if isinstance(log, dict):
        rest["properties"]["log"] = log
    status = rest.get("Status")
    put_outcome(
        document,
        rest.get("resultType"),
        peek(rest, "properties.result"),
        STATUSES.get(status, status) if isinstance(status, str) else None,
    )
    kind = TYPES.get(category_of(rest))
    put(document, "event.type", [kind] if kind else None)
    move_texts(rest, document, TEXTS)
    move(rest, document, VALUES)
    keep_rest(document, rest, VENDOR)
    return document
