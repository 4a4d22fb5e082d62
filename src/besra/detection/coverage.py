"""What is said of matches that the events do not reach back far enough for: a new term may be an old one."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from besra.detection.match import Match, NewTerm
from besra.detection.run import RunInfo
from besra.language.plan import NewTerms, Plan
from besra.problems import Place, Problem, Severity
from besra.rules.rule import Rule
from besra.schema.datemath import nanoseconds
from besra.schema.timestamp import format_timestamp


def coverage_problems(rule: Rule, plan: Plan, matches: Sequence[Match], run: RunInfo) -> Iterator[Problem]:
    """A warning if matches that become alerts are on terms the events do not reach back far enough for."""
    new = [match.finding for match in matches if isinstance(match.finding, NewTerm)]
    seen_from = run.seen_from
    if not isinstance(plan.correlation, NewTerms) or seen_from is None:
        return
    affected = sum(finding.since < seen_from for finding in new)
    if affected:
        asked = _told(nanoseconds(plan.correlation.history))
        message = (
            f'rule "{rule.name}" is about terms not seen for {asked}, and the events begin at'
            f" {format_timestamp(seen_from)}: {affected:,} of its {len(new):,} alerts may be on terms seen before"
        )
        hint = f"scan the events of the {asked} before as well, and begin the alerts with --from"
        yield Problem("new-terms-short-history", message, Severity.WARNING, Place(rule.path), hint)


UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}


def _told(length: int) -> str:
    """A length of time in nanoseconds, in its largest unit: `7d`, `4.9h`."""
    unit = next((unit for unit, size in UNITS.items() if length >= nanoseconds(size)), "s")
    return f"{length / nanoseconds(UNITS[unit]):.1f}".removesuffix(".0") + unit
