"""Threshold rules: how many events of a query share the values of some fields (detection-engine.md 5.2)."""

from dataclasses import replace

from besra.language.eql.lower import Lowered
from besra.language.plan import Cardinality, Threshold
from besra.rules.plans.keys import field_ref, keyed_clause, without_values
from besra.rules.plans.query import query_plan
from besra.rules.rule import Rule
from besra.schema.catalogue import Catalogue
from besra.schema.datemath import depends_on_now, parse_date_math

LAST_INSTANT = 1_704_067_199_999_999_999
"""The end of 2023 and of its last week: from no other time do dates that are rounded lie further back."""

LONGEST = 100 * 366 * 86_400 * 1_000_000_000
"""Nanoseconds no rule looks back: 100 years are as good as all of time."""


def threshold_plan(rule: Rule, catalogue: Catalogue) -> Lowered:
    """The plan of a threshold rule. Raises QuerySyntaxError and QuerySemanticError."""
    lowered = query_plan(rule, catalogue)
    predicate = lowered.plan.clauses[0].predicate
    asked = rule.parameters["threshold"]
    given = [asked["field"]] if isinstance(asked["field"], str) else asked["field"]
    names = [name for name in dict.fromkeys(given) if name]
    counted = keyed_clause(predicate, [field_ref(name, catalogue) for name in names])
    distinct = asked.get("cardinality") or ()
    clauses = [keyed_clause(counted.predicate, [field_ref(part["field"], catalogue)]) for part in distinct]
    parts = tuple(Cardinality(number, int(part["value"])) for number, part in enumerate(distinct, start=1))
    correlation = Threshold(int(asked["value"]), parts, look_back_of(rule))
    plan = replace(lowered.plan, clauses=(counted, *clauses), correlation=correlation)
    odd = without_values([*names, *(part["field"] for part in distinct)], catalogue)
    return Lowered(plan, (*lowered.warnings, *odd))


def look_back_of(rule: Rule) -> int | None:
    """The nanoseconds a run of the rule looks through, None if `from` or `to` is a date, so that it depends on the run.

    Where rounding makes it differ from run to run it is the longest.
    """
    start, end = rule.schedule.start, rule.schedule.end
    if not (depends_on_now(start) and depends_on_now(end)):
        return None
    length = parse_date_math(end, LAST_INSTANT) - parse_date_math(start, LAST_INSTANT)
    return max(length, 0) if length < LONGEST else None
