"""Records of GitHub's audit log to ECS, as its API and its streams give them."""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise.ip_address import endpoint_of
from besra.events.normalise.nested_document import Document, collect, field_text, put
from besra.events.normalise.raw_record import keep, move_texts, move_times, opened, text_at, without_empty
from besra.events.normalise.stream_fields import put_stream
from besra.events.normalise.user_agent import put_user_agent

DATASET = "github.audit"
VENDOR = "github"
TIMES = (("@timestamp", "@timestamp"), ("created_at", "@timestamp"))
TEXTS = (
    ("_document_id", "event.id"),
    ("action", "event.action"),
    ("actor", "user.name"),
    ("user", "user.target.name"),
    ("actor_location.country_code", "client.geo.country_iso_code"),
    ("data.team", "github.team"),
    ("data.old_user", "user.target.group.name"),
)
BOOLEANS = {"true": True, "false": False}
GROUPS = {"team": "team", "org": "org"}
"""Categories of actions about a group of users, and the name of the group."""

WHERE = ("org", "repo", "business", "actor_id", "org_id", "repository", "operation_type", "user_agent")
"""Names of which a record has at least one: any record may have an action."""


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is one of GitHub's audit log: `category.what` was done, by or to something of GitHub's."""
    category, dot, what = (text_at(record, "action") or "").partition(".")
    is_action = bool(dot and what) and category.replace("_", "").isalpha() and category.islower()
    # Its times are milliseconds since 1970.
    is_dated = any((text_at(record, name) or "").isdigit() for name in ("@timestamp", "created_at"))
    return is_action and is_dated and any(text_at(record, name) for name in WHERE)


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document of a record of the audit log."""
    document: Document = {}
    rest = without_empty(opened(record))
    put(document, "ecs.version", "8.11.0")
    put_stream(document, DATASET)
    move_times(rest, document, TIMES)
    move_texts(rest, document, TEXTS)
    public = rest.get("repository_public")
    if isinstance(public, str):
        rest["repository_public"] = BOOLEANS.get(public.lower(), public)
    keep(document, VENDOR, rest, str)
    _put_kind(document)
    address = endpoint_of(field_text(document, "github.actor_ip"))
    collect(document, "related.ip", address.ip if address else None)
    put_user_agent(document, field_text(document, "github.user_agent"))
    for field in ("user.name", "user.target.name"):
        collect(document, "related.user", field_text(document, field))
    return document


def _put_kind(document: Document) -> None:
    category, dot, what = (field_text(document, "event.action") or "").partition(".")
    is_group = category in GROUPS
    types = ["group", "user"] if is_group else []
    types += ["creation"] if "create" in what or "add" in what else []
    types += ["deletion"] if "delete" in what or "remove" in what else []
    put(document, "event.kind", "event")
    put(document, "event.category", ["configuration", "web", *(["iam"] if is_group else [])])
    put(document, "event.type", types or ["change"])
    put(document, "github.category", category if dot else None)
    if is_group:
        group = field_text(document, f"github.{GROUPS[category]}")
        put(document, "group.name", group)
        if field_text(document, "user.target.name"):
            put(document, "user.target.group.name", group)
