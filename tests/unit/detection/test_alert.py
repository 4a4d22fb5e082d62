"""Alert documents: detection-engine.md 3, and what besra adds."""

from typing import Any

import pytest
from tests.unit.detection.conftest import MakeRules

from besra import api
from besra.detection.alert_id import Ancestor, single_id
from besra.schema.timestamp import parse_timestamp
from besra.version import __version__

Json = dict[str, Any]
RULE_ID = "11111111-2222-4333-8444-555555555555"
NOW = parse_timestamp("2026-04-01T00:00:00Z")
INDEX = "logs-endpoint.events.process-default"

EVENT: Json = {
    "_id": "a1",
    "_index": INDEX,
    "_source": {
        "@timestamp": "2026-03-17T09:00:00.123Z",
        "event": {"category": ["process"], "type": ["start"], "kind": "event", "action": "start"},
        "data_stream": {"type": "logs", "dataset": "endpoint.events.process", "namespace": "default"},
        "process": {"name": "cmd.exe", "pid": 4},
        "host": {"name": "ws-17"},
    },
}
SEQUENCE = "sequence by process.pid with maxspan=1m [process where true] [network where true]"


def event(identity: str, second: int = 0, **source: Any) -> Json:
    changed = {**EVENT["_source"], "@timestamp": f"2026-03-17T09:00:{second:02}Z", **source}
    return {"_id": identity, "_index": INDEX, "_source": changed}


def network(identity: str, second: int, **source: Any) -> Json:
    return event(identity, second, event={"category": ["network"], "type": ["start"], "kind": "event"}, **source)


# --- one event --------------------------------------------------------------------------------------------------------


def test_fields_of_a_single_alert(make_rules: MakeRules) -> None:
    [alert] = api.detect(make_rules(), [EVENT], now=NOW)
    created = "2026-04-01T00:00:00.000Z"
    expected = {
        "@timestamp": created,
        "event.kind": "signal",
        "kibana.version": __version__,
        "kibana.space_ids": ["default"],
        "kibana.alert.uuid": single_id(Ancestor("a1", INDEX), RULE_ID, "default"),
        "kibana.alert.status": "active",
        "kibana.alert.workflow_status": "open",
        "kibana.alert.workflow_tags": [],
        "kibana.alert.workflow_assignee_ids": [],
        "kibana.alert.start": created,
        "kibana.alert.last_detected": created,
        "kibana.alert.intended_timestamp": created,
        "kibana.alert.original_time": "2026-03-17T09:00:00.123Z",
        "kibana.alert.original_event.kind": "event",
        "kibana.alert.original_event.action": "start",
        "kibana.alert.original_event.category": ["process"],
        "kibana.alert.original_data_stream.dataset": "endpoint.events.process",
        "kibana.alert.severity": "medium",
        "kibana.alert.risk_score": 47,
        "kibana.alert.depth": 1,
        "kibana.alert.ancestors": [{"id": "a1", "type": "event", "index": INDEX, "depth": 0}],
        "kibana.alert.reason": "process event with process cmd.exe, on ws-17 created medium alert"
        " Notepad starts a shell.",
        "kibana.alert.rule.uuid": RULE_ID,
        "kibana.alert.rule.rule_id": RULE_ID,
        "kibana.alert.rule.name": "Notepad starts a shell",
        "kibana.alert.rule.type": "eql",
        "kibana.alert.rule.category": "Event Correlation Rule",
        "kibana.alert.rule.rule_type_id": "siem.eqlRule",
        "kibana.alert.rule.consumer": "siem",
        "kibana.alert.rule.producer": "siem",
        "kibana.alert.rule.indices": ["logs-*"],
        "kibana.alert.rule.interval": "5m",
        "kibana.alert.rule.from": "now-6m",
        "kibana.alert.rule.max_signals": 100,
        "kibana.alert.rule.execution.type": "manual",
        "process": {"name": "cmd.exe", "pid": 4},
        "host": {"name": "ws-17"},
    }
    assert {name: alert.get(name) for name in expected} == expected
    assert alert["event"] == {"category": ["process"], "type": ["start"], "action": "start"}
    assert alert["kibana.alert.rule.parameters"]["query"].startswith("process where")
    absent = {"kibana.alert.building_block_type", "kibana.alert.group.id", "kibana.alert.group.index"}
    assert not absent & alert.keys()


def test_what_besra_adds(make_rules: MakeRules) -> None:
    [alert] = api.detect(make_rules(), [EVENT], now=NOW)
    [where] = alert["besra"]["events"]
    assert where["id"] == "a1"
    assert where["index"] == INDEX
    assert where["time"] == "2026-03-17T09:00:00.123Z"
    assert where["line"] == 1
    assert alert["besra"]["total_matches"] == 1
    assert "removed_fields" not in alert["besra"]


