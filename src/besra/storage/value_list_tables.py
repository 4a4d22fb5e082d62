"""The tables of value lists made over the API (detection-engine.md 4.4, 8.3)."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from besra.storage.columns import METADATA, NAME, NUMBERED, TIME

VALUE_LIST = Table(
    "value_list",
    METADATA,
    Column("number", NUMBERED, primary_key=True),
    Column("space", NAME, nullable=False),
    Column("name", NAME, nullable=False),
    Column("type", NAME, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created", TIME, nullable=False),
    Column("created_by", NAME, nullable=False),
    Column("updated", TIME, nullable=False),
    Column("updated_by", NAME, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("space", "name"),
    sqlite_autoincrement=True,
)
"""`name` is what entries name a list by, `document` what its author says of it, as JSON text. No number comes twice."""

LISTED_VALUE = Table(
    "listed_value",
    METADATA,
    Column("number", NUMBERED, primary_key=True),
    Column("list", NUMBERED, nullable=False),
    Column("key", LargeBinary, nullable=False, unique=True),
    Column("id", NAME),
    Column("value", Text, nullable=False),
    Column("first", NAME),
    Column("last", NAME),
    Column("revision", Integer, nullable=False),
    Column("created", TIME, nullable=False),
    Column("created_by", NAME, nullable=False),
    Column("updated", TIME),
    Column("updated_by", NAME),
    Column("meta", Text),
    Index(None, "list", "number"),
    Index(None, "id", sqlite_where=text("id IS NOT NULL"), postgresql_where=text("id IS NOT NULL")),
    Index(None, "list", "first", sqlite_where=text("first IS NOT NULL"), postgresql_where=text("first IS NOT NULL")),
)
"""A row a value: a list may have millions, so rows are short and indexes few.

`key` is a digest of list and value, since values may be too long for an index; it is the value's id where `id` is none.
`first` and `last` are the addresses of a range. `updated` is none until something has changed.
"""
