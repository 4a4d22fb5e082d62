"""Users, their keys and sessions, and the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBERED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
TIME = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("name", NAME, nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("roles", JSON_VALUE, nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="account_pkey"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("account", NAME, nullable=False),
        sa.Column("digest", NAME, nullable=False),
        sa.Column("roles", JSON_VALUE),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME),
        sa.Column("invalidated", TIME),
        sa.PrimaryKeyConstraint("id", name="api_key_pkey"),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name="api_key_account_fkey", ondelete="CASCADE"),
    )
    op.create_index("api_key_account", "api_key", ["account"])
    op.create_table(
        "session",
        sa.Column("digest", NAME, nullable=False),
        sa.Column("account", NAME, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="session_pkey"),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name="session_account_fkey", ondelete="CASCADE"),
    )
    op.create_index("session_account", "session", ["account"])
    op.create_table(
        "access_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", NUMBERED, nullable=False),
        sa.PrimaryKeyConstraint("id", name="access_change_pkey"),
    )
    op.execute("INSERT INTO access_change (id, number) VALUES (1, 0)")
    op.create_table(
        "audit",
        sa.Column("number", NUMBERED, nullable=False, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("who", NAME, nullable=False),
        sa.Column("credential", NAME, nullable=False),
        sa.Column("address", NAME, nullable=False),
        sa.Column("space", NAME, nullable=False),
        sa.Column("what", NAME, nullable=False),
        sa.Column("about", NAME, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("hash", NAME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="audit_pkey"),
    )
    op.create_index("audit_at", "audit", ["at"])
    op.create_index("audit_who_number", "audit", ["who", "number"])


def downgrade() -> None:
    for table in ("audit", "access_change", "session", "api_key", "account"):
        op.drop_table(table)
