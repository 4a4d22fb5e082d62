"""Plans over fewer events: a condition and-ed into clauses, as Elastic narrows a search before it matches anything."""

from dataclasses import replace

from besra.language.expr import Predicate
from besra.language.plan import Clause, Correlation, Plan, Sample, Sequence
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


def narrowed_step(plan: Plan, step: int, condition: Predicate) -> Plan | None:
    """The plan with one step of its sequence, or one item of its sample, counted from 0, over fewer events.

    Stages of equal conditions share a clause, so this one gets its own. None if the plan has no such step.
    """
    steps = clauses_of_steps(plan)
    if step >= len(steps):
        return None
    narrow = narrowed_clause(plan.clauses[steps[step]], condition)
    steps[step] = len(plan.clauses)
    return _without_unused(replace(plan, clauses=(*plan.clauses, narrow), correlation=_over(plan.correlation, steps)))


def clauses_of_steps(plan: Plan) -> list[int]:
    """The clause of every step of a sequence or sample; none of other plans."""
    match plan.correlation:
        case Sequence(stages):
            return [stage.clause for stage in stages]
        case Sample(clauses):
            return list(clauses)
        case _:
            return []


def _over(correlation: Correlation, steps: list[int]) -> Correlation:
    """The correlation with these clauses for its steps."""
    match correlation:
        case Sequence(stages):
            changed = (replace(stage, clause=clause) for stage, clause in zip(stages, steps, strict=True))
            return replace(correlation, stages=tuple(changed))
        case Sample():
            return replace(correlation, clauses=tuple(steps))
        case _:
            return correlation


def _without_unused(plan: Plan) -> Plan:
    """The plan without clauses no step and no `until` refers to any more."""
    until = plan.correlation.until if isinstance(plan.correlation, Sequence) else None
    used = sorted({*clauses_of_steps(plan), *(() if until is None else (until,))})
    number = {clause: place for place, clause in enumerate(used)}
    correlation = _over(plan.correlation, [number[clause] for clause in clauses_of_steps(plan)])
    if isinstance(correlation, Sequence) and until is not None:
        correlation = replace(correlation, until=number[until])
    return replace(plan, clauses=tuple(plan.clauses[clause] for clause in used), correlation=correlation)
