"""Row groups by column: the fields somebody asked for, and any event when it is asked for.

What the cells hold is what flattening the documents would give; only the columns of those fields are read.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from besra.errors import InputError
from besra.events.event import Event
from besra.events.event_time import TIMESTAMP, parse_event_time
from besra.events.index_name import INDEX_FIELDS
from besra.events.parquet.cells import Cells, cells_of, cells_of_documents
from besra.events.parquet.field_columns import FieldColumns, Holder, field_columns
from besra.events.parquet.file import UNREADABLE, ParquetFile
from besra.events.parquet.foreign import documents_of
from besra.events.parquet.index_column import index_of_cells, index_of_columns
from besra.events.parquet.layout import ALIASES, INDEX, TIME, Form
from besra.events.parquet.pruning import may_hold_category, may_hold_time
from besra.events.raw_event import RawEvent
from besra.events.readers.parquet import damaged, unreadable
from besra.events.recognise import DEFAULTS, Intake
from besra.events.table_part import NO_TIME, PassedOver, TablePart
from besra.events.wanted import EVERYTHING, Wanted
from besra.problems import Problem

Item = TablePart | PassedOver | Event | Problem


def read_parts(
    source: Path, name: str, names: frozenset[str], wanted: Wanted = EVERYTHING, *, intake: Intake = DEFAULTS
) -> Iterator[Item]:
    """The row groups of a file, in their order.

    Those that cannot have an event of the wanted times are passed over. Of those without a wanted category only the
    times are read: they are events nobody looks at, and count. What cannot be read by column comes as events: rows that
    may be envelopes, row groups with a damaged column. A part is good until the iterator is advanced or closed; if it
    has been given up by then, its rows come once more, as events.
    """
    try:
        file = ParquetFile(source, name, intake)
    except UNREADABLE as error:
        yield unreadable(name, error)
        return
    try:
        columns = field_columns(file.schema, file.layout, intake.recogniser.markers)
        for group in range(file.groups):
            # Columns of rows that may be envelopes say nothing of the events in them.
            if columns is not None and not may_hold_time(file, group, wanted):
                yield PassedOver(file.rows(group))
                continue
            is_used = columns is None or may_hold_category(file, group, columns, wanted)
            yield from _read_group(file, group, columns, names if is_used else frozenset())
    finally:
        file.close()


def _read_group(file: ParquetFile, group: int, columns: FieldColumns | None, names: frozenset[str]) -> Iterator[Item]:
    if columns is not None:
        try:
            part = read_part(file, group, columns, names)
        except UNREADABLE:
            pass  # events are made of other columns, which may be sound
        else:
            yield part
            if not part.is_given_up:
                return
    try:
        yield from file.events(group)
    except UNREADABLE as error:
        yield damaged(file, group, error)


def read_part(file: ParquetFile, group: int, columns: FieldColumns, names: frozenset[str]) -> TablePart:
    """One row group by column. Raises what `UNREADABLE` names."""
    size = file.rows(group)
    if file.layout is None:
        cells = _cells(file, group, columns, names | frozenset(INDEX_FIELDS) | {INDEX, TIMESTAMP})
        index, index_names = index_of_cells(cells, size, file.intake.default_index)
        times = times_of_cells(cells.get(TIMESTAMP), size)
    else:
        held = file.columns(group, (INDEX, ALIASES, TIME))
        index, index_names = index_of_columns(held[INDEX], held[ALIASES], file.intake.default_index)
        if file.layout.has_all_times:
            cells = _cells(file, group, columns, names)
            times = pc.fill_null(held[TIME].cast(pa.int64()), NO_TIME).to_numpy(zero_copy_only=False)
        else:
            cells = _cells(file, group, columns, names | {TIMESTAMP})
            times = times_of_cells(cells.get(TIMESTAMP), size)
    wanted = {name: found for name, found in cells.items() if name in names}
    read = partial(events_at, file, group)
    return TablePart(size, wanted, index, index_names, times, file.first_rows[group] + 1, read)


def times_of_cells(cells: Cells | None, size: int) -> NDArray[np.int64]:
    """The time of each of `size` rows by the values of its field, `NO_TIME` for none: the first that is one."""
    times = np.full(size, NO_TIME, np.int64)
    if cells is not None:
        # A time beyond 64 bits is none here: no event has one.
        known = (parse_event_time(value) for value in cells.distinct)
        held = [NO_TIME if time is None or abs(time) >= -NO_TIME else time for time in known]
        found = np.array(held, np.int64)[cells.codes]
        usable = np.flatnonzero(found != NO_TIME)[::-1]
        # Written backwards, so that the first one of a row stays.
        times[cells.rows[usable]] = found[usable]
    return times


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
        documents = (event.source for event in _sound(file.events(group), file.rows(group)))
        cells |= cells_of_documents(rest, documents)
    return {name: found for name, found in cells.items() if len(found.rows)}


def _member(array: pa.Array, steps: Sequence[int]) -> pa.Array:
    """The member of structs these steps lead to."""
    for step in steps:
        array = array.flatten()[step]
    return array


def events_at(file: ParquetFile, group: int, rows: Sequence[int]) -> Iterator[Event | RawEvent]:
    """The events of these rows of a row group, which ascend, read no further than needed.

    Raises InputError if one of them cannot be read.
    """
    wanted = np.asarray(rows, np.int64)
    start = 0
    try:
        for batch in file.batches(group, file.event_columns):
            first, last = np.searchsorted(wanted, [start, start + len(batch)])
            held = wanted[first:last]
            if len(held):
                numbers = (file.first_rows[group] + held).tolist()
                yield from _events_of(file, batch.take(held - start), numbers)
            start += len(batch)
            if last == len(wanted):
                break
    except UNREADABLE as error:
        raise InputError(damaged(file, group, error)) from error


def _events_of(file: ParquetFile, batch: pa.RecordBatch, rows: list[int]) -> Iterator[Event | RawEvent]:
    if file.layout is None:
        yield from _sound(file.events_of(batch, rows), len(rows))
        return
    for raw in file.raw_events_of(batch, rows):
        yield raw if raw.is_whole else raw.event()


def _sound(items: Iterator[Event | Problem], count: int) -> Iterator[Event]:
    """So many events. Raises InputError if there are fewer."""
    problem: Problem | None = None
    for item in items:
        if isinstance(item, Event):
            count -= 1
            yield item
        else:
            problem = item
    if count and problem:
        raise InputError(problem)
