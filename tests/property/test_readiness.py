"""A rule said not to run finds nothing, whatever the events."""

import json
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_engines import PACK, documents
from tests.shared import SHARED, needs_shared

from besra import api
from besra.detection.readiness import Evidence, may_hold
from besra.engine.reference import evaluate
from besra.events.document import flatten
from besra.events.event import Event
from besra.events.event_kind import EventKind
from besra.events.field_names import FieldNames
from besra.events.inventory import Inventory
from besra.events.reader import read_events
from besra.rules.cache import load_remembered
from besra.rules.rule import RuleType


def kinds_of(events: Iterable[Event]) -> list[EventKind]:
    inventory = Inventory()
    for event in events:
        inventory.add(event)
    return [kind for source in inventory.sources() for kind in source.kinds]


@given(st.lists(documents(), max_size=8))
@settings(max_examples=150, deadline=None)
def test_whatever_hits_may_hold_for_the_kind_of_its_event(values: list[dict[str, Any]]) -> None:
    events = list(api.positional_events(values))
    kinds = kinds_of(events)
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
def test_public_rules_can_run_on_the_events_made_for_them() -> None:
    events = SHARED / "data" / "rule-events" / "positive"
    looked_at = 0
    for rule, plan in load_remembered(str(SHARED / "data" / "rules")).runnable:
        path = events / f"{rule.rule_id}.ndjson"
        # The events of the others have what the query asks for, and not always the fields they count or compare by.
        if path.exists() and rule.type in (RuleType.EQL, RuleType.QUERY):
            documents = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            assert Evidence(kinds_of(api.positional_events(documents)), match_index=False).can_run(plan, ()), rule.name
            looked_at += 1
    assert looked_at


@needs_shared
def test_public_rules_that_alert_on_public_logs_can_run_on_them() -> None:
    folder = SHARED / "data" / "evtx"
    evidence = Evidence(kinds_of(item for item in read_events([folder]) if isinstance(item, Event)))
    rules = load_remembered(str(SHARED / "data" / "rules"))
    alerting = {alert["kibana.alert.rule.rule_id"] for alert in api.scan([folder], rules)}
    ready = {rule.rule_id for rule, plan in rules.runnable if evidence.can_run(plan, rule.index)}
    assert alerting
    assert alerting <= ready
