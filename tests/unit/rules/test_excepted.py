"""Which exceptions apply to which rules, and what is said of those that do not."""

from dataclasses import replace
from typing import Any

import pytest
from tests.exceptions import LIST, NOW, codes, container, excepted, item, match, reference, rule, rule_set, value_list

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.plan import Plan, Sample, Sequence
from besra.rules.excepted import REMEMBERED
from besra.rules.loaded import Excepted, RuleSet

CMD = match("process.name", "cmd.exe")
DOCUMENT = {"process": {"name": "cmd.exe"}, "host": {"id": "h"}, "user": {"name": "u"}}


def plan_of(rules: RuleSet, number: int = 0) -> Plan:
    plan: Plan = rules.rules[number].plan
    return plan


def is_silenced(found: Excepted, number: int = 0, document: dict[str, Any] = DOCUMENT) -> bool:
    """Whether no clause of the rule takes the event."""
    return not any(holds(clause.predicate, Fields(document)) for clause in plan_of(found.rules, number).clauses)


# --- which lists ------------------------------------------------------------------------------------------------------


def test_without_exceptions_nothing_changes() -> None:
    rules = rule_set(rule(lists=()))
    assert excepted(rules).rules == rules


def test_a_rule_is_silenced_by_the_lists_it_names() -> None:
    rules = rule_set(rule(1), rule(2, lists=()), exceptions=[container(), item(CMD)])
    found = excepted(rules)
    assert [is_silenced(found, number) for number in (0, 1)] == [True, False]
    assert (found.items, found.silenced, found.expired) == (1, 1, 0)
    assert codes(found.rules) == []
    assert not is_silenced(found, document={"process": {"name": "other.exe"}})


def test_a_list_passed_beside_the_rules_counts_before_theirs() -> None:
    rules = rule_set(rule(), exceptions=[container(), item(match("process.name", "other.exe"), item_id="one")])
    found = excepted(rules, container(), item(CMD, item_id="one"))
    assert is_silenced(found)
    assert not is_silenced(found, document={"process": {"name": "other.exe"}})
    assert codes(found.rules) == ["exception-duplicate"]


def test_a_list_passed_that_a_rule_names_is_for_the_rules_that_name_it() -> None:
    found = excepted(rule_set(rule(1), rule(2, lists=())), container(), item(CMD))
    assert [is_silenced(found, number) for number in (0, 1)] == [True, False]
    assert codes(found.rules) == []


@pytest.mark.parametrize("given", [[container(), item(CMD)], [item(CMD)]], ids=["with its container", "items alone"])
def test_a_list_passed_that_no_rule_names_is_for_all_rules(given: list[dict[str, Any]]) -> None:
    found = excepted(rule_set(rule(1, lists=()), rule(2, lists=())), *given)
    assert [is_silenced(found, number) for number in (0, 1)] == [True, True]
    assert (found.items, found.silenced) == (1, 2)
    assert codes(found.rules) == []


def test_a_rules_own_list_is_for_nobody_else() -> None:
    found = excepted(rule_set(rule(lists=())), container(type="rule_default"), item(CMD))
    assert not is_silenced(found)
    assert codes(found.rules) == ["exception-unused"]


def test_a_list_beside_the_rules_in_their_file_that_none_names_is_told() -> None:
    found = excepted(rule_set(rule(lists=()), exceptions=[container(), item(CMD)]))
    assert not is_silenced(found)
    assert codes(found.rules) == ["exception-unused"]


@pytest.mark.parametrize(
    ("list_id", "kind"),
    [("endpoint_list", "endpoint"), ("mine", "endpoint_trusted_apps"), ("endpoint_list", "detection")],
)
def test_lists_of_the_endpoint_are_not_evaluated(list_id: str, kind: str) -> None:
    named = rule(exceptions_list=[reference(list_id, type=kind, namespace_type="agnostic")])
    of_endpoint = (
        container(list_id, type=kind, namespace_type="agnostic"),
        item(CMD, list_id=list_id, namespace_type="agnostic"),
    )
    silent = excepted(rule_set(named, exceptions=of_endpoint))
    assert not is_silenced(silent)
    assert codes(silent.rules) == []
    said = excepted(rule_set(named), *of_endpoint)
    assert not is_silenced(said)
    assert codes(said.rules) == ["exception-unused"]


