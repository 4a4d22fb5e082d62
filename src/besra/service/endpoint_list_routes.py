"""The list of exceptions that Elastic Defend applies on the endpoint: kept for those who manage it (8.3).

The detection engine evaluates none of it (detection-engine.md 4.2).
"""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.answering import RequestError, object_of
from besra.service.author import author_of
from besra.service.elasticsearch import reply
from besra.service.endpoint import Endpoint, Face, Right, endpoints, space_of
from besra.service.exception_book import Document, ExceptionBook, Wanted
from besra.service.exception_routes import page_of
from besra.service.ingest import Clock
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

PATH = "/api/endpoint_list"
LIST_ID = "endpoint_list"
NAMESPACE = "agnostic"
LIST = {
    "list_id": LIST_ID,
    "namespace_type": NAMESPACE,
    "name": "Endpoint Security Exception List",
    "description": "What Elastic Defend leaves alone on the endpoint",
    "type": "endpoint",
}
OF_LIST = {"list_id": LIST_ID, "namespace_type": NAMESPACE}

Answer = Callable[[ExceptionBook, Mapping[str, Any], Author], Document]


def endpoint_list_routes(known: Callable[[str], ExceptionBook], clock: Clock) -> list[Endpoint]:
    """All of them."""

    def over(answer: Answer, *, has_body: bool) -> Any:
        async def answered(request: Request) -> Response:
            given = await object_of(request) if has_body else dict(request.query_params)
            author, book = author_of(request, clock()), known(space_of(request))
            return reply(await run_in_threadpool(answer, book, given, author))

        return answered

    return [
        *endpoints(
            Face.KIBANA,
            Right.READ,
            [
                ("GET", f"{PATH}/items/_find", over(_find, has_body=False)),
                ("GET", f"{PATH}/items", over(_read, has_body=False)),
            ],
        ),
        *endpoints(
            Face.KIBANA,
            Right.AUTHOR,
            [
                ("POST", PATH, over(_make, has_body=True)),
                ("POST", f"{PATH}/items", over(_create, has_body=True)),
                ("PUT", f"{PATH}/items", over(_update, has_body=True)),
                ("DELETE", f"{PATH}/items", over(_delete, has_body=False)),
            ],
        ),
    ]


def _make(book: ExceptionBook, _: Mapping[str, Any], author: Author) -> Document:
    """The list, where there was none; nothing where there was, as in Kibana."""
    with book.lock:
        return {} if book.has(Wanted(Kind.LIST, None, LIST_ID, NAMESPACE)) else book.create(Kind.LIST, LIST, author)


def _create(book: ExceptionBook, given: Mapping[str, Any], author: Author) -> Document:
    _make(book, {}, author)
    return book.create(Kind.ITEM, {**given, **OF_LIST}, author)


def _read(book: ExceptionBook, given: Mapping[str, Any], _: Author) -> Document:
    return book.find(_item(book, given))


def _update(book: ExceptionBook, given: Mapping[str, Any], author: Author) -> Document:
    return book.update(_item(book, given), {**given, **OF_LIST}, author)


def _delete(book: ExceptionBook, given: Mapping[str, Any], _: Author) -> Document:
    return book.delete(_item(book, given))


def _find(book: ExceptionBook, given: Mapping[str, Any], author: Author) -> Document:
    _make(book, {}, author)
    return page_of(book, Kind.ITEM, {**given, **OF_LIST}, author.at)


def _item(book: ExceptionBook, given: Mapping[str, Any]) -> Wanted:
    """Which item of the list is meant. Raises RequestError, also for one of another list."""
    id_, name = given.get("id"), given.get("item_id")
    if not isinstance(id_, str | None) or not isinstance(name, str | None):
        raise RequestError(400, "`id` and `item_id` are texts")
    wanted = Wanted(Kind.ITEM, id_, name, NAMESPACE)
    if book.find(wanted)["list_id"] != LIST_ID:
        raise RequestError(404, f"there is no {wanted} in the list {LIST_ID}")
    return wanted
