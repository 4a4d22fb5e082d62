"""The tables of who may use a service, and of what was done with it (detection-engine.md 9)."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from besra.storage.columns import JSON_VALUE, METADATA, NAME, NUMBERED, TIME

ACCOUNT = Table(
    "account",
    METADATA,
    Column("name", NAME, primary_key=True),
    Column("password", Text, nullable=False),
    Column("roles", JSON_VALUE, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created", TIME, nullable=False),
    Column("updated", TIME, nullable=False),
)
"""Users; `password` is an argon2id hash, `roles` the names of roles by space."""

API_KEY = Table(
    "api_key",
    METADATA,
    Column("id", NAME, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("account", NAME, ForeignKey("account.name", ondelete="CASCADE"), nullable=False),
    Column("digest", NAME, nullable=False),
    Column("roles", JSON_VALUE),
    Column("created", TIME, nullable=False),
    Column("expires", TIME),
    Column("invalidated", TIME),
    Index(None, "account"),
)
"""Keys, with the SHA-256 of their secrets; without `roles` they have those of their account."""

SESSION = Table(
    "session",
    METADATA,
    Column("digest", NAME, primary_key=True),
    Column("account", NAME, ForeignKey("account.name", ondelete="CASCADE"), nullable=False),
    Column("created", TIME, nullable=False),
    Column("expires", TIME, nullable=False),
    Index(None, "account"),
)
"""Who is logged in, by the SHA-256 of their token."""

ACCESS_CHANGE = Table(
    "access_change",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("number", NUMBERED, nullable=False),
)
"""One row, which every change of the tables above counts up: so that it is cheap to see whether there was one."""

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", NUMBERED, primary_key=True, autoincrement=False),
    Column("at", TIME, nullable=False),
    Column("who", NAME, nullable=False),
    Column("credential", NAME, nullable=False),
    Column("address", NAME, nullable=False),
    Column("space", NAME, nullable=False),
    Column("what", NAME, nullable=False),
    Column("about", NAME, nullable=False),
    Column("status", Integer, nullable=False),
    Column("hash", NAME, nullable=False),
    Index(None, "at"),
    Index(None, "who", "number"),
)
"""What was done, numbered without a gap; `hash` is over the entry and the hash of the one before."""
