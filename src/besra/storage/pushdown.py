"""What a database can say of a condition on alerts, so that few documents have to be looked at.

Fields of alerts that are columns have few values, or are compared by equality or order. So a condition on one of them
becomes a condition on its column: where the values are few the reference evaluator says which of them satisfy it, so
that nothing has to be said twice of wildcards or case. The copies of rules are such values too. What cannot be said
leaves a condition that holds of more alerts, the documents of which are then asked.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, and_, false, func, not_, or_, select, true

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import (
    Always,
    And,
    Equals,
    Exists,
    FieldRef,
    InNetwork,
    Like,
    Not,
    Or,
    Predicate,
    Range,
    Regex,
    fields_of,
)
from besra.language.simplify import all_of
from besra.schema.fieldtype import FieldType
from besra.storage.alert_row import ASSIGNEES, REASON, STATUS, STATUS_AT, TAGS, USER, is_of_copy
from besra.storage.alert_tables import ALERT, ALERT_ASSIGNEE, ALERT_TAG, NAMED, RULE_COPY
from besra.storage.columns import FIRST_TIME, LAST_TIME, is_whole, stored_name
from besra.storage.document_text import finder, texts_within
from besra.storage.name_list import has_name, names_in

Condition = ColumnElement[bool]

MOST_VALUES = 10_000
"""Values of a column that are looked at, or named in a condition."""
MOST_NAMED = 30_000
"""Values named in all conditions together: databases bound their number."""

MOST_LEAVES = 400
"""Leaves of a condition a database is asked about; a text without a field is looked for in thousands of fields."""
MOST_TEXTS = 20
"""Texts that are looked for in a document before it is read."""
MOST_SOUGHT = 8
"""Names that are looked for in a column of several; more are compared with the values there are."""

IDS = ("kibana.alert.uuid", "_id")
SPACE = "kibana.space_ids"
BUILDING_BLOCK = "kibana.alert.building_block_type"
NAMES: Mapping[str, Column[Any]] = {
    SPACE: ALERT.c.space,
    STATUS: ALERT.c.status,
    USER: ALERT.c.status_by,
    REASON: ALERT.c.status_reason,
    "kibana.alert.severity": ALERT.c.severity,
    "kibana.alert.rule.name": ALERT.c.rule_name,
}
NUMBERS: Mapping[str, tuple[Column[Any], FieldType]] = {
    "@timestamp": (ALERT.c.created, FieldType.DATE),
    "kibana.alert.original_time": (ALERT.c.original_time, FieldType.DATE),
    STATUS_AT: (ALERT.c.status_at, FieldType.DATE),
    "kibana.alert.risk_score": (ALERT.c.risk_score, FieldType.DOUBLE),
}
LISTS: Mapping[str, Table] = {TAGS: ALERT_TAG, ASSIGNEES: ALERT_ASSIGNEE}

ORDERINGS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Leaf = Exists | Equals | Like | Regex | Range | InNetwork
"""Predicates that some single value satisfies."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A condition that holds of every alert a predicate holds of, and of no other if it `is_exact`."""

    condition: Condition
    is_exact: bool = True


UNKNOWN = Pushed(true(), is_exact=False)


