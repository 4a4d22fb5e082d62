"""Rules made over the API, switches of those of files, and the history of both."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBERED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rule",
        sa.Column("id", NAME, nullable=False),
        sa.Column("rule_id", NAME, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", NAME, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="rule_pkey"),
        sa.UniqueConstraint("rule_id", name="rule_rule_id_key"),
    )
    op.create_table(
        "rule_switch",
        sa.Column("rule_id", NAME, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name="rule_switch_pkey"),
    )
    op.create_table(
        "rule_change",
        sa.Column("number", NUMBERED, nullable=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("rule_id", NAME, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", NAME, nullable=False),
        sa.Column("what", NAME, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="rule_change_pkey"),
    )
    op.create_index("rule_change_rule_id_number", "rule_change", ["rule_id", "number"])
    op.create_index("rule_change_rule_number", "rule_change", ["rule", "number"])


def downgrade() -> None:
    op.drop_table("rule_change")
    op.drop_table("rule_switch")
    op.drop_table("rule")
