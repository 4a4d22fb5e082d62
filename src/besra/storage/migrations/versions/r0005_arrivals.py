"""The order alerts came in, for those who follow them. Alerts that are there get one by when they were made."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBERED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alert_arrival",
        sa.Column("position", NUMBERED, nullable=False),
        sa.Column("alert", NAME, nullable=False),
        sa.PrimaryKeyConstraint("position", name="alert_arrival_pkey"),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name="alert_arrival_alert_fkey", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("alert_arrival_alert", "alert_arrival", ["alert"])
    op.execute("INSERT INTO alert_arrival (alert) SELECT id FROM alert ORDER BY created, id")


def downgrade() -> None:
    op.drop_table("alert_arrival")