def test_lists_of_one_id_in_one_space_and_in_all_are_two() -> None:
    named = rule(exceptions_list=[reference(LIST, namespace_type="agnostic")])
    found = excepted(
        rule_set(named), item(CMD, namespace_type="agnostic"), item(match("process.name", "x"), item_id="b")
    )
    assert is_silenced(found)
    assert is_silenced(found, document={"process": {"name": "x"}}), "the other list is named by no rule"


def test_a_list_that_is_not_there_is_told_where_the_rule_names_it() -> None:
    found = excepted(rule_set(rule()))
    (problem,) = found.rules.rules[0].problems
    assert (problem.code, str(problem.severity)) == ("rule-exceptions-not-applied", "warning")
    assert f"the list {LIST} is not there" in problem.message
    assert problem.place.line == 1
    assert problem.place.excerpt is not None
    assert problem.place.excerpt[(problem.place.column or 0) - 1 :].startswith('"list_id"')
    assert not is_silenced(found)


def test_a_list_that_is_there_in_part_is_applied_and_told() -> None:
    broken = item({"field": "process.name", "type": "match"}, item_id="broken")
    found = excepted(rule_set(rule()), container(), item(CMD), broken)
    assert is_silenced(found)
    assert codes(found.rules) == ["rule-exceptions-not-applied", "exception-missing-field"]


def test_an_item_that_cannot_be_applied_leaves_the_others() -> None:
    listed = {"field": "host.name", "type": "list", "list": {"id": "hosts", "type": "keyword"}}
    found = excepted(rule_set(rule()), item(listed), item(CMD))
    assert is_silenced(found)
    assert (found.items, found.silenced) == (1, 1)
    assert codes(found.rules) == ["exception-not-applied"]
    assert any(str(problem.severity) == "error" for problem in found.rules.file_problems)


def test_expired_items_silence_nothing_and_are_counted() -> None:
    past, future = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
    found = excepted(
        rule_set(rule()),
        item(CMD, expire_time=past),
        item(match("process.name", "b"), expire_time=future),
    )
    assert not is_silenced(found)
    assert is_silenced(found, document={"process": {"name": "b"}})
    assert (found.items, found.silenced, found.expired) == (1, 1, 1)
    (problem,) = found.rules.problems
    assert problem.code == "exception-expired"
    assert "1 of 2 items" in problem.message
    assert is_silenced(excepted(rule_set(rule()), item(CMD, expire_time=past), now=0))


def test_where_no_time_is_known_items_that_end_silence_nothing_and_it_is_said() -> None:
    ending, lasting = item(CMD, expire_time="2999-01-01T00:00:00Z"), item(match("process.name", "b"))
    found = excepted(rule_set(rule()), ending, lasting, now=None)
    assert not is_silenced(found)
    assert is_silenced(found, document={"process": {"name": "b"}})
    (problem,) = found.rules.problems
    assert problem.code == "exception-expired"
    assert "it is not known whether that is past" in problem.message
    assert "now=" in str(problem.hint)


def test_rules_that_cannot_run_are_left_alone() -> None:
    rules = rule_set(rule(type="esql", language="esql", query="from x metadata _id, _index, _version"))
    assert excepted(rules, item(CMD)).rules.rules == rules.rules


# --- scopes -----------------------------------------------------------------------------------------------------------

STEPS = "sequence by host.id with maxspan=1m [any where true] [any where true] [any where true] until [any where true]"


def takes(plan: Plan, clause: int, document: dict[str, Any] = DOCUMENT) -> bool:
    return holds(plan.clauses[clause].predicate, Fields(document))


def test_a_step_gets_a_clause_of_its_own() -> None:
    found = excepted(rule_set(rule(query=STEPS)), item(CMD, besra={"scope": "step:1"}))
    plan = plan_of(found.rules)
    assert isinstance(plan.correlation, Sequence)
    assert [takes(plan, stage.clause) for stage in plan.correlation.stages] == [True, False, True]
    assert plan.correlation.until is not None
    assert takes(plan, plan.correlation.until)
    assert len(plan.clauses) == 2
    assert codes(found.rules) == []


