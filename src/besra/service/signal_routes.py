"""The routes over alerts in Kibana's shape, for scripts that know it (interfaces.md 4, detection-engine.md 8.2)."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.answering import LARGEST_SEARCH, object_of
from besra.service.author import author_of
from besra.service.elasticsearch import reply, reply_documents
from besra.service.endpoint import Endpoint, Face, Handler, Right, space_of
from besra.service.gate import about, told_of
from besra.service.ingest import Clock
from besra.service.search_alerts import alert_answer
from besra.service.search_routes import warned
from besra.service.searching import Searching
from besra.service.signals import names_change, signal_search, status_change
from besra.service.spaces import Spaces
from besra.storage.workflow import Changed, Chosen, Names

PREFIX = "/api/detection_engine/signals"


def signal_routes(searching: Searching, spaces: Spaces, clock: Clock) -> list[Endpoint]:
    """All of them, each over the alerts of the space it is asked in; searches take their turns with others."""

    async def search(request: Request) -> Response:
        alerts, body, now = spaces.alerts(space_of(request)), await object_of(request, LARGEST_SEARCH), clock()

        def found() -> tuple[dict[str, Any], Sequence[str]]:
            asked = signal_search(body, request.query_params, now)
            return alert_answer(alerts, asked.page, asked.counted), asked.page.warnings

        answer, warnings = await searching.run(found)
        return reply_documents(answer, headers=warned(warnings))

    async def status(request: Request) -> Response:
        now, alerts, body = clock(), spaces.alerts(space_of(request)), await object_of(request)
        author = author_of(request, now)
        about(request, told_of(body.get("status"), body.get("signal_ids"), body.get("query")))
        asked = await run_in_threadpool(status_change, body, now)
        return await _changed(asked.chosen, lambda: alerts.set_status(asked.chosen, author, asked.status, asked.reason))

    def naming(names: Names) -> Handler:
        async def name(request: Request) -> Response:
            alerts = spaces.alerts(space_of(request))
            body, author = await object_of(request), author_of(request, clock())
            about(request, told_of(names, body.get("ids")))
            asked = names_change(body, names)
            return await _changed(asked.chosen, lambda: alerts.change_names(asked.chosen, author, asked.edit))

        return name

    return [
        Endpoint(Face.KIBANA, "POST", f"{PREFIX}/search", Right.READ, search),
        Endpoint(Face.KIBANA, "POST", f"{PREFIX}/status", Right.WORK, status),
        Endpoint(Face.KIBANA, "POST", f"{PREFIX}/tags", Right.WORK, naming(Names.TAGS)),
        Endpoint(Face.KIBANA, "POST", f"{PREFIX}/assignees", Right.WORK, naming(Names.ASSIGNEES)),
    ]


async def _changed(chosen: Chosen, change: Callable[[], Changed]) -> Response:
    started = time.perf_counter()
    done = await run_in_threadpool(change)
    return reply(change_answer(chosen, done, round((time.perf_counter() - started) * 1000)))


def change_answer(chosen: Chosen, done: Changed, took: int) -> dict[str, Any]:
    """What a change came to, in the shape of Elasticsearch's update by query; `took` milliseconds.

    Alerts that are as they should be count among `noops`; of ids that are nobody's `besra.unknown` tells the number.
    """
    unknown = len({*chosen}) - done.total if isinstance(chosen, list) else 0
    return {
        "took": took,
        "timed_out": False,
        "total": done.total,
        "updated": done.changed,
        "deleted": 0,
        "batches": min(done.total, 1),
        "version_conflicts": 0,
        "noops": done.total - done.changed,
        "retries": {"bulk": 0, "search": 0},
        "throttled_millis": 0,
        "requests_per_second": -1.0,
        "throttled_until_millis": 0,
        "failures": [],
        "besra": {"unknown": unknown},
    }
