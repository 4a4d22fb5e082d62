"""Which events can matter to a pack at all: the times and categories outside of which no clause of it counts."""

from collections.abc import Iterable

from besra.engine.pack import RulePack
from besra.events.event_time import TIMESTAMP
from besra.events.wanted import Wanted
from besra.language.expr import Always, And, Equals, Or, Predicate, Range
from besra.language.plan import NewTerms, Plan, ThreatMatch
from besra.schema.datemath import nanoseconds
from besra.schema.fieldtype import FieldType

Bounds = tuple[int | None, int | None]
"""A closed range of times in nanoseconds since 1970; None is unbounded."""

CATEGORY = "event.category"


def wanted_by(pack: RulePack, start: int | None = None, end: int | None = None) -> Wanted:
    """The events a pack can use in a window of time (closed, in nanoseconds since 1970; None is unbounded).

    Clauses of `until` and of missing events are clauses: what they wait for matters. The window says nothing about
    `@timestamp` where a rule goes by another time, nor about indicators, and history lies before it.
    """
    if not all(_is_bounded(entry.plan) for entry in pack.entries):
        start = end = None
    if start is not None:
        start -= max((_history(entry.plan) for entry in pack.entries), default=0)
    clauses = [clause.predicate for entry in pack.entries for clause in entry.plan.clauses]
    return Wanted(start, end, categories_of(Or(tuple(clauses))))


def _is_bounded(plan: Plan) -> bool:
    """Whether a window of times bounds what the plan looks at."""
    return plan.ordering.timestamp.name == TIMESTAMP and not isinstance(plan.correlation, ThreatMatch)


def _history(plan: Plan) -> int:
    """How far before a window the plan looks, in nanoseconds."""
    return nanoseconds(plan.correlation.history) if isinstance(plan.correlation, NewTerms) else 0


def categories_of(predicate: Predicate) -> frozenset[str] | None:
    """Categories one of which an event has if the predicate holds for it; None if it may have any, or none."""
    match predicate:
        case Always(value=False):
            return frozenset()
        case Equals(ignore_case=False) if predicate.field.name == CATEGORY:
            texts = frozenset(value for value in predicate.values if isinstance(value, str))
            return texts if len(texts) == len(predicate.values) else None
        case And():
            known = [found for operand in predicate.operands if (found := categories_of(operand)) is not None]
            # Any of them will do. Not what they share: an event may have several categories.
            return min(known, key=len, default=None)
        case Or():
            return _any_of(map(categories_of, predicate.operands))
        case _:
            return None


def _any_of(choices: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for choice in choices:
        if choice is None:
            return None
        found |= choice
    return found


def times_of(predicate: Predicate) -> Bounds:
    """The times between which a time of an event lies if the predicate holds of it."""
    match predicate:
        case Range() if predicate.field.name == TIMESTAMP and predicate.field.type is FieldType.DATE:
            if not isinstance(predicate.value, int):
                return None, None
            return (None, predicate.value) if predicate.operator.startswith("<") else (predicate.value, None)
        case Equals() if predicate.field.name == TIMESTAMP and predicate.field.type is FieldType.DATE:
            times = [value for value in predicate.values if isinstance(value, int)]
            whole = len(times) == len(predicate.values) > 0
            return (min(times), max(times)) if whole else (None, None)
        case And():
            known = list(map(times_of, predicate.operands))
            starts = [start for start, _ in known if start is not None]
            ends = [end for _, end in known if end is not None]
            return max(starts, default=None), min(ends, default=None)
        case Or() if predicate.operands:
            known = list(map(times_of, predicate.operands))
            lows, highs = [start for start, _ in known], [end for _, end in known]
            return _least(lows), _greatest(highs)
        case _:
            return None, None


def _least(bounds: list[int | None]) -> int | None:
    known = [bound for bound in bounds if bound is not None]
    return min(known) if len(known) == len(bounds) else None


def _greatest(bounds: list[int | None]) -> int | None:
    known = [bound for bound in bounds if bound is not None]
    return max(known) if len(known) == len(bounds) else None
