"""The event store: a Delta Lake table of all events, in a folder or an object store.

Parted by day, home index and whether a rule kept the event, each row the event as besra reads it back from any Parquet
file: `_index`, `_aliases`, `_id`, `_source` as JSON text, and beside it the times people look for events by. Whatever
reads Delta or Parquet reads it, while it is written too.

Batches are added in order and each once: the table knows the number of the last one it has, in the very commit that
added it. Delta Lake syncs nothing by itself, so that is done here, for folders: what `add` has returned from is on
disk.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import ColumnProperties, CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from besra.errors import BesraError
from besra.schema.timestamp import NANOS

APPLICATION = "besra-events"
"""The name under which the table keeps the number of the last batch."""
NO_DAY = "none"
"""The day of events without a time."""
ATTEMPTS = 10
"""How often a commit is tried that another one came before."""
DAY = 86_400 * NANOS
MICRO = 1000
CUT_OFF = 999
"""Microseconds that the log of the table may cut off of the last time in a file: it holds milliseconds."""
LONGEST = (1 << 63) // MICRO - 1

PARTITIONS = ["day", "stream", "kept"]
TIME = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        ("day", pa.string()),
        ("stream", pa.string()),
        ("kept", pa.bool_()),
        ("time", TIME),
        ("ingested", TIME),
        ("batch", pa.int64()),
        ("place", pa.int32()),
        ("_index", pa.string()),
        ("_aliases", pa.list_(pa.string())),
        ("_id", pa.string()),
        ("_source", pa.string()),
        ("rules", pa.list_(pa.int64())),
    ]
)
PROPERTIES = {
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 1 days",
}
"""A commit every few seconds makes a long log; readers of versions older than a day are not waited for."""
NO_TIME = -(1 << 63)
LATEST = (1 << 63) - 1
PLAIN = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
WRITING = WriterProperties(compression="ZSTD", compression_level=1, column_properties={"_source": PLAIN, "_id": PLAIN})
"""A third of what the default takes, in less time; of texts that never repeat there is nothing to remember."""
DEFECTS = (DeltaError, OSError, pa.ArrowException)


class EventStoreError(BesraError):
    """The store cannot be written or read. What `add` was given is not in it, or wholly."""


class StoredEvent(NamedTuple):
    """An event on its way into the store: its names, its document as JSON text, its times in nanoseconds since 1970.

    `batch` and `place` say where in the order of arrival it is. `rules` are the marks (`detection.plan_mark`) of those
    that kept it, None if nobody had looked at it yet.
    """

    batch: int
    place: int
    index: tuple[str, ...]  # type: ignore[assignment]  # tuples have a method of that name
    id: str
    source: bytes
    time: int | None
    ingested: int
    rules: tuple[int, ...] | None = None

    @property
    def is_kept(self) -> bool:
        """Whether a rule may want it again."""
        return self.rules is None or bool(self.rules)


class EventStore:
    """An open store at a path or the URL of an object store. Raises EventStoreError if it cannot be opened or made."""

    def __init__(self, place: Path | str) -> None:
        self._folder = place if isinstance(place, Path) else None
        self._place = str(place)
        try:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            self._table = DeltaTable.create(
                self._place, SCHEMA, mode="ignore", partition_by=PARTITIONS, configuration=PROPERTIES
            )
            if not PROPERTIES.items() <= self._table.metadata().configuration.items():
                self._table.alter.set_table_properties(PROPERTIES)
            self._sync(self._names())
            self._synced = self._table.version()
        except DEFECTS as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> EventStoreError:
        return EventStoreError(f"{self._place}: {error}")

    @property
    def last_batch(self) -> int:
        """The number of the last batch in the store, 0 for none."""
        return self._table.transaction_version(APPLICATION) or 0

    def add(self, events: Sequence[StoredEvent], last: int) -> None:
        """Add the events of batches up to number `last`, in one commit. Raises EventStoreError.

        Batches it has already are left out, so that a run that died may be run again.
        """
        self._catch_up()
        known = self.last_batch
        fresh = [event for event in events if event.batch > known]
        if last <= known:
            self._sync_up()
            return
        told = CommitProperties(app_transactions=[Transaction(APPLICATION, last)])
        rows = _rows(fresh)
        for left in reversed(range(ATTEMPTS)):
            try:
                write_deltalake(self._table, rows, mode="append", commit_properties=told, writer_properties=WRITING)
                break
            except DEFECTS as error:
                self._reload()
                # Whoever looks after the table came first (`storage.event_upkeep`).
                if not left or not isinstance(error, CommitFailedError) or self.last_batch > known:
                    raise self._error(error) from error
        self._sync_up()

    def _catch_up(self) -> None:
        """See what others have done to the table. Raises EventStoreError."""
        try:
            self._table.update_incremental()
        except DEFECTS as error:
            raise self._error(error) from error

    def _sync_up(self) -> None:
        """See that everything up to this version is on disk; what has once failed is tried again by the next call."""
        try:
            self._sync(self._written_since(self._synced))
        except OSError as error:
            raise self._error(error) from error
        self._synced = self._table.version()

    def _reload(self) -> None:
        """What the table holds now, whatever became of a commit that failed. Raises EventStoreError."""
        try:
            self._table = DeltaTable(self._place)
        except DEFECTS as error:
            raise self._error(error) from error

    def _written_since(self, version: int) -> Iterator[Path]:
        """The files of the versions after one and their entries in the log, where the table is in a folder.

        By the log: to look through the folder would take longer with every file. What is gone again is left out.
        """
        if self._folder is None:
            return
        for later in range(version + 1, self._table.version() + 1):
            entry = self._folder / "_delta_log" / f"{later:020}.json"
            if not entry.exists():
                continue
            yield entry
            for line in entry.read_bytes().splitlines():
                added = orjson.loads(line).get("add")
                if added and (path := self._folder / unquote(added["path"])).exists():
                    yield path

    def _names(self) -> frozenset[Path]:
        """The files of the table and of its log, where it is in a folder."""
        if self._folder is None:
            return frozenset()
        return frozenset(path for path in self._folder.rglob("*") if path.is_file())

    def _sync(self, files: Iterable[Path]) -> None:
        folders: set[Path] = set()
        for file in files:
            _sync_path(file)
            folders |= {file.parent, *file.parent.parents}
        for folder in folders:
            if self._folder is not None and (
                folder == self._folder.parent or self._folder in (folder, *folder.parents)
            ):
                _sync_path(folder)

    def read(
        self, start: int, end: int, *, by: str = "time", is_kept: bool | None = None, after: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a closed range of times, of events or of their ingest; `is_kept` says which of them.

        `after` leaves out batches up to one; files of nothing else are not opened. Raises EventStoreError.
        """
        wanted = (pc.field(by) >= _micros(start)) & (pc.field(by) <= _micros(end))
        if after is not None:
            wanted &= pc.field("batch") > after
        if is_kept is not None:
            wanted &= pc.field("kept") == is_kept
        try:
            yield from DeltaTable(self._place).to_pyarrow_dataset().to_batches(filter=wanted)
        except DEFECTS as error:
            raise self._error(error) from error