def test_items_about_several_steps() -> None:
    items = [item(CMD, besra={"scope": f"step:{step}"}) for step in (0, 1, 2)]
    plan = plan_of(excepted(rule_set(rule(query=STEPS)), *items).rules)
    assert isinstance(plan.correlation, Sequence)
    assert [takes(plan, stage.clause) for stage in plan.correlation.stages] == [False, False, False]
    assert plan.correlation.until is not None
    assert takes(plan, plan.correlation.until)


def test_items_of_a_sample_are_steps() -> None:
    query = "sample by host.id [any where true] [process where true]"
    plan = plan_of(excepted(rule_set(rule(query=query)), item(CMD, besra={"scope": "step:0"})).rules)
    document = {**DOCUMENT, "event": {"category": "process"}}
    assert isinstance(plan.correlation, Sample)
    assert [takes(plan, clause, document) for clause in plan.correlation.clauses] == [False, True]


def test_a_sequence_may_be_excepted_as_a_whole() -> None:
    found = excepted(rule_set(rule(query=STEPS)), item(CMD, besra={"scope": "sequence"}))
    plan = plan_of(found.rules)
    assert plan.clauses == plan_of(rule_set(rule(query=STEPS))).clauses
    assert [holds(exclusion, Fields(DOCUMENT)) for exclusion in plan.exclusions] == [True]


@pytest.mark.parametrize(
    ("query", "scope"), [("any where true", "step:0"), ("any where true", "sequence"), (STEPS, "step:3")]
)
def test_a_scope_that_does_not_fit_the_rule_is_told(query: str, scope: str) -> None:
    named = excepted(rule_set(rule(query=query)), item(CMD, besra={"scope": scope}))
    assert codes(named.rules) == ["rule-exceptions-not-applied"]
    assert (named.items, named.silenced) == (0, 0)
    for_all = excepted(rule_set(rule(query=query, lists=())), item(CMD, besra={"scope": scope}))
    assert codes(for_all.rules) == ["exception-unused"]


def test_a_scope_for_all_rules_is_for_those_it_fits() -> None:
    rules = rule_set(rule(1, lists=()), rule(2, query=STEPS, lists=()))
    found = excepted(rules, item(CMD, besra={"scope": "step:0"}))
    assert codes(found.rules) == []
    assert (found.items, found.silenced) == (1, 1)


# --- what packs are remembered by -------------------------------------------------------------------------------------


def fingerprint(*given: dict[str, Any], **options: Any) -> str:
    rules = replace(rule_set(rule(1), rule(2, lists=())), fingerprint="files")
    return excepted(rules, *given, **options).rules.fingerprint


def test_the_fingerprint_follows_from_what_is_applied() -> None:
    listed = {"field": "host.name", "type": "list", "list": {"id": "hosts", "type": "keyword"}}
    one, two = value_list("hosts", "keyword", "a"), value_list("hosts", "keyword", "a", "b")
    late = item(CMD, expire_time="2026-01-01T00:00:00Z")
    found = [
        fingerprint(),
        fingerprint(item(CMD)),
        fingerprint(item(match("process.name", "b"))),
        fingerprint(item(CMD, os_types=["linux"])),
        fingerprint(item(CMD, list_id="other")),
        fingerprint(item(listed), value_lists=[one]),
        fingerprint(item(listed), value_lists=[two]),
    ]
    assert len(set(found)) == len(found)
    assert all(found)
    assert fingerprint(item(CMD)) == fingerprint(item(CMD, comments=[{"comment": "why"}], name="another"))
    assert fingerprint(late, now=0) == fingerprint(item(CMD))
    assert fingerprint(late, now=NOW) != fingerprint(item(CMD))


def test_packs_with_long_lists_are_not_remembered() -> None:
    listed = {"field": "host.name", "type": "list", "list": {"id": "hosts", "type": "keyword"}}
    long = value_list("hosts", "keyword", *map(str, range(REMEMBERED + 1)))
    assert fingerprint(item(listed), value_lists=[long]) == ""
    assert fingerprint(item(CMD), value_lists=[long]) != ""


def test_rules_of_unknown_content_stay_so() -> None:
    assert excepted(rule_set(rule()), item(CMD)).rules.fingerprint == ""
