"""The routes over runs of rules and over time nobody looked through (interfaces.md 4, detection-engine.md 2.4, 2.8)."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from besra.detection.rule_copy import rule_uuid
from besra.detection.schedule import Gap
from besra.schema.timestamp import NANOS, format_timestamp
from besra.service.answering import RequestError
from besra.service.description import Description, Nothing
from besra.service.endpoint import Endpoint, Right, space_of
from besra.service.own_endpoint import own
from besra.service.server import Service
from besra.service.stretch import time_of
from besra.storage.gap_log import GapKind, GapStatus, RecordedGap
from besra.storage.run_log import RunRecord

LARGEST_PAGE = 1_000
LONGEST = 90 * 86_400 * NANOS
"""Of a stretch of time that runs are asked for."""
MOST_WAITING = 10
"""Stretches of time that wait for one rule."""
MILLI = 1_000_000


class RunsQuery(Struct, frozen=True, forbid_unknown_fields=True, rename={"offset": "from"}):
    """Which records of runs."""

    rule_id: Annotated[str | None, Meta(description="of one rule")] = None
    size: Annotated[int, Meta(ge=0, le=LARGEST_PAGE, description="how many")] = 100
    offset: Annotated[int, Meta(ge=0, le=10**9, description="how many to pass over, the newest first")] = 0


class GapsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which gaps."""

    rule_id: Annotated[str | None, Meta(description="of one rule")] = None
    status: Annotated[GapStatus | None, Meta(description="what is being done about them")] = None


class RunsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Runs over a stretch of time that is past."""

    start: Annotated[str, Meta(description="from when on: a date, or date math such as now-2d")]
    end: Annotated[str, Meta(description="until when, as `start`")]
    rule_ids: Annotated[tuple[str, ...] | None, Meta(description="of these rules; without it of all that run")] = None


class RunsPlanned(Struct, frozen=True):
    """What will be looked through again, and by how many rules."""

    rules: int
    start: str
    end: str


class ToldStretch(Struct, frozen=True):
    """A stretch of time."""

    start: str
    end: str


class ToldProblem(Struct, frozen=True):
    """Something a run has to say."""

    code: str
    severity: str
    message: str
    hint: str | None


class ToldRun(Struct, frozen=True, omit_defaults=True):
    """The record of a run, by the names of detection-engine.md 2.8."""

    execution_uuid: str
    rule_id: str
    rule_name: str
    kind: str
    timestamp: str
    duration_ms: float
    status: str
    message: str
    num_new_alerts: int
    num_known_alerts: int
    metrics: dict[str, float]
    problems: tuple[ToldProblem, ...]
    gap: ToldStretch | None = None
    filled: ToldStretch | None = None


class RunsTold(Struct, frozen=True):
    """Records of runs, the newest first."""

    runs: tuple[ToldRun, ...]


class ToldGap(Struct, frozen=True):
    """Time no run of a rule has looked through, and what has been made up for since."""

    id: int
    rule_uuid: str
    start: str
    end: str
    status: GapStatus
    filled: tuple[ToldStretch, ...]
    unfilled: tuple[ToldStretch, ...]
    found: str
    message: str


class GapsTold(Struct, frozen=True):
    """Gaps, the oldest first."""

    gaps: tuple[ToldGap, ...]


RUNS: Description[RunsQuery, Nothing] = Description("What rules have done.", RunsQuery, answer=RunsTold)
ASK: Description[Nothing, RunsAsked] = Description(
    "Have rules look through time that is past.", body=RunsAsked, answer=RunsPlanned, status=202
)
GAPS: Description[GapsQuery, Nothing] = Description("What was missed.", GapsQuery, answer=GapsTold)
FILL: Description[Nothing, Nothing] = Description(
    "Have a gap filled now, however old it is.",
    answer=ToldGap,
    status=202,
    refusals={404: "there is no such gap", 409: "it is filled, or its rule does not run"},
)


def routes(service: Service) -> list[Endpoint]:
    """The routes of a service."""

    async def runs(request: Request, asked: RunsQuery, _: Nothing) -> RunsTold:
        return await run_in_threadpool(_runs, service, space_of(request), asked)

    async def gaps(request: Request, asked: GapsQuery, _: Nothing) -> GapsTold:
        return await run_in_threadpool(_gaps, service, space_of(request), asked)

    async def ask(request: Request, _: Nothing, asked: RunsAsked) -> RunsPlanned:
        return await run_in_threadpool(_ask, service, space_of(request), asked)

    async def fill(request: Request, _: Nothing, __: Nothing) -> ToldGap:
        return await run_in_threadpool(_fill, service, space_of(request), request.path_params["id"])

    return [
        own("GET", "/runs", Right.READ, RUNS, runs),
        own("POST", "/runs", Right.AUTHOR, ASK, ask),
        own("GET", "/gaps", Right.READ, GAPS, gaps),
        own("POST", "/gaps/{id:int}/_fill", Right.AUTHOR, FILL, fill),
    ]


def _runs(service: Service, space: str, asked: RunsQuery) -> RunsTold:
    found = service.spaces.alerts(space).runs(_uuid(service, space, asked.rule_id), asked.size, asked.offset)
    return RunsTold(tuple(map(told_run, found)))


def _gaps(service: Service, space: str, asked: GapsQuery) -> GapsTold:
    statuses = tuple(GapStatus) if asked.status is None else (asked.status,)
    found = service.spaces.alerts(space).gaps(_uuid(service, space, asked.rule_id), statuses)
    return GapsTold(tuple(told_gap(gap) for gap in found if gap.kind is GapKind.MISSED))


def _ask(service: Service, space: str, asked: RunsAsked) -> RunsPlanned:
    """Have runs done over a stretch of time."""
    now = service.clock()
    start, end = time_of("start", asked.start, now) or 0, time_of("end", asked.end, now) or 0
    if not start < end <= now:
        raise RequestError(400, "start lies before end, and end not in the future")
    if end - start > LONGEST:
        raise RequestError(400, "from start to end are 90 days at most; ask for them piece by piece")
    uuids = _uuids(service, space, asked.rule_ids)
    waiting = service.spaces.alerts(space).gaps(statuses=(GapStatus.UNFILLED, GapStatus.IN_PROGRESS))
    for uuid in uuids:
        if sum(gap.rule_uuid == uuid and gap.kind is GapKind.ASKED for gap in waiting) >= MOST_WAITING:
            raise RequestError(400, f"{MOST_WAITING} stretches of time wait for the rule {uuid} already")
    service.spaces.alerts(space).ask_runs(uuids, Gap(start, end), now)
    return RunsPlanned(len(uuids), format_timestamp(start), format_timestamp(end))


def _fill(service: Service, space: str, number: int) -> ToldGap:
    """Have a gap filled as soon as can be (detection-engine.md 2.4)."""
    gap = _gap(service, space, number)
    if gap.status is GapStatus.FILLED:
        raise RequestError(409, f"the gap {number} is filled already")
    if gap.rule_uuid not in _running(service, space).values():
        raise RequestError(409, f"the rule {gap.rule_uuid} does not run, so the gap {number} cannot be filled")
    if gap.status is not GapStatus.IN_PROGRESS:
        service.stores.alerts.mark_gaps([gap.id], GapStatus.WANTED)
    return told_gap(_gap(service, space, number))


def _gap(service: Service, space: str, number: int) -> RecordedGap:
    for gap in service.spaces.alerts(space).gaps():
        if gap.id == number and gap.kind is GapKind.MISSED:
            return gap
    raise RequestError(404, f"there is no gap {number}")


def _running(service: Service, space: str) -> dict[str, str]:
    """The UUIDs of the rules that run in a space, by their `rule_id`."""
    return {rule.rule_id: rule_uuid(rule) for rule, _ in service.duty.job.rules if rule.space == space}


def _uuids(service: Service, space: str, asked: Sequence[str] | None) -> Sequence[str]:
    """The rules named by `rule_id`, or all that run if none is."""
    running = _running(service, space)
    if asked is None:
        return list(running.values())
    if unknown := [one for one in asked if one not in running]:
        raise RequestError(400, f"no rule of this id runs: {', '.join(unknown[:5])}")
    return [running[one] for one in asked]


def _uuid(service: Service, space: str, rule_id: str | None) -> str | None:
    """The rule a request is about, by its `rule_id`; one that does not run any more is known by that too."""
    running = _running(service, space)
    return None if rule_id is None else running.get(rule_id, rule_id)


def told_run(run: RunRecord) -> ToldRun:
    """A run as it is told; durations are milliseconds."""
    return ToldRun(
        execution_uuid=run.id,
        rule_id=run.rule_id,
        rule_name=run.rule_name,
        kind=run.kind,
        timestamp=format_timestamp(run.started),
        duration_ms=run.duration / MILLI,
        status=str(run.status),
        message=run.message,
        num_new_alerts=run.new_alerts,
        num_known_alerts=run.known_alerts,
        metrics=dict(run.metrics),
        problems=tuple(
            ToldProblem(problem.code, str(problem.severity), problem.message, problem.hint) for problem in run.problems
        ),
        gap=None if run.gap is None else _stretch(run.gap),
        filled=None if run.filled is None else _stretch(run.filled),
    )


def told_gap(gap: RecordedGap) -> ToldGap:
    """A gap as it is told."""
    time = _stretch(gap.time)
    return ToldGap(
        id=gap.id,
        rule_uuid=gap.rule_uuid,
        start=time.start,
        end=time.end,
        status=gap.status,
        filled=tuple(map(_stretch, gap.filled)),
        unfilled=tuple(map(_stretch, gap.unfilled)),
        found=format_timestamp(gap.found),
        message=gap.message,
    )


def _stretch(time: Gap) -> ToldStretch:
    return ToldStretch(format_timestamp(time.start), format_timestamp(time.end))
