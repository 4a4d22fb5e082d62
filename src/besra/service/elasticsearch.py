"""The Elasticsearch-shaped routes: what shippers and clients that exist ask for (interfaces.md 4, components.md 3)."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from besra.service.body import BodyError, in_the_clear
from besra.service.bulk import BulkError, Put, Refused, answer, answer_text, parse_bulk
from besra.service.ingest import BusyError, Ingest
from besra.storage.journal import JournalError

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
"""Clients refuse to talk to a server that does not send it."""

VERSION = "8.15.0"
"""The version of the interface: what clients of versions 8 and 9 accept."""

Handler = Callable[[Request], Awaitable[Response]]


def routes(ingest: Ingest) -> list[Route]:
    """All of them, over what takes the events."""

    async def bulk(request: Request) -> Response:
        with ingest.room() as hold:
            body = await body_of(request, ingest.limits.body, hold)
            items = await run_in_threadpool(parse_bulk, body, request.path_params.get("index"))
            return await _taken(items, False)

    async def document(request: Request) -> Response:
        index, id_ = request.path_params["index"], request.path_params.get("id")
        is_create = "_create" in request.url.path or request.query_params.get("op_type") == "create"
        with ingest.room() as hold:
            body = await body_of(request, ingest.limits.body, hold)
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
        Route("/", guarded(_info), methods=["GET", "HEAD"]),
        Route("/_bulk", guarded(bulk), methods=posted),
        Route("/{index}/_bulk", guarded(bulk), methods=posted),
        Route("/{index}/_doc", guarded(document), methods=["POST"]),
        Route("/{index}/_doc/{id}", guarded(document), methods=posted),
        Route("/{index}/_create/{id}", guarded(document), methods=posted),
        Route("/_cat/health", guarded(_cat_health), methods=["GET"]),
        Route("/_cluster/health", guarded(_cluster_health), methods=["GET"]),
        Route("/_license", guarded(_license), methods=["GET"]),
        Route("/_xpack", guarded(_license), methods=["GET"]),
        *(Route(path, guarded(_stub), methods=["GET", "HEAD", "PUT", "POST"]) for path in STUBS),
    ]


STUBS = (
    "/_template/{name}",
    "/_index_template/{name}",
    "/_component_template/{name}",
    "/_ilm/policy/{name}",
    "/_ingest/pipeline/{name}",
    "/_data_stream/{name}",
)
"""What shippers set up before they send: there is nothing to set up, and it is agreed to."""


def guarded(handler: Handler) -> Handler:
    """The handler with its errors answered as Elasticsearch answers them."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except BodyError as error:
            return failure(error.status, "illegal_argument_exception", str(error))
        except BulkError as error:
            return failure(400, error.type, str(error))
        except BusyError as error:
            headers = {"Retry-After": str(error.seconds)}
            return failure(429, "es_rejected_execution_exception", str(error), headers)
        except JournalError as error:
            headers = {"Retry-After": "10"}
            return failure(503, "unavailable_shards_exception", f"nothing was taken: {error}", headers)

    return answered


async def body_of(request: Request, limit: int, hold: Callable[[int], None] = lambda _: None) -> bytes:
    """The body of a request in the clear, at most `limit` bytes; `hold` is told of them. Raises BodyError, BusyError."""
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


def reply_text(text: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The same of a text that is JSON."""
    return Response(text, status, {**PRODUCT, **(headers or {})}, media_type="application/json")


def failure(status: int, type_: str, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error in Elasticsearch's shape."""
    cause = {"type": type_, "reason": reason}
    return reply({"error": {"root_cause": [cause], **cause}, "status": status}, status, headers)


async def _info(_: Request) -> Response:
    version = {
        "number": VERSION,
        "build_flavor": "default",
        "lucene_version": "9.11.1",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    }
    return reply(
        {
            "name": "besra",
            "cluster_name": "besra",
            "cluster_uuid": "besra",
            "version": version,
            "tagline": "You Know, for Search",
        }
    )


async def _cat_health(request: Request) -> Response:
    if "application/json" in request.headers.get("accept", ""):
        return reply([{"cluster": "besra", "status": "green"}])
    return Response("besra green 1 1\n", 200, PRODUCT, media_type="text/plain")


async def _cluster_health(_: Request) -> Response:
    return reply({"cluster_name": "besra", "status": "green", "number_of_nodes": 1, "timed_out": False})


async def _license(_: Request) -> Response:
    return reply({"license": {"status": "active", "uid": "besra", "type": "basic", "mode": "basic"}})


async def _stub(request: Request) -> Response:
    return reply({"acknowledged": True} if request.method in ("PUT", "POST") else {})
