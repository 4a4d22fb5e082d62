"""One execution of one rule: its hits to matches to alerts, and what is to be said about the run."""

from collections.abc import Iterable
from dataclasses import dataclass

from besra.detection.alert import Alert, Source, build_alerts
from besra.detection.correlate import first_matches
from besra.detection.coverage import coverage_problems
from besra.detection.run import RunInfo
from besra.detection.window import EVERYTHING, Window
from besra.engine.hits import Hit
from besra.language.plan import Plan
from besra.problems import Place, Problem, Severity
from besra.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Execution:
    """The outcome: alerts in order of their matches, how many matches there were, and warnings."""

    rule: Rule
    alerts: tuple[Alert, ...]
    total_matches: int
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_alerts` replaces the rule's own `max_signals`; 0 is no limit, None leaves it to the rule."""

    max_alerts: int | None = None

    def of(self, rule: Rule) -> int | None:
        """Most matches of one execution that become alerts, None for all."""
        limit = rule.max_signals if self.max_alerts is None else self.max_alerts
        return limit or None


NO_LIMITS = Limits()


def execute(
    rule: Rule,
    plan: Plan,
    hits: Iterable[Hit],
    run: RunInfo,
    *,
    window: Window = EVERYTHING,
    limits: Limits = NO_LIMITS,
) -> Execution:
    """Run a rule over its hits.

    Beyond the limit the *earliest* matches become alerts and the total is told in a warning and in each alert's
    `besra.total_matches`. Elastic keeps the latest and says only that some are missing (detection-engine.md 2.6); the
    first sign of an intrusion is worth more than the hundredth.
    """
    source = Source(rule, plan, run)
    matches, total = first_matches(plan, hits, limits.of(rule), window)
    alerts = [alert for match in matches for alert in build_alerts(source, match)]
    for alert in alerts:
        alert["besra"]["total_matches"] = total
    warnings = (*_warnings(rule, total, limits), *coverage_problems(rule, plan, matches, run))
    return Execution(rule, tuple(alerts), total, warnings)


def _warnings(rule: Rule, total: int, limits: Limits) -> list[Problem]:
    limit = limits.of(rule)
    if limit is None or total <= limit:
        return []
    whose = "its max_signals" if limits.max_alerts is None else "the limit given"
    message = f'rule "{rule.name}" matched {total:,} times; alerts are limited to the first {limit:,} ({whose})'
    hint = "raise max_signals in the rule, or pass --max-alerts (0 for all)"
    return [Problem("max-alerts-reached", message, Severity.WARNING, Place(rule.path), hint)]
