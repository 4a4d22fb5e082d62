"""What the matches of a scan rest on that a scheduled run would have seen otherwise: said, for it changes the alerts.

A new term is only as new as the events reach back. A threshold is meant for the stretch of time that its rule looks
back, and a scan counts over everything it is given.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from besra.detection.match import Bucket, Match, NewTerm
from besra.detection.run import RunInfo
from besra.language.plan import NewTerms, Plan
from besra.problems import Place, Problem, Severity
from besra.rules.rule import Rule
from besra.schema.datemath import nanoseconds, parse_date_math
from besra.schema.timestamp import format_timestamp


def coverage_problems(rule: Rule, plan: Plan, matches: Sequence[Match], run: RunInfo) -> Iterator[Problem]:
    """Warnings about matches that become alerts, one of each kind."""
    yield from _short_history(rule, plan, matches, run)
    yield from _wide_buckets(rule, matches, run)


def _short_history(rule: Rule, plan: Plan, matches: Sequence[Match], run: RunInfo) -> Iterator[Problem]:
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


def _wide_buckets(rule: Rule, matches: Sequence[Match], run: RunInfo) -> Iterator[Problem]:
    spans = [_span(match.finding) for match in matches if isinstance(match.finding, Bucket)]
    if not spans:
        return
    start, end = (parse_date_math(text, run.started) for text in (rule.schedule.start, rule.schedule.end))
    affected = sum(span > end - start for span in spans)
    if affected:
        message = (
            f'rule "{rule.name}" looks back {_told(end - start)} in a run of Elastic\'s, and a scan is one run over'
            f" everything: {affected:,} of its {len(spans):,} alerts count events up to {_told(max(spans))} apart"
        )
        hint = "narrow the scan with --from and --to to count within a shorter time"
        yield Problem("threshold-wide-window", message, Severity.WARNING, Place(rule.path), hint)


def _span(bucket: Bucket) -> int:
    """How far apart a bucket's first and last events are, in nanoseconds."""
    return 0 if bucket.first is None or bucket.last is None else bucket.last - bucket.first


UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}


def _told(length: int) -> str:
    """A length of time in nanoseconds, in its largest unit: `7d`, `4.9h`."""
    unit = next((unit for unit, size in UNITS.items() if length >= nanoseconds(size)), "s")
    return f"{length / nanoseconds(UNITS[unit]):.1f}".removesuffix(".0") + unit