def _sync_path(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def day_of(time: int | None) -> str:
    """The UTC day of a time as `2025-03-01`; `NO_DAY` for none and for years beyond 9999."""
    if time is None:
        return NO_DAY
    try:
        return datetime.fromtimestamp(time // DAY * 86_400, UTC).strftime("%Y-%m-%d").zfill(10)
    except (ValueError, OverflowError, OSError):
        return NO_DAY


def _micros(time: int) -> pa.Scalar:
    return pa.scalar(max(-LONGEST, min(LONGEST, time // MICRO)), TIME)


def _rows(events: Sequence[StoredEvent]) -> pa.Table:
    """Events as the table has them, in the order of their times. Of few names and days, no text is made twice."""
    times = np.array([NO_TIME if event.time is None else event.time for event in events], np.int64)
    order = np.argsort(np.where(times == NO_TIME, LATEST, times), kind="stable")
    ordered = [events[place] for place in order.tolist()]
    times = times[order]
    days, day_of_row = np.unique(times // DAY, return_inverse=True)
    told = pa.array([day_of(None if day == NO_TIME // DAY else int(day) * DAY) for day in days.tolist()], pa.string())
    names: dict[tuple[str, ...], int] = {}
    codes = pa.array([names.setdefault(event.index, len(names)) for event in ordered], pa.int32())
    homes = pa.array([name[0] for name in names], pa.string()).take(codes)
    aliases = pa.array([list(name[1:]) for name in names], pa.list_(pa.string())).take(codes)
    columns = {
        "day": told.take(pa.array(day_of_row)),
        "stream": homes,
        "kept": pa.array([event.is_kept for event in ordered], pa.bool_()),
        "time": pa.array(times // MICRO, TIME, mask=times == NO_TIME),
        "ingested": pa.array(np.array([event.ingested for event in ordered], np.int64) // MICRO, TIME),
        "batch": pa.array([event.batch for event in ordered], pa.int64()),
        "place": pa.array([event.place for event in ordered], pa.int32()),
        "_index": homes,
        "_aliases": aliases,
        "_id": pa.array([event.id for event in ordered], pa.string()),
        "_source": _texts([event.source for event in ordered]),
        "rules": pa.array([event.rules for event in ordered], pa.list_(pa.int64())),
    }
    return pa.table(columns, schema=SCHEMA)


def _texts(sources: Sequence[bytes]) -> pa.Array | pa.ChunkedArray:
    ends = np.cumsum([0, *map(len, sources)])
    if ends[-1] >= 1 << 31:  # more than the offsets of one array can tell
        return pa.chunked_array([_texts(half) for half in (sources[: len(sources) // 2], sources[len(sources) // 2 :])])
    buffers = [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(sources))]
    texts = pa.Array.from_buffers(pa.binary(), len(sources), buffers)
    try:
        return texts.cast(pa.string())
    except pa.ArrowException:  # not UTF-8, which no journal should hold
        return pa.array([source.decode("utf-8", "replace") for source in sources], pa.string())
