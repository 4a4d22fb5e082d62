"""Which events a run of a rule sees: those whose time lies in its window, by the clock the rule goes by.

A rule may name a field for that, as a rule the time of ingest, so that it sees what arrived late. The clock decides
what is seen and nothing else: the order of events stays that of when they happened (detection-engine.md 2.2).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from besra.detection.correlate.new_terms import with_history
from besra.detection.window import EVERYTHING, Window
from besra.engine.reference import FieldValues
from besra.events.event_time import TIMESTAMP
from besra.language.expr import Exists, FieldRef, Not, Predicate, Range
from besra.language.plan import NewTerms, Plan
from besra.language.simplify import all_of, any_of, negated
from besra.rules.rule import Rule
from besra.schema.fieldtype import FieldType

INGESTED = "event.ingested"


class Clock(StrEnum):
    """What a window is a window of: the time events happened, or the time their rule goes by."""

    EVENT = "event"
    RULE = "rule"


def visible(rule: Rule, window: Window) -> Predicate:
    """Whether a run of a rule in a window sees an event: by the rule's override, and without one by `@timestamp`.

    An event that lacks the override is seen by its `@timestamp`, unless the rule says otherwise.
    """
    by_event = _within(TIMESTAMP, window)
    if not rule.timestamp_override:
        return by_event
    by_override = _within(rule.timestamp_override, window)
    if rule.parameters.get("timestamp_override_fallback_disabled"):
        return by_override
    missing = Not(Exists(FieldRef(rule.timestamp_override, FieldType.DATE)))
    return any_of([by_override, all_of([missing, by_event])])


def _within(name: str, window: Window) -> Predicate:
    field = FieldRef(name, FieldType.DATE)
    bounds = ((">=", window.start), ("<=", window.end))
    return all_of(Range(field, operator, time) for operator, time in bounds if time is not None)


def seen_in(window: Window, rule: Rule, plan: Plan) -> Plan:
    """The plan over the events a run of the rule in the window sees. Its matches are then those in all of time.

    Indicators are no events of the window, and what is new is so beside the history before it.
    """
    if window == EVERYTHING:
        return plan
    history = with_history(window, plan.correlation) if isinstance(plan.correlation, NewTerms) else window
    seen = visible(rule, history)
    clauses = tuple(
        replace(clause, predicate=all_of([clause.predicate, seen])) if clause.index is None else clause
        for clause in plan.clauses
    )
    unseen = () if history == window else (negated(visible(rule, window)),)
    return replace(plan, clauses=clauses, exclusions=(*plan.exclusions, *unseen))


@dataclass(frozen=True, slots=True)
class Sight:
    """By which time a rule sees an event: that of a field, and that of `@timestamp` where the event lacks it."""

    field: str = TIMESTAMP
    falls_back: bool = True

    def time_of(self, fields: FieldValues) -> int | None:
        """When a run has to look to see an event, in nanoseconds since 1970; None if no run that looks anywhere does.

        Of several times the earliest counts.
        """
        names = (self.field, TIMESTAMP) if self.falls_back else (self.field,)
        for name in names:
            if times := [time for time in fields.values(name, FieldType.DATE) if isinstance(time, int)]:
                return min(times)
        return None


def sight_of(rule: Rule) -> Sight:
    """How a rule sees events (detection-engine.md 2.2)."""
    if not rule.timestamp_override:
        return Sight()
    return Sight(rule.timestamp_override, not rule.parameters.get("timestamp_override_fallback_disabled"))
