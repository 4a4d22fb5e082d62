"""What may be told of alerts before there are any: never that one cannot be read which is."""

from typing import Any

import pytest
from tests.unit.detection.conftest import MakeRules
from tests.unit.detection.test_conclude import ALERTS, event, rule

from besra import api
from besra.detection.feeding import KnownFields, may_hold
from besra.engine.reference import holds
from besra.events.document import Fields, flatten
from besra.schema.catalogue import bundled_catalogue

FEEDER = rule(
    "A",
    'process where process.name == "cmd.exe"',
    severity="high",
    risk_score=73,
    tags=["OS: Windows", "Noise"],
    references=[],
)


def verdict(condition: str, make_rules: MakeRules, **changes: Any) -> bool:
    (feeder, _) = make_rules(FEEDER | changes).runnable[0]
    plan = api.plan_query(f"any where {condition}", bundled_catalogue())
    return may_hold(plan.clauses[0].predicate, KnownFields(feeder))


@pytest.mark.parametrize(
    ("condition", "may"),
    [
        ("true", True),
        ("false", False),
        ('kibana.alert.rule.name == "A"', True),
        ('kibana.alert.rule.name == "B"', False),
        ('kibana.alert.rule.name : "a*"', True),
        ('not kibana.alert.rule.name == "A"', False),
        ('kibana.alert.rule.rule_id == "x"', False),
        ('kibana.alert.rule.tags == "Noise"', True),
        ('kibana.alert.rule.tags == "Quiet"', False),
        ('kibana.alert.rule.type == "eql" and kibana.alert.rule.version == 1', True),
        ("kibana.alert.rule.threat.tactic.id != null", False),
        ("kibana.alert.rule.building_block_type != null", False),
        ("kibana.alert.risk_score > 72", True),
        ("kibana.alert.risk_score > 73", False),
        ('kibana.alert.severity == "high"', True),
        ('kibana.alert.severity == "low"', False),
        ('event.kind == "signal"', True),
        ('event.kind == "event"', False),
        # Of the event, of the match or of the run: not known.
        ('process.name == "other.exe"', True),
        ('not process.name == "other.exe"', True),
        ("kibana.alert.depth > 5", True),
        ("kibana.alert.building_block_type == null", True),
        ('kibana.alert.rule.execution.uuid == "x"', True),
        ('kibana.alert.original_event.kind == "x"', True),
        # Known and unknown together.
        ('process.name == "x" and kibana.alert.rule.name == "B"', False),
        ('process.name == "x" and kibana.alert.rule.name == "A"', True),
        ('process.name == "x" or kibana.alert.rule.name == "B"', True),
        ('not (process.name == "x" or kibana.alert.rule.name == "A")', False),
        ('not (process.name == "x" and kibana.alert.rule.name == "B")', True),
        ("length(kibana.alert.rule.name) == 1", True),
        ("length(kibana.alert.rule.name) == 2", False),
        ("startsWith(kibana.alert.rule.name, process.name)", True),
    ],
)
def test_conditions_on_what_is_known_decide(condition: str, may: bool, make_rules: MakeRules) -> None:
    assert verdict(condition, make_rules) is may


@pytest.mark.parametrize(
    ("changes", "condition"),
    [
        ({"rule_name_override": "process.name"}, 'kibana.alert.rule.name == "cmd.exe"'),
        (
            {"severity_mapping": [{"field": "a", "operator": "equals", "value": "b", "severity": "low"}]},
            'kibana.alert.severity == "low"',
        ),
        ({"risk_score_mapping": [{"field": "a", "operator": "equals", "value": ""}]}, "kibana.alert.risk_score == 1"),
    ],
)
def test_what_an_event_may_override_is_not_known(changes: Any, condition: str, make_rules: MakeRules) -> None:
    assert verdict(condition, make_rules, **changes)
    assert not verdict(condition, make_rules)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"query": "sequence by process.pid [process where true] [process where true]"},
        {"building_block_type": "default", "note": "A guide.", "author": ["besra"]},
        {"type": "threshold", "language": "kuery", "query": "*:*", "threshold": {"field": [], "value": 1}},
        {"rule_name_override": "process.name", "setup": "Nothing.", "license": "Apache-2.0", "enabled": False},
    ],
)
def test_what_is_known_is_so_of_every_alert(changes: Any, make_rules: MakeRules) -> None:
    rules = make_rules(FEEDER | changes)
    known = KnownFields(rules.runnable[0][0])
    alerts = api.detect(rules, [event("e1", 1), event("e2", 2)])
    assert alerts
    for alert in alerts:
        told = {name for name in flatten(alert) if known.has(name)}
        assert len(told) > 20
        fields = Fields(alert)
        assert {name: known.fields.scalars(name) for name in told} == {name: fields.scalars(name) for name in told}


def test_a_clause_that_holds_may_hold(make_rules: MakeRules) -> None:
    rules = make_rules(FEEDER, rule("B", "any where kibana.alert.rule.parameters.risk_score == 73", ALERTS))
    feeder, reader = rules.runnable
    alert = api.detect(make_rules(FEEDER), [event("e1", 1)])[0]
    predicate = reader[1].clauses[0].predicate
    assert holds(predicate, Fields(alert))
    assert may_hold(predicate, KnownFields(feeder[0]))
