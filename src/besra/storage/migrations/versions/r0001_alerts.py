"""Alerts and what people do with them.

Steps name their columns themselves: tables of later versions are other tables.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")
NUMBERED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ALERT_NAMES = ("alert_tag", "alert_assignee")


def upgrade() -> None:
    op.create_table(
        "rule_copy",
        sa.Column("id", NAME, nullable=False),
        sa.Column("fields", JSON_VALUE, nullable=False),
        sa.PrimaryKeyConstraint("id", name="rule_copy_pkey"),
    )
    op.create_table(
        "alert",
        sa.Column("id", NAME, nullable=False),
        sa.Column("rule_uuid", NAME, nullable=False),
        sa.Column("rule_id", NAME, nullable=False),
        sa.Column("rule_name", NAME, nullable=False),
        sa.Column("rule_copy", NAME, nullable=False),
        sa.Column("severity", NAME, nullable=False),
        sa.Column("risk_score", sa.Float(), nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("status_reason", NAME),
        sa.Column("status_by", NAME),
        sa.Column("status_at", sa.BigInteger()),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("original_time", sa.BigInteger()),
        sa.Column("building_block", sa.Boolean(), nullable=False),
        sa.Column("group_id", NAME),
        sa.Column("document", JSON_VALUE, nullable=False),
        sa.PrimaryKeyConstraint("id", name="alert_pkey"),
        sa.ForeignKeyConstraint(["rule_copy"], ["rule_copy.id"], name="alert_rule_copy_fkey"),
    )
    for columns in (
        ("created", "id"),
        ("original_time", "id"),
        ("status", "created"),
        ("severity", "created"),
        ("rule_uuid", "created"),
        ("rule_name",),
        ("rule_copy",),
        ("group_id",),
    ):
        _index("alert", *columns)
    _of_alert("alert_entity", sa.Column("field", NAME, nullable=False), key=("alert", "field", "name"))
    _index("alert_entity", "field", "name")
    for table in ALERT_NAMES:
        _of_alert(table, key=("alert", "name"))
        _index(table, "name")
    _log("alert_note", sa.Column("text", NAME, nullable=False))
    _log(
        "alert_change",
        sa.Column("what", NAME, nullable=False),
        *(sa.Column[Any](name, JSON_VALUE) for name in ("old", "new")),
    )


def _index(table: str, *columns: str) -> None:
    op.create_index("_".join((table, *columns)), table, list(columns))


def _alert(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=f"{table}_alert_fkey", ondelete="CASCADE")


def _of_alert(table: str, *columns: sa.Column[Any], key: tuple[str, ...]) -> None:
    op.create_table(
        table,
        sa.Column("alert", NAME, nullable=False),
        *columns,
        sa.Column("name", NAME, nullable=False),
        sa.PrimaryKeyConstraint(*key, name=f"{table}_pkey"),
        _alert(table),
    )


def _log(table: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        table,
        sa.Column("id", NUMBERED, nullable=False),
        sa.Column("alert", NAME, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", NAME, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"{table}_pkey"),
        _alert(table),
    )
    _index(table, "alert")
