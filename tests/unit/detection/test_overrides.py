"""Overrides of severity, risk score and rule name (detection-engine.md 5.7)."""

from typing import Any

import pytest
from tests.unit.detection.conftest import MakeRules

import besra
from besra.detection.match import Match
from besra.detection.match_fields import JoinedFields
from besra.detection.overrides import Overrides, overrides_of, possible_severities
from besra.engine.hits import Hit
from besra.events.event import Event
from besra.rules.rule import Rule, RuleSeverity, RuleType

Json = dict[str, Any]


def overridden_by(document: Json, **parameters: Any) -> Overrides:
    rule = Rule("id", "a rule", RuleType.EQL, RuleSeverity.MEDIUM, 47, parameters=parameters)
    return overrides_of(rule, JoinedFields(Match((Hit(0, Event("e", (), document), None),))))


def severity(value: str, result: str, field: str = "event.severity") -> Json:
    return {"field": field, "operator": "equals", "value": value, "severity": result}


SEVERITIES = [severity("3", "high"), severity("1", "low"), severity("true", "critical", "threat.severe")]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"event.severity": 3}, "high"),
        ({"event": {"severity": "3"}}, "high"),
        ({"event.severity": 3.0}, "high"),
        ({"event.severity": 1}, "low"),
        ({"event.severity": [1, 3]}, "high"),
        ({"event.severity": [3, 1], "threat.severe": True}, "critical"),
        ({"event.severity": 30}, None),
        ({"event.severity": None}, None),
        ({}, None),
    ],
)
def test_the_highest_severity_whose_value_is_there(document: Json, expected: str | None) -> None:
    assert overridden_by(document, severity_mapping=SEVERITIES).severity == expected


def test_severities_are_compared_to_the_letter() -> None:
    assert overridden_by({"level": "High"}, severity_mapping=[severity("high", "high", "level")]).severity is None


def risk(field: str = "event.risk_score", value: str = "", **more: Any) -> Json:
    return {"field": field, "operator": "equals", "value": value, **more}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (73, 73),
        (0, 0),
        (100, 100),
        (12.5, 12.5),
        (21.0, 21),
        ("88", 88),
        ([5, 60, 200], 60),
        (101, None),
        (-1, None),
        ("high", None),
        (True, None),
        (float("nan"), None),
        ("1e999", None),
        (10**400, None),
        ([], None),
    ],
)
def test_the_risk_score_is_the_fields_number(value: Any, expected: float | None) -> None:
    found = overridden_by({"event.risk_score": value}, risk_score_mapping=[risk()]).risk_score
    assert found == expected
    assert isinstance(found, type(expected))


def test_a_risk_score_of_the_mapping_goes_with_its_value() -> None:
    mapping = [risk("level", "bad", risk_score=0)]
    assert overridden_by({"level": ["x", "bad"]}, risk_score_mapping=mapping).risk_score == 0
    assert overridden_by({"level": "73"}, risk_score_mapping=mapping).risk_score is None
    without_value = [risk("level", "", risk_score=5)]
    assert overridden_by({"level": "73"}, risk_score_mapping=without_value).risk_score == 73


def test_only_the_first_risk_score_mapping_counts() -> None:
    mapping = [risk("first"), risk("second")]
    assert overridden_by({"first": 1, "second": 99}, risk_score_mapping=mapping).risk_score == 1
    assert overridden_by({"second": 99}, risk_score_mapping=mapping).risk_score is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("A title", "A title"), (["One", "Two"], "One"), ([7, "Two"], "Two"), (7, None), ("", None), ("  ", None)],
)
def test_the_name_is_the_first_text(value: Any, expected: str | None) -> None:
    assert overridden_by({"rule.name": value}, rule_name_override="rule.name").name == expected


def test_nothing_is_overridden_unless_the_rule_says_so() -> None:
    document = {"event.severity": 3, "event.risk_score": 5, "rule.name": "x"}
    assert overridden_by(document) == Overrides()
    assert overridden_by(document, rule_name_override="", severity_mapping=None) == Overrides()


