"""Simplification: the same truth table with less of it."""

from besra.language.expr import And, Exists, FieldRef, Nested, Not, Or
from besra.language.simplify import FALSE, TRUE, all_of, any_of, negated, simplify, some_object
from besra.schema.fieldtype import FieldType

A, B, C = (Exists(FieldRef(name, FieldType.KEYWORD)) for name in "abc")


def test_constants_fold() -> None:
    assert simplify(And((A, TRUE))) == A
    assert simplify(And((A, FALSE))) == FALSE
    assert simplify(Or((A, TRUE))) == TRUE
    assert simplify(Or((A, FALSE))) == A
    assert simplify(Not(TRUE)) == FALSE
    assert simplify(And((Or((A, TRUE)), B))) == B
    assert simplify(Not(And((A, Or((FALSE, FALSE)))))) == TRUE


def test_nothing_to_join_is_the_neutral_element() -> None:
    assert all_of([]) == TRUE
    assert any_of([]) == FALSE
    assert simplify(And(())) == TRUE
    assert simplify(Or(())) == FALSE


def test_nested_operands_flatten_in_order() -> None:
    assert simplify(And((A, And((B, C))))) == And((A, B, C))
    assert simplify(Or((Or((C, B)), A))) == Or((C, B, A))
    assert simplify(And((A, Or((B, C))))) == And((A, Or((B, C))))
    assert simplify(And((And((A, TRUE)), Or((FALSE, And((B, C))))))) == And((A, B, C))


def test_repeats_are_dropped() -> None:
    assert simplify(And((A, B, A))) == And((A, B))
    assert simplify(Or((A, A))) == A
    assert simplify(And((A, And((A, B))))) == And((A, B))


def test_double_negation_goes() -> None:
    assert simplify(Not(Not(A))) == A
    assert simplify(Not(Not(Not(A)))) == Not(A)
    assert negated(Not(And((A, B)))) == And((A, B))
    assert simplify(And((A, Not(Not(And((B, C))))))) == And((A, B, C))


def test_one_object_is_asked_for_only_where_it_takes_more_than_a_leaf() -> None:
    assert some_object("o", A) == A
    assert some_object("o", FALSE) == FALSE
    assert some_object("o", TRUE) == Nested("o", TRUE)
    both = And((A, B))
    assert some_object("o", Or((A, both))) == Or((A, Nested("o", both)))
    assert some_object("o", Nested("o.p", both)) == Nested("o.p", both)
    assert simplify(Nested("o", And((A, Or((B, B)))))) == Nested("o", both)
