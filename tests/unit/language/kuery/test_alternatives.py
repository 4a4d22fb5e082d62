"""Leaves joined by `or` become one."""

from besra.language.expr import And, Equals, Exists, FieldRef, InNetwork, Like, Or, Regex
from besra.language.glob import eql_glob
from besra.language.kuery.alternatives import any_alternative
from besra.language.simplify import FALSE, TRUE
from besra.schema.fieldtype import FieldType

NAME, ADDRESS = FieldRef("name", FieldType.KEYWORD), FieldRef("ip", FieldType.IP)


def equals(*values: str, ignore_case: bool = False) -> Equals:
    return Equals(NAME, frozenset(values), ignore_case)


def test_constants_globs_patterns_and_networks_of_one_field_are_one_leaf() -> None:
    assert any_alternative([equals("a"), equals("b", "c")]) == equals("a", "b", "c")
    one, other = eql_glob("a*"), eql_glob("b*")
    assert any_alternative([Like(NAME, (one,)), Like(NAME, (other, one))]) == Like(NAME, (one, other))
    assert any_alternative([Regex(NAME, ("a",), True), Regex(NAME, ("b",), True)]) == Regex(NAME, ("a", "b"), True)
    assert any_alternative([InNetwork(ADDRESS, ((5, 6),)), InNetwork(ADDRESS, ((1, 2),))]) == InNetwork(
        ADDRESS, ((1, 2), (5, 6))
    )


def test_what_differs_in_field_kind_or_case_stays_apart() -> None:
    leaves = (equals("a"), equals("a", ignore_case=True), Like(NAME, (eql_glob("a*"),)), Exists(NAME))
    assert any_alternative(leaves) == Or(leaves)
    other = Equals(FieldRef("other", FieldType.KEYWORD), frozenset({"a"}))
    assert any_alternative([equals("a"), other]) == Or((equals("a"), other))


def test_a_leaf_stands_where_its_first_part_stood() -> None:
    both = And((Exists(NAME), Exists(ADDRESS)))
    assert any_alternative([equals("a"), both, equals("b")]) == Or((equals("a", "b"), both))
    assert any_alternative([both, Or((equals("a"), equals("b")))]) == Or((both, equals("a", "b")))


def test_constants_decide_or_vanish() -> None:
    assert any_alternative([equals("a"), TRUE]) == TRUE
    assert any_alternative([FALSE, equals("a")]) == equals("a")
    assert any_alternative([]) == FALSE
