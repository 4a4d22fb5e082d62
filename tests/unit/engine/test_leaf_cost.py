"""Leaves tested alone hold where they hold among others, and only those that may cost something are timed."""

import pytest

from besra import api
from besra.engine.leaf_cost import is_timed, leaf_costs, times_of
from besra.engine.pack import Entry, RulePack
from besra.engine.profile import ClauseCosts, Costs, FieldCost, Profile
from besra.events.columns import Projection
from besra.language.expr import Equals, Exists, FieldRef, Like, Range, Regex
from besra.language.glob import eql_glob
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType

NAME = FieldRef("process.name", FieldType.KEYWORD)
PORT = FieldRef("destination.port", FieldType.LONG)
SAMPLE = ("cmd.exe", "CMD.EXE", "powershell.exe", "né.exe")


def test_the_share_that_holds() -> None:
    leaves = [
        Like(NAME, (eql_glob("*.exe"),)),
        Like(NAME, (eql_glob("cmd*"),), ignore_case=True),
        Regex(NAME, ("c.*",)),
        Like(NAME, (eql_glob("*never*"),)),
    ]
    found = times_of(leaves, SAMPLE)
    assert [held for _, held in found] == [0.75, 0.5, 0.25, 0.0]
    assert all(seconds >= 0 for seconds, _ in found)


def test_numbers() -> None:
    (_, held), (_, none) = times_of([Range(PORT, ">", 100), Range(PORT, "<", 0)], (80, 443, 8080, 22))
    assert (held, none) == (0.5, 0.0)


@pytest.mark.parametrize(
    ("leaf", "timed"),
    [
        (Exists(NAME), False),
        (Equals(NAME, frozenset({"a"})), False),
        (Like(NAME, (eql_glob("a*"),)), True),
        (Equals(PORT, frozenset({1})), True),
    ],
)
def test_constants_of_texts_are_not_timed(leaf: Exists | Equals | Like, timed: bool) -> None:
    assert is_timed(leaf) is timed


def test_the_slowest_fields_come_first_until_there_are_enough() -> None:
    queries = ('any where process.name : ("a*", "b*") and file.path : "c*"', 'any where file.path : "d*"')
    pack = RulePack(tuple(Entry(api.plan_query(query, bundled_catalogue())) for query in queries))
    projection = Projection(("file.path", "process.name", "user.name"))
    fields = {0: FieldCost(10, 2.0, {}, SAMPLE), 1: FieldCost(20, 1.0, {}, SAMPLE), 2: FieldCost(5, 9.0, {}, SAMPLE)}
    profile = Profile(pack, projection, Costs({}, ClauseCosts.none(2), fields, 1))
    costs = leaf_costs(profile)
    assert {cost.leaf.field.name: cost.values for cost in costs} == {"file.path": 10, "process.name": 20}
    assert [cost.seconds for cost in costs] == sorted((cost.seconds for cost in costs), reverse=True)
    assert {cost.leaf.field.name for cost in leaf_costs(profile, most=2)} == {"file.path"}
