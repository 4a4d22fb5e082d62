"""The HTTP routes of a running service."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from besra.errors import QueryError
from besra.language.expr import Predicate
from besra.language.simplify import TRUE
from besra.service import cluster, elasticsearch, runs_api, set_up
from besra.service.background import beside
from besra.service.consumer import Consumer
from besra.service.consumer_metrics import consumer_metrics
from besra.service.dead_letter_routes import dead_letter_metrics, dead_letter_routes
from besra.service.elasticsearch import body_of, broken, failure, guarded, reply, unrouted
from besra.service.kibana import status_routes
from besra.service.maintenance import maintenance_metrics
from besra.service.otlp import otlp_routes
from besra.service.plain_paths import PlainPaths
from besra.service.rule_routes import rule_routes
from besra.service.search_routes import search_routes
from besra.service.searching import Searching
from besra.service.server import Service
from besra.service.watch import Watcher
from besra.storage.alert_fields import alert_condition
from besra.storage.alert_search import Search
from besra.storage.database import AlertStoreError

SIGNALS = "/api/detection_engine/signals/search"
LARGEST_PAGE = 10_000
LARGEST_BODY = 1 << 20
"""Bytes of a search."""


def app_of(service: Service, watchers: Sequence[Watcher] = (), consumers: Sequence[Consumer] = ()) -> Starlette:
    """The application; what watches folders and what reads brokers runs as long as it does."""

    searching = Searching(service.reader)

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        if failing := failing_of(service):
            return PlainTextResponse(f"{failing}\n", 503)
        return PlainTextResponse("ok\n")

    async def metrics(_: Request) -> Response:
        told = metrics_text(service, watchers, searching) + consumer_metrics(consumers)
        return PlainTextResponse(told, media_type="text/plain; version=0.0.4")

    async def signals(request: Request) -> Response:
        try:
            asked = search_of(orjson.loads(await body_of(request, LARGEST_BODY) or b"{}"), service.clock())
        except (QueryError, ValueError) as error:
            return failure(400, "parsing_exception", str(error))
        try:
            return await run_in_threadpool(_found, asked)
        except AlertStoreError as error:
            # One that a search is too much for is the asker's to mend; the database is not.
            is_asked = error.problem.code == "alert-search"
            kind = "search_phase_execution_exception"
            return failure(400 if is_asked else 503, kind, str(error))

    def _found(asked: Search) -> Response:
        page = service.stores.alerts.search(asked)
        hits = [
            {"_index": ".alerts-security.alerts-default", "_id": alert["kibana.alert.uuid"], "_source": alert}
            for alert in page.alerts
        ]
        total = {"value": page.total, "relation": "eq"}
        return reply({"took": 0, "timed_out": False, "hits": {"total": total, "hits": hits}})

    return Starlette(
        routes=[
            Route("/healthz", healthy),
            Route("/readyz", ready),
            Route("/metrics", metrics),
            Route(SIGNALS, guarded(signals), methods=["POST"]),
            *runs_api.routes(service),
            *status_routes(),
            *rule_routes(service.book, service.clock),
            *cluster.routes(),
            *dead_letter_routes(service.letters),
            *otlp_routes(service.ingest),
            *elasticsearch.routes(service.ingest),
            *search_routes(searching, service.stores.alerts, service.clock),
            *set_up.routes(service.reader),
        ],
        middleware=[Middleware(PlainPaths)],
        exception_handlers={HTTPException: unrouted, Exception: broken},
        lifespan=beside([*watchers, *consumers]),
    )


def search_of(body: Mapping[str, Any], now: int) -> Search:
    """What a request asks for: `query` in KQL over the fields of alerts, `size` and `from`.

    Raises ValueError, and QueryError for the query. `now` is what dates in it mean, in nanoseconds since 1970.
    """
    if not isinstance(body, dict):
        raise ValueError("the body is no JSON object")
    size, offset, query = body.get("size", 100), body.get("from", 0), body.get("query", "")
    if not isinstance(query, str):
        raise ValueError("query is a text in KQL, such as kibana.alert.severity: high")
    if not isinstance(size, int) or not 0 <= size <= LARGEST_PAGE:
        raise ValueError(f"size is a number up to {LARGEST_PAGE:,}")
    if not isinstance(offset, int) or offset < 0:
        raise ValueError("from is a number, 0 or more")
    condition: Predicate = TRUE
    if query.strip():
        condition = alert_condition(query, now).predicate
    return Search(condition, size=size, offset=offset)


def failing_of(service: Service) -> str:
    """What cannot be stored at the moment, and why; nothing if all can be."""
    return next(iter([*service.failures.values()]), service.ingest.failure)


def metrics_text(service: Service, watchers: Sequence[Watcher], searching: Searching) -> str:
    """The metrics in the text form of Prometheus."""
    told = {
        "besra_documents_taken_total": ("counter", "Documents acknowledged since the start.", service.ingest.taken),
        "besra_documents_refused_total": ("counter", "Documents refused since the start.", service.ingest.refused),
        "besra_batches_waiting": (
            "gauge",
            "Batches acknowledged that are not in the event store yet.",
            max(service.ingest.last - service.duty.pump.stored, 0),
        ),
        **dead_letter_metrics(service.letters.counts()),
        "besra_failing": ("gauge", "1 while events or alerts cannot be stored.", int(bool(failing_of(service)))),
        **maintenance_metrics(service.maintenance.told),
        **searching.metrics(),
    }
    for watcher in watchers:
        told |= watcher.metrics()
    return "".join(
        f"# HELP {name} {what}\n# TYPE {name} {kind}\n{name} {value}\n" for name, (kind, what, value) in told.items()
    )
