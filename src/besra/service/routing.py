"""Endpoints as routes: each answered in the shape of its face, where its errors are told (interfaces.md 4)."""

import traceback
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route

from besra.service import answering, elasticsearch, otlp
from besra.service.answering import check_header, refused
from besra.service.denied import DeniedError
from besra.service.elasticsearch import failure, finished
from besra.service.endpoint import IN_SPACES, Endpoint, Face, Handler
from besra.service.gate import Gate, Open
from besra.service.plain_paths import IndexRoute
from besra.service.shaping import shaped

KIBANA_PATHS = ("/api/", "/internal/", "/s/")


def routes_of(endpoints: Iterable[Endpoint], gate: Gate | None = None) -> list[Route]:
    """The routes of endpoints, in their order, behind a gate; without one everybody is let through."""
    gate = gate or Open()
    return [
        (IndexRoute if endpoint.path.startswith("/{index}") else Route)(
            f"{prefix}{endpoint.path}", _answering(endpoint, gate), methods=[endpoint.method]
        )
        for endpoint in endpoints
        for prefix in (("", "/s/{space}") if endpoint.face in IN_SPACES else ("",))
    ]


def _answering(endpoint: Endpoint, gate: Gate) -> Handler:
    match endpoint.face:
        case Face.KIBANA | Face.OWN:
            told = _as_kibana(endpoint, gate)
        case Face.ELASTICSEARCH:
            told = _as_elasticsearch(endpoint, gate)
        case Face.OTLP | Face.PLAIN:
            told = _as_text(endpoint, gate)
    if not endpoint.is_recorded:
        return told

    async def recorded(request: Request) -> Response:
        response = await told(request)
        await gate.record(request, endpoint, response.status_code)
        return response

    return recorded


def _as_elasticsearch(endpoint: Endpoint, gate: Gate) -> Handler:
    # Elsewhere a filter of an answer costs less than what it leaves out.
    whole = "items" if endpoint.path.endswith("/_bulk") else None
    handler, admit = endpoint.handler, gate.admit

    async def answered(request: Request) -> Response:
        try:
            await admit(request, endpoint)
            response = await handler(request)
        except elasticsearch.TOLD as error:
            response = elasticsearch.failure_of(error)
        return await finished(request, response, whole)

    return answered


def _as_kibana(endpoint: Endpoint, gate: Gate) -> Handler:
    handler, is_change = endpoint.handler, endpoint.is_change

    async def answered(request: Request) -> Response:
        try:
            await gate.admit(request, endpoint)
            if is_change:
                check_header(request)
            response = await handler(request)
        except answering.TOLD as error:
            response = answering.refusal_of(error)
        return await finished(request, response)

    return answered


def _as_text(endpoint: Endpoint, gate: Gate) -> Handler:
    handler = endpoint.handler

    async def answered(request: Request) -> Response:
        try:
            await gate.admit(request, endpoint)
            return await handler(request)
        except DeniedError as error:
            if endpoint.face is Face.OTLP:
                return otlp.denied(request, error)
            return PlainTextResponse(f"{error}\n", error.status, error.headers)

    return answered


# --- where no endpoint is, and where besra fails ----------------------------------------------------------------------


async def unrouted(request: Request, _: Exception) -> Response:
    """The answer where no route is: 404, or 405 where one is for another method."""
    asked = f"uri [{request.scope['path']}] and method [{request.method}]"
    found = (route for route in request.app.routes if route.matches(request.scope)[0] is Match.PARTIAL)
    methods = sorted({method for route in found for method in route.methods})
    if not methods:
        return _failed(request, 404, f"no handler found for {asked}")
    allowed = ", ".join(methods)
    return _failed(request, 405, f"Incorrect HTTP method for {asked}, allowed: [{allowed}]", {"Allow": allowed})


async def broken(request: Request, error: Exception) -> Response:
    """The answer where besra itself has failed. The traceback goes to whoever runs the service."""
    traceback.print_exception(error)
    reason = f"an error of besra's own, which its log tells of: {type(error).__name__}"
    return _failed(request, 500, reason)


def _failed(request: Request, status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    if request.scope["path"].startswith(KIBANA_PATHS):
        return refused(status, reason, headers)
    type_ = "exception" if status >= 500 else "illegal_argument_exception"
    return shaped(request, failure(status, type_, reason, headers))
