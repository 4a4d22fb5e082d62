"""Decisions of ARCHITECTURE.md that no test of a single module holds: each seen through the public functions."""

import json
from pathlib import Path
from typing import Any

from tests.unit.rules.samples import rule_of

import besra

NOW = 1_750_000_000_000_000_000


def rules_of(folder: Path, **changes: Any) -> besra.RuleSet:
    """A set of one rule, `process where process.name == "cmd.exe"` with some fields changed."""
    path = folder / "rule.ndjson"
    path.write_text(json.dumps(rule_of("eql", **changes)), "utf-8")
    return besra.load_rules(path)


def event_of(second: int, **fields: Any) -> dict[str, Any]:
    """A process event at that second, with `_id` to tell it by."""
    at = f"2026-03-17T09:42:{second:02d}Z"
    document = {"@timestamp": at, "event.category": "process", "process.name": "cmd.exe", "host.id": "h"}
    return {"_id": f"e{second}", "_index": "logs-made-up", "_source": {**document, **fields}}


def event_ids(alerts: list[dict[str, Any]]) -> list[str]:
    return [alert["besra"]["events"][0]["id"] for alert in alerts]


def test_rules_that_are_switched_off_run(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, enabled=False)
    assert len(besra.detect(rules, [event_of(1)])) == 1


def test_a_rule_without_index_patterns_reads_everything(tmp_path: Path) -> None:
    bare = {"@timestamp": "2026-03-17T09:42:01Z", "event.category": "process", "process.name": "cmd.exe"}
    assert len(besra.detect(rules_of(tmp_path, index=...), [bare])) == 1
    assert besra.detect(rules_of(tmp_path), [bare]) == []


def test_event_sequence_orders_events_of_one_instant(tmp_path: Path) -> None:
    query = "sequence [process where process.pid == 1] [process where process.pid == 2]"
    first = event_of(1, **{"process.pid": 1, "event.sequence": 10})
    second = {**event_of(1, **{"process.pid": 2, "event.sequence": 11}), "_id": "later"}
    rules = rules_of(tmp_path, query=query)
    for documents in ([first, second], [second, first]):
        shells = [alert for alert in besra.detect(rules, documents) if "sequence" in alert["besra"]]
        assert [[event["id"] for event in shell["besra"]["events"]] for shell in shells] == [["e1", "later"]]


def test_the_first_matches_become_alerts_and_tell_the_total(tmp_path: Path) -> None:
    alerts = besra.detect(rules_of(tmp_path, max_signals=2), [event_of(second) for second in (5, 4, 3, 2, 1)])
    assert event_ids(alerts) == ["e1", "e2"]
    assert {alert["besra"]["total_matches"] for alert in alerts} == {5}


def test_alert_ids_follow_from_rule_and_event_alone(tmp_path: Path) -> None:
    rules, other = rules_of(tmp_path), event_of(9, **{"process.name": "other.exe"})
    (once,) = besra.detect(rules, [event_of(1)], now=NOW)
    (again,) = besra.detect(rules, [other, event_of(1)], now=NOW + 1)
    (saved,) = besra.detect(rules_of(tmp_path, id="an id of a server"), [event_of(1)], now=NOW)
    assert once["kibana.alert.uuid"] == again["kibana.alert.uuid"]
    assert once["kibana.alert.rule.uuid"] == rule_of("eql")["rule_id"]
    assert saved["kibana.alert.rule.uuid"] == "an id of a server"
    assert saved["kibana.alert.uuid"] != once["kibana.alert.uuid"]


def test_the_reason_prints_ports(tmp_path: Path) -> None:
    event = event_of(1, **{"destination.ip": "192.0.2.7", "destination.port": 443})
    (alert,) = besra.detect(rules_of(tmp_path), [event])
    assert "destination 192.0.2.7:443" in alert["kibana.alert.reason"]


def test_between_gives_null_where_nothing_is_found() -> None:
    assert besra.evaluate('between("a", "<", ">")', {}) is None
    assert besra.evaluate('between("a<b", "<", ">")', {}) is None


def test_patterns_on_results_are_in_the_dialect_of_the_host() -> None:
    event = {"process": {"name": "cmd.exe"}}
    assert besra.evaluate('concat(process.name, "!") regex "(?:cmd|net)\\\\.exe!"', event) is True
    assert besra.evaluate('process.name regex "(?:cmd|net)\\\\.exe"', event) is False
