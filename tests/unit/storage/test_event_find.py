"""Finding and counting over the whole store: as over the same documents in memory, one by one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.storage.test_event_store import NOW, SECOND

from besra.language.expr import Equals, FieldRef
from besra.language.simplify import TRUE
from besra.schema.fieldtype import FieldType
from besra.schema.timestamp import format_timestamp
from besra.storage.event_find import Finder, Stretch
from besra.storage.event_prevalence import Asked, Prevalence, prevalence
from besra.storage.event_rows import EventReader
from besra.storage.event_search import Deadline, SearchStoppedError
from besra.storage.event_store import EventStore, StoredEvent
from besra.storage.journal import Journal, Record

SOON = Deadline.after(600)
Document = dict[str, Any]


def event(batch: int, place: int, document: Document, time: int | None, index: str = "logs-a-default") -> StoredEvent:
    source = orjson.dumps({"@timestamp": None if time is None else format_timestamp(time), **document})
    return StoredEvent(batch, place, (index,), f"{batch}-{place}", source, time, NOW)


def of_host(name: str) -> Equals:
    return Equals(FieldRef("host.name", FieldType.KEYWORD), frozenset({name}))


@pytest.fixture
def reader(tmp_path: Path) -> EventReader:
    """Four events in the store, one of them twice, and one in the journal."""
    hosts = [{"host": {"name": name}, "user": {"name": "u"}} for name in ("a", "b", "a", "a")]
    times = [NOW, NOW, NOW + 10 * SECOND, None]
    events = [event(1, place, document, time) for place, (document, time) in enumerate(zip(hosts, times, strict=True))]
    store = EventStore(tmp_path / "events")
    store.add(events, 1)
    store.add([events[0]._replace(batch=2)], 2)
    journal = Journal(tmp_path)
    for last in range(3):
        told = event(last + 1, 9, {"host.name": "a", "n": last}, NOW + SECOND)
        journal.submit([Record(told.source, told.index, told.id, told.time)], NOW).result()
    journal.close()
    return EventReader(tmp_path / "events", tmp_path)


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        (lambda snapshot: Finder(snapshot, SOON)(TRUE), ["1-0", "1-1", "1-2", "1-3", "3-9"]),
        (lambda snapshot: Finder(snapshot, SOON)(of_host("a")), ["1-0", "1-2", "1-3", "3-9"]),
        (lambda snapshot: Finder(snapshot, SOON, Stretch(NOW + 1, NOW + 5 * SECOND))(of_host("a")), ["3-9"]),
        (lambda snapshot: Finder(snapshot, SOON, Stretch(end=NOW))(TRUE), ["1-0", "1-1"]),
        (lambda snapshot: Finder(snapshot, SOON, index=("logs-b*",))(TRUE), []),
        (lambda snapshot: Finder(snapshot, SOON, ids=frozenset({"1-1", "3-9", "x"}))(TRUE), ["1-1", "3-9"]),
    ],
)
def test_events_are_found_once(reader: EventReader, find: Callable[..., Any], expected: list[str]) -> None:
    with reader.snapshot() as snapshot:
        assert sorted(event.id for event in find(snapshot)) == expected


def test_a_search_that_takes_too_long_says_so(reader: EventReader) -> None:
    with reader.snapshot() as snapshot, pytest.raises(SearchStoppedError):
        list(Finder(snapshot, Deadline.after(-1))(TRUE))
    with reader.snapshot() as snapshot, pytest.raises(SearchStoppedError, match="more than 1 events"):
        list(Finder(snapshot, SOON, most=1)(TRUE))
    with reader.snapshot() as snapshot:
        assert not prevalence(snapshot, [], Stretch(), Deadline.after(-1)).is_whole


def plain(documents: list[Document], asked: list[Asked]) -> list[tuple[int, set[str], set[str]]]:
    """The spread of each value and of all events, by looking at each document for each."""

    def texts(document: Document, name: str) -> set[str]:
        held = document
        for part in name.split("."):
            held = held.get(part, {}) if isinstance(held, dict) else {}
        values = held if isinstance(held, list) else [held]
        return {str(value) for value in values if value != {}}

    def spread(chosen: list[Document]) -> tuple[int, set[str], set[str]]:
        names = [{text for document in chosen for text in texts(document, f"{of}.name")} for of in ("host", "user")]
        return len(chosen), names[0], names[1]

    of_values = [[document for document in documents if one.value in texts(document, one.field)] for one in asked]
    return [spread(chosen) for chosen in [*of_values, documents]]


def told(found: Prevalence) -> list[tuple[int, set[str], set[str]]]:
    return [(one.events, one.hosts, one.users) for one in [*found.values, found.all]]


VALUE = st.sampled_from(["a", "b", "\n", "é", 1, 7])
NAMED = st.fixed_dictionaries({}, optional={"name": VALUE | st.lists(VALUE, max_size=3)})
DOCUMENT = st.fixed_dictionaries({}, optional={"host": NAMED, "user": NAMED, "process": NAMED})


@settings(max_examples=25, deadline=None)
@given(documents=st.lists(DOCUMENT, max_size=12), bounds=st.tuples(st.integers(0, 12), st.integers(0, 12)))
def test_prevalence_is_that_of_looking_at_each_document(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Document], bounds: tuple[int, int]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    asked = [Asked("process.name", "a"), Asked("process.name", "1"), Asked("host.name", "b"), Asked("none", "a")]
    events = [event(1, place, document, NOW + place * SECOND) for place, document in enumerate(documents)]
    store = EventStore(folder / "events")
    if events:
        store.add(events, 1)
    first, last = sorted(bounds)
    with EventReader(folder / "events").snapshot() as snapshot:
        found = prevalence(snapshot, asked, Stretch(NOW + first * SECOND, NOW + last * SECOND), SOON)
        assert prevalence(snapshot, asked, Stretch(), SOON, ("logs-b-*",)).all.events == 0
    assert found.is_whole
    assert told(found) == plain(documents[first : last + 1], asked)
