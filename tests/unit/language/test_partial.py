"""What is said of predicates where only a part is known is never wrong."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.language.expr import Always, And, Call, Constant, Exists, FieldRef, Not, Or, Predicate, Value
from besra.language.functions import call
from besra.language.partial import outcomes, truth_of
from besra.language.script import evaluate_value
from besra.schema.fieldtype import FieldType

LEAVES = tuple(Exists(FieldRef(name, FieldType.KEYWORD)) for name in "abc")


def above(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))


PREDICATES: st.SearchStrategy[Predicate] = st.recursive(st.sampled_from(LEAVES), above, max_leaves=8)


@given(PREDICATES, st.tuples(*[st.sampled_from([True, False, None])] * 3))
def test_a_truth_holds_whatever_is_not_known(predicate: Predicate, known: tuple[bool | None, ...]) -> None:
    truths = dict(zip(LEAVES, known, strict=True))
    said = truth_of(predicate, truths.__getitem__)
    every = product(*([truth] if truth is not None else [True, False] for truth in known))
    found = {truth_of(predicate, dict(zip(LEAVES, values, strict=True)).__getitem__) for values in every}
    assert found <= {True, False}
    assert said is None or found == {said}


FIELDS = tuple(FieldRef(name, FieldType.BOOLEAN) for name in "abc")
SCRIPTS: st.SearchStrategy[Value] = st.recursive(
    st.one_of(st.sampled_from(FIELDS), st.sampled_from([True, False, None]).map(Constant)),
    lambda inner: st.one_of(
        st.builds(lambda arg: Call("not", (arg,)), inner),
        st.builds(lambda arg: Call("isNull", (arg,)), inner),
        st.builds(
            lambda name, args: Call(name, tuple(args)), st.sampled_from(["and", "or"]), st.lists(inner, min_size=2)
        ),
        st.builds(lambda left, right: Call("==", (left, right)), inner, inner),
    ),
    max_leaves=8,
)


@given(SCRIPTS, st.sets(st.sampled_from(FIELDS)), st.lists(st.booleans(), min_size=3, max_size=3))
def test_outcomes_hold_what_a_script_comes_to(value: Value, missing: set[FieldRef], values: list[bool]) -> None:
    binding = {field: found for field, found in zip(FIELDS, values, strict=True) if field not in missing}
    assert evaluate_value(value, binding) in outcomes(value, lambda field: field in missing)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Call("length", (FIELDS[0],)), {None}),
        (Call(">", (Call("length", (FIELDS[0],)), Constant(3))), {None}),
        (Call("isNull", (Call("length", (FIELDS[0],)),)), {True}),
        (Call("or", (Call(">", (FIELDS[0], Constant(3))), Constant(True))), {True}),
        (Call("substring", (FIELDS[1], FIELDS[0])), {True, False, None}),
    ],
)
def test_a_missing_required_argument_makes_null(value: Value, expected: set[bool | None]) -> None:
    assert outcomes(value, lambda field: field == FIELDS[0]) == expected


def test_many_operands_take_no_time() -> None:
    several = Call("and", tuple(FIELDS) * 20)
    assert outcomes(several, lambda _: False) == {True, False, None}
    assert call("and", [True, None]) is None


def test_constants() -> None:
    assert (
        truth_of(And((Always(True), Not(Always(False)))), lambda leaf: isinstance(leaf, Always) and leaf.value) is True
    )
    assert outcomes(Constant(0), lambda _: False) == {True}
