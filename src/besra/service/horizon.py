"""How long after their arrival events of a rule may still be part of something new."""

from besra.detection.schedule import window_at
from besra.language.plan import Each, NewTerms, Plan, Sample, Sequence, ThreatMatch, Threshold
from besra.rules.rule import Rule
from besra.schema.datemath import nanoseconds
from besra.schema.timestamp import NANOS

LATENESS = 600 * NANOS
"""How late an event may arrive behind those it belongs to."""


def horizon_of(rule: Rule, plan: Plan, now: int, lateness: int = LATENESS) -> int:
    """Nanoseconds for which the rows of a rule are worth keeping.

    A sequence needs its `maxspan`, whatever its rule's window is, so that none is lost between two runs; what has no
    such bound the window of the rule. New terms are new beside all of their history. Raises as `window_at`.
    """
    window = window_at(rule.schedule, now)
    looked_back = max(now - (window.start or now), 0)
    match plan.correlation:
        case Each():
            return 0
        case Sequence(maxspan=maxspan) if maxspan is not None:
            return nanoseconds(maxspan) + lateness
        case NewTerms() as new_terms:
            return looked_back + nanoseconds(new_terms.history) + lateness
        case Sequence() | Sample() | Threshold() | ThreatMatch():
            return looked_back + lateness
