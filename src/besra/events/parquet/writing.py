"""Events to a Parquet file in besra's layout.

Row groups hold up to `ROWS` events of one category, in order of time, or of several where a category has few: that lets
a reader pass over times and categories it does not look for, and fields that only other categories have cost nothing.
"""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from besra.events.document import flatten
from besra.events.event import Event
from besra.events.parquet.layout import ID, POSITION, SOURCE, TIME, TYPES, FieldColumn, Form, Layout
from besra.events.parquet.row import row_of
from besra.events.parquet.slices import Slice, SliceStore, in_lists
from besra.problems import Problem

ROWS = 32 * 1024
"""Most rows of a row group. Groups of 10,000 read 14 to 28 % slower than one of 30,000; larger ones cost memory."""

BYTES = 64 * 2**20
"""Most bytes of the documents in a row group, if it has more than one slice."""

FEW = 8 * 1024
"""Rows of a category that are worth a row group of their own: groups of 2,000 to 9,000 cost half as much again."""

UNIQUE = frozenset((TIME, ID, POSITION, SOURCE))
"""Columns whose values hardly ever repeat: a dictionary would only cost."""


class ParquetWriter:
    """Takes events one by one; `write` makes the file of them. Used as a context, which ends its temporary file.

    Memory is bounded by a row group, whatever the number of events.
    """

    def __init__(self) -> None:
        self._store = SliceStore()

    def __enter__(self) -> "ParquetWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def add(self, event: Event) -> Problem | None:
        """Take an event; a problem if its document cannot be written."""
        row = row_of(event)
        if isinstance(row, Problem):
            return row
        self._store.add(row, flatten(event.source))
        return None

    def write(self, out: BinaryIO) -> None:
        """Write all that was taken."""
        self._store.finish()
        survey = self._store.survey
        layout = Layout(survey.columns(), survey.is_complete, self._store.has_all_times)
        schema = layout.schema()
        repeating = [leaf_path(name, schema.field(name).type) for name in schema.names if name not in UNIQUE]
        with pq.ParquetWriter(out, schema, compression="zstd", use_dictionary=repeating or False) as writer:
            for group in row_groups(self._store.slices):
                table = in_order([self._store.table(found) for found in group], layout)
                writer.write_table(table, row_group_size=max(len(table), 1))


def leaf_path(column: str, kind: pa.DataType) -> str:
    """The path of a column's values in the file."""
    return f"{column}.list.element" if pa.types.is_list(kind) else column


def row_groups(slices: dict[str, list[Slice]]) -> Iterator[list[Slice]]:
    """The slices of every row group: first those of one category, then what is left of all."""
    rest: list[Slice] = []
    for found in slices.values():
        groups = list(_filled(found))
        if groups and sum(part.rows for part in groups[-1]) < FEW:
            rest += groups.pop()
        yield from groups
    yield from _filled(rest)


def _filled(slices: list[Slice]) -> Iterator[list[Slice]]:
    """Slices by time, as many together as a row group may hold."""
    group: list[Slice] = []
    rows = size = 0
    for found in sorted(slices, key=lambda part: part.start):
        if group and (rows + found.rows > ROWS or size + found.size > BYTES):
            yield group
            group, rows, size = [], 0, 0
        group.append(found)
        rows, size = rows + found.rows, size + found.size
    if group:
        yield group


def in_order(slices: list[pa.Table], layout: Layout) -> pa.Table:
    """Slices as one table with the columns and types of the file, in order of time; takes the slices apart."""
    keys = pa.concat_tables([part.select([TIME, POSITION]) for part in slices])
    order = pc.sort_indices(keys, sort_keys=[(TIME, "ascending"), (POSITION, "ascending")])
    # A column at a time, each given up when it has been copied: all of them twice would be the peak of memory.
    held = [{name: part.column(number) for number, name in enumerate(part.column_names)} for part in slices]
    sizes = [len(part) for part in slices]
    slices.clear()
    columns = {column.column: column for column in layout.fields}
    schema = layout.schema()
    arrays = []
    for name in schema.names:
        column = columns.get(name)
        parts = [
            part.pop(name) if column is None else _taken(part, column, size)
            for part, size in zip(held, sizes, strict=True)
        ]
        chunks = [chunk for part in parts for chunk in (part.chunks if isinstance(part, pa.ChunkedArray) else [part])]
        arrays.append(pa.chunked_array(chunks).take(order))
    return pa.Table.from_arrays(arrays, schema=schema)


def _taken(held: dict[str, pa.ChunkedArray], column: FieldColumn, rows: int) -> pa.Array:
    """The column of a field, taken out of the columns of a slice."""
    for form in Form:
        found = held.pop(f"{form}:{column.field}", None)
        if found is not None:
            array = found.combine_chunks()
            if form is not column.form:
                array = _as_tokens(array)
            return _as_lists(array) if column.is_list else array
    return pa.nulls(rows, column.type)


def _as_tokens(array: pa.Array) -> pa.Array:
    if pa.types.is_list(array.type):
        tokens = [values and [orjson.dumps(value).decode() for value in values] for values in array.to_pylist()]
        return pa.array(tokens, pa.list_(TYPES[Form.TOKEN]))
    tokens = [None if value is None else orjson.dumps(value).decode() for value in array.to_pylist()]
    return pa.array(tokens, TYPES[Form.TOKEN])


def _as_lists(array: pa.Array) -> pa.Array:
    """A flat column as one of lists."""
    if pa.types.is_list(array.type):
        return array
    return in_lists(array.drop_null(), array.is_valid().to_numpy(zero_copy_only=False).astype(np.int64))
