"""What a run of a rule comes to, as it is committed: all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from besra.detection.alert import Alert
from besra.detection.execution import Execution
from besra.detection.rule_copy import rule_uuid
from besra.detection.run import RunInfo
from besra.detection.suppression_group import Group
from besra.storage.progress import Progress
from besra.storage.run_log import RunRecord, RunStatus


@dataclass(frozen=True, slots=True)
class Outcome:
    """The record of a run, its alerts, how far the rule is then, and the groups of suppressed matches it leaves."""

    run: RunRecord
    alerts: Sequence[Alert] = ()
    progress: Progress | None = None
    groups: Sequence[Group] = ()


def outcome_of(done: Execution, run: RunInfo, duration: int, progress: Progress | None = None) -> Outcome:
    """The outcome of an execution that took so many nanoseconds; warnings make it a partial failure."""
    rule = done.rule
    record = RunRecord(
        run.execution_id,
        rule_uuid(rule),
        rule.rule_id,
        rule.name,
        run.started,
        duration,
        kind=run.kind,
        status=RunStatus.WARNING if done.warnings else RunStatus.SUCCEEDED,
        message="; ".join(problem.message for problem in done.warnings),
        metrics={
            "total_matches": done.total_matches,
            "suppressed_matches": done.suppressed,
            "known_matches": done.known,
        },
        problems=done.warnings,
    )
    return Outcome(record, done.alerts, progress, done.groups)
