"""The names an alert has in a field, as one text in one column.

Most alerts have one name in a field and few have many, so a column does: what a table of names would need a join for is
a look at a row that is read anyway.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, func

from besra.storage.columns import stored_name

MARK = "\n"
"""Before, between and behind names. Within them it is written as in JSON: what is between two marks is a whole name."""


def joined(names: Iterable[str]) -> str:
    """Names as a column holds them, each once and no longer than others are stored; empty for none."""
    told = dict.fromkeys(map(stored_name, names))
    return MARK.join(("", *map(_written, told), "")) if told else ""


def names_in(text: str) -> Sequence[str]:
    """The names of a column."""
    return [orjson.loads(f'"{name}"') for name in text.split(MARK)[1:-1]]


def has_name(column: Column[Any], name: str, dialect: str) -> ColumnElement[bool]:
    """Whether a name is among those of a column."""
    within = func.strpos if dialect == "postgresql" else func.instr
    return within(column, f"{MARK}{_written(name)}{MARK}") > 0


def _written(name: str) -> str:
    return orjson.dumps(name).decode()[1:-1]
