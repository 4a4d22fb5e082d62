"""Conditions on dates: a value is a range that rounding may widen, and ranges take date math (eql.md 8.2).

As in Elasticsearch a date that leaves parts out, or is rounded (`now/d`), means its first instant behind `>=` and `<`,
its last behind `<=` and `>`. Dates without a zone are in UTC.
"""

from besra.errors import DateMathError
from besra.language.expr import Equals, FieldRef, Predicate, Range
from besra.language.kuery.scope import Scope
from besra.language.simplify import FALSE, all_of
from besra.problems import Span
from besra.schema.datemath import parse_date_math

ROUNDS_UP = {"<": False, ">=": False, "<=": True, ">": True}


def same_date(scope: Scope, field: FieldRef, text: str, span: Span) -> Predicate:
    """Some value lies in the stretch of time the text names.

    The ends are two leaves, so of a field with several dates one may satisfy either.
    """
    first = instant(scope, text, span, round_up=False)
    last = instant(scope, text, span, round_up=True)
    if first is None or last is None:
        return FALSE
    if first == last:
        return Equals(field, frozenset({first}))
    return all_of([Range(field, ">=", first), Range(field, "<=", last)])


def ordered_date(scope: Scope, field: FieldRef, operator: str, text: str, span: Span) -> Predicate:
    """Some value stands in this order to the date."""
    found = instant(scope, text, span, round_up=ROUNDS_UP[operator])
    return FALSE if found is None else Range(field, operator, found)


def instant(scope: Scope, text: str, span: Span, *, round_up: bool) -> int | None:
    """The instant a text names; None, after a problem, if it names none."""
    try:
        found = parse_date_math(text, scope.now or 0, round_up=round_up)
    except DateMathError as error:
        message = f"{error.problem.message}, so this condition is never true"
        scope.warn(span, message, hint=error.problem.hint)
        return None
    if scope.now is None and text.strip().startswith("now"):
        message = f"`{text}` depends on the time of the search, which is not known here"
        scope.error(span, message, hint="write a date, such as 2026-01-31")
        return None
    return found


def is_date(text: str) -> bool:
    """Whether a text reads as a date or as date math."""
    try:
        parse_date_math(text, 0)
    except DateMathError:
        return False
    return True
