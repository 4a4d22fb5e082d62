"""Maintenance: what is due, and that it is done whatever fails beside it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.storage.samples import NOW as ALERTED
from tests.unit.storage.samples import alert, run
from tests.unit.storage.test_event_store import NOW, SECOND, ids, stored

from besra.detection.suppression_group import Group
from besra.service.maintenance import CLEAN_EVERY, FORGET_EVERY, KEEP_ALL, LONG, MANY, Due, Keep, Maintenance, due
from besra.storage.alert_store import AlertStore
from besra.storage.event_store import DAY, NO_DAY, EventStore, EventStoreError, day_of
from besra.storage.event_upkeep import EventUpkeep, Part
from besra.storage.journal import Journal, Record, Verdict
from besra.storage.outcome import Outcome
from besra.storage.workflow import Author, Status

BASE = Part(day_of(NOW), "logs", True, 1, 0, 1000, 10, NOW, NOW)


def part(days: int, arrived: int | None = None, **changed: int) -> Part:
    """A part of so many days ago, the last event of which arrived so many days ago."""
    at = NOW - (days if arrived is None else arrived) * DAY
    return replace(BASE, day=day_of(NOW - days * DAY), first_ingested=at, last_ingested=at, **changed)


def test_nothing_is_due_by_itself() -> None:
    assert due([part(n) for n in range(1000)], KEEP_ALL, NOW) == Due()


def test_what_is_older_than_wanted_goes_and_what_has_just_arrived_stays() -> None:
    parts = [part(31), part(29), part(900, arrived=2), part(31, arrived=0)]
    assert due(parts, Keep(days=30), NOW).drops == (parts[0],)
    untimed = replace(part(31), day=NO_DAY)
    assert due([untimed], Keep(days=30), NOW) == Due((), NOW - 30 * DAY)
    assert due([untimed], Keep(days=40), NOW) == Due()


def test_beyond_a_size_what_arrived_first_goes() -> None:
    parts = [part(3), part(2), part(400, arrived=1), part(0)]
    assert due(parts, Keep(bytes=4000), NOW).drops == ()
    assert due(parts, Keep(bytes=2500), NOW).drops == (parts[0], parts[1])
    # What arrived within a day is never too much.
    assert due([part(0), part(0)], Keep(bytes=1), NOW).drops == ()


@given(
    st.lists(st.builds(part, st.integers(0, 60), st.integers(0, 60), small=st.integers(0, 20)), max_size=20),
    st.none() | st.integers(1, 60),
    st.none() | st.integers(0, 20_000),
)
def test_dropping_is_enough_and_no_more(parts: list[Part], days: int | None, size: int | None) -> None:
    found = due(parts, Keep(days, size), NOW)
    assert not set(found.drops) & set(found.joins)
    left = [one for one in parts if one not in found.drops]
    if size is not None:
        assert sum(one.bytes for one in left) <= size or all(one.last_ingested > NOW - DAY for one in left)
    assert due(left, Keep(days, size), NOW).drops == ()


def test_many_small_files_are_joined_and_few_later() -> None:
    many, few, old, single = part(0, small=MANY), part(0, small=MANY - 1), part(1, small=2), part(1, small=1)
    assert due([many, few, old, single], KEEP_ALL, NOW).joins == (many, old)
    assert LONG < DAY


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[AlertStore]:
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        yield store


def test_a_look_does_what_is_due(tmp_path: Path, alerts: AlertStore) -> None:
    Journal(tmp_path).close()
    store = EventStore(tmp_path / "events")
    for number in range(1, MANY + 1):
        store.add([stored(number), stored(number, 1, time=NOW - 40 * DAY)], number)
    maintenance = Maintenance(lambda: EventUpkeep(tmp_path / "events"), alerts, tmp_path, Keep(days=30))
    assert maintenance.look(NOW + 60 * SECOND) == []
    told = maintenance.told
    assert (told.joined, told.dropped, told.failures, told.done_at) == (2, 0, 0, NOW + 60 * SECOND)
    assert (told.sizes.rows, told.sizes.files) == (2 * MANY, 2)
    assert maintenance.look(NOW + 32 * DAY) == []
    assert (told.dropped, told.sizes.rows, ids(store)) == (2 * MANY, 0, [])


def test_what_fails_is_tried_again_and_stops_nothing(tmp_path: Path, alerts: AlertStore) -> None:
    Journal(tmp_path).close()
    opened: list[int] = []

    def open_store() -> EventUpkeep:
        opened.append(1)
        if len(opened) < 4:
            raise EventStoreError("the disk is full")
        return EventUpkeep(tmp_path / "events")

    maintenance = Maintenance(open_store, alerts, tmp_path, KEEP_ALL)
    assert len(maintenance.look(NOW)) == 3
    assert (maintenance.told.failures, maintenance.told.done_at) == (3, 0)
    assert len(maintenance.look(NOW)) <= 1
    assert maintenance.look(NOW + CLEAN_EVERY) == []


def test_a_clock_that_is_set_back_stops_nothing(
    tmp_path: Path, alerts: AlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Journal(tmp_path).close()
    maintenance = Maintenance(lambda: EventUpkeep(tmp_path / "events"), alerts, tmp_path, KEEP_ALL)
    assert maintenance.look(NOW + 365 * DAY) == []
    done: list[str] = []
    monkeypatch.setattr(EventUpkeep, "clean", lambda _: done.append("clean") or 0)
    monkeypatch.setattr("besra.service.maintenance.forget_ids", lambda *_: done.append("forget"))
    for now in (NOW, NOW + FORGET_EVERY, NOW + CLEAN_EVERY, NOW + CLEAN_EVERY + 1):
        assert maintenance.look(now) == []
    assert done == ["forget", "forget", "clean"]


def test_alerts_and_groups_go_when_no_run_finds_them_again(tmp_path: Path, alerts: AlertStore) -> None:
    """A closed alert that is removed while its rule still looks back on its events would come back as a new one."""
    Journal(tmp_path).close()
    group = Group("i1", (), ALERTED, ALERTED, 0, "a1")
    alerts.commit(
        Outcome(run(1), [alert(1), alert(2)], groups=[group, replace(group, instance_id="i2", alert_id="a2")])
    )
    alerts.set_status(["a1"], Author("ana", ALERTED), Status.CLOSED)
    keep = Keep(alert_days=1, run_days=7)
    maintenance = Maintenance(lambda: EventUpkeep(tmp_path / "events"), alerts, tmp_path, keep)

    def left(days: int) -> tuple[set[str], set[str]]:
        assert maintenance.look(ALERTED + days * DAY) == []
        return {*alerts.alerts(["a1", "a2"])}, {name for name in ("i1", "i2") if alerts.group(name)}

    maintenance.looks_back = lambda: 31 * DAY
    assert left(30) == ({"a1", "a2"}, {"i2"})
    maintenance.looks_back = lambda: 2 * DAY
    assert left(31) == ({"a2"}, {"i2"})
    assert left(96) == ({"a2"}, {"i2"})
    assert left(98) == ({"a2"}, set())


def test_ids_are_forgotten_after_a_week(tmp_path: Path, alerts: AlertStore) -> None:
    journal = Journal(tmp_path)
    store = EventStore(tmp_path / "events")
    for number, received in ((1, NOW), (2, NOW + 8 * DAY)):
        journal.submit([Record(b"{}", ("i",), f"{number}", is_create=True)], received).result()
        store.add([stored(number)._replace(ingested=received)], number)
    Maintenance(lambda: EventUpkeep(tmp_path / "events"), alerts, tmp_path, KEEP_ALL).look(NOW + 8 * DAY)
    again = [Record(b"{}", ("i",), f"{number}", is_create=True) for number in (1, 2)]
    assert journal.submit(again, NOW).result().verdicts == (Verdict.CREATED, Verdict.CONFLICT)
    journal.close()


def test_it_runs_until_it_is_told_to_stop(tmp_path: Path, alerts: AlertStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("besra.service.maintenance.LOOK_EVERY", 0.001)
    said: list[str] = []
    stop = threading.Event()

    def open_store() -> EventUpkeep:
        raise EventStoreError("gone")

    def tell(line: str) -> None:
        said.append(line)
        stop.set()

    Maintenance(open_store, alerts, tmp_path, KEEP_ALL).run(stop, lambda: NOW, tell)
    assert said[0] == "error: maintenance: gone; it will be tried again"
