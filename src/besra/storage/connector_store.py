"""The connectors made over the API, in the database of the alerts (detection-engine.md 7.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from besra.storage.columns import stored_name, stored_time
from besra.storage.database import Database
from besra.storage.notify_tables import CONNECTOR
from besra.storage.upsert import insert_or


@dataclass(frozen=True, slots=True)
class StoredConnector:
    """A connector as it is stored. Times are in nanoseconds since 1970; `secrets` are sealed, None if none."""

    space: str
    id: str
    type: str
    name: str
    config: Mapping[str, Any]
    secrets: str | None
    created: int
    updated: int
    updated_by: str


class ConnectorStore:
    """The connectors of a database that has been brought up. Any thread may use it; methods raise AlertStoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[StoredConnector]:
        """All of them, by space and name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(CONNECTOR).order_by(CONNECTOR.c.space, CONNECTOR.c.name, CONNECTOR.c.id))
            return [StoredConnector(*row) for row in rows]

    def add(self, connector: StoredConnector) -> bool:
        """Keep a new one; whether it is new, else nothing has changed."""
        with self._database.writing() as connection:
            statement = insert_or(connection, CONNECTOR).on_conflict_do_nothing().returning(CONNECTOR.c.id)
            return bool(connection.execute(statement, [_row(connector)]).scalars().all())

    def replace(self, connector: StoredConnector) -> None:
        """Keep one instead of that with its id."""
        with self._database.writing() as connection:
            connection.execute(update(CONNECTOR).where(*_is(connector.space, connector.id)).values(_row(connector)))

    def put(self, connectors: list[StoredConnector]) -> None:
        """Keep some, each instead of that with its id if there is one, all in one transaction."""
        with self._database.writing() as connection:
            for connector in connectors:
                connection.execute(delete(CONNECTOR).where(*_is(connector.space, connector.id)))
            if connectors:
                connection.execute(insert(CONNECTOR), [_row(connector) for connector in connectors])

    def remove(self, space: str, id_: str) -> bool:
        """Remove one; whether it was there."""
        with self._database.writing() as connection:
            statement = delete(CONNECTOR).where(*_is(space, id_)).returning(CONNECTOR.c.id)
            return bool(connection.execute(statement).scalars().all())


def _is(space: str, id_: str) -> tuple[Any, ...]:
    return CONNECTOR.c.space == stored_name(space), CONNECTOR.c.id == stored_name(id_)


def _row(connector: StoredConnector) -> dict[str, Any]:
    return {
        "space": stored_name(connector.space),
        "id": stored_name(connector.id),
        "type": connector.type,
        "name": stored_name(connector.name),
        "config": dict(connector.config),
        "secrets": connector.secrets,
        "created": stored_time(connector.created),
        "updated": stored_time(connector.updated),
        "updated_by": stored_name(connector.updated_by),
    }
