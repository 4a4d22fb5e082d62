"""All rows of an alert store into another one, whichever databases they are."""

from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text

from besra.storage import (
    access_tables,
    alert_tables,
    exception_store,
    notify_tables,
    rule_tables,
    run_tables,
    space_store,
    value_list_tables,
)
from besra.storage.access_tables import ACCESS_CHANGE
from besra.storage.columns import METADATA
from besra.storage.database import AlertStoreError, Database
from besra.storage.versions import newest_version, version_of

AT_ONCE = 500
DEFINED = (
    *(access_tables, alert_tables, exception_store, notify_tables),
    *(rule_tables, run_tables, space_store, value_list_tables),
)
"""What puts tables into `METADATA` when it is loaded."""
SEEDED = (ACCESS_CHANGE,)
"""Tables that have rows from the start."""


def copy_rows(source: Connection, target: Connection) -> int:
    """Copy all rows from one store to an empty one of the same version. How many they were."""
    copied = 0
    for table in SEEDED:
        target.execute(delete(table))
    for table in METADATA.sorted_tables:
        keys = list(table.primary_key.columns)
        rows = source.execute(select(table).order_by(*keys), execution_options={"yield_per": AT_ONCE})
        for some in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in some])
            copied += len(some)
        if target.dialect.name == "postgresql":
            _count_on(target, table)
    return copied


def _count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL count on after the keys that were given."""
    for column in table.primary_key.columns:
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
        ).scalar_one()
        if sequence is not None:
            last: Any = connection.execute(select(func.max(column))).scalar_one()
            if last is not None:
                connection.execute(text("SELECT setval(:name, :last)"), {"name": sequence, "last": last})


def check_version(connection: Connection, name: str) -> None:
    """Raises AlertStoreError (`database-older`) unless a database has this program's tables."""
    version, newest = version_of(connection), newest_version()
    if version != newest:
        hint = "use the besra that serves it, or start `besra serve` of this version on it once"
        message = f"{name}: the alert store has tables of version {version or 'none'}, and this besra those of {newest}"
        raise AlertStoreError.of("database-older", message, hint=hint)


def is_empty(connection: Connection) -> bool:
    """Whether a store has no row at all."""
    others = [table for table in METADATA.sorted_tables if table not in SEEDED]
    return not any(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in others)


def copy_store(source: Connection, target: Database) -> int:
    """Copy all rows of a store into a database that has been brought up and is empty, wholly or not at all."""
    with target.writing() as connection:
        if not is_empty(connection):
            hint = "name a database, or a schema of one, that has no alerts yet"
            raise AlertStoreError.of("restore-not-empty", f"{target.name} has alerts or rules already", hint=hint)
        return copy_rows(source, connection)
