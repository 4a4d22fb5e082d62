"""Conditions on dates: a value is a range that rounding may widen, and ranges take date math (eql.md 8.2).

Dates without a zone are in UTC. A date with `now` in it is left for the run where no time is known.
"""

from besra.errors import DateMathError
from besra.language.expr import FieldRef, Predicate, RelativeDate
from besra.language.kuery.scope import Scope
from besra.language.relative import date_test
from besra.language.simplify import FALSE
from besra.problems import Span
from besra.schema.datemath import depends_on_now, parse_date_math

ANY_TIME = 10**18
"""Some `now` (in 2001), to see whether a text is date math at all."""


def dated(scope: Scope, field: FieldRef, operator: str, text: str, span: Span) -> Predicate:
    """Some value stands in this order to the date; with `==`, lies in the stretch of time it names.

    Never, after a warning, if the text names no date.
    """
    try:
        found = date_test(field, operator, text, ANY_TIME if scope.now is None else scope.now)
    except DateMathError as error:
        message = f"{error.problem.message}, so this condition is never true"
        scope.warn(span, message, hint=error.problem.hint)
        return FALSE
    return RelativeDate(field, operator, text.strip()) if scope.now is None and depends_on_now(text) else found


def is_date(text: str) -> bool:
    """Whether a text reads as a date or as date math."""
    try:
        parse_date_math(text, ANY_TIME)
    except DateMathError:
        return False
    return True
