"""The tables of what rules have done: runs, how far each rule is, what was missed, groups that may go on."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, UniqueConstraint

from besra.storage.columns import JSON_VALUE, METADATA, NAME, NUMBERED, TIME, of_space

EXECUTION = Table(
    "execution",
    METADATA,
    Column("rule_uuid", NAME, primary_key=True),
    Column("id", NAME, primary_key=True),
    of_space(),
    Column("rule_id", NAME, nullable=False),
    Column("rule_name", NAME, nullable=False),
    Column("kind", NAME, nullable=False),
    Column("started", TIME, nullable=False),
    Column("duration", TIME, nullable=False),
    Column("status", NAME, nullable=False),
    Column("message", NAME, nullable=False),
    Column("new_alerts", Integer, nullable=False),
    Column("known_alerts", Integer, nullable=False),
    Column("gap_start", TIME),
    Column("gap_end", TIME),
    Column("filled_start", TIME),
    Column("filled_end", TIME),
    Column("metrics", JSON_VALUE, nullable=False),
    Column("problems", JSON_VALUE, nullable=False),
    Index(None, "rule_uuid", "started"),
    Index(None, "started"),
    Index(None, "space", "started"),
)
"""The execution log. An id is that of all rules that ran at one time, so it is unique for a rule only."""

RULE_PROGRESS = Table(
    "rule_progress",
    METADATA,
    Column("rule_uuid", NAME, primary_key=True),
    Column("started", TIME, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("state", JSON_VALUE, nullable=False),
)

JOURNAL_POSITION = Table(
    "journal_position",
    METADATA,
    Column("reader", NAME, primary_key=True),
    Column("batch", BigInteger, nullable=False),
)
"""The last batch of the journal that somebody has dealt with, whatever rules there are."""

GAP = Table(
    "gap",
    METADATA,
    Column("id", NUMBERED, primary_key=True),
    Column("rule_uuid", NAME, nullable=False),
    Column("start", TIME, nullable=False),
    Column("end", TIME, nullable=False),
    Column("status", NAME, nullable=False),
    Column("filled", JSON_VALUE, nullable=False),
    Column("message", NAME, nullable=False),
    Column("found", TIME, nullable=False),
    Column("kind", NAME, nullable=False, server_default="gap"),
    of_space(),
    UniqueConstraint("rule_uuid", "start", "end"),
    Index(None, "status", "rule_uuid"),
)

SUPPRESSION_GROUP = Table(
    "suppression_group",
    METADATA,
    Column("instance_id", NAME, primary_key=True),
    Column("rule_uuid", NAME, nullable=False),
    Column("terms", JSON_VALUE, nullable=False),
    Column("start", TIME),
    Column("end", TIME),
    Column("docs_count", BigInteger, nullable=False),
    Column("alert", NAME, nullable=False),
    Index(None, "rule_uuid"),
    Index(None, "alert"),
)
