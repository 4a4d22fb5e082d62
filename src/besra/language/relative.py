"""Dates that depend on the time of a run (`now-30d/d`): kept as they are in plans, written out before an engine looks.

A rule is planned when it is loaded, its plan remembered, and run later and again. `now` comes in at the run, so plans
stay what follows from the rule alone, and the two functions at besra's heart stay free of a clock.
"""

from collections.abc import Iterator
from dataclasses import replace

from besra.errors import DateMathError
from besra.language.expr import And, Equals, FieldRef, Nested, Not, Or, Predicate, Range, RelativeDate
from besra.language.plan import Plan
from besra.language.simplify import FALSE, all_of, any_of, negated, some_object
from besra.schema.datemath import parse_date_math

ROUNDS_UP = {"<": False, ">=": False, "<=": True, ">": True}


def date_test(field: FieldRef, operator: str, text: str, now: int) -> Predicate:
    """Some value of a field stands in this order to the date that `text` names (eql.md 8.2). Raises DateMathError.

    A date that leaves parts out, or is rounded, means its first instant behind `>=` and `<`, its last behind `<=` and
    `>`. With `==` a value lies in that stretch of time; its ends are two leaves, so of a field with several dates one
    may satisfy either.
    """
    if operator != "==":
        return Range(field, operator, parse_date_math(text, now, round_up=ROUNDS_UP[operator]))
    first, last = (parse_date_math(text, now, round_up=round_up) for round_up in (False, True))
    if first == last:
        return Equals(field, frozenset({first}))
    return all_of([Range(field, ">=", first), Range(field, "<=", last)])


def at(predicate: Predicate, now: int) -> Predicate:
    """The predicate at a time, in nanoseconds since 1970. A date beyond the years 1 to 9999 is never reached."""
    match predicate:
        case RelativeDate():
            try:
                return date_test(predicate.field, predicate.operator, predicate.text, now)
            except DateMathError:
                return FALSE
        case Not():
            return negated(at(predicate.operand, now))
        case Nested():
            return some_object(predicate.path, at(predicate.operand, now))
        case And():
            return all_of(at(operand, now) for operand in predicate.operands)
        case Or():
            return any_of(at(operand, now) for operand in predicate.operands)
        case _:
            return predicate


def resolved(plan: Plan, now: int) -> Plan:
    """The plan at a time, in nanoseconds since 1970; the plan itself if no time matters to it."""
    if not is_relative(plan):
        return plan
    clauses = tuple(replace(clause, predicate=at(clause.predicate, now)) for clause in plan.clauses)
    return replace(plan, clauses=clauses, exclusions=tuple(at(exclusion, now) for exclusion in plan.exclusions))


def is_relative(plan: Plan) -> bool:
    """Whether the plan is another at another time."""
    return any(True for _ in relative_dates(plan))


def relative_dates(plan: Plan) -> Iterator[RelativeDate]:
    """The dates in a plan that depend on the time of a run."""
    for predicate in (*(clause.predicate for clause in plan.clauses), *plan.exclusions):
        yield from _dates_in(predicate)


def unresolved(date: RelativeDate) -> ValueError:
    """What engines raise for a plan nobody has `resolved`: a mistake of the caller, not of a rule's author."""
    return ValueError(f"{date.text!r} depends on a time: resolve the plan before it is evaluated")


def _dates_in(predicate: Predicate) -> Iterator[RelativeDate]:
    match predicate:
        case RelativeDate():
            yield predicate
        case Not() | Nested():
            yield from _dates_in(predicate.operand)
        case And() | Or():
            for operand in predicate.operands:
                yield from _dates_in(operand)
        case _:
            return
