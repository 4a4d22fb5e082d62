"""The mark of a plan is that of what it asks, whatever order its sets come in, and however long they are."""

from dataclasses import replace

import pytest
from tests.exceptions import rule, rule_set

from besra.detection.plan_mark import LARGE, plan_mark
from besra.language.expr import Equals, FieldRef
from besra.rules.plans.narrowing import narrowed
from besra.schema.fieldtype import FieldType

((RULE, PLAN),) = rule_set(rule()).runnable


def mark(values: frozenset[str] | frozenset[int]) -> int:
    kind = FieldType.IP if isinstance(next(iter(values)), int) else FieldType.KEYWORD
    return plan_mark(RULE, narrowed(PLAN, Equals(FieldRef("x", kind), frozenset(values))))


@pytest.mark.parametrize("number", [3, LARGE])
@pytest.mark.parametrize("kind", [int, str])
def test_sets_of_any_length(number: int, kind: type) -> None:
    values = [kind(value) for value in range(number)]
    same = mark(frozenset(values))
    assert mark(frozenset(reversed(values))) == same
    assert mark(frozenset([*values[1:], kind(number)])) != same
    assert mark(frozenset(values)) == same


def test_the_schedule_counts() -> None:
    other = replace(RULE, schedule=replace(RULE.schedule, interval="1h"))
    assert plan_mark(RULE, PLAN) != plan_mark(other, PLAN)


def test_texts_that_look_alike_in_one_are_told_apart() -> None:
    many = [f"{value:06}" for value in range(LARGE)]
    assert mark(frozenset([*many, "a', 'b"])) != mark(frozenset([*many, "a", "b"]))