@pytest.mark.parametrize("form", ["nested", "dotted", "mixed"])
def test_event_kind_is_replaced_in_every_form(form: str, make_rules: MakeRules) -> None:
    base = {"@timestamp": "2026-03-17T09:00:00Z", "process.name": "cmd.exe"}
    forms: dict[str, Json] = {
        "nested": {"event": {"kind": "event", "category": "process"}},
        "dotted": {"event.kind": "event", "event.category": "process"},
        "mixed": {"event": {"category": "process"}, "event.kind": "event"},
    }
    [alert] = api.detect(make_rules(), [base | forms[form]], now=NOW, match_index=False)
    assert alert["event.kind"] == "signal"
    assert alert["kibana.alert.original_event.kind"] == "event"
    assert "kind" not in alert.get("event", {})
    assert alert["kibana.alert.reason"].startswith("process event with process cmd.exe")


def test_values_an_alert_cannot_hold_are_named(make_rules: MakeRules) -> None:
    odd = event("a1", process={"name": "cmd.exe", "pid": "four"}, source={"ip": "nowhere"})
    [alert] = api.detect(make_rules(), [odd], now=NOW)
    assert alert["process"] == {"name": "cmd.exe"}
    assert "source" not in alert
    assert alert["besra"]["removed_fields"] == ["process.pid", "source.ip"]


def test_an_event_without_a_time(make_rules: MakeRules) -> None:
    source = {key: value for key, value in EVENT["_source"].items() if key != "@timestamp"}
    [alert] = api.detect(make_rules(), [{**EVENT, "_source": source}], now=NOW)
    assert alert["@timestamp"] == "2026-04-01T00:00:00.000Z"
    assert "kibana.alert.original_time" not in alert
    assert "time" not in alert["besra"]["events"][0]


def test_building_block_rules(make_rules: MakeRules) -> None:
    [alert] = api.detect(make_rules({"building_block_type": "default"}), [EVENT], now=NOW)
    assert alert["kibana.alert.building_block_type"] == "default"
    assert alert["kibana.alert.rule.building_block_type"] == "default"


def test_the_input_is_not_changed(make_rules: MakeRules) -> None:
    before = repr(EVENT)
    [alert] = api.detect(make_rules(), [EVENT], now=NOW)
    alert["host"]["name"] = "changed"
    alert["besra"]["events"].clear()
    assert repr(EVENT) == before


def test_alerts_of_one_rule_can_be_changed_apart(make_rules: MakeRules) -> None:
    first, second = api.detect(make_rules(), [EVENT, {**EVENT, "_id": "another"}], now=NOW)
    before = repr(second)
    first["kibana.alert.rule.parameters"]["name"] = "changed"
    first["kibana.alert.rule.indices"].append("changed")
    first["kibana.space_ids"].append("changed")
    first["kibana.alert.rule.name"] = "changed"
    assert repr(second) == before


# --- sequences --------------------------------------------------------------------------------------------------------


def test_blocks_and_shell(make_rules: MakeRules) -> None:
    pair = [event("e1", 1), network("e2", 2, destination={"ip": "203.0.113.9"})]
    first, second, shell = api.detect(make_rules({"query": SEQUENCE}), pair, now=NOW)
    blocks = [first, second]
    group = shell["kibana.alert.uuid"]
    assert [block["kibana.alert.group.id"] for block in [*blocks, shell]] == [group] * 3
    assert [block["kibana.alert.group.index"] for block in blocks] == [0, 1]
    assert "kibana.alert.group.index" not in shell
    assert [block["kibana.alert.building_block_type"] for block in blocks] == ["default", "default"]
    assert "kibana.alert.building_block_type" not in shell
    assert [alert["kibana.alert.depth"] for alert in [*blocks, shell]] == [1, 1, 2]
    assert [a["id"] for a in shell["kibana.alert.ancestors"]] == [
        "e1",
        first["kibana.alert.uuid"],
        "e2",
        second["kibana.alert.uuid"],
    ]
    signals = [a for a in shell["kibana.alert.ancestors"] if a["type"] == "signal"]
    assert [(a["index"], a["depth"], a["rule"]) for a in signals] == [("", 1, RULE_ID)] * 2
    assert [block["kibana.alert.ancestors"][0]["id"] for block in blocks] == ["e1", "e2"]


def test_the_shell_holds_what_its_events_agree_on(make_rules: MakeRules) -> None:
    pair = [event("e1", 1), network("e2", 2, destination={"ip": "203.0.113.9"}, host={"name": "ws-18"})]
    *_, shell = api.detect(make_rules({"query": SEQUENCE}), pair, now=NOW)
    assert shell["process"] == {"name": "cmd.exe", "pid": 4}
    assert "host" not in shell
    assert "destination" not in shell
    assert shell["event"] == {"category": [], "type": ["start"]}
    assert shell["event.kind"] == "signal"
    assert shell["@timestamp"] == "2026-04-01T00:00:00.000Z"
    assert shell["kibana.alert.original_time"] == "2026-03-17T09:00:01.000Z"
    assert shell["kibana.alert.reason"] == "event with process cmd.exe, created medium alert Notepad starts a shell."
    assert not [name for name in shell if name.startswith("kibana.alert.original_event")]


