"""The Elasticsearch-shaped routes that take documents, and what all such routes share (interfaces.md 4)."""

import json
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route

from besra.service.body import BodyError, in_the_clear
from besra.service.bulk import BulkError, Put, Refused, answer, answer_text, parse_bulk
from besra.service.cut_off import for_those_who_wait
from besra.service.ingest import BusyError, Ingest
from besra.service.plain_paths import IndexRoute, named
from besra.service.shaping import shaped
from besra.storage.event_store import EventStoreError
from besra.storage.journal import JournalError

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
"""Clients refuse to talk to a server that does not send it."""

Handler = Callable[[Request], Awaitable[Response]]


def routes(ingest: Ingest) -> list[Route]:
    """All of them, over what takes the events."""

    async def bulk(request: Request) -> Response:
        with ingest.room() as hold:
            body = await _body(request, ingest, hold)
            try:
                items = await run_in_threadpool(parse_bulk, body, named(request, "index"))
            except BulkError as error:
                ingest.bury_body("_bulk", str(error), body)
                raise
            return await _taken(items, False)

    async def document(request: Request) -> Response:
        index, id_ = named(request, "index") or "", named(request, "id")
        is_create = request.url.path.split("/")[2] == "_create" or request.query_params.get("op_type") == "create"
        with ingest.room() as hold:
            body = await _body(request, ingest, hold)
            return await _taken([Put(index, id_, body, is_create)], True)

    async def _taken(items: list[Put | Refused], is_single: bool) -> Response:
        started = time.perf_counter()
        outcomes = await ingest.take(items)
        if not is_single:
            return reply_text(answer_text(outcomes, round((time.perf_counter() - started) * 1000)))
        ((member,),) = (item.values() for item in answer(outcomes, 0)["items"])
        if "error" in member:
            return failure(member["status"], member["error"]["type"], member["error"]["reason"])
        return reply(member, member["status"])

    posted = ["POST", "PUT"]
    return [
        Route("/_bulk", guarded(bulk, whole="items"), methods=posted),
        *(IndexRoute(path, guarded(bulk, whole="items"), methods=posted) for path in BULK),
        *(IndexRoute(path, guarded(document), methods=["POST"]) for path in DOCUMENT),
        *(IndexRoute(f"{path}/{{id}}", guarded(document), methods=posted) for path in (*DOCUMENT, "/{index}/_create")),
    ]


BULK = ("/{index}/_bulk", "/{index}/{type}/_bulk")
DOCUMENT = ("/{index}/_doc", "/{index}/events")
"""Types of documents are a thing of the past, but rsyslog still names one, `events`, unless it is told not to."""


def guarded(handler: Handler, whole: str | None = None) -> Handler:
    """The handler with its errors answered as Elasticsearch answers them, and its answers in the form asked for.

    `whole` is that of `shaped`.
    """

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            response = await handler(request)
        except BodyError as error:
            response = failure(error.status, "illegal_argument_exception", str(error))
        except BulkError as error:
            response = failure(400, error.type, str(error))
        except BusyError as error:
            headers = {"Retry-After": str(error.seconds)}
            response = failure(429, "es_rejected_execution_exception", str(error), headers)
        except JournalError as error:
            headers = {"Retry-After": "10"}
            response = failure(503, "unavailable_shards_exception", f"nothing was taken: {error}", headers)
        except EventStoreError as error:
            response = failure(503, "unavailable_shards_exception", str(error), {"Retry-After": "10"})
        except ClientDisconnect:
            response = failure(400, "illegal_argument_exception", "the body was cut off")  # nobody is left to read it
        if request.url.query:
            response = await run_in_threadpool(shaped, request, response, whole)
        else:
            shaped(request, response, whole)
        return for_those_who_wait(request, response)

    return answered


async def unrouted(request: Request, _: Exception) -> Response:
    """The answer where no route is: 404, or 405 where one is for another method."""
    asked = f"uri [{request.url.path}] and method [{request.method}]"
    found = (route for route in request.app.routes if route.matches(request.scope)[0] is Match.PARTIAL)
    methods = sorted({method for route in found for method in route.methods})
    if not methods:
        return shaped(request, failure(404, "illegal_argument_exception", f"no handler found for {asked}"))
    allowed = ", ".join(methods)
    reason = f"Incorrect HTTP method for {asked}, allowed: [{allowed}]"
    return shaped(request, failure(405, "illegal_argument_exception", reason, {"Allow": allowed}))


async def broken(request: Request, error: Exception) -> Response:
    """The answer where besra itself has failed. The traceback goes to whoever runs the service."""
    traceback.print_exception(error)
    reason = f"an error of besra's own, which its log tells of: {type(error).__name__}"
    return shaped(request, failure(500, "exception", reason))


async def _body(request: Request, ingest: Ingest, hold: Callable[[int], None]) -> bytes:
    body = await body_of(request, ingest.limits.body, hold)
    if not body:
        raise BodyError(400, "request body is required")
    return body


async def body_of(request: Request, limit: int, hold: Callable[[int], None] = lambda _: None) -> bytes:
    """The body of a request in the clear, at most `limit` bytes; `hold` is told of them. Raises as they say."""
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        hold(len(piece))
        if size > limit:
            raise BodyError(413, f"the body is larger than {limit / 2**20:g} MiB; send smaller batches")
        pieces.append(piece)
    body, encoding = b"".join(pieces), request.headers.get("content-encoding")
    if encoding is None:
        return body
    del pieces
    clear = await run_in_threadpool(in_the_clear, body, encoding, limit)
    hold(len(clear))
    return clear


def reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON with the header that clients look for."""
    return reply_text(orjson.dumps(value), status, headers)


def reply_documents(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The same with documents in it, which may be deeper, or hold greater numbers, than its quick writer takes."""
    try:
        return reply(value, status, headers)
    except TypeError:
        return reply_text(json.dumps(value).encode(), status, headers)


def reply_text(text: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The same of a text that is JSON."""
    return Response(text, status, {**PRODUCT, **(headers or {})}, media_type="application/json")


def failure(status: int, type_: str, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error in Elasticsearch's shape."""
    cause = {"type": type_, "reason": reason}
    return reply({"error": {"root_cause": [cause], **cause}, "status": status}, status, headers)
