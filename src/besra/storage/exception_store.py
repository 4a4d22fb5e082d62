"""Exception lists and items made over the API, in the database of the alerts (detection-engine.md 4.1, 8.3)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Table, Text, UniqueConstraint, delete, insert, select, update

from besra.rules.space import DEFAULT
from besra.storage.columns import METADATA, NAME, NUMBERED, of_space
from besra.storage.database import Database

EXCEPTION = Table(
    "exception",
    METADATA,
    Column("number", NUMBERED, primary_key=True),
    of_space(),
    Column("kind", NAME, nullable=False),
    Column("namespace", NAME, nullable=False),
    Column("name", NAME, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("space", "kind", "namespace", "name"),
)
"""In the order of their making; `document` is JSON text, since a database's own JSON would order and round it anew."""


EVERYWHERE = "*"
"""The space of what is known in all of them."""


class Kind(StrEnum):
    """What a document is."""

    LIST = "list"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class ExceptionKey:
    """What a document is known by: its kind, its namespace, its `list_id` or `item_id`, and the space it is in."""

    kind: Kind
    namespace: str
    name: str
    space: str = DEFAULT


Documents = Mapping[ExceptionKey, Mapping[str, Any]]


class ExceptionStore:
    """The exceptions of a database that has been brought up. Any thread may use it; methods raise AlertStoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[ExceptionKey, dict[str, Any]]:
        """All of them, in the order of their making."""
        with self._database.reading() as connection:
            rows = connection.execute(select(EXCEPTION).order_by(EXCEPTION.c.number))
            return {
                ExceptionKey(Kind(row.kind), row.namespace, row.name, row.space): json.loads(row.document)
                for row in rows
            }

    def write(self, new: Documents, changed: Documents, removed: Iterable[ExceptionKey] = ()) -> None:
        """Add, replace and remove some, all in one transaction."""
        table = EXCEPTION.c
        with self._database.writing() as connection:
            for key in removed:
                connection.execute(delete(EXCEPTION).where(*_is(key)))
            for key, document in changed.items():
                connection.execute(update(EXCEPTION).where(*_is(key)).values({table.document: json.dumps(document)}))
            rows = [
                {
                    "space": key.space,
                    "kind": key.kind,
                    "namespace": key.namespace,
                    "name": key.name,
                    "document": json.dumps(document),
                }
                for key, document in new.items()
            ]
            if rows:
                connection.execute(insert(EXCEPTION), rows)


def _is(key: ExceptionKey) -> tuple[Any, ...]:
    table = EXCEPTION.c
    return (
        table.space == key.space,
        table.kind == key.kind,
        table.namespace == key.namespace,
        table.name == key.name,
    )
