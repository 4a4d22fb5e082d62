"""Spaces that were made over the API, in the database of the alerts (detection-engine.md 8.4, 9)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, delete, func, insert, select

from besra.storage.alert_tables import ALERT
from besra.storage.columns import METADATA, NAME
from besra.storage.database import Database
from besra.storage.exception_store import EXCEPTION
from besra.storage.retention import remove_alerts
from besra.storage.rule_tables import RULE, RULE_CHANGE, RULE_SWITCH
from besra.storage.run_tables import EXECUTION, GAP
from besra.storage.upsert import insert_or
from besra.storage.workflow import Status

SPACE = Table("space", METADATA, Column("id", NAME, primary_key=True), Column("document", Text, nullable=False))
"""`document` is what was said of it, as JSON text."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What nobody has finished with in a space: rules and exceptions made over the API, alerts that are not closed."""

    rules: int = 0
    exceptions: int = 0
    alerts: int = 0

    def __bool__(self) -> bool:
        return bool(self.rules or self.exceptions or self.alerts)


class SpaceStore:
    """The spaces of a database that has been brought up. Any thread may use it; methods raise AlertStoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, Mapping[str, Any]]:
        """All that were made, in the order of their ids."""
        with self._database.reading() as connection:
            rows = connection.execute(select(SPACE).order_by(SPACE.c.id))
            return {row.id: json.loads(row.document) for row in rows}

    def make(self, id_: str, document: Mapping[str, Any]) -> None:
        """Keep a space that is new. What somebody left in one of that name before, as a run that ended late, goes."""
        with self._database.writing() as connection:
            for table in (RULE, EXCEPTION):
                connection.execute(delete(table).where(table.c.space == id_))
            _clear(connection, id_)
            connection.execute(insert(SPACE), {"id": id_, "document": json.dumps(document)})

    def write(self, id_: str, document: Mapping[str, Any]) -> None:
        """Keep what is said of a space, in the place of what was."""
        with self._database.writing() as connection:
            statement = insert_or(connection, SPACE, {"id": id_, "document": json.dumps(document)})
            changed = {"document": statement.excluded.document}
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))

    def remove(self, id_: str) -> Holding:
        """Remove a space with its closed alerts, its runs and its history, unless it holds something: then what."""
        with self._database.writing() as connection:
            numbers = (
                connection.execute(select(func.count()).select_from(table).where(table.c.space == id_, *more))
                for table, *more in _HELD
            )
            holding = Holding(*(number.scalar_one() for number in numbers))
            if holding:
                return holding
            _clear(connection, id_)
            connection.execute(delete(SPACE).where(SPACE.c.id == id_))
            return holding


def _clear(connection: Connection, id_: str) -> None:
    """Remove the alerts of a space, and what was told of its rules."""
    remove_alerts(connection, connection.execute(select(ALERT.c.id).where(ALERT.c.space == id_)).scalars().all())
    for table in (EXECUTION, GAP, RULE_SWITCH, RULE_CHANGE):
        connection.execute(delete(table).where(table.c.space == id_))


_HELD: tuple[tuple[Table, *tuple[ColumnElement[bool], ...]], ...] = (
    (RULE,),
    (EXCEPTION,),
    (ALERT, ALERT.c.status != str(Status.CLOSED)),
)
