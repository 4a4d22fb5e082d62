"""What a run of a rule comes to, as it is committed: all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from besra.detection.alert import Alert
from besra.detection.execution import Execution, Failed
from besra.detection.rule_copy import rule_uuid
from besra.detection.run import RunInfo
from besra.detection.schedule import Gap
from besra.detection.suppression_group import Group
from besra.problems import Place, Problem
from besra.rules.rule import Rule
from besra.schema.timestamp import NANOS, format_timestamp
from besra.storage.progress import Progress
from besra.storage.run_log import RunRecord, RunStatus


@dataclass(frozen=True, slots=True)
class Outcome:
    """The record of a run, its alerts, how far the rule is then, and the groups of suppressed matches it leaves."""

    run: RunRecord
    alerts: Sequence[Alert] = ()
    progress: Progress | None = None
    groups: Sequence[Group] = ()


def outcome_of(done: Execution | Failed, run: RunInfo, duration: int, progress: Progress | None = None) -> Outcome:
    """The outcome of an execution that took so many nanoseconds; warnings make it a partial failure."""
    told = outcome_of_windows(done.rule, [done], run, duration)
    return replace(told, progress=progress)


def outcome_of_windows(
    rule: Rule, done: Sequence[Execution | Failed], run: RunInfo, duration: int, gap: Gap | None = None
) -> Outcome:
    """The outcome of a run that looked through several windows, and of what it could not make up for.

    Statuses are those of detection-engine.md 2.7: whoever missed something has failed, and what was found is kept.
    """
    executions = [one for one in done if isinstance(one, Execution)]
    errors = [one.problem for one in done if isinstance(one, Failed)]
    if gap is not None:
        errors.append(_gap_problem(rule, gap))
    warnings = tuple(dict.fromkeys(problem for one in executions for problem in one.warnings))
    alerts = {alert["kibana.alert.uuid"]: alert for one in executions for alert in one.alerts}
    problems = (*errors, *warnings)
    metrics: dict[str, float] = {
        "total_matches": sum(one.total_matches for one in executions),
        "suppressed_matches": sum(one.suppressed for one in executions),
        "known_matches": sum(one.known for one in executions),
    }
    if gap is not None:
        metrics["gap_duration_s"] = gap.length / NANOS
    record = RunRecord(
        run.execution_id(rule.space),
        rule_uuid(rule),
        rule.rule_id,
        rule.name,
        run.started,
        duration,
        kind=run.kind,
        status=RunStatus.FAILED if errors else RunStatus.WARNING if warnings else RunStatus.SUCCEEDED,
        message="; ".join(problem.message for problem in problems),
        gap=gap,
        metrics=metrics,
        problems=problems,
        space=rule.space,
    )
    return Outcome(record, tuple(alerts.values()), groups=[group for one in executions for group in one.groups])


def _gap_problem(rule: Rule, gap: Gap) -> Problem:
    message = f"nothing looked through {format_timestamp(gap.start)} to {format_timestamp(gap.end)} for this rule"
    hint = "it is filled by itself, unless that is switched off; or start a run over that time"
    return Problem("execution-gap", message, place=Place(rule.path), hint=hint)
