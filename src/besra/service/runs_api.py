"""The routes over runs of rules and over time nobody looked through (interfaces.md 4, detection-engine.md 2.4, 2.8)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.detection.rule_copy import rule_uuid
from besra.detection.schedule import Gap
from besra.errors import DateMathError
from besra.schema.datemath import parse_date_math
from besra.schema.timestamp import NANOS, format_timestamp
from besra.service.answering import RequestError
from besra.service.elasticsearch import body_of, reply
from besra.service.endpoint import Endpoint, Face, Right, space_of
from besra.service.server import Service
from besra.storage.gap_log import GapKind, GapStatus, RecordedGap
from besra.storage.run_log import RunRecord

LARGEST_PAGE = 1_000
LARGEST_BODY = 1 << 20
LONGEST = 90 * 86_400 * NANOS
"""Of a stretch of time that runs are asked for."""
MOST_WAITING = 10
"""Stretches of time that wait for one rule."""
MILLI = 1_000_000


def routes(service: Service) -> list[Endpoint]:
    """The routes of a service."""

    async def runs(request: Request) -> Response:
        return reply(await run_in_threadpool(_runs, service, space_of(request), request.query_params))

    async def gaps(request: Request) -> Response:
        return reply(await run_in_threadpool(_gaps, service, space_of(request), request.query_params))

    async def ask(request: Request) -> Response:
        body = await body_of(request, LARGEST_BODY)
        return reply(await run_in_threadpool(_ask, service, space_of(request), body), 202)

    return [
        Endpoint(Face.OWN, "GET", "/api/v1/runs", Right.READ, runs),
        Endpoint(Face.OWN, "POST", "/api/v1/runs", Right.AUTHOR, ask),
        Endpoint(Face.OWN, "GET", "/api/v1/gaps", Right.READ, gaps),
    ]


def _runs(service: Service, space: str, given: Mapping[str, str]) -> Mapping[str, Any]:
    size, offset = _number(given, "size", 100), _number(given, "from", 0)
    found = service.spaces.alerts(space).runs(_uuid(service, space, given), min(size, LARGEST_PAGE), offset)
    return {"runs": [run_document(run) for run in found]}


def _gaps(service: Service, space: str, given: Mapping[str, str]) -> Mapping[str, Any]:
    status = given.get("status")
    if status is not None and status not in tuple(GapStatus):
        raise RequestError(400, f"status is one of {', '.join(GapStatus)}")
    statuses = tuple(GapStatus) if status is None else (GapStatus(status),)
    found = service.spaces.alerts(space).gaps(_uuid(service, space, given), statuses)
    return {"gaps": [gap_document(gap) for gap in found if gap.kind is GapKind.MISSED]}


def _ask(service: Service, space: str, body: bytes) -> Mapping[str, Any]:
    """Have runs done over a stretch of time."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"the body is no JSON: {error}") from error
    if not isinstance(asked, dict):
        raise RequestError(400, "the body is no JSON object")
    now = service.clock()
    start, end = (_time(asked, name, now) for name in ("start", "end"))
    if not start < end <= now:
        raise RequestError(400, "start lies before end, and end not in the future")
    if end - start > LONGEST:
        raise RequestError(400, "from start to end are 90 days at most; ask for them piece by piece")
    uuids = _uuids(service, space, asked.get("rule_ids"))
    waiting = service.spaces.alerts(space).gaps(statuses=(GapStatus.UNFILLED, GapStatus.IN_PROGRESS))
    for uuid in uuids:
        if sum(gap.rule_uuid == uuid and gap.kind is GapKind.ASKED for gap in waiting) >= MOST_WAITING:
            raise RequestError(400, f"{MOST_WAITING} stretches of time wait for the rule {uuid} already")
    service.spaces.alerts(space).ask_runs(uuids, Gap(start, end), now)
    return {"rules": len(uuids), "start": format_timestamp(start), "end": format_timestamp(end)}


def _running(service: Service, space: str) -> dict[str, str]:
    """The UUIDs of the rules that run in a space, by their `rule_id`."""
    return {rule.rule_id: rule_uuid(rule) for rule, _ in service.duty.job.rules if rule.space == space}


def _uuids(service: Service, space: str, asked: object) -> Sequence[str]:
    """The rules named by `rule_id`, or all that run if none is."""
    running = _running(service, space)
    if asked is None:
        return list(running.values())
    if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked):
        raise RequestError(400, "rule_ids is a list of texts, or left out for all rules")
    if unknown := [one for one in asked if one not in running]:
        raise RequestError(400, f"no rule of this id runs: {', '.join(unknown[:5])}")
    return [running[one] for one in asked]


def _uuid(service: Service, space: str, given: Mapping[str, str]) -> str | None:
    """The rule a request is about, by its `rule_id`; one that does not run any more is known by that too."""
    rule_id = given.get("rule_id")
    running = _running(service, space)
    return None if rule_id is None else running.get(rule_id, rule_id)


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise RequestError(400, f"{name} is a number, 0 or more")
    return int(value)


def _time(asked: Mapping[str, Any], name: str, now: int) -> int:
    value = asked.get(name)
    if not isinstance(value, str):
        raise RequestError(400, f"{name} is a date, or date math such as now-2d")
    try:
        return parse_date_math(value, now)
    except DateMathError as error:
        raise RequestError(400, f"{name}: {error.problem.message}; {error.problem.hint}") from error


def run_document(run: RunRecord) -> dict[str, Any]:
    """A run as it is told, by the names of detection-engine.md 2.8; durations are milliseconds."""
    return {
        "execution_uuid": run.id,
        "rule_id": run.rule_id,
        "rule_name": run.rule_name,
        "kind": run.kind,
        "timestamp": format_timestamp(run.started),
        "duration_ms": run.duration / MILLI,
        "status": str(run.status),
        "message": run.message,
        "num_new_alerts": run.new_alerts,
        "num_known_alerts": run.known_alerts,
        **({"gap": _stretch(run.gap)} if run.gap else {}),
        **({"filled": _stretch(run.filled)} if run.filled else {}),
        "metrics": dict(run.metrics),
        "problems": [
            {"code": problem.code, "severity": str(problem.severity), "message": problem.message, "hint": problem.hint}
            for problem in run.problems
        ],
    }


def gap_document(gap: RecordedGap) -> dict[str, Any]:
    """A gap as it is told."""
    return {
        "id": gap.id,
        "rule_uuid": gap.rule_uuid,
        **_stretch(gap.time),
        "status": str(gap.status),
        "filled": [_stretch(part) for part in gap.filled],
        "unfilled": [_stretch(part) for part in gap.unfilled],
        "found": format_timestamp(gap.found),
        "message": gap.message,
    }


def _stretch(time: Gap) -> dict[str, str]:
    return {"start": format_timestamp(time.start), "end": format_timestamp(time.end)}
