"""The execution log: a record of every run of a rule (detection-engine.md 2.8)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Table, delete, select

from besra.detection.schedule import Gap
from besra.problems import Place, Problem, Severity
from besra.rules.space import DEFAULT
from besra.storage.columns import stored_name, stored_text, stored_time
from besra.storage.run_tables import EXECUTION
from besra.storage.upsert import upsert


class RunStatus(StrEnum):
    """How a run ended; `running` and `going to run` are known to who runs it and are not stored."""

    SUCCEEDED = "succeeded"
    WARNING = "partial failure"
    FAILED = "failed"


DONE = (RunStatus.SUCCEEDED, RunStatus.WARNING)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run of a rule. Times and durations are nanoseconds.

    `id` is the execution's UUID, `kind` is `scheduled`, `manual` or `live`. `gap` is what it could not make up for,
    `filled` what it did look through although it was not its own time. `metrics` are numbers by name, those of
    detection-engine.md 2.8 by the names there. What is stored tells how many alerts were new.
    """

    id: str
    rule_uuid: str
    rule_id: str
    rule_name: str
    started: int
    duration: int
    kind: str = "scheduled"
    status: RunStatus = RunStatus.SUCCEEDED
    message: str = ""
    gap: Gap | None = None
    filled: Gap | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    new_alerts: int = 0
    known_alerts: int = 0
    space: str = DEFAULT

    @property
    def is_done(self) -> bool:
        """Whether what it had to look through was looked through."""
        return self.status in DONE


def write_run(connection: Connection, run: RunRecord) -> None:
    """Keep the record of a run. That of a run that failed gives way to that of the same run when it is run again."""
    row = {
        "rule_uuid": stored_name(run.rule_uuid),
        "id": run.id,
        "space": stored_name(run.space),
        "rule_id": stored_name(run.rule_id),
        "rule_name": stored_name(run.rule_name),
        "kind": run.kind,
        "started": stored_time(run.started),
        "duration": stored_time(run.duration),
        "status": str(run.status),
        "message": stored_text(run.message),
        "new_alerts": run.new_alerts,
        "known_alerts": run.known_alerts,
        **_ends("gap", run.gap),
        **_ends("filled", run.filled),
        "metrics": dict(run.metrics),
        "problems": [asdict(problem) for problem in run.problems],
    }
    upsert(connection, EXECUTION, ("rule_uuid", "id"), row, _has_failed)


def _has_failed(_: Insert) -> ColumnElement[bool]:
    return EXECUTION.c.status == str(RunStatus.FAILED)


def _ends(name: str, time: Gap | None) -> dict[str, int | None]:
    start, end = (None, None) if time is None else (stored_time(time.start), stored_time(time.end))
    return {f"{name}_start": start, f"{name}_end": end}


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose records are meant: those of a space, those of a rule; None is any."""

    space: str | None = None
    rule_uuid: str | None = None

    def among(self, table: Table) -> list[ColumnElement[bool]]:
        """The conditions on a table that has both."""
        said = {"space": self.space, "rule_uuid": self.rule_uuid}
        return [table.c[name] == stored_name(value) for name, value in said.items() if value is not None]


ANYBODYS = Whose()


def runs(connection: Connection, whose: Whose = ANYBODYS, limit: int = 100, offset: int = 0) -> tuple[RunRecord, ...]:
    """The records of runs, the newest first."""
    rows = select(EXECUTION).where(*whose.among(EXECUTION))
    rows = rows.order_by(EXECUTION.c.started.desc(), EXECUTION.c.rule_uuid, EXECUTION.c.id)
    return tuple(_record(row._mapping) for row in connection.execute(rows.limit(limit).offset(offset)))


def _record(row: Mapping[Any, Any]) -> RunRecord:
    names = ("id", "space", "rule_uuid", "rule_id", "rule_name", "started", "duration", "kind")
    values = {name: row[name] for name in names}
    counted = {name: row[name] for name in ("message", "metrics", "new_alerts", "known_alerts")}
    return RunRecord(
        **values,
        **counted,
        status=RunStatus(row["status"]),
        gap=_stretch(row["gap_start"], row["gap_end"]),
        filled=_stretch(row["filled_start"], row["filled_end"]),
        problems=tuple(map(_problem, row["problems"])),
    )


def _stretch(start: int | None, end: int | None) -> Gap | None:
    return None if start is None or end is None else Gap(start, end)


def _problem(told: Mapping[str, Any]) -> Problem:
    return Problem(**{**told, "severity": Severity(told["severity"]), "place": Place(**told["place"])})


def forget_runs(connection: Connection, before: int) -> int:
    """Drop the records of runs that started before a time, and say how many they were."""
    return connection.execute(delete(EXECUTION).where(EXECUTION.c.started < stored_time(before))).rowcount
