"""What a rule lacks of the events there are."""

from typing import Any

import pytest
from tests.unit.rules.samples import parsed

from besra import api
from besra.detection.readiness import Evidence, Readiness, Verdict, needed_clauses, rules_on
from besra.events.event_kind import EventKind
from besra.events.inventory import Inventory
from besra.language.plan import Plan
from besra.rules.planner import plan_rule
from besra.rules.rule import Rule
from besra.schema.catalogue import bundled_catalogue

SYSMON = "logs-windows.sysmon_operational-default"
START: dict[str, Any] = {
    "_index": SYSMON,
    "_source": {
        "event": {"kind": "event", "category": ["process"], "type": ["start"], "code": "1", "action": "made up"},
        "process": {"name": "cmd.exe", "pid": 4, "args": ["cmd.exe", "/c"], "entity_id": "{1}"},
        "user": {"name": "jdoe"},
    },
}
LINK: dict[str, Any] = {
    "_index": SYSMON,
    "_source": {
        "event": {"kind": "event", "category": ["network"], "type": ["start"], "code": "3", "action": "also made up"},
        "process": {"entity_id": "{1}"},
        "destination": {"ip": "192.0.2.1"},
    },
}
CALL: dict[str, Any] = {
    "_index": "logs-aws.cloudtrail-default",
    "_source": {"event": {"kind": "event", "action": "ListUsers"}, "aws": {"cloudtrail": {"x": 1}}},
}


def kinds_of(*documents: dict[str, Any]) -> list[EventKind]:
    inventory = Inventory()
    for event in api.positional_events(documents):
        inventory.add(event)
    return [kind for source in inventory.sources() for kind in source.kinds]


EVIDENCE = Evidence(kinds_of(START, LINK, CALL))


def verdict_on(query: str, language: str = "eql", index: tuple[str, ...] = ("logs-windows.*",)) -> Verdict:
    return EVIDENCE.verdict(api.plan_query(query, bundled_catalogue(), language=language), index)


READY = [
    'process where process.name : "x*"',
    'process where not process.code_signature.trusted == true and process.name == "x"',
    "any where process.name == null and destination.ip != null",
    "process where length(process.name) > 100",
    "process where ?process.parent.name == null and process.pid > 4",
    'process where process.name == "x" or process.parent.name == "y"',
    'process where event.action == "made up"',
    'process where event.code == "1" and event.type == "start"',
    'process where process.name.caseless == "cmd.exe"',
    "sequence by process.entity_id [process where true] [network where true]",
    "sequence by process.entity_id with maxspan=1m [process where true] ![file where true] [network where true]",
    "sample by process.entity_id [process where true] [network where true]",
]


@pytest.mark.parametrize("query", READY)
def test_rules_that_can_run(query: str) -> None:
    assert verdict_on(query) == Verdict(Readiness.READY)
    assert EVIDENCE.can_run(api.plan_query(query, bundled_catalogue()), ["logs-windows.*"])


def test_an_action_without_a_number_may_be_any() -> None:
    assert verdict_on('any where event.action == "DeleteUser"', index=("logs-aws.*",)) == Verdict(Readiness.READY)
    assert verdict_on('any where event.action == "DeleteUser"').readiness is Readiness.KIND


LACKING = [
    ("process where process.parent.name == null and process.hash.md5 == null and false", Readiness.KIND, set()),
    ('process where process.parent.name == "x"', Readiness.FIELD, {"process.parent.name"}),
    ('process where process.parent.name == "x" and process.hash.md5 == "y"', Readiness.FIELDS, set()),
    (
        'process where process.parent.name == "x" or process.hash.md5 == "y"',
        Readiness.FIELD,
        {"process.parent.name", "process.hash.md5"},
    ),
    ("process where length(process.parent.name) > 3", Readiness.FIELD, {"process.parent.name"}),
    ("process where length(process.parent.name) > 3 or not true", Readiness.FIELD, {"process.parent.name"}),
    ('file where file.name == "x"', Readiness.KIND, set()),
    ('process where event.action == "FileCreate"', Readiness.KIND, set()),
    ('process where event.type == "end"', Readiness.KIND, set()),
    ('process where host.os.type == "windows"', Readiness.FIELD, {"host.os.type"}),
    ('process where not event.type == "start"', Readiness.KIND, set()),
    ("sequence by host.id [process where true] [network where true]", Readiness.FIELD, {"host.id"}),
    (
        'sequence by host.id [process where process.parent.name == "x"] [network where true]',
        Readiness.FIELDS,
        set(),
    ),
    ("sequence by process.entity_id [process where true] [file where true]", Readiness.KIND, set()),
    ("sample by user.name [process where true] [network where true]", Readiness.FIELD, {"user.name"}),
]


