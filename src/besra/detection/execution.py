"""One execution of one rule: its hits to matches to alerts, and what is to be said about the run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from besra.detection.alert import Alert, Source, build_alerts, feeds_itself
from besra.detection.correlate import correlate, first_matches, matches_in_time
from besra.detection.coverage import coverage_problems
from besra.detection.match import Match
from besra.detection.match_fields import fields_of_match
from besra.detection.overrides import overridden, overrides_of
from besra.detection.run import RunInfo
from besra.detection.suppression import Folded, Opening, fold, suppression_of
from besra.detection.suppression_group import Group
from besra.detection.window import EVERYTHING, Window
from besra.engine.hits import Hit
from besra.language.plan import Plan
from besra.problems import Place, Problem, Severity
from besra.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Execution:
    """The outcome: alerts in order of their matches, how many matches there were, and warnings.

    `due` is how many alerts there would be without a limit, a sequence counting once. Of a rule that suppresses,
    `suppressed` matches are counted on alerts of others, and `known` ones were dealt with by earlier runs. `groups` are
    those it opened or went on with, in that order: what an earlier run's alert has to be brought up to, and what the
    next run is to be told.
    """

    rule: Rule
    alerts: tuple[Alert, ...]
    total_matches: int
    warnings: tuple[Problem, ...] = ()
    due: int = 0
    suppressed: int = 0
    known: int = 0
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A run of a rule that came to nothing, and why."""

    rule: Rule
    problem: Problem


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_alerts` replaces the rule's own `max_signals`; 0 is no limit, None leaves it to the rule."""

    max_alerts: int | None = None

    def of(self, rule: Rule) -> int | None:
        """Most matches of one execution that become alerts, None for all."""
        limit = rule.max_signals if self.max_alerts is None else self.max_alerts
        return limit or None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which matches a run is about: those of events in a window, and of them those `is_due` says, None being all."""

    window: Window = EVERYTHING
    is_due: Callable[[Match], bool] | None = None

    def has(self, match: Match) -> bool:
        """Whether a match in the window is due."""
        return self.is_due is None or self.is_due(match)


EVERY_MATCH = Scope()


def execute(
    rule: Rule,
    plan: Plan,
    hits: Iterable[Hit],
    run: RunInfo,
    *,
    scope: Scope = EVERY_MATCH,
    limits: Limits = NO_LIMITS,
) -> Execution:
    """Run a rule over its hits.

    Beyond the limit the *earliest* matches become alerts and the total is told in a warning and in each alert's
    `besra.total_matches`. Elastic keeps the latest and says only that some are missing (detection-engine.md 2.6); the
    first sign of an intrusion is worth more than the hundredth. What is suppressed does not count towards the limit.
    """
    source = Source(rule, plan, run)
    folded = _fold(source, hits, scope, limits.of(rule))
    numbers = {"total_matches": folded.total}
    if rule.parameters.get("alert_suppression"):
        numbers["suppressed_matches"] = folded.suppressed
    alerts: list[Alert] = []
    groups = [*folded.continued]
    for opening in folded.openings:
        made = _alerts(source, opening)
        for alert in made:
            alert["besra"].update(numbers)
        if made and opening.group is not None:
            groups.append(replace(opening.group, alert_id=made[-1]["kibana.alert.uuid"]))
        alerts += made
    matches = [opening.match for opening in folded.openings]
    warnings = (*_warnings(rule, folded, limits), *coverage_problems(rule, plan, matches, run))
    return Execution(
        rule,
        tuple(alerts),
        folded.total,
        warnings,
        due=folded.due,
        suppressed=folded.suppressed,
        known=folded.known,
        groups=tuple(groups),
    )


def _fold(source: Source, hits: Iterable[Hit], scope: Scope, limit: int | None) -> Folded:
    """The matches that become alerts, with the groups of a rule that suppresses."""
    plan, run = source.plan, source.run
    suppression = suppression_of(source.rule, plan)
    if suppression is None:
        matches, total = _first(plan, hits, scope, limit)
        return Folded(tuple(map(Opening, matches)), total, total, total - len(matches))
    others = (
        match
        for match in matches_in_time(plan, hits, scope.window)
        if scope.has(match) and not feeds_itself(source, match)
    )
    return fold(others, suppression, limit, run.groups)


def _first(plan: Plan, hits: Iterable[Hit], scope: Scope, limit: int | None) -> tuple[list[Match], int]:
    if scope.is_due is None:
        return first_matches(plan, hits, limit, scope.window)
    due = [match for match in correlate(plan, hits, scope.window) if scope.has(match)]
    return due[:limit], len(due)


def _alerts(source: Source, opening: Opening) -> list[Alert]:
    """The alerts of a match, of which the last stands for all of it: it is overridden and says what it suppresses."""
    alerts = build_alerts(source, opening.match)
    if not alerts:
        return []
    rule, main = source.rule, alerts[-1]
    main = overridden(main, rule, overrides_of(rule, fields_of_match(source.plan, opening.match)))
    if opening.group is not None:
        main = {**main, "kibana.alert.uuid": opening.alert_id(main["kibana.alert.uuid"]), **opening.group.fields()}
    return [*alerts[:-1], main]


def _warnings(rule: Rule, folded: Folded, limits: Limits) -> list[Problem]:
    limit = limits.of(rule)
    if limit is None or folded.due <= limit:
        return []
    whose = "its max_signals" if limits.max_alerts is None else "the limit given"
    message = f'rule "{rule.name}" matched {folded.total:,} times; alerts are limited to the first {limit:,} ({whose})'
    if rule.parameters.get("alert_suppression"):
        of_all = f"of the {folded.due:,} alerts that suppression leaves, and {folded.left_out:,} matches are in none"
        message = f"{message} {of_all}"
    hint = "raise max_signals in the rule, or pass --max-alerts (0 for all)"
    return [Problem("max-alerts-reached", message, Severity.WARNING, Place(rule.path), hint)]
