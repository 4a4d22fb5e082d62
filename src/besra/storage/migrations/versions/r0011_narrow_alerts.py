"""Documents of alerts apart from what alerts are found by, and the names of hosts and the like in columns.

What was read row by row to answer a search was mostly documents, which no condition asked about.
"""

from collections.abc import Iterable
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from besra.events.document import Fields
from besra.schema.fieldtype import FieldType
from besra.storage.stored_json import from_json

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")
COLUMNS = {
    "host.name": "hosts",
    "user.name": "users",
    "process.name": "processes",
    "event.code": "event_codes",
    "event.action": "event_actions",
}
LONGEST = 256
AT_ONCE = 1000


def upgrade() -> None:
    op.create_table(
        "alert_document",
        sa.Column("alert", NAME, nullable=False),
        sa.Column("document", JSON_VALUE, nullable=False),
        sa.PrimaryKeyConstraint("alert", name="alert_document_pkey"),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name="alert_document_alert_fkey", ondelete="CASCADE"),
    )
    op.execute("INSERT INTO alert_document (alert, document) SELECT id, document FROM alert ORDER BY created, id")
    for column in COLUMNS.values():
        op.add_column("alert", sa.Column(column, NAME, nullable=False, server_default=""))
    _name_alerts()
    op.drop_column("alert", "document")
    op.drop_table("alert_entity")
    # Of few spaces and severities there are many alerts each: looking at all alerts is faster than going through these.
    for columns in (("created", "id"), ("original_time", "id"), ("status", "created"), ("severity", "created")):
        op.drop_index("_".join(("alert_space", *columns)), "alert")
    for columns in (("original_time", "id"), ("status", "created")):
        op.create_index("_".join(("alert", *columns)), "alert", list(columns))
    if op.get_context().dialect.name == "postgresql":
        # Dropping a column leaves what it held in the rows until they are written anew.
        op.execute("CLUSTER alert USING alert_created_id")


def _name_alerts() -> None:
    connection = op.get_bind()
    table = sa.table("alert_document", sa.column("alert", sa.Text), sa.column("document", sa.Text))
    texts = sa.select(table.c.alert, sa.cast(table.c.document, sa.Text))
    named = sa.text(f"UPDATE alert SET {', '.join(f'{name} = :{name}' for name in COLUMNS.values())} WHERE id = :alert")
    last = ""
    while True:
        page = texts.where(table.c.alert > last).order_by(table.c.alert).limit(AT_ONCE)
        rows = connection.execute(page).all()
        if not rows:
            return
        connection.execute(named, [{"alert": alert, **_names(from_json(text))} for alert, text in rows])
        last = rows[-1][0]


def _names(document: dict[str, Any]) -> dict[str, str]:
    fields = Fields(document)
    return {name: _joined(map(str, fields.values(field, FieldType.KEYWORD))) for field, name in COLUMNS.items()}


def _joined(names: Iterable[str]) -> str:
    told = dict.fromkeys(_stored(name[:LONGEST]) for name in names)
    return "\n".join(("", *(orjson.dumps(name).decode()[1:-1] for name in told), "")) if told else ""


def _stored(name: str) -> str:
    return "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in name)