@pytest.mark.parametrize(("query", "readiness", "fields"), LACKING, ids=[query for query, *_ in LACKING])
def test_what_rules_lack(query: str, readiness: Readiness, fields: set[str]) -> None:
    assert verdict_on(query) == Verdict(readiness, frozenset(fields))
    assert not EVIDENCE.can_run(api.plan_query(query, bundled_catalogue()), ["logs-windows.*"])


def test_index_patterns_count_unless_told_otherwise() -> None:
    plan = api.plan_query("process where true", bundled_catalogue())
    assert EVIDENCE.verdict(plan, ["logs-endpoint.*"]).readiness is Readiness.INDEX
    assert EVIDENCE.verdict(plan, ["logs-aws.*"]).readiness is Readiness.FIELD
    everything = Evidence(EVIDENCE.kinds, match_index=False)
    assert everything.verdict(plan, ["logs-endpoint.*"]).readiness is Readiness.READY
    assert EVIDENCE.verdict(plan, []).readiness is Readiness.READY


def test_conditions_on_one_object_of_a_list_need_such_an_object() -> None:
    found = verdict_on("aws.cloudtrail: { x: 2 }", "kuery", ("logs-aws.*",))
    assert found.readiness is Readiness.READY
    assert verdict_on("dns.answers: { data: x }", "kuery") == Verdict(Readiness.FIELD, frozenset({"dns.answers.data"}))


def planned(kind: str, **changes: Any) -> tuple[Rule, Plan]:
    rule = parsed(kind, index=["logs-windows.*"], **changes).rule
    assert rule
    plan = plan_rule(rule).plan
    assert plan
    return rule, plan


@pytest.mark.parametrize(
    ("kind", "changes", "missing"),
    [
        ("threshold", {"query": "*:*", "threshold": {"field": ["user.name"], "value": 5}}, set()),
        ("threshold", {"query": "*:*", "threshold": {"field": ["host.name"], "value": 5}}, {"host.name"}),
        (
            "threshold",
            {
                "query": "*:*",
                "threshold": {
                    "field": ["user.name"],
                    "value": 5,
                    "cardinality": [{"field": "source.ip", "value": 2}],
                },
            },
            {"source.ip"},
        ),
        ("new_terms", {"query": "*:*", "new_terms_fields": ["user.name"]}, set()),
        ("new_terms", {"query": "*:*", "new_terms_fields": ["user.name", "host.id"]}, {"host.id"}),
        ("threat_match", {"query": "*:*"}, {"source.ip"}),
    ],
)
def test_fields_rules_count_and_compare_by_have_to_be_there(
    kind: str, changes: dict[str, Any], missing: set[str]
) -> None:
    rule, plan = planned(kind, **changes)
    readiness = Readiness.FIELD if missing else Readiness.READY
    assert EVIDENCE.verdict(plan, rule.index) == Verdict(readiness, frozenset(missing))


def test_every_correlation_says_what_it_needs() -> None:
    query = "sequence by user.name with maxspan=1m [a where true] ![b where true] [c where true]"
    sequence = api.plan_query(query, bundled_catalogue())
    assert needed_clauses(sequence.correlation) == ((0, 2),)
    _, plan = planned("threat_match")
    assert needed_clauses(plan.correlation) == ((0,),)


def test_missing_fields_are_counted_the_best_first() -> None:
    rules = [
        planned("eql", query='process where process.parent.name == "a"'),
        planned("eql", query='process where process.parent.name == "b" or process.hash.md5 == "c"'),
        planned("eql", query="process where true"),
        planned("eql", query="file where true"),
    ]
    found = rules_on(EVIDENCE, rules)
    assert [(field.name, field.rules) for field in found.missing] == [
        ("process.parent.name", 2),
        ("process.hash.md5", 1),
    ]
    assert found.counts[Readiness.READY] == 1
    assert found.counts[Readiness.KIND] == 1
    assert found.counts[Readiness.FIELD] == 2
