"""Finding alerts: by any condition on their fields, in order, page by page, and counting them (`alert_question`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, case, func, literal, or_, select

from besra.detection.alert import Alert
from besra.language.expr import Predicate
from besra.language.simplify import TRUE
from besra.storage.alert_counts import CountBy, Counted, Counts, counted, counts
from besra.storage.alert_question import Question
from besra.storage.alert_row import documents
from besra.storage.alert_tables import ALERT
from besra.storage.columns import FIRST_TIME, LAST_TIME, is_storable
from besra.storage.database import AlertStoreError

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
    nothing. Equal alerts are in order of their ids. All that satisfy the condition are counted `by` some things beside.
    """

    condition: Predicate = TRUE
    sort: Sequence[Sort] = NEWEST
    size: int = 100
    offset: int = 0
    after: Sequence[Any] | None = None
    by: Collection[CountBy] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some alerts, what each is sorted by, how many there are on all pages, and how many by what was asked for."""

    alerts: tuple[Alert, ...]
    sort_values: tuple[tuple[Any, ...], ...]
    total: int
    counts: Counts = field(default_factory=dict)


def search(connection: Connection, asked: Search) -> Page:
    """A page of alerts. Raises AlertStoreError (`alert-search`) for an order or a part there is none of."""
    keys = [*(_sort_column(sort) for sort in asked.sort), ALERT.c.id]
    descending = [*(sort.descending for sort in asked.sort), False]
    _check_page(asked, keys)
    question = Question(connection, asked.condition)
    found = (_in_database if question.pushed.is_exact else _in_memory)(question, asked, keys, descending)
    read = documents(connection, (row[-1] for row in found.rows))
    shown = [row for row in found.rows if row[-1] in read]
    return Page(tuple(read[row[-1]] for row in shown), tuple(shown), found.total, found.counts)


Keys = list[ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class _Found:
    """How many alerts satisfy a condition, the keys of those of a page, and what all are counted by."""

    total: int
    rows: Sequence[tuple[Any, ...]]
    counts: Counts


def _in_database(question: Question, asked: Search, keys: Keys, descending: list[bool]) -> _Found:
    order = [key.desc() if down else key.asc() for key, down in zip(keys, descending, strict=True)]
    rows = select(*keys).where(question.pushed.condition).order_by(*order).limit(asked.size).offset(asked.offset)
    if asked.after is not None:
        rows = rows.where(_behind(keys, descending, asked.after))
    found = [tuple(row) for row in question.connection.execute(rows)] if asked.size else []
    told = counts(question, asked.by) if asked.by else Counted(question.count(), {})
    return _Found(told.total, found, told.by)


def _behind(keys: Keys, descending: list[bool], after: Sequence[Any]) -> ColumnElement[bool]:
    """Whether an alert comes later in the order than those values."""
    alternatives = []
    for position, (key, down) in enumerate(zip(keys, descending, strict=True)):
        last = literal(after[position])
        equal = [keys[before] == after[before] for before in range(position)]
        alternatives.append(and_(*equal, key < last if down else key > last))
    return or_(*alternatives)


def _in_memory(question: Question, asked: Search, keys: Keys, descending: list[bool]) -> _Found:
    by = list(dict.fromkeys(asked.by))
    all_of_them = list(question.matching(*keys, *(one.column for one in by)))
    told = counted(by, (row[len(keys) :] for row in all_of_them)).by if by else {}
    rows = [row[: len(keys)] for row in all_of_them]
    total = len(rows)
    if asked.after is not None:
        rows = [row for row in rows if _is_behind(row, asked.after, descending)]
    for position in range(len(keys) - 1, -1, -1):
        rows.sort(key=partial(_at, position), reverse=descending[position])
    return _Found(total, rows[asked.offset : asked.offset + asked.size], told)


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
