"""Connectors, and what is to be told of alerts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBERED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.BigInteger()
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "connector",
        sa.Column("space", NAME, nullable=False),
        sa.Column("id", NAME, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("config", JSON_VALUE, nullable=False),
        sa.Column("secrets", sa.Text()),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.Column("updated_by", NAME, nullable=False),
        sa.PrimaryKeyConstraint("space", "id", name="connector_pkey"),
    )
    op.create_table(
        "notify_action",
        sa.Column("id", NAME, nullable=False),
        sa.Column("document", JSON_VALUE, nullable=False),
        sa.PrimaryKeyConstraint("id", name="notify_action_pkey"),
    )
    op.create_table(
        "notification",
        sa.Column("number", NUMBERED, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("space", NAME, nullable=False),
        sa.Column("connector", NAME, nullable=False),
        sa.Column("action", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("alert", NAME),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("until", TIME),
        sa.Column("digest", NUMBERED),
        sa.Column("created", TIME, nullable=False),
        sa.Column("due", TIME, nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.Column("payload", JSON_VALUE),
        sa.Column("problem", sa.Text()),
        sa.Column("answer", JSON_VALUE),
        sa.PrimaryKeyConstraint("number", name="notification_pkey"),
        sa.UniqueConstraint("key", name="notification_key_key"),
        sa.ForeignKeyConstraint(["action"], ["notify_action.id"], name="notification_action_fkey"),
        sqlite_autoincrement=True,
    )
    due = ["status", "space", "connector", "due"]
    op.create_index("notification_status_space_connector_due", "notification", due)
    op.create_index("notification_digest", "notification", ["digest"])


def downgrade() -> None:
    op.drop_table("notification")
    op.drop_table("notify_action")
    op.drop_table("connector")
