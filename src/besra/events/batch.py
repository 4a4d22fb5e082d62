"""A batch of events by column: for every field that rules read, which rows have which values.

Cells are value ids of one `ValueTable`, shared by all columns and batches until it is renewed. Whoever made the batch
keeps the events; nothing but a hit asks for them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from besra.events.columns import Column, DecodedLines, LineDecoder, Projection, ValueTable, columns_of
from besra.events.document import CASELESS
from besra.events.event import Event
from besra.events.index_name import INDEX_FIELDS, homes_of, index_names
from besra.events.line_block import RawLines
from besra.events.raw_event import RawEvent
from besra.events.table_part import TablePart
from besra.schema.fieldtype import FieldType, Scalar, Typed, to_text, to_typed

Ints = np.ndarray[tuple[int], np.dtype[np.int32]]


@dataclass(frozen=True)
class EventBatch:
    """`size` rows. `index` holds for each row the position of its names in `index_names`; `rows` those that are events.

    `cells` is all columns in one, `scalars` holds the value of every id. `documents` gives those of some rows, in their
    order, while what the batch was made of is there. `times` are those of `events.times`, if somebody has read them.

    A block of lines has rows that are none: lines its decoder left to the ordinary reader.
    """

    size: int
    columns: Mapping[str, Column]
    cells: Column
    scalars: ValueTable
    index: Ints
    index_names: tuple[tuple[str, ...], ...]
    rows: Ints
    documents: Callable[[Sequence[int]], Iterable[Mapping[str, Any]]]
    times: NDArray[np.int64] | None = None

    @property
    def homes(self) -> dict[str, int]:
        """How many events are at home in which index."""
        return homes_of(self.index[self.rows], self.index_names)

    def fields(self, names: Iterable[str], rows: Ints) -> "Iterator[RowFields]":
        """The typed fields of some rows, restricted to some names."""
        held = {name: self.values(name, rows) for name in names if name in self.columns}
        for place in range(len(rows)):
            yield RowFields({name: values[place] for name, values in held.items()})

    def values(self, name: str, rows: Ints) -> list[list[Scalar]]:
        """The values of a field in some rows, each in document order."""
        column = self.columns.get(name)
        if column is None:
            return [[] for _ in rows]
        starts, ends = np.searchsorted(column.rows, rows), np.searchsorted(column.rows, rows, "right")
        spans = list(zip(starts.tolist(), ends.tolist(), strict=True))
        ids = [value for start, end in spans for value in column.values[start:end].tolist()]
        scalars = iter(self.scalars.scalars(ids))
        return [list(islice(scalars, end - start)) for start, end in spans]


class RowFields:
    """What `events.document.Fields` is for a document, for a row of a batch."""

    __slots__ = ("_held",)

    def __init__(self, held: Mapping[str, Sequence[Scalar]]) -> None:
        self._held = held

    def values(self, name: str, field_type: FieldType) -> tuple[Typed, ...]:
        """The values of a field as that type; those that do not fit are left out."""
        typed = (to_typed(value, field_type) for value in self._held.get(name, ()))
        return tuple(value for value in typed if value is not None)


def batch_of(
    events: Sequence[Event | RawEvent], projection: Projection, values: ValueTable, decoder: LineDecoder | None = None
) -> EventBatch:
    """The batch of some events. Those whose documents are written go through the `decoder`, if there is one."""
    columns = _columns_of_events(events, projection, values, decoder)
    columns |= _multi_fields(columns, projection, values)
    index, names = _numbered_names([event.index for event in events])
    rows = np.arange(len(events), dtype=np.int32)
    together = _together(list(columns.values()))
    documents = partial(_documents_of_events, events)
    return EventBatch(len(events), columns, together, values, index, names, rows, documents)


def _numbered_names(given: Sequence[tuple[str, ...]]) -> tuple[Ints, tuple[tuple[str, ...], ...]]:
    """The distinct names, and for each given the position of its own among them."""
    names: dict[tuple[str, ...], int] = {}
    index = np.fromiter((names.setdefault(own, len(names)) for own in given), np.int32, len(given))
    return index, tuple(names)


def _columns_of_events(
    events: Sequence[Event | RawEvent], projection: Projection, values: ValueTable, decoder: LineDecoder | None
) -> dict[str, Column]:
    """The columns of events. A line of JSON without a document stands for one that is not written: it is slow."""
    if decoder is None or all(event.written is None for event in events):
        return columns_of([event.source for event in events], projection, values)
    decoded = decoder.decode(b"\n".join([event.written or b"0" for event in events]))
    slow = np.flatnonzero(decoded.slow)
    if not len(slow):
        return decoded.columns
    rest = columns_of([events[row].source for row in slow.tolist()], projection, values)
    columns = dict(decoded.columns)
    for name, column in rest.items():
        own = columns.get(name, Column(slow[:0].astype(np.int32), column.values[:0]))
        rows = np.concatenate([own.rows, slow[column.rows].astype(np.int32)])
        order = np.argsort(rows, kind="stable")
        columns[name] = Column(rows[order], np.concatenate([own.values, column.values])[order])
    return columns


def batch_of_lines(decoded: DecodedLines, lines: RawLines, projection: Projection, values: ValueTable) -> EventBatch:
    """The batch of lines decoded with this projection and value table."""
    columns, cells = decoded.columns, decoded.cells
    extra = _multi_fields(columns, projection, values)
    if extra:
        cells = _together([*(column for name, column in columns.items() if name not in extra), *extra.values()])
        columns = {**columns, **extra}
    if lines.names is None:
        index, names = _index_of_lines(decoded, lines.default_index, values)
    else:
        index, names = _numbered_names(lines.names)
    rows = np.flatnonzero(~decoded.slow).astype(np.int32)
    documents = partial(_documents_of_lines, decoded, lines.buffer)
    return EventBatch(len(decoded.starts), columns, cells, values, index, names, rows, documents)


def batch_of_part(part: TablePart, projection: Projection, values: ValueTable) -> EventBatch:
    """The batch of a row group that was read for the fields of this projection."""
    numbers = projection.numbers
    columns = {}
    for name, cells in part.cells.items():
        if name in numbers:
            ids = values.ids_of_distinct(numbers[name], cells.distinct)
            columns[name] = Column(cells.rows, ids[cells.codes])
    columns |= _multi_fields(columns, projection, values)
    rows = np.arange(part.size, dtype=np.int32)
    together = _together(list(columns.values()))
    documents = partial(_documents_of_part, part)
    return EventBatch(part.size, columns, together, values, part.index, part.index_names, rows, documents, part.times)


def _documents_of_events(events: Sequence[Event | RawEvent], rows: Sequence[int]) -> Iterator[Mapping[str, Any]]:
    return (events[row].source for row in rows)


def _documents_of_lines(decoded: DecodedLines, buffer: memoryview, rows: Sequence[int]) -> Iterator[Mapping[str, Any]]:
    return (orjson.loads(buffer[decoded.starts[row] : decoded.ends[row]]) for row in rows)


def _documents_of_part(part: TablePart, rows: Sequence[int]) -> Iterator[Mapping[str, Any]]:
    return (event.source for event in part.events(rows))


def _together(columns: Sequence[Column]) -> Column:
    if not columns:
        return Column(np.empty(0, np.int32), np.empty(0, np.int32))
    return Column(np.concatenate([c.rows for c in columns]), np.concatenate([c.values for c in columns]))


def _index_of_lines(
    decoded: DecodedLines, default_index: str | None, values: ValueTable
) -> tuple[Ints, tuple[tuple[str, ...], ...]]:
    """The index names of every row, computed once for each combination of the fields that decide them."""
    size = len(decoded.starts)
    code = np.zeros(size, np.int64)
    cells = {}
    for name in INDEX_FIELDS:
        column = decoded.columns.get(name)
        if column is None:
            continue
        cell = np.full(size, -1, np.int64)
        distinct = np.unique(column.values).tolist()
        unusable = [
            v for v, s in zip(distinct, values.scalars(distinct), strict=True) if not isinstance(s, str) or not s
        ]
        rows, found = column.rows, column.values
        if unusable:
            usable = ~np.isin(found, unusable)
            rows, found = rows[usable], found[usable]
        # Written backwards, so that the first value of a row stays.
        cell[rows[::-1]] = found[::-1]
        # Numbered anew each time: the product of all fields' cardinalities could pass 64 bits.
        distinct, place = np.unique(cell, return_inverse=True)
        if len(distinct) > 1:
            _, code = np.unique(code * len(distinct) + place, return_inverse=True)
        cells[name] = cell
    _, examples, index = np.unique(code, return_index=True, return_inverse=True)
    names = []
    for row in examples.tolist():
        source = {name: values[int(cell[row])] for name, cell in cells.items() if cell[row] >= 0}
        names.append(index_names(source, default=default_index))
    return index.astype(np.int32), tuple(names)


def _multi_fields(columns: Mapping[str, Column], projection: Projection, values: ValueTable) -> dict[str, Column]:
    """Multi-fields that no document carries: `X.caseless` is X in lower case, `X.text` is X (sources.md 2)."""
    found = {}
    for name, parent, suffix in projection.multi_fields:
        column = columns.get(parent)
        if column is None:
            continue
        distinct, where = np.unique(column.values, return_inverse=True)
        scalars = values.scalars(distinct.tolist())
        if suffix == CASELESS:
            scalars = [to_text(scalar).lower() for scalar in scalars]
        ids = np.array(values.ids_of(projection.numbers[name], scalars), np.int32)
        found[name] = _merged(columns.get(name), Column(column.rows, ids[where]))
    return found


def _merged(own: Column | None, derived: Column) -> Column:
    """The column a field has of its own, filled up with derived cells in rows where it has none."""
    if own is None:
        return derived
    extra = ~np.isin(derived.rows, own.rows)
    rows = np.concatenate([own.rows, derived.rows[extra]])
    order = np.argsort(rows, kind="stable")
    return Column(rows[order], np.concatenate([own.values, derived.values[extra]])[order])
