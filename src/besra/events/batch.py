"""A batch of events by column: for every field that rules read, which rows have which values.

Cells are value ids of one `ValueTable`, shared by all columns and batches until it is renewed. Whoever made the batch
keeps the events; nothing but a hit asks for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from besra.events.columns import Column, Projection, ValueTable, columns_of
from besra.events.document import CASELESS, TEXT
from besra.events.event import Event
from besra.events.index_name import INDEX_FIELDS, index_names
from besra.events.line_block import LineBlock
from besra.schema.fieldtype import FieldType, Scalar, Typed, to_text, to_typed

Ints = np.ndarray[tuple[int], np.dtype[np.int32]]


@dataclass(frozen=True)
class EventBatch:
    """`size` rows. `index` holds for each row the position of its names in `index_names`; `rows` those that are events.

    `scalars` holds the value of every id.

    A block of lines has rows that are none: lines its decoder left to the ordinary reader.
    """

    size: int
    columns: Mapping[str, Column]
    scalars: Sequence[Scalar]
    index: Ints
    index_names: tuple[tuple[str, ...], ...]
    rows: Ints

    def fields(self, row: int) -> "RowFields":
        """The typed fields of one row."""
        return RowFields(self, row)

    def cells(self, name: str, row: int) -> list[Scalar]:
        """The values of a field in one row, in document order."""
        column = self.columns.get(name)
        if column is None:
            return []
        start, end = np.searchsorted(column.rows, [row, row + 1])
        return [self.scalars[value] for value in column.values[start:end].tolist()]


class RowFields:
    """What `events.document.Fields` is for a document, for a row of a batch."""

    __slots__ = ("_batch", "_row")

    def __init__(self, batch: EventBatch, row: int) -> None:
        self._batch = batch
        self._row = row

    def values(self, name: str, field_type: FieldType) -> tuple[Typed, ...]:
        """The values of a field as that type; those that do not fit are left out."""
        typed = (to_typed(value, field_type) for value in self._batch.cells(name, self._row))
        return tuple(value for value in typed if value is not None)


def batch_of(events: Sequence[Event], projection: Projection, values: ValueTable, scalars: list[Scalar]) -> EventBatch:
    """The batch of some events. `scalars` mirrors the value table and is brought up to it."""
    columns = columns_of([event.source for event in events], projection, values)
    columns = _with_multi_fields(columns, projection, values, scalars)
    names: dict[tuple[str, ...], int] = {}
    index = np.fromiter((names.setdefault(event.index, len(names)) for event in events), np.int32, len(events))
    scalars.extend(values.scalars(len(scalars)))
    rows = np.arange(len(events), dtype=np.int32)
    return EventBatch(len(events), columns, scalars, index, tuple(names), rows)


def batch_of_block(block: LineBlock, projection: Projection, values: ValueTable, scalars: list[Scalar]) -> EventBatch:
    """The batch of a block decoded with this projection and value table. `scalars` is brought up to the table."""
    scalars.extend(values.scalars(len(scalars)))
    columns = _with_multi_fields(dict(block.decoded.columns), projection, values, scalars)
    scalars.extend(values.scalars(len(scalars)))
    index, names = _index_of_block(block, scalars)
    rows = block.rows.astype(np.int32)
    return EventBatch(block.size, columns, scalars, index, names, rows)


def _index_of_block(block: LineBlock, scalars: Sequence[Scalar]) -> tuple[Ints, tuple[tuple[str, ...], ...]]:
    """The index names of every row, computed once for each combination of the fields that decide them."""
    code = np.zeros(block.size, np.int64)
    cells = {}
    for name in INDEX_FIELDS:
        cell = np.full(block.size, -1, np.int64)
        column = block.decoded.columns.get(name)
        if column is not None:
            texts = {v for v in np.unique(column.values).tolist() if isinstance(scalars[v], str) and scalars[v]}
            usable = np.isin(column.values, list(texts))
            # Written backwards, so that the first value of a row stays.
            cell[column.rows[usable][::-1]] = column.values[usable][::-1]
        distinct, place = np.unique(cell, return_inverse=True)
        # Numbered anew each time: the product of all fields' cardinalities could pass 64 bits.
        _, code = np.unique(code * len(distinct) + place, return_inverse=True)
        cells[name] = cell
    _, examples, index = np.unique(code, return_index=True, return_inverse=True)
    names = []
    for row in examples.tolist():
        source = {name: scalars[int(cell[row])] for name, cell in cells.items() if cell[row] >= 0}
        names.append(index_names(source, default=block.default_index))
    return index.astype(np.int32), tuple(names)


def _with_multi_fields(
    columns: dict[str, Column], projection: Projection, values: ValueTable, scalars: list[Scalar]
) -> dict[str, Column]:
    """Multi-fields that no document carries: `X.caseless` is X in lower case, `X.text` is X (sources.md 2)."""
    for name in projection.fields:
        suffix = CASELESS if name.endswith(CASELESS) else TEXT if name.endswith(TEXT) else ""
        parent = columns.get(name.removesuffix(suffix)) if suffix else None
        if parent is None:
            continue
        scalars.extend(values.scalars(len(scalars)))
        cells = parent.values
        if suffix == CASELESS:
            distinct, where = np.unique(cells, return_inverse=True)
            lower = [values.id_of(to_text(scalars[cell]).lower()) for cell in distinct.tolist()]
            cells = np.array(lower, np.int32)[where]
        columns[name] = _merged(columns.get(name), Column(parent.rows, cells))
    return columns


def _merged(own: Column | None, derived: Column) -> Column:
    """The column a field has of its own, filled up with derived cells in rows where it has none."""
    if own is None:
        return derived
    extra = ~np.isin(derived.rows, own.rows)
    rows = np.concatenate([own.rows, derived.rows[extra]])
    order = np.argsort(rows, kind="stable")
    return Column(rows[order], np.concatenate([own.values, derived.values[extra]])[order])
