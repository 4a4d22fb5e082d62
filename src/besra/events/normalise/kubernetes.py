"""Events of the Kubernetes audit log to ECS.

An event stays whole, under its own names, below `kubernetes.audit`; only dots in the names of annotations become
underscores (`authorization_k8s_io/decision`).
"""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise.ip_address import endpoint_of
from besra.events.normalise.nested_document import Document, collect, field_text, field_value, put
from besra.events.normalise.raw_record import merge, opened, peek, text_at, time_of
from besra.events.normalise.stream_fields import put_stream

DATASET = "kubernetes.audit_logs"
VENDOR = "kubernetes.audit"
API_GROUP = "audit.k8s.io/"
TIMES = ("requestReceivedTimestamp", "stageTimestamp", "timestamp")
"""When a request came in; old servers have the last."""

COPIES = (
    ("verb", "event.action"),
    ("user.username", "user.name"),
    ("user.uid", "user.id"),
    ("userAgent", "user_agent.original"),
    ("objectRef.namespace", "orchestrator.namespace"),
    ("objectRef.name", "orchestrator.resource.name"),
    ("objectRef.resource", "orchestrator.resource.type"),
    ("objectRef.apiVersion", "orchestrator.api_version"),
)
"""Names in an event, and the fields that have their text as well."""

DECISION = "authorization.k8s.io/decision"
OUTCOMES = {"allow": "success", "forbid": "failure"}


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is an audit event of a Kubernetes API server."""
    is_event = text_at(record, "kind") == "Event"
    return is_event and (text_at(record, "apiVersion") or "").startswith(API_GROUP)


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of an audit event."""
    document: Document = {}
    event = opened(record)
    put(document, "ecs.version", "8.11.0")
    put_stream(document, DATASET)
    put(document, "event.kind", "event")
    put(document, "orchestrator.type", "kubernetes")
    put(document, "@timestamp", next((time for name in TIMES if (time := time_of(peek(event, name)))), None))
    for name, field in COPIES:
        put(document, field, field_text(event, name))
    _put_annotations(document, event)
    _put_addresses(document, peek(event, "sourceIPs"))
    images = field_value(event, "requestObject.spec.containers")
    for container in images if isinstance(images, list) else ():
        if isinstance(container, dict):
            collect(document, "container.image.name", field_text(container, "image"))
    collect(document, "related.user", field_text(document, "user.name"))
    collect(document, "related.user", field_text(event, "impersonatedUser.username"))
    put(document, VENDOR, event)
    return document


def _put_annotations(document: Document, event: Document) -> None:
    annotations = peek(event, "annotations")
    if not isinstance(annotations, dict):
        return
    decision = annotations.get(DECISION)
    put(document, "event.outcome", OUTCOMES.get(decision) if isinstance(decision, str) else None)
    spelled: Document = {}
    merge(spelled, annotations, lambda name: name.replace(".", "_"), 1)
    event["annotations"] = spelled


def _put_addresses(document: Document, addresses: Any) -> None:
    """The client, and the proxies between: rules read any of them as the source."""
    texts = addresses if isinstance(addresses, list) else [addresses]
    found = [endpoint.ip for text in texts if (endpoint := endpoint_of(text if isinstance(text, str) else None))]
    ips: Any = found if len(found) > 1 else found[0] if found else None
    put(document, "source.ip", ips)
    put(document, "client.ip", ips)
    for address in found:
        collect(document, "related.ip", address)
