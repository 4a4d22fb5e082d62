"""Reading the event store while it is written: which files can hold what is asked for, and their rows, lot by lot.

A snapshot is the table at one version and, of the journal, what that version does not have yet: whatever was
acknowledged before the snapshot is in it, and nothing is in it twice. Files and row groups are passed over by their
stream and by the bounds of their times. An event with several times is looked for by the first of them.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from besra.events.event import Origin
from besra.events.index_name import names_of_index
from besra.schema.indexpattern import matches
from besra.storage.event_lot import COLUMNS, SIZE, Lot, Names, pending_rows
from besra.storage.event_store import APPLICATION, CUT_OFF, DEFECTS, MICRO, TIME, EventStoreError
from besra.storage.journal import Batch, PendingBatches

BUFFER = 1 << 20
"""Bytes of a column read ahead."""
MOST_KNOWN = 100_000
"""Files of which the names are remembered."""
ARRIVED = Origin("(arrived)")


@dataclass(frozen=True, slots=True)
class Span:
    """The times of some rows in microseconds since 1970, both ends included; all of them if none are known.

    `has_untimed`: some rows may have none.
    """

    first: int | None
    last: int | None
    has_untimed: bool

    def meets(self, start: int | None, end: int | None) -> bool:
        """Whether a row may be within these bounds, in microseconds. One whose time is not known may."""
        if self.has_untimed or self.first is None or self.last is None:
            return True
        return (start is None or self.last >= start) and (end is None or self.first <= end)


@dataclass(frozen=True, slots=True)
class RowQuery:
    """Which rows: of indices by these patterns, of a closed range of times in nanoseconds since 1970, of these ids.

    The files with the newest rows come first, or those with the oldest. Without `has_source` nothing is read of the
    documents but their ids and names.
    """

    index: Names = ()
    start: int | None = None
    end: int | None = None
    ids: frozenset[str] | None = None
    newest_first: bool = True
    has_source: bool = True


@dataclass(frozen=True, slots=True)
class LiveFile:
    """A file of a version of the table; its path is relative to the table."""

    path: str
    stream: str
    span: Span
    size: int
    """Bytes."""
    rows: int


class EventReader:
    """Reads a store and, if there is one, the journal in `folder`. Any thread may use it."""

    def __init__(self, place: Path | str, folder: Path | None = None) -> None:
        self._place = place
        self._folder = folder
        self._lock = threading.Lock()
        self._table: DeltaTable | None = None
        self._known: tuple[int, int, tuple[LiveFile, ...]] | None = None
        self._names: dict[str, frozenset[Names]] = {}

    def snapshot(self) -> "Snapshot":
        """What is there now. To be used in a `with` statement. Raises EventStoreError and JournalError."""
        # The journal first: what leaves it afterwards is in the version of the table that is looked up then.
        pending = None if self._folder is None else PendingBatches(self._folder)
        try:
            last, files = self._live()
        except BaseException:
            if pending is not None:
                pending.close()
            raise
        return Snapshot(self, files, last, pending)

    def _live(self) -> tuple[int, tuple[LiveFile, ...]]:
        with self._lock:
            try:
                if self._table is None:
                    self._table = DeltaTable(str(self._place))
                else:
                    self._table.update_incremental()
                version = self._table.version()
                if self._known is None or self._known[0] != version:
                    last = self._table.transaction_version(APPLICATION) or 0
                    self._known = version, last, _live_files(self._table)
            except DEFECTS as error:
                self._table = None
                raise self.error(error) from error
            return self._known[1:]

    def error(self, error: Exception) -> EventStoreError:
        """What went wrong, as an error of the store."""
        return EventStoreError(f"{self._place}: {error}")

    def open(self, file: LiveFile) -> pq.ParquetFile:
        """A file of the table, to be closed. Raises what pyarrow raises."""
        return pq.ParquetFile(self._source(file), buffer_size=BUFFER, pre_buffer=False)

    def _source(self, file: LiveFile) -> Any:
        if isinstance(self._place, Path):
            return self._place / file.path
        from deltalake.fs import DeltaStorageHandler  # noqa: PLC0415  only of object stores
        from pyarrow.fs import PyFileSystem  # noqa: PLC0415

        return PyFileSystem(DeltaStorageHandler(self._place)).open_input_file(file.path)

    def names_in(self, file: LiveFile) -> frozenset[Names]:
        """The names that events of a file answer to, but for those that follow from its stream."""
        known = self._names.get(file.path)
        if known is None:
            if len(self._names) >= MOST_KNOWN:
                self._names.clear()
            with self.open(file) as opened:
                known = self._names[file.path] = _names_in(opened)
        return known


def _live_files(table: DeltaTable) -> tuple[LiveFile, ...]:
    added = pa.table(table.get_add_actions(flatten=True))
    empty = pa.nulls(added.num_rows)
    names = ("path", "partition.stream", "min.time", "max.time", "null_count.time", "size_bytes", "num_records")
    columns = [added.column(name) if name in added.column_names else empty for name in names]
    for number in (2, 3):
        columns[number] = columns[number].cast(TIME).cast(pa.int64())
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return tuple(
        LiveFile(unquote(path), stream or "", _span(first, last, untimed), size, count or 0)
        for path, stream, first, last, untimed, size, count in rows
    )


def _span(first: int | None, last: int | None, untimed: int | None) -> Span:
    return Span(first, None if last is None else last + CUT_OFF, untimed is None or untimed > 0)


def _names_in(opened: pq.ParquetFile) -> frozenset[Names]:
    metadata = opened.metadata
    paths = [metadata.schema.column(number).path for number in range(len(metadata.schema))]
    number = next((n for n, path in enumerate(paths) if path.startswith("_aliases")), None)
    found: set[Names] = set()
    for group in range(metadata.num_row_groups):
        held = None if number is None else metadata.row_group(group).column(number)
        if held is None or (held.is_stats_set and held.statistics.null_count == held.num_values):
            continue
        for batch in opened.iter_batches(SIZE, row_groups=[group], columns=["_aliases"], use_threads=False):
            found.update(tuple(names) for names in batch.column(0).to_pylist() if names)
    return frozenset(found)


class Snapshot:
    """The events at one moment."""

    def __init__(
        self, reader: EventReader, files: Sequence[LiveFile], last: int, pending: PendingBatches | None
    ) -> None:
        self.files = files
        self._reader = reader
        self._last = last
        self._pending = pending

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._pending is not None:
            self._pending.close()

    def sizes(self, patterns: Names) -> dict[str, tuple[int, int]]:
        """The indices that events are at home in, with how many events and bytes are stored. Raises JournalError."""
        found: dict[str, tuple[int, int]] = {}
        for file in self.files:
            rows, size = found.get(file.stream, (0, 0))
            found[file.stream] = rows + file.rows, size + file.size
        for batch in self._batches():
            for record in batch.records:
                rows, size = found.get(record.index[0], (0, 0))
                found[record.index[0]] = rows + 1, size
        return {name: held for name, held in found.items() if matches(patterns, names_of_index(name))}

    def has_index(self, name: str) -> bool:
        """Whether an event answers to a name, or may. Raises EventStoreError and JournalError."""
        patterns = (name,)
        return any(self._is_read(file, patterns) for file in self.files) or any(
            matches(patterns, record.index) for batch in self._batches() for record in batch.records
        )

    def lots(self, query: RowQuery, skips: Callable[[Span], bool] = lambda _: False) -> Iterator[Lot]:
        """The rows a query asks for, and perhaps more of other indices than it names.

        Where `skips` says so of the times of some rows, they are not read. Raises EventStoreError and JournalError.
        """
        start, end = _micros(query.start), _micros(query.end)
        wanted = [file for file in self.files if file.span.meets(start, end)]
        for batch in self._batches():
            rows = _among(pending_rows(batch), start, end, query.ids)
            for first in range(0, rows.num_rows, SIZE):
                yield Lot(rows.slice(first, SIZE), ARRIVED)
        for file in sorted(wanted, key=_order(query.newest_first)):
            if not skips(file.span) and self._is_read(file, query.index):
                try:
                    yield from self._rows(file, query, skips)
                except DEFECTS as error:
                    raise self._reader.error(error) from error

    def _batches(self) -> Iterator[Batch]:
        return iter(()) if self._pending is None else self._pending.after(self._last)

    def _is_read(self, file: LiveFile, patterns: Names) -> bool:
        if matches(patterns, names_of_index(file.stream)):
            return True
        try:
            return any(matches(patterns, names) for names in self._reader.names_in(file))
        except DEFECTS as error:
            raise self._reader.error(error) from error

    def _rows(self, file: LiveFile, query: RowQuery, skips: Callable[[Span], bool]) -> Iterator[Lot]:
        start, end = _micros(query.start), _micros(query.end)
        origin = Origin(file.path)
        with self._reader.open(file) as opened:
            spans = [(number, _span_of(opened, number)) for number in range(opened.metadata.num_row_groups)]
            by_time = _order(query.newest_first)
            for number, span in sorted(spans, key=lambda group: by_time(group[1])):
                if skips(span) or not span.meets(start, end) or not _has_ids(opened, number, query.ids):
                    continue
                columns = [name for name in COLUMNS if query.has_source or name != "_source"]
                for batch in opened.iter_batches(SIZE, [number], columns=columns, use_threads=False):
                    rows = _among(batch, start, end, query.ids)
                    if rows.num_rows:
                        yield Lot(rows, origin)


def _order(newest_first: bool) -> Callable[[LiveFile | Span], int]:
    """What orders files, or their parts, by their times. Those without come last."""

    def key(of: LiveFile | Span) -> int:
        span = of if isinstance(of, Span) else of.span
        if span.first is None or span.last is None:
            return 1 << 63
        return -span.last if newest_first else span.first

    return key


def _span_of(opened: pq.ParquetFile, group: int) -> Span:
    number = opened.schema_arrow.get_field_index("time")
    held = opened.metadata.row_group(group).column(number)
    statistics = held.statistics if held.is_stats_set else None
    if statistics is None or not statistics.has_min_max:
        return Span(None, None, True)
    first, last = (int(pa.scalar(value, TIME).value) for value in (statistics.min, statistics.max))
    return Span(first, last, not statistics.has_null_count or statistics.null_count > 0)


def _has_ids(opened: pq.ParquetFile, group: int, ids: frozenset[str] | None) -> bool:
    """Whether a row has one of the ids: they are read much sooner than the documents."""
    if ids is None:
        return True
    batches = opened.iter_batches(SIZE, [group], columns=["_id"], use_threads=False)
    return any(_among(batch, None, None, ids).num_rows for batch in batches)


def _among(batch: pa.RecordBatch, start: int | None, end: int | None, ids: frozenset[str] | None) -> pa.RecordBatch:
    """The rows within bounds and of those ids. One whose time is not known may be within."""
    condition: pc.Expression | None = None
    time = pc.field("time")
    if start is not None:
        condition = time >= pa.scalar(start, TIME)
    if end is not None:
        earlier = time <= pa.scalar(end, TIME)
        condition = earlier if condition is None else condition & earlier
    if condition is not None:
        condition |= time.is_null()
    if ids is not None:
        named = pc.field("_id").isin(pa.array(sorted(ids), pa.string()))
        condition = named if condition is None else condition & named
    return batch if condition is None else batch.filter(condition)


def _micros(time: int | None) -> int | None:
    """A time in microseconds that columns hold: a bound beyond those is none."""
    if time is None:
        return None
    return max(-(1 << 62), min(1 << 62, time // MICRO))
