"""Columns turned back into values, line by line, so that the two ways to make them can be compared."""

from collections.abc import Mapping
from typing import Any

from besra.events.columns import Column, DecodedLines, ValueTable
from besra.events.document import flatten

Fields = dict[str, list[tuple[str, str]]]
"""The values of one document by field, each as its type and its text: `1`, `1.0` and `True` are three values."""


def told(scalar: object) -> tuple[str, str]:
    return type(scalar).__name__, repr(scalar)


def rows_of(columns: Mapping[str, Column], values: ValueTable, rows: int) -> list[Fields]:
    """The values of every row of columns."""
    scalars = values.scalars(range(len(values)))
    found: list[Fields] = [{} for _ in range(rows)]
    for name, column in columns.items():
        assert column.rows.dtype == column.values.dtype == "int32"
        assert len(column.rows) == len(column.values) > 0
        assert (column.rows[1:] >= column.rows[:-1]).all()
        for row, value in zip(column.rows.tolist(), column.values.tolist(), strict=True):
            found[row].setdefault(name, []).append(told(scalars[value]))
    return found


def lines_of(decoded: DecodedLines, values: ValueTable) -> list[Fields | None]:
    """The values of every line, None for a slow one."""
    found = rows_of(decoded.columns, values, len(decoded.starts))
    for slow, fields in zip(decoded.slow.tolist(), found, strict=True):
        assert not (slow and fields), "a slow line has values in the columns"
    return [None if slow else fields for slow, fields in zip(decoded.slow.tolist(), found, strict=True)]


def wanted(document: Mapping[str, Any], names: frozenset[str]) -> Fields:
    """What `flatten` says of a document, restricted to some fields."""
    return {name: list(map(told, held)) for name, held in flatten(document).items() if name in names}
