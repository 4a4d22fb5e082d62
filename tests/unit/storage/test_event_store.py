"""The event store: every batch once, readable while it is written, also by a scan of its files."""

import os
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from besra.events.event import Event
from besra.events.reader import read_events
from besra.storage.event_rows import EventReader
from besra.storage.event_store import (
    NO_DAY,
    PARTITIONS,
    PROPERTIES,
    SCHEMA,
    EventStore,
    EventStoreError,
    StoredEvent,
    day_of,
)
from besra.storage.event_upkeep import EventUpkeep

SECOND = 10**9
NOW = 1_740_823_200 * SECOND


def stored(batch: int, place: int = 0, *, time: int | None = NOW, index: str = "logs-a-default") -> StoredEvent:
    source = orjson.dumps({"event": {"category": "process"}, "n": f"{batch}.{place}"})
    return StoredEvent(batch, place, (index, "winlogbeat-x"), f"{batch}-{place}", source, time, NOW + batch)


def ids(store: EventStore, start: int = 0, end: int = 2 * NOW, *, by: str = "time") -> list[str]:
    return sorted(id_ for batch in store.read(start, end, by=by) for id_ in batch.column("_id").to_pylist())


@pytest.fixture
def store(tmp_path: Path) -> EventStore:
    return EventStore(tmp_path / "events")


def test_a_batch_is_added_once(store: EventStore, tmp_path: Path) -> None:
    store.add([stored(1), stored(1, 1)], 1)
    store.add([stored(1), stored(1, 1), stored(2)], 2)
    store.add([stored(1)], 1)
    assert (ids(store), store.last_batch) == (["1-0", "1-1", "2-0"], 2)
    again = EventStore(tmp_path / "events")
    assert again.last_batch == 2
    again.add([stored(2), stored(4)], 4)
    assert (ids(again), again.last_batch) == (["1-0", "1-1", "2-0", "4-0"], 4)


