"""A condition on alerts within a transaction, and which alerts satisfy it.

The database answers what it can (`storage.pushdown`). Where that is less than the whole condition, the documents of the
candidates are read one by one and asked as the reference evaluator asks events, so an answer never depends on it.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, select

from besra.language.expr import Predicate, fields_of
from besra.storage.alert_row import ASSIGNEES, OF_ALERT, READ, TAGS, WORKED, RuleCopies, document_of, is_of_copy
from besra.storage.alert_tables import ALERT, ALERT_ASSIGNEE, ALERT_DOCUMENT, ALERT_TAG
from besra.storage.asking import asking
from besra.storage.document_parts import joined_parts, parts_read
from besra.storage.pushdown import Pushdown, Pushed

READ_AT_ONCE = 1000


class Question:
    """A condition on alerts within a transaction."""

    def __init__(self, connection: Connection, condition: Predicate) -> None:
        self.connection = connection
        self._condition = condition

    @cached_property
    def _said(self) -> tuple[Pushed, Predicate]:
        return Pushdown(self.connection).condition_of(self._condition)

    @property
    def pushed(self) -> Pushed:
        """What the database says of the condition. Where it is not exact, it may read documents."""
        return self._said[0]

    def matching(self, *columns: ColumnElement[Any]) -> Iterator[tuple[Any, ...]]:
        """Some columns of all alerts that satisfy the condition, in no order."""
        pushed, left = self._said
        if pushed.is_exact:
            yield from map(tuple, self.connection.execute(select(*columns).where(pushed.condition)))
            return
        copies = RuleCopies(self.connection)
        read = {field.name for field in fields_of(left)}
        reads_rule = any(map(is_of_copy, read))
        tags = _all_named(self.connection, ALERT_TAG) if TAGS in read else {}
        assignees = _all_named(self.connection, ALERT_ASSIGNEE) if ASSIGNEES in read else {}
        satisfies = asking(left)
        parts = parts_read(left, self.connection.dialect.name)
        # These columns come first and those last: their names may be those of others.
        read_first = (ALERT_DOCUMENT.c.document,) if parts is None else tuple(parts.values())
        last = [column.label(f"asked{number}") for number, column in enumerate(columns)]
        asked: Select[Any] = select(*read_first, *READ, *WORKED, *last).join_from(ALERT, ALERT_DOCUMENT, OF_ALERT)
        how = {"yield_per": READ_AT_ONCE}
        for row in self.connection.execute(asked.where(pushed.condition), execution_options=how):
            told = row[0] if parts is None else joined_parts(parts, row[: len(parts)])
            if reads_rule:
                told |= copies[row.rule_copy]
            alert = document_of(row, told, tags.get(row.id, []), assignees.get(row.id, []))
            alert["_id"] = row.id
            if satisfies(alert):
                yield tuple(row[-len(columns) :])

    def count(self) -> int:
        """How many alerts satisfy the condition."""
        if self.pushed.is_exact:
            rows = select(func.count()).select_from(ALERT).where(self.pushed.condition)
            return int(self.connection.execute(rows).scalar_one())
        return sum(1 for _ in self.matching(ALERT.c.id))


def matching_ids(connection: Connection, condition: Predicate) -> list[str]:
    """The ids of all alerts that satisfy a condition, in their order."""
    return sorted(id_ for (id_,) in Question(connection, condition).matching(ALERT.c.id))


def _all_named(connection: Connection, table: Table) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for alert, name in connection.execute(select(table.c.alert, table.c.name).order_by(table.c.name)):
        found.setdefault(alert, []).append(name)
    return found
