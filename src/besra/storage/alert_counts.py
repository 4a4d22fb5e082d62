"""Counting alerts by what they have in common."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Column, func, select, tuple_

from besra.storage.alert_question import Question
from besra.storage.alert_tables import ALERT, NAMED
from besra.storage.name_list import names_in


class CountBy(Enum):
    """What alerts are counted by. Of hosts and the like an alert counts once for each it names."""

    STATUS = "status"
    SEVERITY = "severity"
    RULE = "rule_uuid"
    RULE_NAME = "rule_name"
    HOST = "host.name"
    USER = "user.name"
    PROCESS = "process.name"
    EVENT_CODE = "event.code"
    EVENT_ACTION = "event.action"

    @property
    def column(self) -> Column[Any]:
        """The column that says it of an alert."""
        return NAMED[self.value] if self.value in NAMED else ALERT.c[self.value]


Counts = Mapping[CountBy, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many alerts there are, and by each of some things how many, the most first."""

    total: int
    by: Counts


def counts(question: Question, by: Collection[CountBy]) -> Counted:
    """How many alerts satisfy a condition, by at least one thing."""
    asked = list(dict.fromkeys(by))
    columns = [one.column for one in asked]
    # SQLite sorts to count, and looks at every alert for each thing: counting what it finds in one look is faster.
    if not question.pushed.is_exact or (len(asked) > 1 and question.connection.dialect.name == "sqlite"):
        return counted(asked, question.matching(*columns))
    apart = columns if len(columns) == 1 else [func.grouping_sets(*map(tuple_, columns))]
    rows = select(*columns, func.count()).where(question.pushed.condition).group_by(*apart)
    each: list[dict[str, int]] = [{} for _ in asked]
    for *values, number in question.connection.execute(rows):
        # A row is of one column; no column is ever empty in itself.
        at = next(place for place, value in enumerate(values) if value is not None)
        each[at][values[at]] = number
    return _counted(asked, each)


def counted(by: Sequence[CountBy], rows: Iterable[tuple[str, ...]]) -> Counted:
    """How many rows there are, each of one value for each of what they are counted by."""
    return _counted(by, [Counter(column) for column in zip(*rows, strict=True)] or [{} for _ in by])


def _counted(by: Sequence[CountBy], each: Sequence[Mapping[str, int]]) -> Counted:
    told = {one: _ordered(_told(one, texts)) for one, texts in zip(by, each, strict=True)}
    return Counted(sum(each[0].values()), told)


def _told(by: CountBy, texts: Mapping[str, int]) -> Mapping[str, int]:
    """By names what was counted by the columns that hold them."""
    if by.value not in NAMED:
        return texts
    found: Counter[str] = Counter()
    for text, number in texts.items():
        for name in names_in(text):
            found[name] += number
    return found


def _ordered(found: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
