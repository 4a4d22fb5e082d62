"""The tables of alerts and of what people do with them (detection-engine.md 3, 6.1).

A document is stored in parts. What says what happened is in a row of its own, apart from what alerts are found by. The
copy of its rule, which is most of it, is the same for all alerts of a version of a rule and stored once. What people
change (`kibana.alert.workflow_*`) is in columns and tables of its own and comes back into the document when it is read,
so the two cannot disagree.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Table

from besra.storage.columns import JSON_VALUE, METADATA, NAME, NUMBERED, TIME, of_space

RULE_COPY = Table(
    "rule_copy",
    METADATA,
    Column("id", NAME, primary_key=True),
    Column("fields", JSON_VALUE, nullable=False),
)
"""`kibana.alert.rule.*` as alerts have it; `id` follows from the content."""

ALERT = Table(
    "alert",
    METADATA,
    Column("id", NAME, primary_key=True),
    of_space(),
    Column("rule_uuid", NAME, nullable=False),
    Column("rule_id", NAME, nullable=False),
    Column("rule_name", NAME, nullable=False),
    Column("rule_copy", NAME, ForeignKey("rule_copy.id"), nullable=False),
    Column("severity", NAME, nullable=False),
    Column("risk_score", Float, nullable=False),
    Column("status", NAME, nullable=False),
    Column("status_reason", NAME),
    Column("status_by", NAME),
    Column("status_at", TIME),
    Column("created", TIME, nullable=False),
    Column("original_time", TIME),
    Column("building_block", Boolean, nullable=False),
    Column("group_id", NAME),
    Column("hosts", NAME, nullable=False),
    Column("users", NAME, nullable=False),
    Column("processes", NAME, nullable=False),
    Column("event_codes", NAME, nullable=False),
    Column("event_actions", NAME, nullable=False),
    Index(None, "created", "id"),
    Index(None, "original_time", "id"),
    Index(None, "status", "created"),
    Index(None, "rule_uuid", "created"),
    Index(None, "rule_name"),
    Index(None, "rule_copy"),
    Index(None, "group_id"),
)
"""What alerts are searched, grouped and sorted by. Rows are short, so that looking at all of them takes no longer than
following an index to many."""

NAMED: Mapping[str, Column[Any]] = {
    "host.name": ALERT.c.hosts,
    "user.name": ALERT.c.users,
    "process.name": ALERT.c.processes,
    "event.code": ALERT.c.event_codes,
    "event.action": ALERT.c.event_actions,
}
"""Columns of the names an alert has in a field (`storage.name_list`)."""

ALERT_DOCUMENT = Table(
    "alert_document",
    METADATA,
    Column("alert", NAME, ForeignKey("alert.id", ondelete="CASCADE"), primary_key=True),
    Column("document", JSON_VALUE, nullable=False),
)
"""What an alert says happened: most of it, and seldom read."""

ALERT_TAG = Table(
    "alert_tag",
    METADATA,
    Column("alert", NAME, ForeignKey("alert.id", ondelete="CASCADE"), primary_key=True),
    Column("name", NAME, primary_key=True),
    Index(None, "name"),
)

ALERT_ASSIGNEE = Table(
    "alert_assignee",
    METADATA,
    Column("alert", NAME, ForeignKey("alert.id", ondelete="CASCADE"), primary_key=True),
    Column("name", NAME, primary_key=True),
    Index(None, "name"),
)

ALERT_NOTE = Table(
    "alert_note",
    METADATA,
    Column("id", NUMBERED, primary_key=True),
    Column("alert", NAME, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Column("at", TIME, nullable=False),
    Column("by", NAME, nullable=False),
    Column("text", NAME, nullable=False),
    Index(None, "alert"),
)

ALERT_CHANGE = Table(
    "alert_change",
    METADATA,
    Column("id", NUMBERED, primary_key=True),
    Column("alert", NAME, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Column("at", TIME, nullable=False),
    Column("by", NAME, nullable=False),
    Column("what", NAME, nullable=False),
    Column("old", JSON_VALUE),
    Column("new", JSON_VALUE),
    Index(None, "alert"),
)
"""The history: every change of an alert by people, in order."""

ALERT_ARRIVAL = Table(
    "alert_arrival",
    METADATA,
    Column("position", NUMBERED, primary_key=True),
    Column("alert", NAME, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Index(None, "alert"),
    sqlite_autoincrement=True,
)
"""The order alerts came in: no position is given twice, also where alerts have been removed."""
