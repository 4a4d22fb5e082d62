"""The routes over exception lists and items in Kibana's shape (detection-engine.md 8.3)."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.answering import RequestError, object_of
from besra.service.author import author_of
from besra.service.elasticsearch import reply
from besra.service.endpoint import Endpoint, Face, Right, space_of
from besra.service.exception_book import IDS, NAMESPACES, ExceptionBook, Wanted
from besra.service.exception_copies import is_over
from besra.service.exception_import import import_exceptions
from besra.service.exception_query import matching, ordered
from besra.service.ingest import Clock
from besra.service.spaces import Spaces
from besra.service.upload import uploaded
from besra.storage.exception_store import Kind

PREFIX = "/api/exception_lists"
PAGE, LARGEST_PAGE = 20, 10_000


Known = Callable[[Request], ExceptionBook]
"""The exceptions known in the space of a request."""


def exception_routes(spaces: Spaces, clock: Clock) -> list[Endpoint]:
    """All of them, each over the exceptions known in the space it is asked in."""

    def known(request: Request) -> ExceptionBook:
        return spaces.exceptions(space_of(request))

    async def export(request: Request) -> Response:
        text = await run_in_threadpool(_exported, known(request), request.query_params, clock())
        headers = {"Content-Disposition": 'attachment; filename="exceptions.ndjson"'}
        return Response(text, 200, headers, media_type="application/ndjson")

    async def import_(request: Request) -> Response:
        how, author = _how(request.query_params), author_of(request, clock())
        text = await uploaded(request)
        return reply(await run_in_threadpool(import_exceptions, known(request), text, author, **how))

    return [
        Endpoint(Face.KIBANA, "POST", f"{PREFIX}/_import", Right.AUTHOR, import_),
        Endpoint(Face.KIBANA, "POST", f"{PREFIX}/_export", Right.READ, export),
        *_routes(known, clock, Kind.ITEM, f"{PREFIX}/items"),
        *_routes(known, clock, Kind.LIST, PREFIX),
    ]


def _routes(known: Known, clock: Clock, kind: Kind, path: str) -> list[Endpoint]:
    async def create(request: Request) -> Response:
        given, author = await object_of(request), author_of(request, clock())
        return reply(await run_in_threadpool(known(request).create, kind, given, author))

    async def read(request: Request) -> Response:
        return reply(known(request).find(_wanted(kind, request.query_params)))

    async def update(request: Request) -> Response:
        given, author = await object_of(request), author_of(request, clock())
        return reply(await run_in_threadpool(known(request).update, _wanted(kind, given), given, author))

    async def delete(request: Request) -> Response:
        return reply(await run_in_threadpool(known(request).delete, _wanted(kind, request.query_params)))

    async def find(request: Request) -> Response:
        return reply(await run_in_threadpool(page_of, known(request), kind, request.query_params, clock()))

    return [
        Endpoint(Face.KIBANA, "GET", f"{path}/_find", Right.READ, find),
        Endpoint(Face.KIBANA, "POST", path, Right.AUTHOR, create),
        Endpoint(Face.KIBANA, "GET", path, Right.READ, read),
        Endpoint(Face.KIBANA, "PUT", path, Right.AUTHOR, update),
        Endpoint(Face.KIBANA, "DELETE", path, Right.AUTHOR, delete),
    ]


def _wanted(kind: Kind, given: Mapping[str, Any]) -> Wanted:
    id_, name = given.get("id"), given.get(IDS[kind])
    if not isinstance(id_, str | None) or not isinstance(name, str | None):
        raise RequestError(400, f"`id` and `{IDS[kind]}` are texts")
    return Wanted(kind, id_, name, _namespace(given.get("namespace_type", "single")))


def _how(given: Mapping[str, str]) -> dict[str, bool]:
    """Whether an import replaces what is there, and whether it is put beside that under other ids."""
    for name, value in given.items():
        if name not in ("overwrite", "as_new_list") or value not in ("true", "false"):
            raise RequestError(400, "an import takes `overwrite` and `as_new_list`, true or false")
    return {"overwrites": given.get("overwrite") == "true", "as_new": given.get("as_new_list") == "true"}


def wanted_list(given: Mapping[str, Any]) -> Wanted:
    """Which list a request is about. Raises RequestError."""
    return _wanted(Kind.LIST, given)


def _namespace(given: object) -> str:
    if not isinstance(given, str) or given not in NAMESPACES:
        raise RequestError(400, f"`namespace_type` is {' or '.join(NAMESPACES)}")
    return given


def page_of(book: ExceptionBook, kind: Kind, given: Mapping[str, str], now: int) -> dict[str, Any]:
    """A page of lists, or of the items of lists. Raises RequestError."""
    known = {
        "page",
        "per_page",
        "namespace_type",
        "filter",
        "sort_field",
        "sort_order",
        *(["list_id"] if kind is Kind.ITEM else []),
    }
    if unknown := sorted(set(given) - known):
        raise RequestError(400, f"`{unknown[0]}` is not supported; known are {', '.join(sorted(known))}")
    page, size = _number(given, "page", 1), _number(given, "per_page", PAGE)
    if not 1 <= size <= LARGEST_PAGE or page < 1:
        raise RequestError(400, f"`page` is 1 or more, `per_page` 1 to {LARGEST_PAGE:,}")
    namespaces = [_namespace(name) for name in given.get("namespace_type", "single").split(",")]
    if kind is Kind.LIST:
        found = book.all(kind, namespaces)
    else:
        names = given.get("list_id", "").split(",")
        if not all(names):
            raise RequestError(400, "`list_id` names the lists whose items are meant")
        # Namespaces stand for the lists in their order, or one for all.
        spaces = namespaces * len(names) if len(namespaces) == 1 else namespaces
        if len(spaces) != len(names):
            raise RequestError(400, "`namespace_type` is one for each of `list_id`, or one for all")
        for name, space in zip(names, spaces, strict=True):
            book.find(Wanted(Kind.LIST, None, name, space))
        pairs = dict.fromkeys(zip(names, spaces, strict=True))
        found = [item for name, space in pairs for item in book.all(kind, [space], name)]
    found = ordered(matching(found, given.get("filter", ""), now), given)
    shown = found[(page - 1) * size : page * size]
    return {"data": shown, "page": page, "per_page": size, "total": len(found)}


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise RequestError(400, f"`{name}` is a number")
    return int(value)


def _exported(book: ExceptionBook, given: Mapping[str, str], now: int) -> bytes:
    """A list and its items, a line each, and a line that counts them."""
    found = book.find(_wanted(Kind.LIST, given))
    items = book.all(Kind.ITEM, [found["namespace_type"]], found["list_id"])
    if given.get("include_expired_exceptions", "true") == "false":
        items = [item for item in items if not is_over(item, now)]
    told = {
        "exported_exception_list_count": 1,
        "exported_exception_list_item_count": len(items),
        "missing_exception_list_item_count": 0,
        "missing_exception_list_items": [],
        "missing_exception_lists": [],
        "missing_exception_lists_count": 0,
    }
    return b"".join(orjson.dumps(line) + b"\n" for line in (found, *items, told))
