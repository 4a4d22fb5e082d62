"""Inserting what may be there: the one statement the databases spell alike and SQLAlchemy tells apart."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Values = Mapping[str, Any]


def insert_or(
    connection: Connection, table: Table, values: Values | Sequence[Values] | None = None
) -> postgresql.Insert | sqlite.Insert:
    """An insert to which `on_conflict_do_nothing` or `on_conflict_do_update` can be said."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: postgresql.Insert | sqlite.Insert = dialect.insert(table)
    return statement if values is None else statement.values(values)


Only = Callable[[postgresql.Insert | sqlite.Insert], ColumnElement[bool]]
"""When a row that is there gives way, said of the insert."""


def upsert(connection: Connection, table: Table, keys: tuple[str, ...], values: Values, only: Only) -> None:
    """Insert a row; one that is there with its `keys` gives way where `only` holds.

    The statement is made once: making it takes longer than running it. So `only` is to be a function of a module.
    """
    connection.execute(_upsert(connection.dialect.name, table, keys, tuple(values), only), values)


@lru_cache(maxsize=32)
def _upsert(
    dialect: str, table: Table, keys: tuple[str, ...], names: tuple[str, ...], only: Only
) -> postgresql.Insert | sqlite.Insert:
    statement: postgresql.Insert | sqlite.Insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=changed, where=only(statement))
