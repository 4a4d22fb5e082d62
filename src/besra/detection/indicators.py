"""Indicators a job needs: whether some rule compares events with them, and whether there were any."""

from collections.abc import Collection, Set

from besra.detection.detect import Job, RuleHits
from besra.engine.hits import Hit
from besra.engine.kept_hits import KeptHits
from besra.language.plan import ThreatMatch
from besra.problems import Problem, Severity
from besra.rules.plans.narrowing import indicator_clauses

SHOWN = 3
"""Rules named in a message; there may be hundreds."""


def needs_indicators(job: Job) -> bool:
    """Whether some rule compares events with indicators."""
    return any(isinstance(plan.correlation, ThreatMatch) for _, plan in job.rules)


def unused_indicators() -> Problem:
    """What to say of indicators that nobody reads."""
    message = "no rule that runs compares events with indicators: those given are not read"
    return Problem("indicators-not-used", message, Severity.WARNING, hint="name an indicator match rule with --rules")


def missing_indicators(job: Job, hits: RuleHits, *, given: bool) -> Problem | None:
    """What to say if rules compare events with indicators and found none; `given` says whether some were named."""
    without = [
        rule.name
        for (rule, plan), found in zip(job.rules, hits, strict=True)
        if isinstance(plan.correlation, ThreatMatch) and not indicator_clauses(plan) & _clauses_of(found)
    ]
    if not without:
        return None
    names = ", ".join(f'"{name}"' for name in without[:SHOWN]) + (", …" if len(without) > SHOWN else "")
    rules = "1 indicator match rule" if len(without) == 1 else f"{len(without):,} indicator match rules"
    if given:
        message = f"none of the documents given is an indicator to {rules} ({names}), which can match nothing"
        hint = "indicators satisfy the rule's threat_query and have a field of its threat_mapping"
        hint += "; those that name an index name one of its threat_index"
    else:
        message = f"no indicator was read for {rules} ({names}), which can match nothing"
        hint = "name files of indicators with --indicators, or scan documents of the rule's threat_index"
    return Problem("no-indicators", message, Severity.WARNING, hint=hint)


def _clauses_of(hits: Collection[Hit]) -> Set[int]:
    """The clauses that had hits, those that were dropped for want of a partner included."""
    return hits.seen if isinstance(hits, KeptHits) else {hit.clause for hit in hits}
