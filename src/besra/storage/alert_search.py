"""Finding alerts: by any condition on their fields, in order, page by page, and counting them.

The database answers what it can (`storage.pushdown`). Where that is less than the whole condition, the documents of the
candidates are read one by one and asked as the reference evaluator asks events, so an answer never depends on it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Text, and_, case, func, literal, or_, select

from besra.detection.alert import Alert
from besra.language.expr import Predicate, fields_of
from besra.language.simplify import TRUE
from besra.storage.alert_row import (
    ASSIGNEES,
    AT_ONCE,
    READ,
    TAGS,
    WORKED,
    RuleCopies,
    document_of,
    documents,
    is_of_copy,
)
from besra.storage.alert_tables import ALERT, ALERT_ASSIGNEE, ALERT_ENTITY, ALERT_TAG
from besra.storage.asking import asking
from besra.storage.columns import FIRST_TIME, LAST_TIME, is_storable
from besra.storage.database import AlertStoreError
from besra.storage.document_parts import joined_parts, parts_read
from besra.storage.pushdown import Pushdown, Pushed

READ_AT_ONCE = 1000
MOST_SHOWN = 10_000
"""Alerts of a page."""

SEVERITIES = {"low": 1, "medium": 2, "high": 3, "critical": 4}
SORTED: Mapping[str, ColumnElement[Any]] = {
    "@timestamp": ALERT.c.created,
    "kibana.alert.original_time": func.coalesce(ALERT.c.original_time, FIRST_TIME),
    "kibana.alert.workflow_status_updated_at": func.coalesce(ALERT.c.status_at, FIRST_TIME),
    "kibana.alert.severity": case(SEVERITIES, value=ALERT.c.severity, else_=0),
    "kibana.alert.risk_score": ALERT.c.risk_score,
    "kibana.alert.rule.name": ALERT.c.rule_name,
    "kibana.alert.workflow_status": ALERT.c.status,
    "kibana.alert.uuid": ALERT.c.id,
}
"""What alerts are sorted by. Alerts without a time come before all others, severities in order of their weight."""


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of alerts, by one of `SORTED`."""

    field: str = "@timestamp"
    descending: bool = True


NEWEST = (Sort(),)


@dataclass(frozen=True, slots=True)
class Search:
    """Which alerts, in which order, and which part of them.

    `after` are the `sort_values` of the last alert of a page, to get the next one: what is added meanwhile shifts
    nothing. Equal alerts are in order of their ids.
    """

    condition: Predicate = TRUE
    sort: Sequence[Sort] = NEWEST
    size: int = 100
    offset: int = 0
    after: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some alerts, what each is sorted by, and how many there are on all pages."""

    alerts: tuple[Alert, ...]
    sort_values: tuple[tuple[Any, ...], ...]
    total: int


class CountBy(Enum):
    """What alerts are counted by. Of hosts and users an alert counts once for each it names."""

    STATUS = "status"
    SEVERITY = "severity"
    RULE = "rule_uuid"
    RULE_NAME = "rule_name"
    HOST = "host.name"
    USER = "user.name"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A condition within a transaction, and what the database says of it."""

    connection: Connection
    condition: Predicate
    pushed: Pushed = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pushed", Pushdown(self.connection).condition_of(self.condition))

    def matching(self, *columns: ColumnElement[Any]) -> Iterator[Row[Any]]:
        """The id and some more columns of all alerts that satisfy the condition, in no order."""
        if self.pushed.is_exact:
            yield from self.connection.execute(select(ALERT.c.id, *columns).where(self.pushed.condition))
            return
        copies = RuleCopies(self.connection)
        read = {field.name for field in fields_of(self.condition)}
        reads_rule = any(map(is_of_copy, read))
        tags = _all_named(self.connection, ALERT_TAG) if TAGS in read else {}
        assignees = _all_named(self.connection, ALERT_ASSIGNEE) if ASSIGNEES in read else {}
        satisfies = asking(self.condition)
        parts = parts_read(self.condition, self.connection.dialect.name)
        # These columns come first and those last: their names may be those of others.
        read_first = (ALERT.c.document,) if parts is None else tuple(parts.values())
        asked: Select[Any] = select(*read_first, *READ, *WORKED, *columns).where(self.pushed.condition)
        for row in self.connection.execute(asked, execution_options={"yield_per": READ_AT_ONCE}):
            told = row[0] if parts is None else joined_parts(parts, row[: len(parts)])
            if reads_rule:
                told |= copies[row.rule_copy]
            alert = document_of(row, told, tags.get(row.id, []), assignees.get(row.id, []))
            alert["_id"] = row.id
            if satisfies(alert):
                yield row


def search(connection: Connection, asked: Search) -> Page:
    """A page of alerts. Raises AlertStoreError (`alert-search`) for an order or a part there is none of."""
    keys = [*(_sort_column(sort) for sort in asked.sort), ALERT.c.id]
    descending = [*(sort.descending for sort in asked.sort), False]
    _check_page(asked, keys)
    question = _Asked(connection, asked.condition)
    total, rows = (_in_database if question.pushed.is_exact else _in_memory)(question, asked, keys, descending)
    found = documents(connection, (row[-1] for row in rows))
    shown = [row for row in rows if row[-1] in found]
    return Page(tuple(found[row[-1]] for row in shown), tuple(shown), total)


