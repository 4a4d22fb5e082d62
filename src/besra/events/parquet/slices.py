"""Rows to Arrow tables, some thousand at a time, kept in a temporary file until all fields of the input are known.

A Parquet file has one schema, and only the last event tells what its columns are. So rows become slices, tables with
the columns and types their own rows need, and slices are brought to the schema when the file is written. A slice holds
events of one category: the fields of the others are then absent from whole row groups, and cost nothing to read.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from besra.events.parquet.layout import ALIASES, EVENT_TYPES, ID, INDEX, POSITION, SOURCE, TIME, TYPES, Form
from besra.events.parquet.row import Row
from besra.events.parquet.survey import LARGEST, Survey, form_of
from besra.schema.fieldtype import Scalar

ROWS = 8192
"""Rows of a slice."""

BYTES = 8 * 2**20
"""Bytes of the documents in a slice; twice as many may wait to become one."""

CATEGORY = "event.category"

MAX_CATEGORIES = 32
"""Categories with slices of their own; those that come later share theirs."""


Leaves = tuple[list[int], list[Scalar]]
"""The values of one field, and the row of each."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A table in the temporary file: where it begins, its rows, the bytes of its documents, its first time."""

    offset: int
    rows: int
    size: int
    start: int


class Waiting:
    """Rows that will be a slice, by column: a list a value would cost ten times its memory."""

    def __init__(self) -> None:
        self.size = 0
        self.rows: list[Row] = []
        self.fields: dict[str, Leaves] = {}

    def add(self, row: Row, leaves: Mapping[str, list[Scalar]], survey: Survey) -> None:
        """Add a row with its fields."""
        number = len(self.rows)
        self.rows.append(row)
        self.size += len(row.source)
        for field, values in leaves.items():
            found = self.fields.get(field)
            if found is None:
                if not survey.takes(field):
                    continue
                found = self.fields[field] = ([], [])
            found[0].extend([number] * len(values))
            found[1].extend(values)


class SliceStore:
    """The slices of an input, by category."""

    def __init__(self) -> None:
        self.slices: dict[str, list[Slice]] = {}
        self.survey = Survey()
        self.has_all_times = True
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self._waiting: dict[str, Waiting] = {}
        self._size = 0

    def close(self) -> None:
        """Give the temporary file up."""
        self._file.close()

    def add(self, row: Row, leaves: Mapping[str, list[Scalar]]) -> None:
        """Add a row with its fields."""
        category = self._category(leaves)
        waiting = self._waiting.setdefault(category, Waiting())
        waiting.add(row, leaves, self.survey)
        self._size += len(row.source)
        if len(waiting.rows) == ROWS or waiting.size >= BYTES:
            self._write(category)
        elif self._size >= 2 * BYTES:
            self._write(max(self._waiting, key=lambda name: self._waiting[name].size))

    def finish(self) -> None:
        """Write the rows that still wait."""
        for category in list(self._waiting):
            self._write(category)

    def table(self, found: Slice) -> pa.Table:
        """The table of a slice."""
        self._file.seek(found.offset)
        with pa.ipc.open_stream(self._file) as stream:
            return stream.read_all()

    def _category(self, leaves: Mapping[str, list[Scalar]]) -> str:
        first = leaves.get(CATEGORY, ("",))[0]
        category = first if isinstance(first, str) else ""
        if category not in self.slices and len(self.slices) >= MAX_CATEGORIES:
            category = ""
        self.slices.setdefault(category, [])
        return category

    def _write(self, category: str) -> None:
        waiting = self._waiting.pop(category)
        self._size -= waiting.size
        times = [row.time for row in waiting.rows if row.time is not None]
        offset = self._file.seek(0, 2)
        table = self._table_of(waiting)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(self._file, table.schema, options=options) as stream:
            stream.write_table(table)
        self.slices[category].append(Slice(offset, len(waiting.rows), waiting.size, min(times, default=LARGEST)))

    def _table_of(self, waiting: Waiting) -> pa.Table:
        columns = dict(self._event_columns(waiting.rows))
        for field, (rows, values) in waiting.fields.items():
            form = form_of(values)
            array = column_of(rows, values, form, len(waiting.rows))
            self.survey.add(field, form, is_list=pa.types.is_list(array.type))
            columns[f"{form}:{field}"] = array
        return pa.Table.from_arrays(list(columns.values()), list(columns))

    def _event_columns(self, rows: list[Row]) -> Iterator[tuple[str, pa.Array]]:
        times = [row.time if row.time is not None and -LARGEST < row.time < LARGEST else None for row in rows]
        if any(row.time is not None and time is None for row, time in zip(rows, times, strict=True)):
            self.has_all_times = False
        yield TIME, pa.array(times, pa.int64()).cast(EVENT_TYPES[TIME])
        yield INDEX, pa.array([row.index for row in rows], EVENT_TYPES[INDEX])
        yield ALIASES, pa.array([row.aliases or None for row in rows], EVENT_TYPES[ALIASES])
        yield ID, pa.array([row.id for row in rows], EVENT_TYPES[ID])
        yield POSITION, pa.array([row.position for row in rows], EVENT_TYPES[POSITION])
        yield SOURCE, pa.array([row.source for row in rows], pa.binary()).cast(EVENT_TYPES[SOURCE])


def column_of(rows: list[int], values: list[Scalar], form: Form, size: int) -> pa.Array:
    """The values of a field as a column of so many rows, flat where none has two."""
    written = [orjson.dumps(value).decode() for value in values] if form is Form.TOKEN else values
    array, places = pa.array(written, TYPES[form]), np.array(rows)
    counts = np.bincount(places, minlength=size)
    if counts.max() > 1:
        return in_lists(array, counts)
    which = np.zeros(size, np.int64)
    which[places] = np.arange(len(rows))
    return array.take(pa.array(which, mask=counts == 0))


def in_lists(values: pa.Array, counts: NDArray[np.int64]) -> pa.Array:
    """A column of lists of so many values each, null where there is none."""
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(counts == 0))
