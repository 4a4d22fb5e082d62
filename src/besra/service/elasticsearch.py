"""The Elasticsearch-shaped routes that take documents, and what all such routes share (interfaces.md 4)."""

import json
import time
from collections.abc import Callable, Mapping

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from besra.service.body import BodyError, in_the_clear
from besra.service.bulk import BulkError, Put, Refused, answer, answer_text, parse_bulk
from besra.service.cut_off import for_those_who_wait
from besra.service.denied import DeniedError
from besra.service.endpoint import Endpoint, Face, Right, endpoints
from besra.service.ingest import BusyError, Ingest
from besra.service.plain_paths import named
from besra.service.shaping import shaped
from besra.storage.event_store import EventStoreError
from besra.storage.journal import JournalError

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
"""Clients refuse to talk to a server that does not send it."""

AGAIN = {"Retry-After": "10"}


def routes(ingest: Ingest) -> list[Endpoint]:
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
        is_create = request.scope["path"].split("/")[2] == "_create" or request.query_params.get("op_type") == "create"
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

    bulks = (("POST PUT", path, bulk) for path in ("/_bulk", *BULK))
    added = (("POST", path, document) for path in DOCUMENT)
    named_ = (("POST PUT", f"{path}/{{id}}", document) for path in (*DOCUMENT, "/{index}/_create"))
    return endpoints(Face.ELASTICSEARCH, Right.INGEST, [*bulks, *added, *named_])


BULK = ("/{index}/_bulk", "/{index}/{type}/_bulk")
DOCUMENT = ("/{index}/_doc", "/{index}/events")
"""Types of documents are a thing of the past, but rsyslog still names one, `events`, unless it is told not to."""


TOLD = (DeniedError, BodyError, BulkError, BusyError, JournalError, EventStoreError, ClientDisconnect)
"""What handlers may raise, and `failure_of` answers."""


def failure_of(error: Exception) -> Response:
    """What is answered as Elasticsearch does to an error of `TOLD`."""
    match error:
        case DeniedError():
            type_ = "es_rejected_execution_exception" if error.status == 429 else "security_exception"
            return failure(error.status, type_, str(error), error.headers)
        case BodyError():
            return failure(error.status, "illegal_argument_exception", str(error))
        case BulkError():
            return failure(400, error.type, str(error))
        case BusyError():
            return failure(429, "es_rejected_execution_exception", str(error), {"Retry-After": str(error.seconds)})
        case JournalError():
            return failure(503, "unavailable_shards_exception", f"nothing was taken: {error}", AGAIN)
        case ClientDisconnect():
            return failure(400, "illegal_argument_exception", "the body was cut off")  # nobody is left to read it
        case _:
            return failure(503, "unavailable_shards_exception", str(error), AGAIN)


async def finished(request: Request, response: Response, whole: str | None = None) -> Response:
    """A response in the form its request asks for; `whole` is that of `shaped`."""
    if request.url.query:
        response = await run_in_threadpool(shaped, request, response, whole)
    else:
        shaped(request, response, whole)
    return for_those_who_wait(request, response)


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
