"""Rules that change while the service runs take over, look through their windows at once, and lose nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.simulation import MINUTE, START, Process, World, document, rule_text, rules_of

import besra
from besra.api import runnable
from besra.detection.detect import Job
from besra.errors import BesraError
from besra.service.rule_watch import RuleWatch, Source
from besra.service.runs import Runs

A = 'process where process.name == "a"'
B = 'process where process.name == "b"'
PAIR = 'sequence by host.name with maxspan=30m [process where process.name == "a"] [process where process.name == "b"]'


@dataclass
class Watched:
    """A service whose rules are watched."""

    folder: Path
    process: Process
    watch: RuleWatch
    told: list[str] = field(default_factory=list)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    def look(self) -> bool:
        """Look often enough to see a change and that it has settled."""
        return any([self.watch.step(), self.watch.step()])

    def names(self) -> list[str]:
        """The rules of the alerts there are."""
        return sorted(alert["kibana.alert.rule.name"] for alert in self.process.found().values())


@contextmanager
def watched(tmp_path: Path, *texts: str) -> Iterator[Watched]:
    folder = tmp_path / "rules"
    world = World(tmp_path / "data", rules_of(folder, *texts), is_live=True)

    def load() -> Job:
        return Job(runnable(besra.load_rules(folder)), now=world.now)

    with world.up() as process:
        told: list[str] = []
        watch = RuleWatch(Source([str(folder)], [], load), process.duty, lambda: world.now, told.append)
        yield Watched(folder, process, watch, told)


def event(name: str, at: int, host: str = "h") -> dict[str, object]:
    return document(at, **{"process.name": name, "host.name": host})


def test_a_new_rule_looks_through_its_window_at_once(tmp_path: Path) -> None:
    with watched(tmp_path, rule_text("a", A)) as service:
        service.process.passes(MINUTE, arriving=[(START, event("a", START)), (START, event("b", START))])
        assert not service.look()
        service.write("new.toml", rule_text("b", B))
        assert service.look()
        service.process.passes(0)
        assert service.names() == ["a", "b"]
        assert service.told == ["2 rules running, read anew"]


def test_a_rule_that_changes_looks_again_and_an_unchanged_one_does_not(tmp_path: Path) -> None:
    with watched(tmp_path, rule_text("a", A), rule_text("b", B)) as service:
        service.process.passes(2 * MINUTE, arriving=[(START, event("a", START)), (START, event("c", START))])
        runs = len(service.process.stores.alerts.runs("b"))
        service.write("0.toml", rule_text("a", 'process where process.name == "c"'))
        assert service.look()
        service.process.passes(0)
        assert service.names() == ["a", "a"]
        assert len(service.process.stores.alerts.runs("b")) == runs


def test_a_sequence_goes_on_across_a_change_of_other_rules(tmp_path: Path) -> None:
    with watched(tmp_path, rule_text("pair", PAIR)) as service:
        service.process.passes(MINUTE, arriving=[(START, event("a", START))])
        service.write("new.toml", rule_text("b", B))
        assert service.look()
        # It arrives before the new rules have taken over.
        service.process.arrive([event("b", START + MINUTE)])
        service.process.passes(MINUTE)
        assert service.names().count("pair") == 3


def test_a_rule_that_goes_runs_no_more_and_its_absence_is_no_gap(tmp_path: Path) -> None:
    with watched(tmp_path, rule_text("a", A), rule_text("b", B)) as service:
        world = service.process.world
        service.process.passes(MINUTE)
        (service.folder / "0.toml").rename(service.folder / "0.away")
        assert service.look()
        service.process.passes(MINUTE, arriving=[(world.now, event("a", world.now))])
        assert service.names() == []
        world.now += 600 * MINUTE
        (service.folder / "0.away").rename(service.folder / "0.toml")
        assert service.look()
        service.process.passes(MINUTE, arriving=[(world.now, event("a", world.now))])
        assert service.names() == ["a"]
        assert [gap.rule_uuid for gap in service.process.stores.alerts.gaps()] == ["b"]


def test_one_broken_rule_stops_no_other_and_a_folder_that_goes_leaves_all(tmp_path: Path) -> None:
    with watched(tmp_path, rule_text("a", A), rule_text("b", B)) as service:
        world = service.process.world
        service.process.passes(0)
        service.write("0.toml", "[rule")
        assert service.look()
        service.process.passes(MINUTE, arriving=[(world.now, event(name, world.now)) for name in ("a", "b")])
        assert service.names() == ["b"]
        service.folder.rename(tmp_path / "elsewhere")
        assert not service.look()
        assert "the rules stay as they are" in service.told[-1]
        service.process.passes(MINUTE, arriving=[(world.now, event("b", world.now))])
        assert service.names() == ["b", "b"]


def test_rules_that_changed_while_the_service_was_down_look_through_their_windows(tmp_path: Path) -> None:
    with watched(tmp_path, rule_text("a", A)) as service:
        service.process.passes(MINUTE, arriving=[(START, event("a", START)), (START, event("b", START))])
    rules = rules_of(tmp_path / "rules", rule_text("a", 'process where process.name in ("a", "b")'))
    world = World(tmp_path / "data", rules, is_live=True, now=START + 2 * MINUTE)
    with world.up() as process:
        process.passes(0)
        assert len(process.found()) == 2


def test_a_change_is_tried_again_when_a_store_was_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(tmp_path, rule_text("a", A)) as service:
        service.process.passes(0)
        service.write("new.toml", rule_text("b", B))
        with monkeypatch.context() as patched:
            patched.setattr(service.process.duty, "change", away)
            assert not service.look()
        assert "the rules stay as they are: away" in service.told[-1]
        assert service.look()
        service.process.passes(MINUTE, arriving=[(START, event("b", START))])
        assert service.names() == ["b"]


def test_a_change_that_fails_half_way_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(tmp_path, rule_text("a", A)) as service:
        service.process.arrive([event("a", START)])
        while service.process.duty.pump.step():
            pass
        # The event is not in the store yet: rules that take over are told of it when they do.
        service.write("new.toml", rule_text("pair", PAIR))
        assert service.look()
        with monkeypatch.context() as patched:
            patched.setattr(Runs, "begin", away)
            with pytest.raises(BesraError, match="away"):
                service.process.duty.pump.step()
        assert service.look()
        service.process.passes(MINUTE, arriving=[(START, event("b", START))])
        assert service.names() == ["a", "pair", "pair", "pair"]
        # Told of an event twice, it would have two rows.
        assert service.process.duty.pump.kept.rows == 3
        assert not service.look()


def test_a_rule_is_switched_off_when_its_last_run_is_over(tmp_path: Path) -> None:
    with watched(tmp_path, rule_text("a", A), rule_text("b", B)) as service:
        service.process.passes(MINUTE)
        (service.folder / "0.toml").unlink()
        assert service.look()
        progress = service.process.stores.alerts.progress
        assert {how_far.enabled for how_far in progress().values()} == {True}
        service.process.world.now += 5 * MINUTE
        service.process.passes(0)
        assert {name: how_far.enabled for name, how_far in progress().items()} == {"a": False, "b": True}


def away(_: object) -> None:
    raise BesraError("away")
