"""Upkeep of the event store: nothing is lost, whoever adds, reads or dies meanwhile."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from deltalake import DeltaTable
from tests.unit.storage.test_event_store import NOW, SECOND, ids, stored

from besra.storage.event_rows import EventReader, RowQuery
from besra.storage.event_store import NO_DAY, EventStore, EventStoreError
from besra.storage.event_upkeep import HOURS, EventUpkeep, Part, Sizes

DAY = 86_400 * SECOND
ODD = 'it\'s/a "b" %2F ü'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "events"


@pytest.fixture
def store(place: Path) -> EventStore:
    return EventStore(place)


def part_of(upkeep: EventUpkeep, stream: str = "logs-a-default") -> Part:
    return next(part for part in upkeep.parts() if part.stream == stream and part.day == "2025-03-01")


def test_small_files_are_joined(store: EventStore, place: Path) -> None:
    for number in range(1, 6):
        store.add([stored(number), stored(number, 1, index=ODD)], number)
    upkeep = EventUpkeep(place)
    told = [(part.stream, part.files, part.small, part.rows) for part in upkeep.parts()]
    assert told == [(ODD, 5, 5, 5), ("logs-a-default", 5, 5, 5)]
    for part in upkeep.parts():
        upkeep.compact(part)
    assert [part.files for part in upkeep.parts()] == [1, 1]
    assert ids(store) == sorted(f"{number}-{place}" for number in range(1, 6) for place in (0, 1))
    store.add([stored(6)], 6)
    assert (len(ids(store)), store.last_batch, EventStore(place).last_batch) == (11, 6, 6)


def test_what_rules_kept_stays_apart(store: EventStore, place: Path) -> None:
    for number in range(1, 4):
        store.add([stored(number)._replace(rules=(7,)), stored(number, 1)._replace(rules=())], number)
    upkeep = EventUpkeep(place)
    assert [(part.kept, part.files) for part in upkeep.parts()] == [(False, 3), (True, 3)]
    for part in upkeep.parts():
        upkeep.compact(part)
    assert [(part.kept, part.files) for part in upkeep.parts()] == [(False, 1), (True, 1)]
    kept = [rows for rows in store.read(0, 2 * NOW, is_kept=True) if len(rows)]
    assert [rows.column("rules").to_pylist() for rows in kept] == [[[7]] * 3]
    assert upkeep.drop(upkeep.parts()[0]) == 3
    assert ids(store) == ["1-0", "2-0", "3-0"]


def test_what_joins_files_is_synced(store: EventStore, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 4):
        store.add([stored(number)], number)
    upkeep = EventUpkeep(place)
    synced: set[Path] = set()
    monkeypatch.setattr("besra.storage.event_store._sync_path", synced.add)
    before = {path for path in place.rglob("*") if path.is_file()}
    upkeep.compact(part_of(upkeep))
    new = {path for path in place.rglob("*") if path.is_file()} - before
    assert len(new) == 2
    assert synced >= new | {path.parent for path in new}


def test_parts_are_let_go_of(store: EventStore, place: Path) -> None:
    store.add([stored(1), stored(1, 1, time=NOW + DAY), stored(1, 2, index=ODD), stored(1, 3, time=None)], 1)
    upkeep = EventUpkeep(place)
    first = part_of(upkeep)
    assert upkeep.drop(part_of(upkeep, ODD)) == 1
    assert ids(store) == ["1-0", "1-1"]
    assert (upkeep.drop(first), upkeep.drop(first)) == (1, 0)
    assert (ids(store), store.last_batch) == (["1-1"], 1)
    assert upkeep.sizes() == Sizes(2, upkeep.sizes().bytes, 2)


def test_what_arrives_after_a_part_was_looked_at_stays(store: EventStore, place: Path) -> None:
    # The log of the table says .123 of what arrived at .123456789.
    store.add([stored(1)._replace(ingested=NOW + 123_456_789), stored(1, 1)], 1)
    upkeep = EventUpkeep(place)
    part = part_of(upkeep)
    store.add([stored(2)._replace(ingested=NOW + DAY)], 2)
    assert upkeep.drop(part) == 2
    assert ids(store) == ["2-0"]


def test_events_without_a_time_go_by_their_arrival(store: EventStore, place: Path) -> None:
    store.add([stored(1, time=None), stored(2, time=None)._replace(ingested=NOW + SECOND)], 2)
    upkeep = EventUpkeep(place)
    assert upkeep.drop_untimed(NOW + SECOND) == 1
    assert [(part.day, part.rows) for part in upkeep.parts()] == [(NO_DAY, 1)]


def test_batches_before_a_time(store: EventStore, place: Path) -> None:
    upkeep = EventUpkeep(place)
    assert upkeep.last_batch_before(NOW) == 0
    for number in (1, 2, 3):
        store.add([stored(number)._replace(ingested=NOW + number * SECOND + 123_456_789)], number)
    found = [upkeep.last_batch_before(NOW + number * SECOND) for number in range(6)]
    assert found == [0, 0, 1, 2, 3, 3]
    # The log of the table says .123 of what arrived at .123456789.
    assert upkeep.last_batch_before(NOW + SECOND + 123_456_000) == 0


def test_a_reader_of_what_was_is_not_disturbed(store: EventStore, place: Path) -> None:
    for number in range(1, 4):
        store.add([stored(number)], number)
    upkeep = EventUpkeep(place)
    with EventReader(place).snapshot() as snapshot:
        upkeep.compact(part_of(upkeep))
        upkeep.drop(part_of(upkeep))
        assert upkeep.clean() == 0
        found = [event.id for lot in snapshot.lots(RowQuery()) for event in lot.events(range(lot.size))]
    assert sorted(found) == ["1-0", "2-0", "3-0"]
    with EventReader(place).snapshot() as snapshot:
        assert list(snapshot.lots(RowQuery())) == []


def test_files_go_from_disk_in_the_end(store: EventStore, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 4):
        store.add([stored(number)], number)
    (orphan := place / "day=2025-03-01" / "orphan.parquet").write_bytes(b"what a process that died has written")
    os.utime(orphan, (0, 0))
    upkeep = EventUpkeep(place)
    upkeep.compact(part_of(upkeep))
    assert upkeep.clean() == 1
    assert not orphan.exists()
    assert len(list(place.rglob("*.parquet"))) == 5  # one of them a checkpoint of the log
    assert HOURS >= 24
    monkeypatch.setattr("besra.storage.event_upkeep.HOURS", 0)
    assert upkeep.clean() == 3
    assert ids(store) == ["1-0", "2-0", "3-0"]


def test_what_fails_is_an_error_of_the_store(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upkeep = EventUpkeep(place)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(DeltaTable, "vacuum", full)
        with pytest.raises(EventStoreError, match="No space left"):
            upkeep.clean()
    assert upkeep.clean() == 0


def test_adding_goes_on_while_files_are_joined_and_dropped(store: EventStore, place: Path) -> None:
    upkeep, stop, failures = EventUpkeep(place), threading.Event(), []

    def look_after() -> None:
        while not stop.is_set():
            try:
                for part in upkeep.parts():
                    (upkeep.compact if part.day == "2025-03-01" else upkeep.drop)(part)
                upkeep.clean()
            except EventStoreError as error:  # tried again
                failures.append(error)

    thread = threading.Thread(target=look_after)
    thread.start()
    for number in range(1, 60):
        store.add([stored(number), stored(number, 1, time=NOW + DAY)], number)
    stop.set()
    thread.join()
    assert [id_ for id_ in ids(store) if id_.endswith("-0")] == sorted(f"{number}-0" for number in range(1, 60))
    assert (store.last_batch, len(failures) < 20) == (59, True)


DYING = """
import sys, threading
from pathlib import Path
from tests.unit.storage.test_event_store import stored
from besra.storage.event_store import EventStore
from besra.storage.event_upkeep import EventUpkeep
place = Path(sys.argv[1])
store, upkeep = EventStore(place), EventUpkeep(place)
def look_after():
    while True:
        for part in upkeep.parts():
            upkeep.compact(part)
        upkeep.clean()
