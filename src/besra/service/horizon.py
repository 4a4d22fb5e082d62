"""How long after their arrival events of a rule may still be part of something new."""

from besra.detection.schedule import CATCH_UP, interval_of, window_at
from besra.language.plan import NewTerms, Plan, Sequence, Threshold
from besra.rules.rule import Rule
from besra.schema.datemath import nanoseconds
from besra.schema.timestamp import NANOS

INDICATORS = 31 * 86_400 * NANOS
"""For how long an indicator counts: the queries of threat intelligence look back on 30 days."""
LATENESS = 600 * NANOS
"""How late an event may arrive behind those it belongs to."""


def horizon_of(rule: Rule, plan: Plan, now: int, *, is_live: bool = False) -> int:
    """Nanoseconds for which the rows of a rule are worth keeping.

    What its runs look back on, those too that make up for others, and what that may be part of: a sequence that is not
    cut by the window of its rule, so that none is lost between two runs, and the whole history of new terms. Where
    rules run for what arrives, nothing has to be made up for, and what a window sees has been found. Raises as
    `window_at`.
    """
    window = window_at(rule.schedule, now)
    looked_back = max(now - (window.start or now), 0)
    if is_live:
        return max(looked_back, reach_of(plan)) + LATENESS
    return looked_back + CATCH_UP * interval_of(rule.schedule) + reach_of(plan) + LATENESS


def reach_of(plan: Plan) -> int:
    """How far apart events of a match may be that a run is to find, whatever its window, in nanoseconds."""
    match plan.correlation:
        case Sequence(maxspan=maxspan) if maxspan is not None:
            return nanoseconds(maxspan)
        case NewTerms() as new_terms:
            return nanoseconds(new_terms.history)
        case Threshold(within=within) if within is not None:
            return within
        case _:
            return 0


def joined_for(plan: Plan, horizon: int, lateness: int = LATENESS) -> int:
    """For how long after its arrival an event may become part of a bucket with one that arrives, in nanoseconds."""
    correlation = plan.correlation
    has_end = isinstance(correlation, Threshold) and correlation.within is not None
    return min(horizon, reach_of(plan) + lateness) if has_end else horizon