Keys = list[ColumnElement[Any]]
Found = tuple[int, list[tuple[Any, ...]]]


def _in_database(question: _Asked, asked: Search, keys: Keys, descending: list[bool]) -> Found:
    connection, condition = question.connection, question.pushed.condition
    total = connection.execute(select(func.count()).select_from(ALERT).where(condition)).scalar_one()
    order = [key.desc() if down else key.asc() for key, down in zip(keys, descending, strict=True)]
    rows = select(*keys).where(condition).order_by(*order).limit(asked.size).offset(asked.offset)
    if asked.after is not None:
        rows = rows.where(_behind(keys, descending, asked.after))
    return total, [tuple(row) for row in connection.execute(rows)]


def _behind(keys: Keys, descending: list[bool], after: Sequence[Any]) -> ColumnElement[bool]:
    """Whether an alert comes later in the order than those values."""
    alternatives = []
    for position, (key, down) in enumerate(zip(keys, descending, strict=True)):
        last = literal(after[position])
        equal = [keys[before] == after[before] for before in range(position)]
        alternatives.append(and_(*equal, key < last if down else key > last))
    return or_(*alternatives)


def _in_memory(question: _Asked, asked: Search, keys: Keys, descending: list[bool]) -> Found:
    width = len(keys)
    rows = [tuple(row[-width:]) for row in question.matching(*(key.label(f"key{n}") for n, key in enumerate(keys)))]
    total = len(rows)
    if asked.after is not None:
        rows = [row for row in rows if _is_behind(row, asked.after, descending)]
    for position in range(width - 1, -1, -1):
        rows.sort(key=partial(_at, position), reverse=descending[position])
    return total, rows[asked.offset : asked.offset + asked.size]


def _at(position: int, row: tuple[Any, ...]) -> Any:
    return row[position]


def _is_behind(row: Sequence[Any], after: Sequence[Any], descending: list[bool]) -> bool:
    for value, last, down in zip(row, after, descending, strict=True):
        if value != last:
            return bool(value < last if down else value > last)
    return False


def _check_page(asked: Search, keys: Keys) -> None:
    if not (0 <= asked.size <= MOST_SHOWN and 0 <= asked.offset < LAST_TIME):
        message = f"a page of {asked.size} alerts from number {asked.offset} on"
        hint = f"ask for 0 to {MOST_SHOWN:,}, and go on with `after` where there are more"
        raise AlertStoreError.of("alert-search", message, hint=hint)
    if asked.after is None:
        return
    fits = [_fits(value, key) for value, key in zip(asked.after, keys, strict=False)]
    if len(asked.after) != len(keys) or not all(fits):
        message = "`after` is not what the alerts are sorted by"
        hint = "pass the sort values of the last alert of a page in the same order"
        raise AlertStoreError.of("alert-search", message, hint=hint)


def _fits(value: Any, key: ColumnElement[Any]) -> bool:
    if isinstance(key.type, Text):
        return is_storable(value)
    return isinstance(value, int | float) and FIRST_TIME <= value <= LAST_TIME


def _sort_column(sort: Sort) -> ColumnElement[Any]:
    if sort.field not in SORTED:
        message = f"alerts are not sorted by `{sort.field}`"
        raise AlertStoreError.of("alert-search", message, hint=f"sort by one of {', '.join(SORTED)}")
    return SORTED[sort.field]


# --- counting and choosing --------------------------------------------------------------------------------------------


def count(connection: Connection, condition: Predicate) -> int:
    """How many alerts satisfy a condition."""
    question = _Asked(connection, condition)
    if question.pushed.is_exact:
        rows = select(func.count()).select_from(ALERT).where(question.pushed.condition)
        return int(connection.execute(rows).scalar_one())
    return sum(1 for _ in question.matching())


def counts(connection: Connection, condition: Predicate, by: CountBy) -> dict[str, int]:
    """How many alerts satisfy a condition, by what they have in common, the most first."""
    question = _Asked(connection, condition)
    is_entity = by in (CountBy.HOST, CountBy.USER)
    column: Column[Any] = ALERT_ENTITY.c.name if is_entity else ALERT.c[by.value]
    rows = select(column, func.count()).group_by(column)
    if is_entity:
        rows = rows.where(ALERT_ENTITY.c.field == by.value)
    found: Counter[str] = Counter()
    if question.pushed.is_exact:
        rows = rows.join(ALERT, ALERT.c.id == ALERT_ENTITY.c.alert) if is_entity else rows
        found.update(_numbers(connection, rows.where(question.pushed.condition)))
    else:
        ids = [row.id for row in question.matching()]
        owner = ALERT_ENTITY.c.alert if is_entity else ALERT.c.id
        for start in range(0, len(ids), AT_ONCE):
            some = rows.where(owner.in_(ids[start : start + AT_ONCE]))
            found.update(_numbers(connection, some))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _numbers(connection: Connection, rows: Select[Any, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(rows)}


def matching_ids(connection: Connection, condition: Predicate) -> list[str]:
    """The ids of all alerts that satisfy a condition, in their order."""
    return sorted(row.id for row in _Asked(connection, condition).matching())


def _all_named(connection: Connection, table: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for alert, name in connection.execute(select(table.c.alert, table.c.name).order_by(table.c.name)):
        found.setdefault(alert, []).append(name)
    return found
