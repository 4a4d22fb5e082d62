"""What detection remembers is made anew from what rules kept, and from everything only where a rule is new."""

import errno
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.simulation import MINUTE, START, World, document, rule_text, rules_of

from besra.api import runnable
from besra.detection.detect import Job
from besra.errors import BesraError
from besra.service.detector import Arrival, Detector, Marks
from besra.service.kept_events import TOGETHER
from besra.storage.event_store import EventStore

HOUR = 60 * MINUTE
PAIR = 'sequence by host.name with maxspan=3h [process where process.name == "a"] [process where process.name == "b"]'


def event(name: str, at: int, host: str = "h") -> dict[str, object]:
    return document(at, **{"process.name": name, "host.name": host})


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events detectors were given at a time."""
    sizes: list[int] = []
    original = Detector.take

    def take(
        self: Detector, arrivals: Sequence[Arrival], only: Collection[int] | None = None, *, as_of: int | None = None
    ) -> Marks:
        sizes.append(len(arrivals))
        return original(self, arrivals, only, as_of=as_of)

    monkeypatch.setattr(Detector, "take", take)
    return sizes


def test_a_restart_reads_what_rules_kept_and_nothing_else(tmp_path: Path, taken: list[int]) -> None:
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", rule_text("pair", PAIR)), is_live=True)
    with world.up() as process:
        # Long enough that all its events count were evaluated by the rule.
        process.passes(5 * HOUR, step=10 * MINUTE)
        at = world.now
        process.arrive([event("a", at), *(event(f"other {n}", at, f"h{n}") for n in range(200))])
        process.passes(10 * MINUTE)
        process.duty.pump.storing.finish()
    taken.clear()
    with world.up() as process:
        assert sum(taken) == 1
        process.arrive([event("b", world.now)])
        process.passes(0)
        assert len(process.found()) == 3
        assert process.found().keys() == world.scanned()


def test_a_rule_that_is_new_reads_everything_it_looks_back_on(tmp_path: Path, taken: list[int]) -> None:
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", rule_text("pair", PAIR)), is_live=True)
    with world.up() as process:
        process.passes(5 * HOUR, step=10 * MINUTE)
        process.arrive([event("a", world.now), event("c", world.now), event("d", world.now)])
        process.passes(MINUTE)
        process.duty.pump.storing.finish()
    taken.clear()
    new = rule_text("new", 'process where process.name == "c"')
    world.rules = rules_of(tmp_path / "rules", rule_text("pair", PAIR), new)
    with world.up() as process:
        assert sum(taken) == 1 + 3
        process.arrive([event("b", world.now)])
        process.passes(0)
        names = [alert["kibana.alert.rule.name"] for alert in process.found().values()]
        assert sorted(names) == ["new", "pair", "pair", "pair"]


def test_an_event_that_is_stored_before_a_rule_sees_it_is_read_again(tmp_path: Path) -> None:
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", rule_text("pair", PAIR)), is_live=True)
    with world.up() as process:
        process.passes(5 * HOUR, step=10 * MINUTE)
        process.arrive([event("a", world.now), event("b", world.now + 1)])
        # The store does not wait for the rules.
        process.duty.pump.storing.finish()
        rows = [row for batch in process.stores.events.read(0, 2 * START) for row in batch.to_pylist()]
        assert [(row["kept"], row["rules"]) for row in rows] == [(True, None)] * 2
    with world.up() as process:
        process.passes(0)
        assert len(process.found()) == 3
    with world.up() as process:
        process.passes(2 * HOUR, step=10 * MINUTE)
        assert process.found().keys() == world.scanned()


def test_events_that_cannot_be_read_back_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", rule_text("pair", PAIR)), is_live=True)
    with world.up() as process:
        process.arrive([event("a", world.now, f"h{n}") for n in range(TOGETHER)])
        process.passes(0)
        before = process.stores.alerts.position
        process.arrive([event("b", world.now, "h1")])

        def broken(*_: object) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

        with monkeypatch.context() as patched:
            patched.setattr("besra.service.kept_events.read_at", broken)
            with pytest.raises(BesraError, match="Input/output error"):
                process.duty.pump.step()
        assert (process.found(), process.stores.alerts.position) == ({}, before)
        process.passes(0)
        assert len(process.found()) == 3
        assert process.found().keys() == world.scanned()


def test_a_change_of_rules_reads_no_stored_event_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair, new = rule_text("pair", PAIR), rule_text("new", 'process where process.name == "c"')
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", pair), is_live=True)
    with world.up() as process:
        for _ in range(3):
            process.arrive([event("a", world.now)])
            process.passes(MINUTE)
            process.duty.pump.storing.finish()
        process.duty.change(Job(runnable(rules_of(tmp_path / "rules", pair, new)), now=world.now))
        read: list[int] = []
        original = EventStore.read

        def reads(self: EventStore, *asked: Any, **more: Any) -> Iterator[Any]:
            for rows in original(self, *asked, **more):
                read.append(len(rows))
                yield rows

        monkeypatch.setattr(EventStore, "read", reads)
        process.passes(0)
        assert sum(read) == 0
        process.arrive([event("b", world.now), event("c", world.now)])
        process.passes(0)
        names = {alert["kibana.alert.rule.name"] for alert in process.found().values()}
        assert names == {"new", "pair"}
