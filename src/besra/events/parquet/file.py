"""An open Parquet file: its layout, its row groups, and what can be read of them."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from besra.events.envelope import Document, NotADocument, documents_in
from besra.events.event import POSITION_BITS, Event, Origin
from besra.events.index_name import LAST_NAME
from besra.events.parquet.foreign import documents_of
from besra.events.parquet.layout import ALIASES, ID, INDEX, POSITION, SOURCE, Form, Layout, layout_of
from besra.events.raw_event import RawEvent
from besra.events.readers.json_text import Text, parse_text
from besra.events.recognise import DEFAULTS, Intake
from besra.problems import Place, Problem, Severity

Item = Event | Problem

BATCH = 512
"""Rows made into events at a time."""

BUFFER = 2**20
"""Bytes of a column read ahead."""

EVENT_COLUMNS = (INDEX, ALIASES, ID, POSITION, SOURCE)

UNREADABLE = (pa.ArrowException, OSError, ValueError)
"""What pyarrow raises for files and row groups it cannot read."""


class ParquetFile:
    """An open Parquet file, named as the user would. Opening raises what `UNREADABLE` names."""

    def __init__(self, source: Path | BinaryIO, name: str, intake: Intake = DEFAULTS) -> None:
        self.name = name
        self.intake = intake
        self._source = source
        # Not mapped: a file cut short while it is read would end the process.
        self._file = pq.ParquetFile(source, buffer_size=BUFFER, pre_buffer=False)
        self.metadata = self._file.metadata
        self.schema: pa.Schema = self._file.schema_arrow
        self.layout: Layout | None = layout_of(self.schema)
        self.first_rows: list[int] = []
        rows = 0
        for group in range(self.groups):
            self.first_rows.append(rows)
            rows += self.rows(group)

    def close(self) -> None:
        """Close it."""
        self._file.close()

    @property
    def groups(self) -> int:
        """Number of row groups."""
        return int(self.metadata.num_row_groups)

    def rows(self, group: int) -> int:
        """Number of rows of a row group."""
        return int(self.metadata.row_group(group).num_rows)

    @cached_property
    def leaf_numbers(self) -> dict[str, int]:
        """The number of every leaf column of the file by its path."""
        schema = self.metadata.schema
        return {schema.column(number).path: number for number in range(len(schema))}

    @cached_property
    def _encoded(self) -> pq.ParquetFile:
        """The file again, its texts as dictionaries: quicker where they repeat, dearer where documents are wanted."""
        texts = [path for path, number in self.leaf_numbers.items() if self._is_text(number) and path != SOURCE]
        return pq.ParquetFile(self._source, metadata=self.metadata, read_dictionary=texts, pre_buffer=False)

    def _is_text(self, number: int) -> bool:
        column = self.metadata.schema.column(number)
        return str(column.logical_type.type) == "STRING"

    def is_absent(self, group: int, column: str) -> bool:
        """Whether a column of besra's layout has no value in a row group; not known of other files."""
        if self.layout is None:
            return False
        # Each of its columns has one leaf, so columns and leaves have the same numbers.
        found = self.metadata.row_group(group).column(self.schema.get_field_index(column))
        return bool(found.is_stats_set and found.statistics.null_count == found.num_values)

    def is_text_field(self, field: str) -> bool:
        """Whether a field is a column of plain texts of besra's layout."""
        columns = self.layout.fields if self.layout else ()
        return any(column.column == column.field == field and column.form is Form.TEXT for column in columns)

    def columns(self, group: int, names: Sequence[str]) -> dict[str, pa.Array]:
        """Columns of a row group whole, texts as dictionaries. Raises what `UNREADABLE` names."""
        table = self._encoded.read_row_group(group, columns=list(names), use_threads=False)
        wanted = frozenset(names)
        # A dotted name is also the beginning of others.
        found = {name: table.column(number) for number, name in enumerate(table.column_names) if name in wanted}
        return {name: _one_chunk(column) for name, column in found.items()}

    def batches(self, group: int, names: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of a row group, some at a time. Raises what `UNREADABLE` names."""
        columns = None if names is None else list(names)
        return self._file.iter_batches(BATCH, row_groups=[group], columns=columns, use_threads=False)  # type: ignore[no-any-return]

    def events(self, group: int) -> Iterator[Item]:
        """The events of a row group, in the order of rows. Raises what `UNREADABLE` names."""
        row = self.first_rows[group]
        for batch in self.batches(group, self.event_columns):
            yield from self.events_of(batch, range(row, row + len(batch)))
            row += len(batch)

    @property
    def event_columns(self) -> tuple[str, ...] | None:
        """The columns events are made of; None for all."""
        return None if self.layout is None else EVENT_COLUMNS

    def events_of(self, batch: pa.RecordBatch, rows: Iterable[int]) -> Iterator[Item]:
        """The events of a batch; `rows` says which row of the file, from 0, each of its rows is."""
        if self.layout is None:
            for row, document in zip(rows, documents_of(batch), strict=True):
                yield from self._foreign(document, row + 1)
            return
        for raw in self.raw_events_of(batch, rows):
            event, problem = raw.parsed()
            if problem:
                yield problem
            if event:
                yield event

    def raw_events_of(self, batch: pa.RecordBatch, rows: Iterable[int]) -> Iterator[RawEvent]:
        """The same of a file in besra's layout, whatever their texts are."""
        held = [batch.column(name) for name in EVENT_COLUMNS]
        columns = [*(column.to_pylist() for column in held[:-1]), held[-1].cast(pa.binary()).to_pylist()]
        default = (self.intake.default_index or LAST_NAME,)
        for row, index, aliases, id_, position, source in zip(rows, *columns, strict=True):
            names = (index, *(aliases or ())) if index else default
            yield RawEvent(id_, names, source or b"", Origin(self.name, row + 1), position)

    def _foreign(self, document: dict[str, Any], line: int) -> Iterator[Item]:
        text = document.get(SOURCE)
        if isinstance(text, str) and text.lstrip().startswith("{"):
            parsed = parse_text(Text(text.encode("utf-8", "replace"), line, self.name))
            if isinstance(parsed, Problem):
                yield parsed
                return
            if parsed.problem:
                yield parsed.problem
            document = {**document, SOURCE: parsed.value}
        for number, found in enumerate(documents_in(document)):
            if isinstance(found, NotADocument):
                yield _not_a_document(found, Place(self.name, line))
            else:
                yield self._event(found, line, number)

    def _event(self, document: Document, line: int, number: int) -> Event:
        position = (line << POSITION_BITS) + number
        return self.intake.event_of(document, Origin(self.name, line), position)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()


def _not_a_document(found: NotADocument, place: Place) -> Problem:
    hint = "it is skipped; an event is one JSON object"
    return Problem("record-not-document", f"{found.what}, not an event document", Severity.WARNING, place, hint)
