"""Keeping the event store small and quick: few large files of many small ones, and nothing longer than wanted.

Works beside the one thread that adds events, from a thread of its own: Delta Lake lets both commit, and whoever comes
second looks again. Files leave the table in one commit and the disk a day later (`HOURS`), so that whoever began to
read before is not disturbed. What a process that dies in between has written is no part of the table, and goes too.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pyarrow as pa
from deltalake import ColumnProperties, DeltaTable, WriterProperties

from besra.storage.event_store import CUT_OFF, DEFECTS, MICRO, NO_DAY, TIME, EventStore, EventStoreError

HOURS = 24
"""How long files stay on disk after they have left the table."""
SMALL = 32 << 20
"""Bytes below which a file is one of those that are joined."""
TARGET = 128 << 20
ROWS_TOGETHER = 65_536
"""Rows of a row group: what a reader has to look at to find one of them."""
LEVEL = 3
PLAIN = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
"""Of texts that never repeat there is nothing to remember, nor do their bounds tell anything."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the table holds of one index on one day, apart by whether a rule kept the events.

    `small` counts the files that are to be joined; times are in nanoseconds since 1970, those of arrival.
    """

    day: str
    stream: str
    kept: bool
    files: int
    small: int
    bytes: int
    rows: int
    first_ingested: int
    last_ingested: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the whole table holds."""

    files: int = 0
    bytes: int = 0
    rows: int = 0


class EventUpkeep(EventStore):
    """The same store, opened once more by whoever looks after it. Every method raises EventStoreError."""

    @contextmanager
    def _current(self) -> Iterator[DeltaTable]:
        """The table as it is now; what is done to it is synced."""
        try:
            self._catch_up()
            yield self._table
            self._sync_up()
        except DEFECTS as error:
            with suppress(EventStoreError):
                self._reload()
            raise self._error(error) from error

    def parts(self) -> list[Part]:
        """What it holds, by day and index in their order."""
        with self._current() as table:
            rows = _file_rows(table)
        held: defaultdict[tuple[str, str, bool], list[_FileRow]] = defaultdict(list)
        for row in rows:
            held[row.day, row.stream, row.kept].append(row)
        return [_part(key, held[key]) for key in sorted(held)]

    def last_batch_before(self, time: int) -> int:
        """The number of a batch up to which all arrived before a time in nanoseconds since 1970; 0 if none is known."""
        with self._current() as table:
            rows = _file_rows(table)
        return max((row.last_batch for row in rows if row.last_ingested < time), default=0)

    def compact(self, part: Part) -> None:
        """Join the small files of one part."""
        with self._current() as table:
            table.optimize.compact(
                partition_filters=[
                    ("day", "=", part.day),
                    ("stream", "=", part.stream),
                    ("kept", "=", str(part.kept).lower()),
                ],
                target_size=TARGET,
                max_concurrent_tasks=1,
                writer_properties=WriterProperties(
                    compression="ZSTD",
                    compression_level=LEVEL,
                    max_row_group_size=ROWS_TOGETHER,
                    column_properties={"_source": PLAIN, "_id": PLAIN},
                ),
            )

    def drop(self, part: Part) -> int:
        """Take one part out of the table, but for events that arrived since it was looked at. How many they were."""
        which = f"day = {_quoted(part.day)} AND stream = {_quoted(part.stream)} AND kept = {str(part.kept).lower()}"
        with self._current() as table:
            told = table.delete(f"{which} AND ingested <= {_time(part.last_ingested)}")
            return int(told["num_deleted_rows"] or 0)

    def drop_untimed(self, before: int) -> int:
        """Take the events without a time out that arrived before one, in nanoseconds since 1970. How many they were."""
        with self._current() as table:
            told = table.delete(f"day = {_quoted(NO_DAY)} AND ingested < {_time(before)}")
            return int(told["num_deleted_rows"] or 0)

    def clean(self) -> int:
        """Remove what no reader needs any more: files that left the table a day ago, and old entries of its log.

        How many files they were.
        """
        with self._current() as table:
            gone = table.vacuum(HOURS, dry_run=False, enforce_retention_duration=False, full=True)
            table.create_checkpoint()
            table.cleanup_metadata()
            return len(gone)

    def sizes(self) -> Sizes:
        """How large it is."""
        parts = self.parts()
        return Sizes(*(sum(getattr(part, name) for part in parts) for name in ("files", "bytes", "rows")))


@dataclass(frozen=True, slots=True)
class _FileRow:
    day: str
    stream: str
    kept: bool
    bytes: int
    rows: int
    first_ingested: int
    last_ingested: int
    last_batch: int


def _file_rows(table: DeltaTable) -> list[_FileRow]:
    added = pa.table(table.get_add_actions(flatten=True))
    if not added.num_rows:
        return []
    names = ("partition.day", "partition.stream", "partition.kept", "size_bytes", "num_records")
    columns = [added.column(name).to_pylist() for name in names]
    for name in ("min.ingested", "max.ingested"):
        columns.append(added.column(name).cast(TIME).cast(pa.int64()).to_pylist())
    columns.append(added.column("max.batch").to_pylist())
    return [
        _FileRow(
            day,
            stream or "",
            bool(kept),
            size,
            rows or 0,
            (first or 0) * MICRO,
            ((last or 0) + CUT_OFF) * MICRO,
            batch or 0,
        )
        for day, stream, kept, size, rows, first, last, batch in zip(*columns, strict=True)
    ]


def _part(key: tuple[str, str, bool], files: list[_FileRow]) -> Part:
    return Part(
        *key,
        len(files),
        sum(file.bytes < SMALL for file in files),
        sum(file.bytes for file in files),
        sum(file.rows for file in files),
        min(file.first_ingested for file in files),
        max(file.last_ingested for file in files),
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _time(time: int) -> str:
    return f"arrow_cast({time // MICRO}, 'Timestamp(Microsecond, Some(\"UTC\"))')"
