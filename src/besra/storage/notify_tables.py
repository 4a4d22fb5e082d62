"""The tables of connectors and of what is to be told of alerts (detection-engine.md 7)."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from besra.storage.columns import JSON_VALUE, METADATA, NAME, NUMBERED, TIME

CONNECTOR = Table(
    "connector",
    METADATA,
    Column("space", NAME, primary_key=True),
    Column("id", NAME, primary_key=True),
    Column("type", NAME, nullable=False),
    Column("name", NAME, nullable=False),
    Column("config", JSON_VALUE, nullable=False),
    Column("secrets", Text),
    Column("created", TIME, nullable=False),
    Column("updated", TIME, nullable=False),
    Column("updated_by", NAME, nullable=False),
)
"""The connectors made over the API. `secrets` are sealed; None if none were given."""

NOTIFY_ACTION = Table(
    "notify_action",
    METADATA,
    Column("id", NAME, primary_key=True),
    Column("document", JSON_VALUE, nullable=False),
)
"""Actions as they were when alerts came, each once; `id` follows from the content."""

NOTIFICATION = Table(
    "notification",
    METADATA,
    Column("number", NUMBERED, primary_key=True),
    Column("key", NAME, nullable=False, unique=True),
    Column("space", NAME, nullable=False),
    Column("connector", NAME, nullable=False),
    Column("action", NAME, ForeignKey("notify_action.id"), nullable=False),
    Column("kind", NAME, nullable=False),
    Column("alert", NAME),
    Column("alerts", Integer, nullable=False),
    Column("until", TIME),
    Column("digest", NUMBERED),
    Column("created", TIME, nullable=False),
    Column("due", TIME, nullable=False),
    Column("status", NAME, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("changed", TIME, nullable=False),
    Column("payload", JSON_VALUE),
    Column("problem", Text),
    Column("answer", JSON_VALUE),
    Index(None, "status", "space", "connector", "due"),
    Index(None, "digest"),
    sqlite_autoincrement=True,
)
"""The outbox. An entry is written with its alert; a digest is made of entries, which then name it.

`until` is the time up to which an entry waits for others to go with it. `payload` is what is sent, once it is known:
what is sent again under a key is the same.
"""
