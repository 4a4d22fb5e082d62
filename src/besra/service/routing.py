"""Endpoints as routes: each answered in the shape of its face, where its errors are told (interfaces.md 4)."""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from besra.service import answering, elasticsearch
from besra.service.answering import RequestError, check_header, refused
from besra.service.elasticsearch import failure, finished
from besra.service.endpoint import DEFAULT_SPACE, Endpoint, Face, Handler, Right, space_of
from besra.service.plain_paths import IndexRoute
from besra.service.shaping import shaped

IN_SPACES = (Face.KIBANA, Face.OWN)
"""Faces whose addresses are there in each space, behind `/s/{space}`."""
LOOKING = (Right.ANYBODY, Right.KNOWN, Right.READ)
"""Rights that change nothing anybody else sees, whatever the method."""
KIBANA_PATHS = ("/api/", "/internal/", "/s/")


@dataclass(frozen=True, slots=True)
class Gate:
    """What is asked before an endpoint answers: whether there is a space of a name."""

    has_space: Callable[[str], bool] = DEFAULT_SPACE.__eq__


OPEN = Gate()


def routes_of(endpoints: Iterable[Endpoint], gate: Gate = OPEN) -> list[Route]:
    """The routes of endpoints, in their order; what begins with an index goes behind what does not."""
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
            return _as_kibana(endpoint, gate)
        case Face.ELASTICSEARCH:
            return _as_elasticsearch(endpoint)
        case Face.OTLP | Face.PLAIN:
            return endpoint.handler


def _as_elasticsearch(endpoint: Endpoint) -> Handler:
    # Elsewhere a filter of an answer costs less than what it leaves out.
    whole = "items" if endpoint.path.endswith("/_bulk") else None
    handler = endpoint.handler

    async def answered(request: Request) -> Response:
        try:
            response = await handler(request)
        except elasticsearch.TOLD as error:
            response = elasticsearch.failure_of(error)
        return await finished(request, response, whole)

    return answered


def _as_kibana(endpoint: Endpoint, gate: Gate) -> Handler:
    is_change = endpoint.method not in ("GET", "HEAD") and endpoint.right not in LOOKING
    handler = endpoint.handler

    async def answered(request: Request) -> Response:
        try:
            space = space_of(request)
            if not gate.has_space(space):
                raise RequestError(404, f"there is no space {space[:100]!r}")
            if is_change:
                check_header(request)
            response = await handler(request)
        except answering.TOLD as error:
            response = answering.refusal_of(error)
        return await finished(request, response)

    return answered


# --- where no endpoint is, and where besra fails ----------------------------------------------------------------------


async def unrouted(request: Request, _: Exception) -> Response:
    """The answer where no route is: 404, or 405 where one is for another method."""
    asked = f"uri [{request.url.path}] and method [{request.method}]"
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
    if request.url.path.startswith(KIBANA_PATHS):
        return refused(status, reason, headers)
    type_ = "exception" if status >= 500 else "illegal_argument_exception"
    return shaped(request, failure(status, type_, reason, headers))
