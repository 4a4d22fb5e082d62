"""Plans over fewer events: a condition and-ed into clauses, as Elastic narrows a search before it matches anything."""

from dataclasses import replace

from besra.language.expr import Predicate
from besra.language.plan import Clause, Plan
from besra.language.simplify import TRUE, all_of


def indicator_clauses(plan: Plan) -> frozenset[int]:
    """The numbers of the clauses that are about indicators, in an index of their own; all others are about events."""
    return frozenset(number for number, clause in enumerate(plan.clauses) if clause.index is not None)


def narrowed(plan: Plan, events: Predicate, indicators: Predicate = TRUE) -> Plan:
    """The plan as if events and indicators that do not satisfy these conditions did not exist.

    So `until` and missing events do not see them either (detection-engine.md 4.3).
    """
    if events == TRUE and indicators == TRUE:
        return plan
    of_indicators = indicator_clauses(plan)
    clauses = [
        narrowed_clause(clause, indicators if number in of_indicators else events)
        for number, clause in enumerate(plan.clauses)
    ]
    return replace(plan, clauses=tuple(clauses))


def narrowed_clause(clause: Clause, condition: Predicate) -> Clause:
    """The clause of the events that satisfy the condition too."""
    return replace(clause, predicate=all_of([clause.predicate, condition]))
