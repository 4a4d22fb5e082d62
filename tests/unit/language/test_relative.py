"""Dates that depend on the time of a run: written out before anything is evaluated."""

import pytest

from besra.engine.pack import Entry, RulePack
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import And, Equals, Exists, FieldRef, Nested, Not, Or, Range, RelativeDate
from besra.language.plan import Clause, Each, Plan
from besra.language.relative import at, is_relative, relative_dates, resolved
from besra.language.simplify import FALSE
from besra.schema.fieldtype import FieldType
from besra.schema.timestamp import parse_timestamp

TIME = FieldRef("@timestamp", FieldType.DATE)
HERE = Exists(FieldRef("a", FieldType.KEYWORD))
NOW, DAY = parse_timestamp("2026-03-17T09:42:14Z") or 0, parse_timestamp("2026-03-17") or 0
END = DAY + 86400 * 10**9 - 1


@pytest.mark.parametrize(
    ("operator", "text", "expected"),
    [
        (">=", "now/d", Range(TIME, ">=", DAY)),
        ("<", "now/d", Range(TIME, "<", DAY)),
        (">", "now/d", Range(TIME, ">", END)),
        ("<=", "now/d", Range(TIME, "<=", END)),
        ("==", "now/d", And((Range(TIME, ">=", DAY), Range(TIME, "<=", END)))),
        ("==", "now", Equals(TIME, frozenset({NOW}))),
        (">=", "now+8000y", FALSE),
    ],
)
def test_a_date_at_a_time(operator: str, text: str, expected: object) -> None:
    assert at(RelativeDate(TIME, operator, text), NOW) == expected


def test_the_dates_within_a_predicate_are_written_out_and_the_rest_stays() -> None:
    date, later = RelativeDate(TIME, ">=", "now/d"), RelativeDate(TIME, "<", "now/d")
    plan = Plan((Clause(Or((And((HERE, date)), Not(later)))), Clause(HERE)), Each())
    assert is_relative(plan)
    assert list(relative_dates(plan)) == [date, later]
    expected = Or((And((HERE, Range(TIME, ">=", DAY))), Not(Range(TIME, "<", DAY))))
    assert [clause.predicate for clause in resolved(plan, NOW).clauses] == [expected, HERE]
    assert not is_relative(resolved(plan, NOW))


def test_dates_of_single_objects_are_written_out_as_well() -> None:
    date = RelativeDate(FieldRef("o.t", FieldType.DATE), ">=", "now/d")
    plan = Plan((Clause(Nested("o", And((HERE, date)))),), Each(), exclusions=(date,))
    assert list(relative_dates(plan)) == [date, date]
    later = Range(date.field, ">=", DAY)
    found = resolved(plan, NOW)
    assert (found.clauses[0].predicate, found.exclusions) == (Nested("o", And((HERE, later))), (later,))


def test_a_plan_to_which_no_time_matters_stays_the_same() -> None:
    plan = Plan((Clause(HERE),), Each())
    assert not is_relative(plan)
    assert resolved(plan, NOW) is plan


def test_engines_refuse_a_plan_that_is_at_no_time_yet() -> None:
    date = RelativeDate(TIME, ">=", "now-1d")
    with pytest.raises(ValueError, match="now-1d"):
        holds(date, Fields({}))
    with pytest.raises(ValueError, match="now-1d"):
        _ = RulePack.of([Entry(Plan((Clause(date),), Each()))]).leaves
