"""The HTTP routes of a running service."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from besra.service import cluster, elasticsearch, runs_api, set_up
from besra.service.alert_routes import alert_routes
from besra.service.alert_stream import AlertStream
from besra.service.analysis_routes import analysis_routes
from besra.service.background import beside
from besra.service.connector_routes import connector_routes
from besra.service.consumer import Consumer
from besra.service.consumer_metrics import consumer_metrics
from besra.service.dead_letter_routes import dead_letter_metrics, dead_letter_routes
from besra.service.endpoint import Endpoint, Face, Right
from besra.service.exception_routes import exception_routes
from besra.service.exposition import simple_text
from besra.service.gate import Open
from besra.service.loopback import OnlyLoopback
from besra.service.maintenance import maintenance_metrics
from besra.service.manager_routes import manager_routes
from besra.service.notification_routes import notification_metrics, notification_routes
from besra.service.openapi import document_endpoint
from besra.service.otlp import otlp_routes
from besra.service.plain_paths import PlainPaths
from besra.service.room import look_back_metrics
from besra.service.routing import broken, routes_of, unrouted
from besra.service.rule_routes import rule_routes
from besra.service.search_routes import search_routes
from besra.service.searching import Searching
from besra.service.security import Security
from besra.service.server import Service
from besra.service.signal_routes import signal_routes
from besra.service.space_routes import space_routes
from besra.service.status_routes import status_routes
from besra.service.watch import Watcher


def app_of(
    service: Service,
    watchers: Sequence[Watcher] = (),
    consumers: Sequence[Consumer] = (),
    security: Security | None = None,
) -> Starlette:
    """The application; what watches folders and what reads brokers runs as long as it does.

    Without security everybody is let through.
    """

    searching = Searching(service.reader)
    stream = AlertStream(service.stores.alerts)

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        if failing := failing_of(service):
            return PlainTextResponse(f"{failing}\n", 503)
        return PlainTextResponse("ok\n")

    async def metrics(_: Request) -> Response:
        told = await run_in_threadpool(metrics_text, service, watchers, searching, stream.listening)
        told += consumer_metrics(consumers)
        return PlainTextResponse(told, media_type="text/plain; version=0.0.4")

    # What takes events comes first, since routes are looked through in this order.
    answered = [
        Endpoint(Face.PLAIN, "GET", "/healthz", Right.ANYBODY, healthy),
        Endpoint(Face.PLAIN, "GET", "/readyz", Right.ANYBODY, ready),
        Endpoint(Face.PLAIN, "GET", "/metrics", Right.READ, metrics),
        *elasticsearch.routes(service.ingest),
        *otlp_routes(service.ingest),
        *(security.endpoints if security else []),
        *signal_routes(searching, service.spaces, service.clock),
        *alert_routes(stream, service.spaces, service.clock),
        *exception_routes(service.spaces, service.clock),
        *manager_routes(service.spaces, service.source, service.previews, searching, service.clock),
        *runs_api.routes(service),
        *status_routes(),
        *rule_routes(service.spaces, service.notifying.book, service.clock),
        *space_routes(service.spaces),
        *cluster.routes(),
        *dead_letter_routes(service.letters),
        *connector_routes(service.notifying.book, service.notifying.sender, service.clock),
        *notification_routes(service.notifying.pages, service.clock),
        *search_routes(searching, service.spaces, service.clock),
        *set_up.routes(service.reader),
        *analysis_routes(service, searching),
    ]
    answered.append(document_endpoint(answered))
    app = Starlette(
        routes=routes_of(answered, security.gate if security else Open(service.spaces.has)),
        middleware=[*([Middleware(OnlyLoopback)] if security and security.is_open else []), Middleware(PlainPaths)],
        exception_handlers={HTTPException: unrouted, Exception: broken},
        lifespan=beside([*watchers, *consumers]),
    )
    app.state.endings = (stream.end,)
    app.state.endpoints = answered
    return app


def failing_of(service: Service) -> str:
    """What cannot be stored at the moment, and why; nothing if all can be."""
    return next(iter([*service.failures.values()]), service.ingest.failure)


def metrics_text(service: Service, watchers: Sequence[Watcher], searching: Searching, listeners: int) -> str:
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
        **notification_metrics(service.notifying.counts(), service.notifying.deliverer),
        **look_back_metrics(service.duty.pump.kept, is_full=bool(service.duty.pump.lacking)),
        **searching.metrics(),
        "besra_alert_listeners": ("gauge", "Those who follow new alerts.", listeners),
    }
    for watcher in watchers:
        told |= watcher.metrics()
    return simple_text(told) + "".join(
        histogram.text(name, meaning)
        for name, meaning, histogram in (
            ("besra_ingest_seconds", "From the arrival of documents to their acknowledgement.", service.ingest.takes),
            ("besra_run_seconds", "Runs of rules, live ones too.", service.duty.alerts.durations),
            (
                "besra_alert_latency_seconds",
                "From the acknowledgement of a request until the alerts of its events are kept.",
                service.ingest.latencies,
            ),
        )
    )
