"""Rules of one id in two spaces run each by itself: with its own exceptions, buckets, groups, progress and gaps."""

from pathlib import Path
from typing import Any

import pytest
from tests.exceptions import container, excepted, item, match
from tests.simulation import MINUTE, SECOND, START, World, document, rule_text, rules_of
from tests.spaced import by_space, scanned, spaced

import besra
from besra.detection.rule_copy import rule_uuid
from besra.events.document import Fields
from besra.storage.gap_log import GapStatus
from besra.storage.space_alerts import SpaceAlerts

REFERENCE = '[{id = "x", list_id = "known-tools", type = "detection", namespace_type = "single"}]'
EACH = 'process where process.name == "evil"'
PAIR = 'sequence by host.name with maxspan=4m [process where process.name == "evil"] [process where true]'
MANY = '{field = ["host.name"], value = 3}'
QUIET = '{group_by = ["host.name"], duration = {value = 30, unit = "m"}, missing_fields_strategy = "suppress"}'
RULES = (
    rule_text("each", EACH, exceptions_list=REFERENCE),
    rule_text("pair", PAIR, exceptions_list=REFERENCE),
    rule_text("many", "*", type="threshold", language="kuery", threshold=MANY, exceptions_list=REFERENCE),
    rule_text("quiet", "*", type="query", language="kuery", alert_suppression=QUIET, exceptions_list=REFERENCE),
)
ALERTED = '[".alerts-security.alerts-*"]'


def silencing(rules: besra.RuleSet, host: str) -> besra.RuleSet:
    """The rules where nothing of a host counts."""
    return excepted(rules, container(), item(match("host.name", host))).rules


def event(number: int) -> tuple[int, dict[str, object]]:
    at = START + number * 35 * SECOND
    return at, document(at, **{"process.name": "evil" if number % 3 else "good", "host.name": f"h{number % 3}"})


@pytest.mark.parametrize("is_live", [True, False])
def test_each_space_has_what_a_scan_of_its_rules_finds(tmp_path: Path, is_live: bool) -> None:
    rules = rules_of(tmp_path / "rules", *RULES)
    sets = {"default": silencing(rules, "h1"), "soc": silencing(rules, "h2")}
    world = World(tmp_path / "data", spaced(**sets), is_live=is_live)
    arriving = [event(number) for number in range(60)]
    for start in range(0, 60, 20):  # the process dies in between
        with world.up() as process:
            process.passes(20 * 35 * SECOND, arriving=arriving[start : start + 20])
    with world.up() as process:
        process.passes(12 * MINUTE)
        found = by_space(process.found())
        for space, of_space in sets.items():
            expected = scanned(of_space, space, world.arrived, world.now)
            assert found[space].keys() == expected.keys()
            counted = {id_: _counted(alert) for id_, alert in expected.items()}
            assert {id_: _counted(alert) for id_, alert in found[space].items()} == counted
            assert any(counts != (None, None) for counts in counted.values())
        assert found["default"].keys().isdisjoint(found["soc"])
        assert {space: _hosts(alerts) for space, alerts in found.items()} == {
            "default": {"h0", "h2"},
            "soc": {"h0", "h1"},
        }


def _hosts(alerts: dict[str, dict[str, Any]]) -> set[str]:
    return {str(name) for alert in alerts.values() for name in Fields(alert).scalars("host.name")}


def _counted(alert: dict[str, object]) -> tuple[object, object]:
    result = alert.get("kibana.alert.threshold_result")
    return alert.get("kibana.alert.suppression.docs_count"), result["count"] if isinstance(result, dict) else None


def test_progress_runs_and_gaps_are_those_of_a_space(tmp_path: Path) -> None:
    rules = rules_of(tmp_path / "rules", rule_text("each", EACH))
    both, alone = spaced(default=rules, soc=rules), spaced(default=rules)
    world = World(tmp_path / "data", both, is_live=False)
    with world.up() as process:
        process.passes(6 * MINUTE)
    world.rules = alone  # what is not there misses nothing
    with world.up() as process:
        process.passes(MINUTE)
    down = world.now
    world.now += 180 * MINUTE
    with world.up() as process:
        process.passes(0)
        own, other = (SpaceAlerts(process.stores.alerts, space) for space in ("default", "soc"))
        assert [(gap.space, gap.rule_uuid) for gap in own.gaps()] == [("default", "each")]
        assert other.gaps() == ()
        assert {run.rule_uuid for run in own.runs()} == {"each"}
        assert {run.space for run in other.runs()} == {"soc"}
        assert not {run.id for run in own.runs()} & {run.id for run in other.runs()}
    world.rules = both
    with world.up() as process:
        at = down + 30 * MINUTE
        process.arrive([document(at, **{"process.name": "evil", "host.name": "h"})])
        process.passes(12 * MINUTE)
        assert not process.found()
        assert process.duty.filler.step() == 1
        assert by_space(process.found()).keys() == {"default"}
        own, other = (SpaceAlerts(process.stores.alerts, space) for space in ("default", "soc"))
        assert [gap.status for gap in own.gaps()] == [GapStatus.FILLED]
        (soc,) = (rule_uuid(rule) for rule, _ in process.duty.job.rules if rule.space == "soc")
        other.ask_runs([soc], own.gaps()[0].time, world.now)
        assert process.duty.filler.step() == 1
        found = by_space(process.found())
        assert found["soc"].keys() == scanned(rules, "soc", world.arrived, world.now).keys()
        assert (len(other.gaps()), len(own.gaps())) == (1, 1)


def test_rules_over_alerts_read_those_of_their_own_space(tmp_path: Path) -> None:
    each = rules_of(tmp_path / "each", rule_text("each", EACH))
    text = rule_text("over", 'any where kibana.alert.rule.name == "each"').replace('["logs-*"]', ALERTED)
    over = rules_of(tmp_path / "over", text)
    world = World(tmp_path / "data", spaced(default=each, soc=over))
    with world.up() as process:
        process.passes(MINUTE, arriving=[event(1)])
        assert by_space(process.found()).keys() == {"default"}
    world.rules = spaced(default=each, soc=rules_of(tmp_path / "both", rule_text("each", EACH), text), lab=over)
    with world.up() as process:
        process.passes(6 * MINUTE, arriving=[event(2)])
        found = by_space(process.found())
        names = {
            space: {alert["kibana.alert.rule.name"] for alert in alerts.values()} for space, alerts in found.items()
        }
        assert names == {"default": {"each"}, "soc": {"each", "over"}}
        read = [alert for alert in found["soc"].values() if alert["kibana.alert.rule.name"] == "over"]
        assert {
            one["index"] for alert in read for one in alert["kibana.alert.ancestors"] if one["type"] == "signal"
        } == {".alerts-security.alerts-soc"}
    with world.up() as process:  # alerts that are recalled are read by those of their space, too
        process.passes(6 * MINUTE)
        assert by_space(process.found()).keys() == {"default", "soc"}
