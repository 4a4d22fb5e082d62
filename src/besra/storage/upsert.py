"""Inserting what may be there: the one statement the databases spell alike and SQLAlchemy tells apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Values = Mapping[str, Any]


def insert_or(
    connection: Connection, table: Table, values: Values | Sequence[Values] | None = None
) -> postgresql.Insert | sqlite.Insert:
    """An insert to which `on_conflict_do_nothing` or `on_conflict_do_update` can be said."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: postgresql.Insert | sqlite.Insert = dialect.insert(table)
    return statement if values is None else statement.values(values)
