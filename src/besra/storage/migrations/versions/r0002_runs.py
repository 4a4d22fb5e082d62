"""Runs, how far each rule is, what was missed, and groups of suppressed matches that may go on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")
NUMBERED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "execution",
        sa.Column("rule_uuid", NAME, nullable=False),
        sa.Column("id", NAME, nullable=False),
        sa.Column("rule_id", NAME, nullable=False),
        sa.Column("rule_name", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("message", NAME, nullable=False),
        sa.Column("new_alerts", sa.Integer(), nullable=False),
        sa.Column("known_alerts", sa.Integer(), nullable=False),
        sa.Column("gap_start", sa.BigInteger()),
        sa.Column("gap_end", sa.BigInteger()),
        sa.Column("filled_start", sa.BigInteger()),
        sa.Column("filled_end", sa.BigInteger()),
        sa.Column("metrics", JSON_VALUE, nullable=False),
        sa.Column("problems", JSON_VALUE, nullable=False),
        sa.PrimaryKeyConstraint("rule_uuid", "id", name="execution_pkey"),
    )
    op.create_index("execution_rule_uuid_started", "execution", ["rule_uuid", "started"])
    op.create_index("execution_started", "execution", ["started"])
    op.create_table(
        "rule_progress",
        sa.Column("rule_uuid", NAME, nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("state", JSON_VALUE, nullable=False),
        sa.PrimaryKeyConstraint("rule_uuid", name="rule_progress_pkey"),
    )
    op.create_table(
        "journal_position",
        sa.Column("reader", NAME, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reader", name="journal_position_pkey"),
    )
    op.create_table(
        "gap",
        sa.Column("id", NUMBERED, nullable=False),
        sa.Column("rule_uuid", NAME, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("filled", JSON_VALUE, nullable=False),
        sa.Column("message", NAME, nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="gap_pkey"),
        sa.UniqueConstraint("rule_uuid", "start", "end", name="gap_rule_uuid_start_end_key"),
    )
    op.create_index("gap_status_rule_uuid", "gap", ["status", "rule_uuid"])
    op.create_table(
        "suppression_group",
        sa.Column("instance_id", NAME, nullable=False),
        sa.Column("rule_uuid", NAME, nullable=False),
        sa.Column("terms", JSON_VALUE, nullable=False),
        sa.Column("start", sa.BigInteger()),
        sa.Column("end", sa.BigInteger()),
        sa.Column("docs_count", sa.BigInteger(), nullable=False),
        sa.Column("alert", NAME, nullable=False),
        sa.PrimaryKeyConstraint("instance_id", name="suppression_group_pkey"),
    )
    op.create_index("suppression_group_rule_uuid", "suppression_group", ["rule_uuid"])
    op.create_index("suppression_group_alert", "suppression_group", ["alert"])