def test_the_shell_tells_the_story_beside_it(make_rules: MakeRules) -> None:
    pair = [event("e1", 1), network("e2", 2, destination={"ip": "203.0.113.9", "port": 443})]
    *_, shell = api.detect(make_rules({"query": SEQUENCE}), pair, now=NOW)
    story = shell["besra"]
    assert [(step["step"], step["id"]) for step in story["sequence"]] == [(0, "e1"), (1, "e2")]
    assert story["sequence"][0]["fields"]["process.name"] == "cmd.exe"
    assert story["sequence"][1]["fields"]["destination.ip"] == "203.0.113.9"
    assert story["join_keys"] == {"process.pid": "4"}
    assert (story["start"], story["end"]) == ("2026-03-17T09:00:01.000Z", "2026-03-17T09:00:02.000Z")
    assert [where["id"] for where in story["events"]] == ["e1", "e2"]


def test_missing_events_have_no_block(make_rules: MakeRules) -> None:
    query = SEQUENCE.replace("[network", "![file where true] [network")
    alerts = api.detect(make_rules({"query": query}), [event("e1", 1), network("e2", 2)], now=NOW)
    assert len(alerts) == 3
    assert [step.get("missing", False) for step in alerts[2]["besra"]["sequence"]] == [False, True, False]


def test_a_building_block_sequence_rule(make_rules: MakeRules) -> None:
    rules = make_rules({"query": SEQUENCE, "building_block_type": "default"})
    alerts = api.detect(rules, [event("e1", 1), network("e2", 2)], now=NOW)
    assert [alert["kibana.alert.building_block_type"] for alert in alerts] == ["default"] * 3


def test_samples_are_groups_too(make_rules: MakeRules) -> None:
    rules = make_rules({"query": "sample by process.pid [process where true] [network where true]"})
    alerts = api.detect(rules, [network("e2", 1), event("e1", 2)], now=NOW)
    assert [alert.get("kibana.alert.group.index") for alert in alerts] == [0, 1, None]


# --- alerts of alerts -------------------------------------------------------------------------------------------------


def as_event(alert: Json, index: str = ".alerts-security.alerts-default") -> Json:
    return {"_id": alert["kibana.alert.uuid"], "_index": index, "_source": {**alert, "event.category": "process"}}


def test_an_alert_on_an_alert(make_rules: MakeRules) -> None:
    [first] = api.detect(make_rules(), [EVENT], now=NOW)
    other = make_rules(
        {"rule_id": "99999999-2222-4333-8444-555555555555", "query": "any where true", "index": [".alerts-*"]}
    )
    [second] = api.detect(other, [as_event(first)], now=NOW)
    assert second["kibana.alert.depth"] == 2
    own, parent = second["kibana.alert.ancestors"]
    assert own == {"id": "a1", "type": "event", "index": INDEX, "depth": 0}
    assert parent == {
        "id": first["kibana.alert.uuid"],
        "type": "signal",
        "index": ".alerts-security.alerts-default",
        "depth": 1,
        "rule": RULE_ID,
    }
    assert second["kibana.alert.original_event.kind"] == "signal"
    assert second["kibana.alert.rule.rule_id"] != first["kibana.alert.rule.rule_id"]


def exported(alert: Json) -> Json:
    """As the `fields` part of a search response: every value an array, objects taken apart."""
    fields = {name: value if isinstance(value, list) else [value] for name, value in alert.items()}
    ancestors = fields.pop("kibana.alert.ancestors")
    for name in ("id", "type", "index", "depth", "rule"):
        if values := [ancestor[name] for ancestor in ancestors if name in ancestor]:
            fields[f"kibana.alert.ancestors.{name}"] = values
    return {"_id": alert["kibana.alert.uuid"], "_index": ".alerts-x", "fields": fields}


@pytest.mark.parametrize("index", [..., ["*", ".alerts-*"]], ids=["everything", "alerts"])
@pytest.mark.parametrize("form", [as_event, exported], ids=["source", "fields"])
def test_a_rule_never_feeds_itself(form: Any, index: Any, make_rules: MakeRules) -> None:
    rules = make_rules({"query": "any where true", "index": index})
    [first] = api.detect(rules, [EVENT], now=NOW)
    assert api.detect(rules, [form(first)], now=NOW) == []


@pytest.mark.parametrize("index", [..., ["*", ".alerts-*"]], ids=["everything", "alerts"])
@pytest.mark.parametrize("form", [as_event, exported], ids=["source", "fields"])
def test_not_even_through_another_rule(form: Any, index: Any, make_rules: MakeRules) -> None:
    mine = make_rules({"query": "any where true", "index": index})
    [first] = api.detect(mine, [EVENT], now=NOW)
    other = make_rules({"rule_id": "99999999-2222-4333-8444-555555555555", "query": "any where true", "index": index})
    [second] = api.detect(other, [as_event(first)], now=NOW)
    again = make_rules({"query": "any where true", "index": index})
    assert api.detect(again, [form(second)], now=NOW) == []
