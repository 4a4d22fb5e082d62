"""A rule said not to run finds nothing, whatever the events."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_engines import PACK, documents
from tests.shared import SHARED, needs_shared

from besra import api
from besra.detection.readiness import Evidence, Readiness, may_hold
from besra.engine.reference import evaluate
from besra.events.document import flatten
from besra.events.event import Event
from besra.events.field_names import FieldNames
from besra.events.inventory import Inventory
from besra.events.reader import read_events
from besra.rules.ruleset import load_rules


@given(st.lists(documents(), max_size=8))
@settings(max_examples=150, deadline=None)
def test_whatever_hits_may_hold_for_the_kind_of_its_event(values: list[dict[str, Any]]) -> None:
    events = list(api.positional_events(values))
    inventory = Inventory()
    for event in events:
        inventory.add(event)
    kinds = [kind for source in inventory.sources() for kind in source.kinds]
    for entry, hits in zip(PACK.entries, evaluate(PACK, events).by_entry, strict=True):
        for clause in {hit.clause for hit in hits}:
            assert any(may_hold(entry.plan.clauses[clause], kind) for kind in kinds)


@given(st.lists(documents(), max_size=4))
@settings(max_examples=200, deadline=None)
def test_names_are_those_of_the_flattened_documents(values: list[dict[str, Any]]) -> None:
    names = FieldNames()
    for value in values:
        names.add(value)
    assert names.names() == {name for value in values for name in flatten(value)}


@needs_shared
def test_public_rules_that_alert_on_public_logs_can_run_on_them() -> None:
    folder = SHARED / "data" / "evtx"
    inventory = Inventory()
    for item in read_events([folder]):
        if isinstance(item, Event):
            inventory.add(item)
    evidence = Evidence(kind for source in inventory.sources() for kind in source.kinds)
    rules = load_rules(SHARED / "data" / "rules")
    alerting = {alert["kibana.alert.rule.rule_id"] for alert in api.scan([folder], rules)}
    assert alerting
    for rule, plan in rules.runnable:
        if rule.rule_id in alerting:
            assert evidence.verdict(plan, rule.index).readiness is Readiness.READY, rule.name