def test_the_severities_a_rule_may_give() -> None:
    rule = Rule("id", "n", RuleType.EQL, RuleSeverity.LOW, 1, parameters={"severity_mapping": SEVERITIES})
    assert possible_severities(rule) == {"low", "high", "critical"}


# --- alerts -----------------------------------------------------------------------------------------------------------

ALL: Json = {
    "severity_mapping": [severity("3", "critical")],
    "risk_score_mapping": [risk()],
    "rule_name_override": "message",
}


def document(second: int, **fields: Any) -> Json:
    found = {"@timestamp": f"2026-03-17T09:00:{second:02}Z", "event.category": "process", "process.name": "cmd.exe"}
    return {**found, "host.name": "h", **fields}


def test_the_alert_and_its_reason_say_what_is_overridden(make_rules: MakeRules) -> None:
    event = document(1, **{"event.severity": 3, "event.risk_score": 99, "message": "Shell found"})
    (alert,) = besra.detect(make_rules(ALL), [event], match_index=False)
    assert alert["kibana.alert.severity"] == "critical"
    assert alert["kibana.alert.risk_score"] == 99
    assert alert["kibana.alert.rule.name"] == "Shell found"
    assert alert["kibana.alert.reason"] == (
        "process event with process cmd.exe, on h created critical alert Shell found."
    )
    assert alert["kibana.alert.rule.severity"] == "medium"
    assert alert["kibana.alert.rule.risk_score"] == 47
    parameters = alert["kibana.alert.rule.parameters"]
    assert (parameters["name"], parameters["severity"]) == ("Notepad starts a shell", "medium")


def test_an_alert_is_the_same_but_for_what_is_overridden(make_rules: MakeRules) -> None:
    event = document(1, event={"severity": 4, "kind": "event"}, message="Shell found")
    mapping = {"rule_name_override": "message"}
    (plain,) = besra.detect(make_rules({}), [event], match_index=False)
    (other,) = besra.detect(make_rules(mapping), [event], match_index=False)
    changed = {name for name in plain if plain[name] != other[name] and not name.endswith(".parameters")}
    assert changed == {"kibana.alert.rule.name", "kibana.alert.reason"}
    assert list(plain) == [name for name in other if not name.endswith("rule_name_override")]


def test_sequences_are_overridden_by_any_step_and_blocks_are_not(make_rules: MakeRules) -> None:
    query = "sequence [process where process.pid == 1] [process where process.pid == 2]"
    steps = [document(1, **{"process.pid": 1, "event.severity": 3}), document(2, **{"process.pid": 2, "message": "M"})]
    *blocks, shell = besra.detect(make_rules(ALL | {"query": query}), steps, match_index=False)
    assert (shell["kibana.alert.severity"], shell["kibana.alert.rule.name"]) == ("critical", "M")
    assert shell["kibana.alert.reason"].endswith("created critical alert M.")
    assert {block["kibana.alert.severity"] for block in blocks} == {"medium"}
    assert {block["kibana.alert.rule.name"] for block in blocks} == {"Notepad starts a shell"}


def test_a_threshold_has_only_the_fields_it_counts_by(make_rules: MakeRules) -> None:
    threshold = {"type": "threshold", "language": "kuery", "query": "process.name : *"}
    counted = {"threshold": {"field": ["event.severity"], "value": 2}}
    documents = [document(second, **{"event.severity": 3, "message": "M"}) for second in (1, 2)]
    (alert,) = besra.detect(make_rules(ALL | threshold | counted), documents, match_index=False)
    assert (alert["kibana.alert.severity"], alert["kibana.alert.rule.name"]) == ("critical", "Notepad starts a shell")


def test_a_suppressed_event_overrides_nothing(make_rules: MakeRules) -> None:
    rules = make_rules(ALL | {"alert_suppression": {"group_by": ["host.name"]}})
    (alert,) = besra.detect(rules, [document(1), document(2, **{"event.severity": 3})], match_index=False)
    assert alert["kibana.alert.severity"] == "medium"