def test_what_is_added_is_synced(store: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: set[Path] = set()
    monkeypatch.setattr("besra.storage.event_store._sync_path", synced.add)
    before = {path for path in (tmp_path / "events").rglob("*") if path.is_file()}
    store.add([stored(1), stored(1, 1, index="logs/b c%"), stored(1, 2, time=None)], 1)
    new = {path for path in (tmp_path / "events").rglob("*") if path.is_file()} - before
    assert len(new) == 4
    assert synced >= new | {path.parent for path in new}


def test_batches_without_events_count(store: EventStore) -> None:
    store.add([], 7)
    assert (ids(store), store.last_batch) == ([], 7)


def test_ranges_of_time_are_closed(store: EventStore) -> None:
    store.add([stored(1, n, time=NOW + n * SECOND) for n in range(5)], 1)
    assert ids(store, NOW + SECOND, NOW + 3 * SECOND) == ["1-1", "1-2", "1-3"]
    assert ids(store, NOW, NOW + 1, by="ingested") == [f"1-{n}" for n in range(5)]


def test_batches_up_to_one_are_left_out_unread(store: EventStore, tmp_path: Path) -> None:
    store.add([stored(1), stored(1, 1)], 1)
    for file in (tmp_path / "events").rglob("*.parquet"):
        file.unlink()  # whoever looks into it fails
    store.add([stored(2), stored(3)], 3)
    found = [rows.column("batch").to_pylist() for rows in store.read(0, 2 * NOW, after=1)]
    assert [batch for batches in found for batch in batches] == [2, 3]
    found = [rows.column("batch").to_pylist() for rows in store.read(0, 2 * NOW, by="ingested", is_kept=True, after=2)]
    assert [batch for batches in found for batch in batches] == [3]
    assert not any(map(len, store.read(0, 2 * NOW, after=3)))


def test_days_and_streams_are_folders(store: EventStore, tmp_path: Path) -> None:
    store.add([stored(1), stored(1, 1, time=None), stored(1, 2, time=NOW + 86_400 * SECOND, index="logs/b c")], 1)
    days = {day for path in (tmp_path / "events").glob("day=*") for day in [path.name]}
    assert days == {"day=2025-03-01", "day=2025-03-02", f"day={NO_DAY}"}
    assert len(DeltaTable(tmp_path / "events").file_uris()) == 3


def test_a_scan_reads_its_files(store: EventStore, tmp_path: Path) -> None:
    store.add([stored(1), stored(2)], 2)
    files = DeltaTable(tmp_path / "events").file_uris()
    events = [item for item in read_events(files) if isinstance(item, Event)]
    assert sorted(event.id for event in events) == ["1-0", "2-0"]
    assert {event.source["n"] for event in events} == {"1.0", "2.0"}
    assert {event.index[0] for event in events} == {"logs-a-default"}


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("")
    with pytest.raises(EventStoreError):
        EventStore(tmp_path / "events")


def test_a_failed_write_leaves_the_store_as_it_was(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add([stored(1)], 1)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("besra.storage.event_store.write_deltalake", full)
        with pytest.raises(EventStoreError, match="No space left"):
            store.add([stored(2)], 2)
    assert (ids(store), store.last_batch) == (["1-0"], 1)
    store.add([stored(2)], 2)
    assert ids(store) == ["1-0", "2-0"]


def test_what_could_not_be_synced_is_synced_by_the_next_try(
    store: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: Path) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("besra.storage.event_store._sync_path", failing)
        with pytest.raises(EventStoreError, match="Input/output"):
            store.add([stored(1)], 1)
    synced: set[Path] = set()
    monkeypatch.setattr("besra.storage.event_store._sync_path", synced.add)
    store.add([stored(1)], 1)
    assert {path.suffix for path in synced if path.is_file()} == {".json", ".parquet"}
    assert ids(store) == ["1-0"]


def test_it_goes_on_after_its_log_was_cleaned_up(store: EventStore, tmp_path: Path) -> None:
    store.add([stored(1)], 1)
    reader = EventReader(tmp_path / "events")
    with reader.snapshot() as snapshot:
        assert len(snapshot.files) == 1
    log = tmp_path / "events" / "_delta_log"
    upkeep = EventUpkeep(tmp_path / "events")
    orphan = tmp_path / "events" / "day=2025-03-01" / "orphan.parquet"
    for _ in range(2):
        orphan.write_bytes(b"")  # what there is to remove makes versions of the table
        for path in (orphan, *log.iterdir()):
            os.utime(path, (0, 0))
        upkeep.clean()
    assert min(int(entry.stem) for entry in log.glob("*.json")) > 2  # the store knows the first version only
    store.add([stored(2)], 2)
    assert (ids(store), EventStore(tmp_path / "events").last_batch) == (["1-0", "2-0"], 2)
    with reader.snapshot() as snapshot:
        assert len(snapshot.files) == 2


def test_a_store_of_before_gets_its_properties(tmp_path: Path) -> None:
    DeltaTable.create(tmp_path / "old", SCHEMA, partition_by=PARTITIONS)
    EventStore(tmp_path / "old")
    assert DeltaTable(tmp_path / "old").metadata().configuration == PROPERTIES


def test_rows_say_when_and_in_what_order(store: EventStore, tmp_path: Path) -> None:
    store.add([stored(1, time=NOW + 5), stored(1, 1, time=NOW)], 1)
    (path,) = DeltaTable(tmp_path / "events").file_uris()
    rows = pq.ParquetFile(path).read().to_pylist()
    assert [(row["batch"], row["place"]) for row in rows] == [(1, 1), (1, 0)] or [row["place"] for row in rows] == [
        0,
        1,
    ]


@pytest.mark.parametrize(
    ("time", "day"), [(None, NO_DAY), (NOW, "2025-03-01"), (0, "1970-01-01"), (-1, "1969-12-31"), (1 << 80, NO_DAY)]
)
def test_days(time: int | None, day: str) -> None:
    assert day_of(time) == day
