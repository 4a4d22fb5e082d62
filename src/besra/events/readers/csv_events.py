"""Tables of values (CSV, TSV and the like): every row is an event, made as the names of its columns ask for.

| columns | a row becomes |
|---|---|
| those of EvtxECmd, PowerShell's `Get-WinEvent` or Event Viewer | the log record it was (`normalise.exported_log`) |
| `xml_string` with an `<Event>` (plaso) | the log record in it |
| names of fields, as Kibana exports them; those of Timesketch | a document of these fields (`normalise.table_row`) |
| any other | a record by these names, whose source is recognised as that of a JSON object is |
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from besra.events.content import Content
from besra.events.event import POSITION_BITS, Event, Origin
from besra.events.local_date import date_order
from besra.events.normalise.exported_log import MESSAGE, LogExport, export_of, others_of, record_of
from besra.events.normalise.table_row import RowReader, kind_of_table
from besra.events.readers.csv_dialect import dialect_of
from besra.events.readers.csv_header import Header, header_of, ragged
from besra.events.readers.csv_table import Row, Table
from besra.events.readers.document_reader import DocumentReader
from besra.events.readers.json_text import Text
from besra.events.readers.log_record import LogEvents, is_log_record
from besra.events.readers.ndjson import damaged_after
from besra.events.readers.text_options import TextOptions
from besra.events.readers.xml_event import parse_event
from besra.events.recognise import Intake
from besra.problems import Place, Problem, Severity

EVENT_XML = "xml_string"
"""The column in which plaso keeps a log record as XML."""

PLASO = "plaso"
"""Keeps the other columns of such a row."""

SOURCE = "_source"

META = frozenset(("_id", "_index", "_score", SOURCE))
"""Columns that belong to a hit of Elasticsearch and not to its document."""


def read_csv_events(content: Content, path: str, options: TextOptions) -> Iterator[Event | Problem]:
    """The events of a table in order, and a located problem for every row that is none or does not fit the header.

    Memory is bounded by the longest row, at most `options.limit` bytes.
    """
    dialect = dialect_of(content.head)
    if dialect is None:
        return
    table = Table(content.stream, path, options.limit, dialect)
    rows = _without_cut_off(table.rows(), content)
    reader: _Rows | None = None
    for row in rows:
        if isinstance(row, Problem):
            yield row
        elif reader is None:
            header, problem = header_of(row.cells, Place(path, row.line))
            reader = _Rows(path, options.intake, header, content.head)
            yield from (found for found in (problem, reader.date_problem(row.line)) if found)
        else:
            yield from reader.events(row)
    if content.damage:
        yield damaged_after(reader.line if reader else 0, content.damage, path)


def _without_cut_off(rows: Iterator[Row | Problem], content: Content) -> Iterator[Row | Problem]:
    """The same without the last row of an input that ends before its time."""
    held: Row | Problem | None = None
    for row in rows:
        if held is not None:
            yield held
        held = row
    if held is not None and not content.damage:
        yield held


class _Rows:
    """Rows under one header to events; `line` is that of the last row that was used."""

    def __init__(self, path: str, intake: Intake, header: Header, head: bytes) -> None:
        self.line = 0
        self._path = path
        self._documents = DocumentReader(path, intake)
        self._log_events = LogEvents()
        names = frozenset(header.names)
        self._export = export_of(names)
        is_without_message = self._export is LogExport.EVENT_VIEWER and MESSAGE not in names
        self._header = replace(header, last=MESSAGE) if is_without_message else header
        self._order, self._is_order_certain = date_order(head)
        self._reader = RowReader(kind_of_table(names), self._order)

    def date_problem(self, line: int) -> Problem | None:
        """What is to be said of dates that could be two days."""
        if self._is_order_certain:
            return None
        message = f"dates that could be read two ways are taken as {self._order}; times without a zone are UTC"
        hint = "export the log with dates in ISO 8601, or as EVTX or XML, to be certain"
        return Problem("csv-date-order", message, Severity.WARNING, Place(self._path, line), hint)

    def events(self, row: Row) -> Iterator[Event | Problem]:
        """The event of a row, and what is to be said of it."""
        place = Place(self._path, row.line)
        if row.is_repaired:
            message, hint = "NUL bytes, or bytes that are not UTF-8; used after repair", "the latter become U+FFFD"
            yield Problem("record-repaired", message, Severity.WARNING, place, hint)
        if not self._header.fits(row.cells):
            yield ragged(row.cells, self._header, place)
        record = self._header.record(row.cells)
        if not record:
            return
        self.line = row.line
        event = self._log_event(record, row.line)
        if event is not None:
            yield event
        else:
            yield from self._documents.of_value(_hit_of(self._reader.document(record)), row.line)

    def _log_event(self, record: dict[str, Any], line: int) -> Event | None:
        """The event of a log record, None if the row is none; what it holds beside it stays under its program."""
        found, kept_under, others = None, PLASO, record
        xml = record.get(EVENT_XML)
        if self._export is not None:
            found = record_of(record, self._export, self._order)
            kept_under, others = self._export.value, others_of(record)
        elif isinstance(xml, str) and "<Event" in xml:
            found, _ = parse_event(Text(xml.strip().encode("utf-8", "replace"), line, self._path))
            others = {name: cell for name, cell in record.items() if name != EVENT_XML}
        if found is None or not is_log_record(found):
            return None
        number = None if found.record_id is None else str(found.record_id)
        event = self._log_events.event_of(found, Origin(self._path, line, number), line << POSITION_BITS)
        return replace(event, source={**event.source, kept_under: others}, written=None) if others else event


def _hit_of(document: dict[str, Any]) -> dict[str, Any]:
    """A document as a hit of Elasticsearch, if it has columns that belong to one.

    The column `_source` holds the whole document as JSON.
    """
    meta = {name: document[name] for name in META if name in document}
    if not meta:
        return document
    source = meta.pop(SOURCE, None)
    try:
        parsed = orjson.loads(source) if isinstance(source, str) else None
    except orjson.JSONDecodeError:
        parsed = None
    rest = {name: value for name, value in document.items() if name not in META}
    return {**meta, SOURCE: parsed if isinstance(parsed, dict) else rest}
