"""Exception lists and items made over the API."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBERED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "exception",
        sa.Column("number", NUMBERED, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("namespace", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="exception_pkey"),
        sa.UniqueConstraint("kind", "namespace", "name", name="exception_kind_namespace_name_key"),
    )


def downgrade() -> None:
    op.drop_table("exception")
