"""A row group by column: the fields somebody asked for, and any event of it when it is asked for.

What the cells hold is what flattening the documents would give; only the columns of those fields are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from besra.errors import InputError
from besra.events.event import Event
from besra.events.index_name import INDEX_FIELDS
from besra.events.parquet.cells import Cells, cells_of, cells_of_documents
from besra.events.parquet.field_columns import FieldColumns, Holder, field_columns
from besra.events.parquet.file import UNREADABLE, ParquetFile
from besra.events.parquet.foreign import documents_of
from besra.events.parquet.index_column import index_of_cells, index_of_columns
from besra.events.parquet.layout import ALIASES, INDEX, TIME, Form
from besra.events.parquet.pruning import EVERYTHING, Wanted, may_hold
from besra.events.readers.parquet import damaged, unreadable
from besra.problems import Problem

NO_TIME = -(2**63)
"""Stands in `TablePart.times` for an event without one."""


@dataclass(frozen=True, slots=True)
class PartPlace:
    """Where a part can be read again, by another process too: the file, its shown name, the number of the row group."""

    path: Path
    name: str
    group: int
    default_index: str | None = None

    def events(self, rows: Sequence[int]) -> list[Event]:
        """The events of these rows. Raises InputError if the file is not what it was."""
        try:
            file = ParquetFile(self.path, self.name, self.default_index)
        except UNREADABLE as error:
            raise InputError(unreadable(self.name, error)) from error
        try:
            return events_at(file, self.group, rows)
        finally:
            file.close()


@dataclass(frozen=True)
class TablePart:
    """A row group: `size` rows, and of the fields asked for the `cells` of those that occur.

    `index` (int32) holds for each row the position of its names in `index_names`. `times` (int64) are the events' times
    in nanoseconds since 1970, `NO_TIME` for none; it is None where the file does not tell, and `@timestamp` has to be
    looked at. `place` is None for a file that cannot be opened again.
    """

    size: int
    cells: dict[str, Cells]
    index: NDArray[np.int32]
    index_names: tuple[tuple[str, ...], ...]
    times: NDArray[np.int64] | None
    place: PartPlace | None
    group: int
    file: ParquetFile = field(repr=False)

    @property
    def first_line(self) -> int:
        """The number of its first row in the file, from 1: the line of that event."""
        return self.file.first_rows[self.group] + 1

    def event(self, row: int) -> Event:
        """The event of a row. Each call reads: ask for many at once with `events`."""
        return self.events([row])[0]

    def events(self, rows: Sequence[int]) -> list[Event]:
        """The events of these rows, in the order asked for. Raises InputError if they cannot be read."""
        return events_at(self.file, self.group, rows)


def read_parts(
    source: Path, name: str, names: frozenset[str], wanted: Wanted = EVERYTHING, *, default_index: str | None = None
) -> Iterator[TablePart | Event | Problem]:
    """The row groups of a file that may hold what is wanted, in their order.

    What cannot be read by column comes as events: rows that may be envelopes, row groups with a damaged column. A part
    is good until the iterator is advanced or closed; its `place` for longer.
    """
    try:
        file = ParquetFile(source, name, default_index)
    except UNREADABLE as error:
        yield unreadable(name, error)
        return
    try:
        columns = field_columns(file.schema, file.layout)
        for group in range(file.groups):
            if may_hold(file, group, wanted):
                yield from _read_group(file, group, columns, names, source)
    finally:
        file.close()


def _read_group(
    file: ParquetFile, group: int, columns: FieldColumns | None, names: frozenset[str], path: Path
) -> Iterator[TablePart | Event | Problem]:
    if columns is not None:
        try:
            part = read_part(file, group, columns, names, path)
        except UNREADABLE:
            pass  # events are made of other columns, which may be sound
        else:
            yield part
            return
    try:
        yield from file.events(group)
    except UNREADABLE as error:
        yield damaged(file, group, error)


def read_part(
    file: ParquetFile, group: int, columns: FieldColumns, names: frozenset[str], path: Path | None = None
) -> TablePart:
    """One row group by column. Raises what `UNREADABLE` names."""
    place = None if path is None else PartPlace(path, file.name, group, file.default_index)
    if file.layout is None:
        cells = _cells(file, group, columns, names | frozenset(INDEX_FIELDS) | {INDEX})
        index, index_names = index_of_cells(cells, file.rows(group), file.default_index)
        wanted = {name: found for name, found in cells.items() if name in names}
        return TablePart(file.rows(group), wanted, index, index_names, None, place, group, file)
    held = file.columns(group, (INDEX, ALIASES, TIME))
    index, index_names = index_of_columns(held[INDEX], held[ALIASES], file.default_index)
    times = None
    if file.layout.has_all_times:
        times = pc.fill_null(held[TIME].cast(pa.int64()), NO_TIME).to_numpy(zero_copy_only=False)
    cells = _cells(file, group, columns, names)
    return TablePart(file.rows(group), cells, index, index_names, times, place, group, file)


def _cells(file: ParquetFile, group: int, columns: FieldColumns, names: frozenset[str]) -> dict[str, Cells]:
    holders = {name: found for name in names if (found := columns.holders_of(name))}
    used = {holder.column for found in holders.values() for holder in found}
    order = [name for name in file.schema.names if name in used and not file.is_absent(group, name)]
    arrays = file.columns(group, order) if order else {}
    cells: dict[str, Cells] = {}
    unplain: set[str] = set()
    for name, found in holders.items():
        match found:
            case (Holder(column, steps, Form() as form),):
                if column in arrays:
                    cells[name] = cells_of(_member(arrays[column], steps), form)
            case _:
                unplain.add(name)
    if unplain:
        parts = {holder.column for name in unplain for holder in holders[name]}
        batch = pa.RecordBatch.from_pydict({name: array for name, array in arrays.items() if name in parts})
        cells |= cells_of_documents(frozenset(unplain), documents_of(batch))
    if not columns.is_complete and (rest := names - holders.keys()):
        documents = (event.source for event in _sound(file.events(group)))
        cells |= cells_of_documents(rest, documents)
    return {name: found for name, found in cells.items() if len(found.rows)}


def _member(array: pa.Array, steps: Sequence[int]) -> pa.Array:
    """The member of structs these steps lead to."""
    for step in steps:
        array = array.flatten()[step]
    return array


def events_at(file: ParquetFile, group: int, rows: Sequence[int]) -> list[Event]:
    """The events of these rows of a row group, read no further than needed. Raises InputError if they cannot be."""
    wanted = np.unique(np.asarray(rows, np.int64))
    found: dict[int, Event] = {}
    start = 0
    try:
        for batch in file.batches(group, file.event_columns):
            first, last = np.searchsorted(wanted, [start, start + len(batch)])
            for row in wanted[first:last].tolist():
                (event,) = _sound(file.events_of(batch.slice(row - start, 1), file.first_rows[group] + row))
                found[row] = event
            start += len(batch)
            if last == len(wanted):
                break
    except UNREADABLE as error:
        raise InputError(damaged(file, group, error)) from error
    return [found[row] for row in rows]


def _sound(items: Iterator[Event | Problem]) -> Iterator[Event]:
    for item in items:
        if isinstance(item, Event):
            yield item
        elif item.severity == "error":
            raise InputError(item)
