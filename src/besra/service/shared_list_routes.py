"""Routes over exception lists as wholes: shared ones, copies, what they are about (detection-engine.md 8.3)."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.answering import RequestError, is_true, object_of
from besra.service.author import author_of
from besra.service.elasticsearch import reply
from besra.service.endpoint import Endpoint, Face, Right, space_of
from besra.service.exception_book import Document, ExceptionBook
from besra.service.exception_copies import copied
from besra.service.exception_routes import PREFIX, wanted_list
from besra.service.ingest import Clock
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

SYSTEMS = ("windows", "linux", "macos")
Exceptions = Callable[[str], ExceptionBook]
"""The exceptions known in a space."""


def shared_list_routes(known: Exceptions, clock: Clock) -> list[Endpoint]:
    """All of them."""

    async def duplicate(request: Request) -> Response:
        given, author, book = request.query_params, author_of(request, clock()), known(space_of(request))
        with_expired = "include_expired_exceptions" not in given or is_true(request, "include_expired_exceptions")
        told = await run_in_threadpool(lambda: copied(book, wanted_list(given), author, with_expired=with_expired))
        return reply(told)

    async def summary(request: Request) -> Response:
        return reply(await run_in_threadpool(_summary, known(space_of(request)), request.query_params))

    async def share(request: Request) -> Response:
        given, author = await object_of(request), author_of(request, clock())
        return reply(await run_in_threadpool(_shared, known(space_of(request)), given, author))

    return [
        Endpoint(Face.KIBANA, "POST", f"{PREFIX}/_duplicate", Right.AUTHOR, duplicate),
        Endpoint(Face.KIBANA, "GET", f"{PREFIX}/summary", Right.READ, summary),
        Endpoint(Face.KIBANA, "POST", "/api/exceptions/shared", Right.AUTHOR, share),
    ]


def _summary(book: ExceptionBook, given: Mapping[str, str]) -> dict[str, int]:
    """How many items a list has, and for which operating systems. Raises RequestError."""
    if given.get("filter"):
        raise RequestError(400, "`filter` is not supported: a summary is of the whole list")
    found = book.find(wanted_list(given))
    items = book.all(Kind.ITEM, [found["namespace_type"]], found["list_id"])
    counts = Counter(name for item in items for name in item["os_types"])
    return {**{name: counts[name] for name in SYSTEMS}, "total": len(items)}


def _shared(book: ExceptionBook, given: Mapping[str, Any], author: Author) -> Document:
    """A list that rules share, made of a name and a description. Raises RequestError, AlertStoreError."""
    for name in ("name", "description"):
        if not isinstance(given.get(name), str) or not given[name]:
            raise RequestError(400, f"`{name}` is a text, and has to be given")
    own = {name: given[name] for name in ("name", "description")}
    return book.create(Kind.LIST, {**own, "type": "detection", "namespace_type": "single"}, author)
