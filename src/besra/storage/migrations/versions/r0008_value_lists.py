"""Value lists made over the API."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBERED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "value_list",
        sa.Column("number", NUMBERED, nullable=False),
        sa.Column("space", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", NAME, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="value_list_pkey"),
        sa.UniqueConstraint("space", "name", name="value_list_space_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "listed_value",
        sa.Column("number", NUMBERED, nullable=False),
        sa.Column("list", NUMBERED, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("id", NAME),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("first", NAME),
        sa.Column("last", NAME),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.Column("updated", sa.BigInteger()),
        sa.Column("updated_by", NAME),
        sa.Column("meta", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="listed_value_pkey"),
        sa.UniqueConstraint("key", name="listed_value_key_key"),
    )
    op.create_index("listed_value_list_number", "listed_value", ["list", "number"])
    _partial("listed_value_id", ["id"], "id IS NOT NULL")
    _partial("listed_value_list_first", ["list", "first"], "first IS NOT NULL")


def _partial(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "listed_value", columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    op.drop_table("listed_value")
    op.drop_table("value_list")
