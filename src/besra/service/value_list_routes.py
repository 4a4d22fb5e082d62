"""The routes over value lists in Kibana's shape (detection-engine.md 4.4, 8.3); those over their values are beside."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.answering import is_true, object_of
from besra.service.author import author_of
from besra.service.elasticsearch import reply
from besra.service.endpoint import Endpoint, Face, Right, endpoints, space_of
from besra.service.exception_book import ExceptionBook
from besra.service.ingest import Clock
from besra.service.listed_value_routes import listed_value_routes
from besra.service.listed_values import cursor_of, paging_of
from besra.service.value_list_book import Document, ValueListBook, named
from besra.service.value_list_query import document_condition, holding
from besra.service.value_list_references import drop_references, refuse_referenced

PREFIX = "/api/lists"
SORTED = ("id", "name", "type", "created_at", "updated_at")


Exceptions = Callable[[str], ExceptionBook]
"""The exceptions known in a space."""


def value_list_routes(book: ValueListBook, exceptions: Exceptions, clock: Clock) -> list[Endpoint]:
    """All of them."""
    api = _Lists(book, exceptions, clock)
    return [
        *listed_value_routes(book, clock),
        *endpoints(
            Face.KIBANA,
            Right.READ,
            [("GET", f"{PREFIX}/_find", api.find), ("GET", f"{PREFIX}/index", api.index), ("GET", PREFIX, api.read)],
        ),
        *endpoints(
            Face.KIBANA,
            Right.AUTHOR,
            [
                ("POST", f"{PREFIX}/index", api.prepare),
                ("DELETE", f"{PREFIX}/index", api.clear),
                ("POST", PREFIX, api.create),
                ("PUT", PREFIX, api.update),
                ("PATCH", PREFIX, api.patch),
                ("DELETE", PREFIX, api.delete),
            ],
        ),
    ]


class _Lists:
    """What the routes answer."""

    def __init__(self, book: ValueListBook, exceptions: Exceptions, clock: Clock) -> None:
        self._book = book
        self._exceptions = exceptions
        self._clock = clock

    async def create(self, request: Request) -> Response:
        given, author = await object_of(request), author_of(request, self._clock())
        made = await run_in_threadpool(self._book.create, space_of(request), given, author)
        return reply(self._book.told(made))

    async def read(self, request: Request) -> Response:
        id_ = named(request.query_params, "id")
        return reply(await run_in_threadpool(self._book.document, space_of(request), id_))

    async def update(self, request: Request) -> Response:
        return await self._change(request, is_part=False)

    async def patch(self, request: Request) -> Response:
        return await self._change(request, is_part=True)

    async def _change(self, request: Request, *, is_part: bool) -> Response:
        given, author, space = await object_of(request), author_of(request, self._clock()), space_of(request)
        changed = await run_in_threadpool(lambda: self._book.update(space, given, author, is_part=is_part))
        return reply(self._book.told(changed))

    async def delete(self, request: Request) -> Response:
        id_, space = named(request.query_params, "id"), space_of(request)
        drops, ignores = is_true(request, "deleteReferences"), is_true(request, "ignoreReferences")
        author = author_of(request, self._clock())

        def deleted() -> Document:
            one = self._book.find(space, id_)
            if drops:
                drop_references(self._exceptions(space), one.id, author)
            elif not ignores:
                refuse_referenced(self._exceptions(space), one.id)
            return self._book.told(self._book.delete(space, id_))

        answer = reply(await run_in_threadpool(deleted))
        answer.background = BackgroundTask(self._book.tidy)
        return answer

    async def find(self, request: Request) -> Response:
        given, space = request.query_params, space_of(request)
        return reply(await run_in_threadpool(self._page, given, space))

    def _page(self, given: Mapping[str, str], space: str) -> dict[str, Any]:
        asked = paging_of(given, SORTED)
        found = holding(self._book.documents(space), document_condition(given.get("filter", ""), self._clock()))
        if asked.sort:
            name = asked.sort
            found = sorted(found, key=lambda told: str(told.get(name, "")))
        found = found[::-1] if asked.descending else found
        shown = found[asked.offset : asked.offset + asked.size]
        told = {"cursor": cursor_of(asked.offset + len(shown)), "data": shown}
        return {**told, "page": asked.page, "per_page": asked.size, "total": len(found)}

    # --- what Kibana keeps lists in -----------------------------------------------------------------------------------

    async def index(self, _: Request) -> Response:
        """Where lists are kept is always there."""
        return reply({"list_index": True, "list_item_index": True})

    async def prepare(self, _: Request) -> Response:
        return reply({"acknowledged": True})

    async def clear(self, request: Request) -> Response:
        """All lists of the space, as where Kibana's are kept goes with them; those of files stay."""
        space = space_of(request)

        def cleared() -> None:
            own = self._book.own(space)
            for one in own:
                refuse_referenced(self._exceptions(space), one.id)
            for one in own:
                self._book.delete(space, one.id)

        await run_in_threadpool(cleared)
        return Response(
            b'{"acknowledged":true}', media_type="application/json", background=BackgroundTask(self._book.tidy)
        )
