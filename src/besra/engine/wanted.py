"""Which events can matter to a pack at all: the times and categories outside of which no clause of it counts."""

from collections.abc import Iterable

from besra.engine.pack import RulePack
from besra.events.event_time import TIMESTAMP
from besra.events.wanted import Wanted
from besra.language.expr import Always, And, Equals, Or, Predicate
from besra.language.plan import NewTerms, Plan, ThreatMatch
from besra.schema.datemath import nanoseconds

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
