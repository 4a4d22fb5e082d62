"""The tables of rules made over the API, and of what was changed about rules (detection-engine.md 1.2, 8.1)."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from besra.storage.columns import METADATA, NAME, NUMBERED, TIME, of_space

RULE = Table(
    "rule",
    METADATA,
    Column("id", NAME, primary_key=True),
    of_space(),
    Column("rule_id", NAME, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created", TIME, nullable=False),
    Column("created_by", NAME, nullable=False),
    Column("updated", TIME, nullable=False),
    Column("updated_by", NAME, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("space", "rule_id"),
)
"""`document` is the rule as its author gave it, as JSON text: a database's own JSON would order and round it anew."""

RULE_SWITCH = Table(
    "rule_switch",
    METADATA,
    of_space(primary_key=True),
    Column("rule_id", NAME, primary_key=True),
    Column("enabled", Boolean, nullable=False),
)
"""Whether a rule of a file is on, where that is not what its file says."""

RULE_CHANGE = Table(
    "rule_change",
    METADATA,
    Column("number", NUMBERED, primary_key=True),
    of_space(),
    Column("rule", NAME, nullable=False),
    Column("rule_id", NAME, nullable=False),
    Column("at", TIME, nullable=False),
    Column("by", NAME, nullable=False),
    Column("what", NAME, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("document", Text),
    Index(None, "rule_id", "number"),
    Index(None, "rule", "number"),
)
"""The history: every change of a rule over the API, in order, with what the rule said from then on."""