threading.Thread(target=look_after, daemon=True).start()
number = store.last_batch
while True:
    number += 1
    store.add([stored(number)], number)
    print(number, flush=True)
"""


def test_a_process_that_is_killed_while_it_joins_files_loses_nothing(place: Path) -> None:
    added = 0
    for round_ in range(3):
        command = [sys.executable, "-c", DYING, str(place)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
        assert process.stdout
        for _ in range(10):
            added = int(process.stdout.readline())
        time.sleep(0.01 * round_)
        process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0].split()
        added = int(rest[-1]) if rest else added
        found = ids(EventStore(place))
        last = EventStore(place).last_batch
        assert added <= last <= added + 1
        assert found == sorted(f"{number}-0" for number in range(1, last + 1))
    assert DeltaTable(str(place)).version() > added


def test_duckdb_reads_the_live_files(store: EventStore, place: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    for number in range(1, 4):
        store.add([stored(number), stored(number, 1, index=ODD)], number)
    upkeep = EventUpkeep(place)
    upkeep.compact(part_of(upkeep))
    store.add([stored(4)], 4)
    files = DeltaTable(str(place)).file_uris()
    live = "read_parquet(?, hive_partitioning = true)"
    asked = f"SELECT stream, count(*), min(time)::VARCHAR FROM {live} GROUP BY 1 ORDER BY 1"
    found = duckdb.connect().execute(asked, [files]).fetchall()
    assert [row[:2] for row in found] == [(ODD, 3), ("logs-a-default", 4)]
    assert found[0][2].startswith("2025-03-01 10:00:00")
    rows = DeltaTable(str(place)).to_pyarrow_dataset()
    assert duckdb.connect().execute("SELECT count(*) FROM rows WHERE day = '2025-03-01'").fetchall() == [(7,)]
    assert rows.count_rows() == 7
