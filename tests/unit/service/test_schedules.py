"""Schedules on a simulated clock: windows, overlaps, outages, delays, sequences (detection-engine.md 2, 12)."""

from pathlib import Path

import pytest
from tests.simulation import MINUTE, SECOND, START, World, document, rule_text, rules_of

from besra.detection.schedule import Gap
from besra.errors import BesraError
from besra.service import detector
from besra.storage.gap_log import GapStatus
from besra.storage.run_log import RunStatus

EACH = 'process where process.name == "evil"'
A, B = ('[process where process.name == "a"]', '[process where process.name == "b"]')
PAIR = f"sequence by host.name with maxspan={{span}} {A} {B}"
HOUR = 60 * MINUTE


def world_of(folder: Path, *texts: str, is_live: bool = False) -> World:
    return World(folder / "data", rules_of(folder / "rules", *texts), is_live=is_live)


def evil(at: int, number: int = 0) -> dict[str, object]:
    return document(at, **{"process.name": "evil", "host.name": f"h{number}"})


@pytest.mark.parametrize("is_live", [False, True])
def test_overlapping_runs_find_every_event_once(tmp_path: Path, is_live: bool) -> None:
    world = world_of(tmp_path, rule_text("each", EACH), is_live=is_live)
    arriving = [(START + n * 40 * SECOND, evil(START + n * 40 * SECOND, n)) for n in range(60)]
    with world.up() as process:
        process.passes(HOUR, arriving=arriving)
        assert process.found().keys() == world.scanned()
        assert len(process.found()) == 60
        runs = process.stores.alerts.runs()
        assert sum(run.new_alerts for run in runs) == 60
        scheduled = [run for run in runs if run.kind == "scheduled"]
        assert len(scheduled) == 13
        # A window of nine minutes every five sees most events twice, and what it made live once more.
        assert sum(run.known_alerts for run in scheduled) > 30
        assert {run.status for run in runs} == {RunStatus.SUCCEEDED}


