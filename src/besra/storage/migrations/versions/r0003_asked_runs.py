"""Time somebody asked to be looked through again, beside time that was missed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("gap", sa.Column("kind", NAME, nullable=False, server_default="gap"))


def downgrade() -> None:
    op.drop_column("gap", "kind")
