"""A rule set as bytes: what comes back is equal, what nobody asks for stays bytes, and damage is seen."""

import pickle
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shared import SHARED
from tests.unit.rules.exception_samples import CONTAINER, ITEM, item_of, ndjson
from tests.unit.rules.samples import rule_of

from besra.language.expr import Equals, FieldRef, Range
from besra.language.plan import Clause, Each, Plan, Sequence, Stage
from besra.rules.loaded import LoadedRule, RuleSet
from besra.rules.memory import Unread, from_bytes, to_bytes
from besra.rules.ndjson import parse_ndjson, rules_to_ndjson
from besra.rules.rule import RuleStatus
from besra.rules.ruleset import load_rules
from besra.rules.toml import rule_to_toml
from besra.schema.fieldtype import FieldType

PORT = FieldRef("destination.port", FieldType.DYNAMIC)


def of_plan(*plans: Plan) -> RuleSet:
    return RuleSet(tuple(LoadedRule(None, str(n), None, None, RuleStatus.READY, plan=p) for n, p in enumerate(plans)))


def plan_of(*predicates: Equals | Range) -> Plan:
    return Plan(tuple(Clause(predicate) for predicate in predicates), Each())


def test_a_set_comes_back_as_it_was() -> None:
    rules = load_rules()
    found = from_bytes(to_bytes(rules))
    assert found == rules
    assert found.get(str(rules.rules[0].rule_id)) == rules.rules[0]
    assert rules.rules[0].rule is not None and found.rules[0].rule is not None
    assert rule_to_toml(found.rules[0].rule) == rule_to_toml(rules.rules[0].rule)


def test_so_do_exceptions(tmp_path: Path) -> None:
    (tmp_path / "e.ndjson").write_text(ndjson([CONTAINER, ITEM, item_of(entries=[])]), "utf-8")
    rules = load_rules(tmp_path)
    found = from_bytes(to_bytes(rules))
    assert found == rules
    assert [item.document for item in found.exceptions.items] == [ITEM]


@pytest.mark.skipif(not SHARED.exists(), reason="the public rules are not here")
def test_so_do_all_public_rules() -> None:
    rules = load_rules(SHARED / "data" / "rules")
    found = from_bytes(to_bytes(rules))
    assert found == rules
    assert rules == from_bytes(to_bytes(found))


def test_the_long_part_of_a_rule_stays_bytes_until_asked_for() -> None:
    (rule,) = (rule for rule, _ in from_bytes(to_bytes(load_rules())).runnable[:1])
    assert isinstance(rule.parameters, Unread)
    assert rule.parameters._content is None
    assert rule.parameters["name"] == rule.name
    assert rule.parameters._content is not None


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)))
def test_an_unread_mapping_is_equal_to_the_one_it_was_made_of(mapping: dict[str, object]) -> None:
    unread = Unread.of(mapping)
    assert unread == mapping
    assert mapping == unread
    assert dict(unread) == {**unread} == mapping
    assert (list(unread), len(unread), repr(unread)) == (list(mapping), len(mapping), repr(mapping))
    assert pickle.loads(pickle.dumps(unread)) == unread
    assert unread != {**mapping, "one more": 1}


def test_a_rule_from_memory_can_be_pickled_and_written() -> None:
    (eager,) = parse_ndjson(rules_to_ndjson([found.rule for found in load_rules() if found.rule][:1])).rules
    rule = from_bytes(to_bytes(load_rules())).rules[0].rule
    assert rule is not None and eager.rule is not None
    assert pickle.loads(pickle.dumps(rule)) == rule
    assert replace(rule, name="B").parameters == rule.parameters
    assert rules_to_ndjson([rule]) == rules_to_ndjson([load_rules().rules[0].rule or rule])


def test_equal_parts_are_one_object() -> None:
    leaf = Equals(PORT, frozenset({"a", "b"}))
    copy = Equals(FieldRef("destination.port", FieldType.DYNAMIC), frozenset({"b", "a"}))
    first, second = from_bytes(to_bytes(of_plan(plan_of(leaf), plan_of(copy, leaf)))).rules
    assert first.plan.clauses[0].predicate is second.plan.clauses[0].predicate is second.plan.clauses[1].predicate


@pytest.mark.parametrize("values", [(1, 1.0), (1, True), (0.0, False), (1.0, True)])
def test_what_python_takes_for_equal_is_kept_apart(values: tuple[object, object]) -> None:
    ranges = [Range(PORT, ">", value) for value in values]  # type: ignore[arg-type]
    sets = [Equals(PORT, frozenset({value})) for value in values]  # type: ignore[arg-type]
    (loaded,) = from_bytes(to_bytes(of_plan(plan_of(*ranges, *sets))))
    found = [clause.predicate for clause in loaded.plan.clauses]
    assert [type(node.value) for node in found[:2]] == [type(value) for value in values]
    assert [type(next(iter(node.values))) for node in found[2:]] == [type(value) for value in values]


def test_every_part_of_a_plan_comes_back() -> None:
    plan = Plan(
        (Clause(Equals(PORT, frozenset({1}))),), Sequence((Stage(0), Stage(0, missing=True)), timedelta(minutes=5))
    )
    assert from_bytes(to_bytes(of_plan(plan))).rules[0].plan == plan


@given(st.data())
def test_any_damage_is_seen(data: st.DataObject) -> None:
    good = to_bytes(of_plan(plan_of(Equals(PORT, frozenset({1})))))
    position = data.draw(st.integers(0, len(good) - 1))
    damaged = good[:position] + bytes([good[position] ^ data.draw(st.integers(1, 255))]) + good[position + 1 :]
    for bad in (damaged, good[:position]):
        with pytest.raises(ValueError, match="checksum"):
            from_bytes(bad)


def test_bytes_of_something_else_are_refused() -> None:
    data = pickle.dumps(rule_of())
    with pytest.raises(ValueError, match="not a rule set"):
        from_bytes(crc32(data).to_bytes(4) + data)


def test_exceptions_and_problems_are_kept(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[rule\n")
    (tmp_path / "x.ndjson").write_text('{"exported_count": 0, "exported_rules_count": 0}\n{"what": "else"}\n')
    rules = load_rules(tmp_path)
    assert rules.problems
    assert from_bytes(to_bytes(rules)) == rules