@pytest.mark.parametrize(
    ("start", "minutes", "catch_up", "gap"),
    [
        ("now-6m", 5, 0, 0),
        ("now-6m", 7, 1, 0),
        ("now-6m", 14, 2, 0),
        ("now-6m", 26, 4, 0),
        ("now-6m", 30, 4, 4),
        ("now-9m", 10, 1, 0),
        ("now-9m", 29, 4, 0),
        ("now-9m", 60, 4, 31),
        ("now-9m", 3 * 1440, 4, 3 * 1440 - 29),
    ],
)
def test_a_late_run_makes_up_for_four_windows_and_tells_the_rest(
    tmp_path: Path, start: str, minutes: int, catch_up: int, gap: int
) -> None:
    world = world_of(tmp_path, rule_text("each", EACH, start=start))
    with world.up() as process:
        process.passes(0)
    world.now += minutes * MINUTE
    with world.up() as process:
        process.passes(0)
        late = process.stores.alerts.runs()[0]
        assert late.metrics["windows"] == 1 + catch_up
        gaps = process.stores.alerts.gaps()
        assert [one.time.length // MINUTE for one in gaps] == ([gap] if gap else [])
        if gap:
            assert late.status is RunStatus.FAILED
            assert [problem.code for problem in late.problems] == ["execution-gap"]
            assert gaps[0].time.start == START


@pytest.mark.parametrize("minutes", [1, 7, 29, 45, 180, 3 * 1440])
def test_an_outage_loses_nothing(tmp_path: Path, minutes: int) -> None:
    """What happened meanwhile is sent when the service is back, some of it late."""
    world = world_of(tmp_path, rule_text("each", EACH), rule_text("pair", PAIR.format(span="4m")), is_live=True)
    with world.up() as process:
        process.passes(10 * MINUTE, arriving=[(START, evil(START))])
    down = world.now
    times = [down + n * minutes * MINUTE // 20 for n in range(20)]
    world.now += minutes * MINUTE
    sent = [(world.now + n * 10 * SECOND, evil(at, n)) for n, at in enumerate(times)]
    sent += [(world.now + SECOND, document(times[3], **{"process.name": "a", "host.name": "h"}))]
    sent += [(world.now + 30 * SECOND, document(times[3] + MINUTE, **{"process.name": "b", "host.name": "h"}))]
    with world.up() as process:
        process.passes(10 * MINUTE, arriving=sent)
        assert process.found().keys() == world.scanned()
        assert len(process.found()) == 21 + 3


def test_schedules_alone_miss_what_the_gap_held_until_it_is_filled(tmp_path: Path) -> None:
    world = world_of(tmp_path, rule_text("each", EACH))
    with world.up() as process:
        process.passes(10 * MINUTE)
    times = [world.now + n * 10 * MINUTE for n in range(1, 18)]
    world.now += 180 * MINUTE
    with world.up() as process:
        process.arrive(evil(at, n) for n, at in enumerate(times))
        process.passes(2 * MINUTE)
        assert process.found().keys() < world.scanned()
        assert process.duty.filler.step() == 0, "who sends events is given some time"
        process.passes(10 * MINUTE)
        assert process.duty.filler.step() == 1
        assert process.found().keys() == world.scanned()
        assert [gap.status for gap in process.stores.alerts.gaps()] == [GapStatus.FILLED]
        filled = [run for run in process.stores.alerts.runs() if run.kind == "manual" and run.new_alerts]
        assert filled
        alert = next(
            alert for alert in process.found().values() if alert["kibana.alert.rule.execution.type"] == "manual"
        )
        assert alert["kibana.alert.intended_timestamp"] < alert["@timestamp"]


def test_runs_somebody_asks_for_find_what_came_too_late(tmp_path: Path) -> None:
    """An event that arrives behind its window is seen by no scheduled run of a rule that goes by `@timestamp`."""
    world = world_of(tmp_path, rule_text("each", EACH))
    with world.up() as process:
        process.passes(2 * HOUR, arriving=[(START + HOUR, evil(START + MINUTE))])
        assert not process.found()
        process.stores.alerts.ask_runs(["each"], Gap(START, START + 30 * MINUTE), world.now)
    with world.up() as process:
        assert process.duty.filler.step() == 1
        assert process.found().keys() == world.scanned()
        assert len(process.found()) == 1
        assert process.duty.filler.step() == 0


def test_an_event_that_comes_late_is_seen_by_the_time_of_its_ingest_where_the_rule_says_so(tmp_path: Path) -> None:
    late = rule_text("late", EACH, timestamp_override='"event.ingested"')
    world = world_of(tmp_path, late, rule_text("prompt", EACH))
    with world.up() as process:
        process.passes(2 * HOUR, arriving=[(START + HOUR, evil(START + MINUTE))])
        assert [alert["kibana.alert.rule.rule_id"] for alert in process.found().values()] == ["late"]


def test_live_runs_see_an_event_however_late_it_comes(tmp_path: Path) -> None:
    world = world_of(tmp_path, rule_text("prompt", EACH), is_live=True)
    with world.up() as process:
        process.passes(2 * HOUR, arriving=[(START + HOUR, evil(START + MINUTE))])
        assert process.found().keys() == world.scanned()


@pytest.mark.parametrize("is_live", [False, True])
@pytest.mark.parametrize("apart", [1, 4, 6, 9, 19])
def test_sequences_are_found_across_the_borders_of_runs(tmp_path: Path, is_live: bool, apart: int) -> None:
    """Elastic finds them only where one window sees all of it: never if they are longer (detection-engine.md 2.10)."""
    rule = rule_text("pair", PAIR.format(span="20m"), start="now-6m")
    world = world_of(tmp_path, rule, is_live=is_live)
    arriving = []
    for number in range(12):
        first = START + number * 3 * MINUTE
        for name, at in (("a", first), ("b", first + apart * MINUTE)):
            arriving.append((at, document(at, **{"process.name": name, "host.name": f"h{number}"})))
    with world.up() as process:
        process.passes(HOUR, arriving=arriving)
    with world.up() as process:
        process.passes(HOUR)
        assert process.found().keys() == world.scanned()
        assert len(process.found()) == 12 * 3


@pytest.mark.parametrize("is_live", [False, True])
def test_what_must_be_missing_is_waited_for(tmp_path: Path, is_live: bool) -> None:
    """Elastic decides when the window ends, and so fires although the event still comes in time."""
    query = f"sequence by host.name with maxspan=10m {A} !{B}"
    world = world_of(tmp_path, rule_text("missing", query), is_live=is_live)
    arriving = [(START, document(START, **{"process.name": "a", "host.name": host})) for host in ("alone", "paired")]
    at = START + 9 * MINUTE
    arriving.append((at, document(at, **{"process.name": "b", "host.name": "paired"})))
    with world.up() as process:
        process.passes(11 * MINUTE, arriving=arriving)
        assert not process.found()
        process.passes(6 * MINUTE)
        assert process.found().keys() == world.scanned()
        hosts = {alert["host.name"] for alert in process.found().values()}
        assert hosts == {"alone"}


def test_a_run_that_failed_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elastic does not search its window again."""
    world = world_of(tmp_path, rule_text("each", EACH), rule_text("other", EACH, start="now-6m"))
    with world.up() as process:
        process.passes(5 * MINUTE)
        original = detector.execute

        def broken(rule, *arguments, **named):  # type: ignore[no-untyped-def]
            if rule.rule_id == "each":
                raise ValueError("broken")
            return original(rule, *arguments, **named)

        monkeypatch.setattr(detector, "execute", broken)
        at = world.now + MINUTE
        process.passes(10 * MINUTE, arriving=[(at, evil(at))])
        assert [alert["kibana.alert.rule.rule_id"] for alert in process.found().values()] == ["other"]
        failed = [run for run in process.stores.alerts.runs() if run.status is RunStatus.FAILED]
        assert {run.rule_id for run in failed} == {"each"}
        assert failed[0].problems[0].code == "rule-run-failed"
        monkeypatch.undo()
        process.passes(10 * MINUTE)
        assert process.found().keys() == world.scanned()


@pytest.mark.parametrize("jump", [-3 * HOUR, -30 * SECOND, 3 * HOUR])
def test_clocks_that_are_set_stop_no_rule(tmp_path: Path, jump: int) -> None:
    world = world_of(tmp_path, rule_text("each", EACH))
    with world.up() as process:
        process.passes(12 * MINUTE)
        world.now += jump
        at = world.now + 10 * SECOND
        process.passes(12 * MINUTE, arriving=[(at, evil(at))])
        assert process.found().keys() == world.scanned()
        assert len(process.found()) == 1


def test_only_what_a_run_is_about_counts_towards_its_limit(tmp_path: Path) -> None:
    """In Elastic alerts that are known take up places, and a burst may starve new ones."""
    world = world_of(tmp_path, rule_text("few", EACH, max_signals="3"), is_live=True)
    times = [START + n * MINUTE for n in range(9)]
    with world.up() as process:
        process.passes(10 * MINUTE, arriving=[(at, evil(at, n)) for n, at in enumerate(times)])
        assert len(process.found()) == 9


def test_more_than_the_limit_is_told(tmp_path: Path) -> None:
    world = world_of(tmp_path, rule_text("few", EACH, max_signals="3"))
    with world.up() as process:
        process.passes(5 * MINUTE, arriving=[(START + MINUTE, evil(START + n, n)) for n in range(9)])
        run = process.stores.alerts.runs()[0]
        assert (run.new_alerts, run.status) == (3, RunStatus.WARNING)
        assert [problem.code for problem in run.problems] == ["max-alerts-reached"]
        assert run.metrics["total_matches"] == 9


def test_a_gap_somebody_asks_for_is_filled_at_once_and_however_old_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of(tmp_path, rule_text("each", EACH))
    with world.up() as process:
        process.passes(10 * MINUTE)
    at = world.now + 90 * MINUTE
    world.now += 3 * HOUR
    with world.up() as process:
        process.arrive([evil(at, 1)])
        process.passes(MINUTE)
    world.now += 20 * 24 * HOUR
    with world.up() as process:
        store, filler = process.stores.alerts, process.duty.filler
        old = store.gaps()[0]
        assert filler.step() == 0, "nobody asked for what is very old"
        store.mark_gaps([old.id], GapStatus.WANTED)

        def away(*_: object) -> None:
            raise BesraError("away")

        with monkeypatch.context() as patched:
            patched.setattr(filler._alerts, "commit", away)
            with pytest.raises(BesraError):
                filler.step()
        assert store.gaps(statuses=[GapStatus.IN_PROGRESS])
        assert filler.step() == 1, "it is still asked for"
        assert next(gap for gap in store.gaps() if gap.id == old.id).status is GapStatus.FILLED
        assert len(process.found()) == 1


def test_a_gap_is_filled_although_a_store_was_away_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(tmp_path, rule_text("each", EACH))
    with world.up() as process:
        process.passes(0)
    world.now += 3 * HOUR
    with world.up() as process:
        process.passes(10 * MINUTE)

        def away(*_: object) -> None:
            raise BesraError("away")

        with monkeypatch.context() as patched:
            patched.setattr(process.duty.filler._alerts, "commit", away)
            with pytest.raises(BesraError):
                process.duty.filler.step()
        assert process.duty.filler.step() == 1
        assert [gap.status for gap in process.stores.alerts.gaps()] == [GapStatus.FILLED]
