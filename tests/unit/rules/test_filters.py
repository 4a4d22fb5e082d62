"""The filters of rules: what Kibana's filter bar keeps, and what becomes of it in plans."""

import json
from typing import Any

import pytest
from tests.unit.rules.samples import rule_of

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.plan import Plan
from besra.rules.filters import lower_filters
from besra.rules.rule import RuleStatus
from besra.rules.ruleset import load_rules
from besra.schema.catalogue import bundled_catalogue

NOTEPAD = {"match_phrase": {"process.name": "notepad.exe"}}
STATE = {"$state": {"store": "appState"}}


def matches(filters: list[Any], document: dict[str, Any]) -> bool:
    found = lower_filters(filters, "filters", bundled_catalogue())
    assert not found.problems, found.problems
    return holds(found.predicate, Fields(document))


@pytest.mark.parametrize(
    ("filters", "name", "expected"),
    [
        ([], "x", True),
        ([{"query": NOTEPAD}], "notepad.exe", True),
        ([{"query": NOTEPAD}], "cmd.exe", False),
        (
            [{"meta": {"negate": True, "type": "phrase", "key": "process.name"}, "query": NOTEPAD, **STATE}],
            "notepad.exe",
            False,
        ),
        ([{"meta": {"negate": True}, "query": NOTEPAD}], "cmd.exe", True),
        ([{"meta": {"disabled": True}, "query": {"script": {}}}], "cmd.exe", True),
        ([{"meta": None, "query": NOTEPAD}], "notepad.exe", True),
        ([{"meta": {"alias": None}, **NOTEPAD}], "notepad.exe", True),
        ([{"meta": {}, "exists": {"field": "process.name"}}], "cmd.exe", True),
        (
            [{"meta": {}, "query": {"match": {"process.name": {"query": "notepad.exe", "type": "phrase"}}}}],
            "notepad.exe",
            True,
        ),
        ([{"query": NOTEPAD}, {"query": {"exists": {"field": "user.name"}}}], "notepad.exe", False),
        (
            [
                {
                    "meta": {
                        "type": "combined",
                        "relation": "OR",
                        "params": [{"query": NOTEPAD}, {"query": {"term": {"process.name": "a"}}}],
                    },
                    "query": {},
                }
            ],
            "a",
            True,
        ),
        (
            [
                {
                    "meta": {
                        "type": "combined",
                        "relation": "AND",
                        "params": [{"query": NOTEPAD}, {"query": {"term": {"process.name": "a"}}}],
                    }
                }
            ],
            "a",
            False,
        ),
        (
            [
                {
                    "meta": {
                        "type": "combined",
                        "relation": "OR",
                        "negate": True,
                        "params": [
                            {"meta": {"disabled": True}, "query": NOTEPAD},
                            {"query": {"term": {"process.name": "a"}}},
                        ],
                    }
                }
            ],
            "notepad.exe",
            True,
        ),
    ],
)
def test_what_filters_mean(filters: list[Any], name: str, expected: bool) -> None:
    assert matches(filters, {"process": {"name": name}}) is expected


@pytest.mark.parametrize(
    ("filter_", "at"),
    [
        (3, ("filters", 0)),
        ({}, ("filters", 0)),
        ({"meta": 3, "query": NOTEPAD}, ("filters", 0)),
        ({"meta": {"negate": "yes"}, "query": NOTEPAD}, ("filters", 0, "meta", "negate")),
        ({"meta": {"disabled": 1}, "query": NOTEPAD}, ("filters", 0, "meta", "disabled")),
        ({"meta": {"type": "combined"}}, ("filters", 0, "meta")),
        ({"meta": {"type": "combined", "params": [3]}}, ("filters", 0, "meta", "params", 0)),
        ({"query": {"script": {}}}, ("filters", 0, "query", "script")),
    ],
)
def test_what_is_not_understood_has_its_place(filter_: Any, at: tuple[Any, ...]) -> None:
    found = lower_filters([filter_], "filters", bundled_catalogue())
    assert not found.is_usable
    assert at in [problem.at for problem in found.problems]


# --- in rules ---------------------------------------------------------------------------------------------------------


def loaded(tmp_path: Any, type_name: str, **changes: Any) -> Any:
    path = tmp_path / "rule.json"
    path.write_text(json.dumps(rule_of(type_name, **changes), indent=1), "utf-8")
    (rule,) = load_rules(path)
    return rule


def clauses_taking(plan: Plan, document: dict[str, Any]) -> list[bool]:
    return [holds(clause.predicate, Fields(document)) for clause in plan.clauses]


def test_every_clause_of_a_sequence_sees_fewer_events(tmp_path: Any) -> None:
    query = "sequence by host.id with maxspan=1m [any where true] ![any where true] until [any where true]"
    rule = loaded(tmp_path, "eql", query=query, filters=[{"meta": {"negate": True}, "query": NOTEPAD}])
    assert rule.status is RuleStatus.READY
    assert clauses_taking(rule.plan, {"host": {"id": "h"}, "process": {"name": "cmd.exe"}}) == [True]
    assert clauses_taking(rule.plan, {"host": {"id": "h"}, "process": {"name": "notepad.exe"}}) == [False]


def test_filters_narrow_events_and_threat_filters_indicators(tmp_path: Any) -> None:
    changes = {
        "query": "event.kind: *",
        "filters": [{"query": {"term": {"event.kind": "event"}}}],
        "threat_filters": [{"query": {"term": {"event.kind": "enrichment"}}}],
    }
    rule = loaded(tmp_path, "threat_match", **changes)
    document = {"source": {"ip": "10.0.0.1"}, "threat": {"indicator": {"ip": "10.0.0.1"}}}
    assert clauses_taking(rule.plan, {**document, "event": {"kind": "event"}}) == [True, False]
    assert clauses_taking(rule.plan, {**document, "event": {"kind": "enrichment"}}) == [False, True]


@pytest.mark.parametrize("type_name", ["eql", "query", "threshold", "new_terms"])
def test_all_types_take_filters(tmp_path: Any, type_name: str) -> None:
    query = "any where true" if type_name == "eql" else "process.name: *"
    rule = loaded(tmp_path, type_name, query=query, filters=[{"query": NOTEPAD}])
    fields = {"user": {"name": "u"}, "host": {"name": "h"}}
    assert clauses_taking(rule.plan, {**fields, "process": {"name": "notepad.exe"}}) == [True]
    assert clauses_taking(rule.plan, {**fields, "process": {"name": "cmd.exe"}}) == [False]


def test_a_filter_that_is_not_understood_stops_the_rule_and_says_where(tmp_path: Any) -> None:
    rule = loaded(tmp_path, "query", filters=[{"query": NOTEPAD}, {"query": {"script": {"source": "true"}}}])
    assert rule.status is RuleStatus.UNSUPPORTED
    assert rule.plan is None
    (problem,) = rule.problems
    assert problem.code == "unsupported-filters"
    assert '"script"' in problem.place.excerpt