class Pushdown:
    """Makes conditions of predicates, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, list[str] | None] = {}
        self._named = 0
        self._dialect = connection.dialect.name
        self._finds = finder(self._dialect)

    def condition_of(self, predicate: Predicate) -> tuple[Pushed, Predicate]:
        """What the database can say of a predicate, and what documents have still to be asked of it."""
        pushed, left, room = [], [], MOST_LEAVES
        for operand in predicate.operands if isinstance(predicate, And) else (predicate,):
            leaves = _leaves(operand)
            said = self._of(operand) if leaves <= room else UNKNOWN
            room -= leaves if leaves <= room else 0
            pushed.append(said)
            if not said.is_exact:
                left.append(operand)
        return _joined(and_, pushed), all_of(left)

    def _of(self, predicate: Predicate) -> Pushed:
        if not isinstance(predicate, Always) and _is_of_rule(predicate):
            return self._by_copy(predicate)
        match predicate:
            case Always():
                return Pushed(true() if predicate.value else false())
            case And():
                return _joined(and_, [self._of(operand) for operand in predicate.operands])
            case Or():
                return _joined(or_, [self._of(operand) for operand in predicate.operands])
            case Not():
                inner = self._of(predicate.operand)
                return Pushed(not_(inner.condition)) if inner.is_exact else UNKNOWN
            case Exists() | Equals() | Like() | Regex() | Range() | InNetwork():
                return self._of_leaf(predicate)
            case _:
                return UNKNOWN

    def _of_leaf(self, leaf: Leaf) -> Pushed:
        name = leaf.field.name
        if name in NUMBERS:
            return self._ordered(leaf, *NUMBERS[name])
        if leaf.field.type is not FieldType.KEYWORD:
            return UNKNOWN
        if name in IDS:
            given = _given(leaf)
            return UNKNOWN if given is None else self._among(ALERT.c.id, given)
        if name == BUILDING_BLOCK:
            return Pushed(ALERT.c.building_block if holds(leaf, Fields({name: "default"})) else false())
        if name in NAMED:
            return self._named_in(leaf, NAMED[name])
        if name not in NAMES and name not in LISTS:
            return self._in_text(leaf)
        column = NAMES[name] if name in NAMES else LISTS[name].c.name
        found = self._satisfying(leaf, column)
        if found is None:
            return UNKNOWN
        among = self._among(column, *found)
        if name in NAMES or among is UNKNOWN:
            return among
        table = LISTS[name]
        return Pushed(ALERT.c.id.in_(select(table.c.alert).where(among.condition)), among.is_exact)

    def _named_in(self, leaf: Leaf, column: Column[Any]) -> Pushed:
        """A leaf on a column of the names an alert has in a field."""
        if isinstance(leaf, Exists):
            return Pushed(column != "")
        given = _given(leaf)
        if given is not None and len(given) <= MOST_SOUGHT:
            return Pushed(or_(false(), *(has_name(column, name, self._dialect) for name in given)))
        known = self._values(column)
        if known is None:
            return self._in_text(leaf)
        values, doubtful = [], False
        for value in known:
            names = names_in(value)
            if holds(leaf, Fields({leaf.field.name: [name for name in names if is_whole(name)]})):
                values.append(value)
            elif not all(map(is_whole, names)):
                values.append(value)
                doubtful = True
        return self._among(column, values, not doubtful)

    def _among(self, column: Column[Any], values: Sequence[Any], is_exact: bool = True) -> Pushed:
        """The column has one of the values. A missing one is none of them, so that `not` does not lose it."""
        self._named += len(values)
        if self._named > MOST_NAMED:
            return UNKNOWN
        # Many names, or a space, are those of many alerts: going to each by an index is slower than looking at all.
        is_wide = column is ALERT.c.space or (
            len(values) > MOST_SOUGHT and isinstance(column.type, Text) and column is not ALERT.c.id
        )
        tested = func.coalesce(column, "") if is_wide else column
        return Pushed(and_(column.is_not(None), tested.in_(values)), is_exact)

    def _ordered(self, leaf: Leaf, column: Column[Any], kind: FieldType) -> Pushed:
        """A leaf on a column of times or numbers."""
        if isinstance(leaf, Exists):
            return Pushed(column.is_not(None))
        if leaf.field != FieldRef(leaf.field.name, kind):
            return UNKNOWN
        match leaf:
            case Range() if _in_range(leaf.value):
                return Pushed(and_(column.is_not(None), ORDERINGS[leaf.operator](column, leaf.value)))
            case Equals() if all(map(_in_range, leaf.values)):
                return self._among(column, list(leaf.values))
            case _:
                return UNKNOWN

    def _in_text(self, leaf: Leaf) -> Pushed:
        texts = texts_within(leaf)
        if texts is None or len(texts) > MOST_TEXTS:
            return UNKNOWN
        return Pushed(or_(*map(self._finds, texts)), is_exact=False)

    def _satisfying(self, leaf: Leaf, column: Column[Any]) -> tuple[list[str], bool] | None:
        """The values of a column that satisfy a leaf, and whether those are all; None if they are too many."""
        if (given := _given(leaf)) is not None:
            return given, True
        known = self._values(column)
        if known is None:
            return None
        values = [value for value in known if not is_whole(value) or holds(leaf, Fields({leaf.field.name: value}))]
        return values, all(map(is_whole, values))

    def _values(self, column: Column[Any]) -> list[str] | None:
        name = str(column)
        if name not in self._known:
            rows = select(column).distinct().where(column.is_not(None)).limit(MOST_VALUES + 1)
            values = list(self._connection.execute(rows).scalars())
            self._known[name] = values if len(values) <= MOST_VALUES else None
        return self._known[name]

    def _by_copy(self, predicate: Predicate) -> Pushed:
        if len(self._copies) > MOST_VALUES:
            return UNKNOWN
        held = [id_ for id_, fields in self._copies if holds(predicate, fields)]
        return self._among(ALERT.c.rule_copy, held)

    @cached_property
    def _copies(self) -> list[tuple[str, Fields]]:
        rows = self._connection.execute(select(RULE_COPY.c.id, RULE_COPY.c.fields).limit(MOST_VALUES + 1))
        return [(id_, Fields(fields)) for id_, fields in rows]


def _is_of_rule(predicate: Predicate) -> bool:
    fields = fields_of(predicate)
    return bool(fields) and all(is_of_copy(field.name) for field in fields)


def _joined(join: Callable[..., Condition], parts: Iterable[Pushed]) -> Pushed:
    found = list(parts)
    return Pushed(join(*(part.condition for part in found)), all(part.is_exact for part in found))


def _given(leaf: Leaf) -> list[str] | None:
    """The values a leaf names, if any other value fails it and they can be stored as they are."""
    if not isinstance(leaf, Equals) or leaf.ignore_case or len(leaf.values) > MOST_VALUES:
        return None
    texts = [str(value) for value in leaf.values]
    return texts if all(stored_name(text) == text and is_whole(text) for text in texts) else None


def _leaves(predicate: Predicate) -> int:
    match predicate:
        case And() | Or():
            return sum(map(_leaves, predicate.operands))
        case Not():
            return _leaves(predicate.operand)
        case _:
            return 1


def _in_range(value: object) -> bool:
    """Whether a time is one that columns hold, and not one that stands for all beyond."""
    return isinstance(value, int | float) and FIRST_TIME < value < LAST_TIME
