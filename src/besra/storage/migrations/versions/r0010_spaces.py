"""Spaces. What is there is of the space `default`; agnostic exceptions are of all."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MARKED = ("alert", "execution", "gap", "rule", "rule_switch", "rule_change", "exception")
KEYS = {
    "rule": ("rule_rule_id_key", "rule_space_rule_id_key", ["space", "rule_id"]),
    "exception": (
        "exception_kind_namespace_name_key",
        "exception_space_kind_namespace_name_key",
        ["space", "kind", "namespace", "name"],
    ),
}
"""Of tables in which a name is taken in one space only: the constraint there was, and what takes its place."""
INDEXES = (("original_time", "id"), ("status", "created"), ("severity", "created"))
"""Those of alerts, which are searched in one space at a time."""


def upgrade() -> None:
    op.create_table(
        "space",
        sa.Column("id", NAME, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="space_pkey"),
    )
    for table in MARKED:
        op.add_column(table, sa.Column("space", NAME, nullable=False, server_default="default"))
    op.execute("UPDATE exception SET space = '*' WHERE namespace = 'agnostic'")
    for table, (old, new, columns) in KEYS.items():
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(old, type_="unique")
            changed.create_unique_constraint(new, columns)
    with op.batch_alter_table("rule_switch") as changed:
        changed.drop_constraint("rule_switch_pkey", type_="primary")
        changed.create_primary_key("rule_switch_pkey", ["space", "rule_id"])
    for of_alert in INDEXES:
        op.drop_index("_".join(("alert", *of_alert)), "alert")
    for of_alert in (("created", "id"), *INDEXES):
        op.create_index("_".join(("alert_space", *of_alert)), "alert", ["space", *of_alert])
    op.create_index("execution_space_started", "execution", ["space", "started"])
