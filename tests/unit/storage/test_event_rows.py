"""Reading the event store: all that was acknowledged and nothing twice, only the files that can matter."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.unit.storage.test_event_store import NOW, SECOND, stored

from besra.storage.event_rows import EventReader, LiveFile, RowQuery, Span
from besra.storage.event_store import EventStore, EventStoreError, StoredEvent
from besra.storage.event_upkeep import EventUpkeep
from besra.storage.journal import Journal, JournalError, Record

MICRO = 1000


@pytest.fixture
def store(tmp_path: Path) -> EventStore:
    return EventStore(tmp_path / "events")


@pytest.fixture
def reader(tmp_path: Path, store: EventStore) -> EventReader:
    return EventReader(tmp_path / "events", tmp_path)


@pytest.fixture
def opened(reader: EventReader, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The streams of files that are opened."""
    found: list[str] = []
    open_file = EventReader.open

    def counting(self: EventReader, file: LiveFile) -> pq.ParquetFile:
        found.append(file.stream)
        return open_file(self, file)

    monkeypatch.setattr(EventReader, "open", counting)
    yield found


def ids(reader: EventReader, query: RowQuery = RowQuery()) -> list[str]:  # noqa: B008  a frozen value
    with reader.snapshot() as snapshot:
        return [event.id for lot in snapshot.lots(query) for event in lot.events(range(lot.size))]


def record(event: StoredEvent) -> Record:
    return Record(event.source, event.index, event.id, event.time)


def test_what_is_not_stored_yet_is_read_from_the_journal_and_nothing_twice(
    tmp_path: Path, store: EventStore, reader: EventReader
) -> None:
    journal = Journal(tmp_path)
    for number in (1, 2, 3):
        journal.submit([record(stored(number))], NOW).result()
    assert sorted(ids(reader)) == ["1-0", "2-0", "3-0"]
    store.add([stored(1), stored(2)], 2)
    assert sorted(ids(reader)) == ["1-0", "2-0", "3-0"]
    journal.trim(2)
    with reader.snapshot() as snapshot:
        # What is stored and trimmed while it is read does not matter to it.
        store.add([stored(3)], 3)
        journal.trim(3)
        assert sorted(event.id for lot in snapshot.lots(RowQuery()) for event in lot.events(range(lot.size))) == [
            "1-0",
            "2-0",
            "3-0",
        ]
    assert sorted(ids(reader)) == ["1-0", "2-0", "3-0"]
    journal.close()


def test_a_journal_that_cannot_be_read(tmp_path: Path, reader: EventReader) -> None:
    (tmp_path / "journal.sqlite").write_text("no database, however long one looks at it")
    with pytest.raises(JournalError):
        reader.snapshot()


def test_a_file_that_is_gone_is_an_error(tmp_path: Path, store: EventStore, reader: EventReader) -> None:
    store.add([stored(1)], 1)
    for path in (tmp_path / "events").rglob("*.parquet"):
        path.unlink()
    with pytest.raises(EventStoreError):
        ids(reader)


def test_only_files_of_the_indices_asked_for_are_opened(
    store: EventStore, reader: EventReader, opened: list[str]
) -> None:
    store.add([stored(1, n)._replace(index=(f"logs-{name}-default",)) for n, name in enumerate("abc")], 1)
    assert ids(reader, RowQuery(("logs-b-*", "logs-c*", "-logs-c-*"))) == ["1-1"]
    # The others, once, for the names their events answer to besides.
    assert opened.count("logs-b-default") == 1
    opened.clear()
    assert ids(reader, RowQuery(("logs-b-default",))) == ["1-1"]
    assert opened == ["logs-b-default"]


def test_events_are_found_by_each_of_their_names(store: EventStore, reader: EventReader) -> None:
    store.add([stored(1), stored(1, 1, index="metrics-x")], 1)  # both answer to winlogbeat-x
    assert sorted(ids(reader, RowQuery(("winlogbeat-*",)))) == ["1-0", "1-1"]
    with reader.snapshot() as snapshot:
        assert [snapshot.has_index(name) for name in ("winlogbeat-x", "logs-a-default", "logs-a")] == [
            True,
            True,
            False,
        ]
        assert {name: rows for name, (rows, _) in snapshot.sizes(("*",)).items()} == {
            "logs-a-default": 1,
            "metrics-x": 1,
        }


def test_only_files_of_the_times_asked_for_are_opened(
    store: EventStore, reader: EventReader, opened: list[str]
) -> None:
    for number in range(1, 5):
        store.add([stored(number, time=NOW + number * SECOND)], number)
    assert ids(reader, RowQuery(start=NOW + 2 * SECOND, end=NOW + 3 * SECOND)) == ["3-0", "2-0"]
    assert len(opened) == 2
    assert ids(reader, RowQuery(start=NOW + 2 * SECOND, newest_first=False)) == ["2-0", "3-0", "4-0"]


def test_a_time_that_may_be_meant_is_not_passed_over(store: EventStore, reader: EventReader) -> None:
    time = NOW + 123_456_789  # of which the log of the table holds milliseconds
    store.add([stored(1, time=time), stored(2, time=None)], 2)
    assert sorted(ids(reader, RowQuery(start=time, end=time))) == ["1-0", "2-0"]
    assert ids(reader, RowQuery(start=time + MICRO)) == ["2-0"]
    assert ids(reader, RowQuery(end=time - MICRO)) == ["2-0"]


def test_row_groups_are_passed_over(store: EventStore, reader: EventReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("besra.storage.event_upkeep.ROWS_TOGETHER", 2)
    for number in range(1, 4):
        store.add([stored(number, n, time=NOW + (2 * number + n) * SECOND) for n in range(2)], number)
    upkeep = EventUpkeep(Path(reader._place))
    upkeep.compact(upkeep.parts()[0])
    asked: list[Span] = []

    def skips(span: Span) -> bool:
        asked.append(span)
        return span.last is not None and span.last < (NOW + 6 * SECOND) // MICRO

    with reader.snapshot() as snapshot:
        (lot,) = snapshot.lots(RowQuery(), skips)
        assert [event.id for event in lot.events(range(lot.size))] == ["3-0", "3-1"]
    assert len(asked) == 4


def test_ids(store: EventStore, reader: EventReader) -> None:
    store.add([stored(1, n) for n in range(5)], 1)
    assert sorted(ids(reader, RowQuery(ids=frozenset({"1-1", "1-4", "none"})))) == ["1-1", "1-4"]


def test_a_store_by_its_address(tmp_path: Path, store: EventStore) -> None:
    store.add([stored(1), stored(1, 1, index="odd/ %2F'ü")], 1)
    assert sorted(ids(EventReader((tmp_path / "events").as_uri()))) == ["1-0", "1-1"]
