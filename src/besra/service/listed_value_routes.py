"""The routes over the values of value lists in Kibana's shape (detection-engine.md 4.4, 8.3)."""

from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from besra.service.answering import RequestError, object_of
from besra.service.author import author_of
from besra.service.elasticsearch import reply
from besra.service.endpoint import Endpoint, Face, Right, endpoints, space_of
from besra.service.ingest import Clock
from besra.service.listed_values import ListedValues, cursor_of, paging_of
from besra.service.upload import uploaded_file
from besra.service.value_list_book import Document, ValueListBook, named
from besra.service.value_list_import import import_values, target_of
from besra.service.value_list_query import document_condition
from besra.storage.value_list_store import SORTED

PREFIX = "/api/lists/items"
LARGEST_IMPORT = 100 << 20
"""Bytes of a form: what Kibana can be told to take at most."""
LINES = 5_000
"""Of an export that are sent at a time."""


def listed_value_routes(book: ValueListBook, clock: Clock) -> list[Endpoint]:
    """All of them."""
    api = _Values(book, clock)
    return [
        *endpoints(
            Face.KIBANA,
            Right.READ,
            [
                ("GET", f"{PREFIX}/_find", api.find),
                ("POST", f"{PREFIX}/_export", api.export),
                ("GET", PREFIX, api.read),
            ],
        ),
        *endpoints(
            Face.KIBANA,
            Right.AUTHOR,
            [
                ("POST", f"{PREFIX}/_import", api.import_),
                ("POST", PREFIX, api.create),
                ("PUT", PREFIX, api.update),
                ("PATCH", PREFIX, api.patch),
                ("DELETE", PREFIX, api.delete),
            ],
        ),
    ]


class _Values:
    """What the routes answer."""

    def __init__(self, book: ValueListBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    def _values(self, request: Request) -> ListedValues:
        return ListedValues(self._book, space_of(request))

    # --- one value ----------------------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        given, author = await object_of(request), author_of(request, self._clock())
        return reply(await run_in_threadpool(self._values(request).add, given, author))

    async def read(self, request: Request) -> Response:
        given, values = request.query_params, self._values(request)
        if id_ := given.get("id"):
            return reply(await run_in_threadpool(values.with_id, id_))
        list_id, text = _which(request)
        return reply(await run_in_threadpool(values.with_text, list_id, text))

    async def update(self, request: Request) -> Response:
        return await self._change(request, is_part=False)

    async def patch(self, request: Request) -> Response:
        return await self._change(request, is_part=True)

    async def _change(self, request: Request, *, is_part: bool) -> Response:
        given, author, values = await object_of(request), author_of(request, self._clock()), self._values(request)
        return reply(await run_in_threadpool(lambda: values.change(given, author, is_part=is_part)))

    async def delete(self, request: Request) -> Response:
        values = self._values(request)
        if id_ := request.query_params.get("id"):
            return reply(await run_in_threadpool(values.remove, id_))
        list_id, text = _which(request)
        return reply(await run_in_threadpool(values.remove_text, list_id, text))

    # --- many ---------------------------------------------------------------------------------------------------------

    async def find(self, request: Request) -> Response:
        given = request.query_params
        list_id, asked = named(given, "list_id"), paging_of(given, SORTED)
        condition = document_condition(given.get("filter", ""), self._clock())
        total, data = await run_in_threadpool(self._values(request).page, list_id, asked, condition)
        told = {"cursor": cursor_of(asked.offset + len(data)), "data": data}
        return reply({**told, "page": asked.page, "per_page": asked.size, "total": total})

    async def export(self, request: Request) -> Response:
        list_id = named(request.query_params, "list_id")
        texts = await run_in_threadpool(self._values(request).texts, list_id)
        plain = "".join(char for char in list_id if char.isascii() and (char.isalnum() or char in "._-")) or "list"
        headers = {"Content-Disposition": f'attachment; filename="{plain}"'}
        return StreamingResponse(_lines(texts), 200, headers, media_type="text/plain; charset=utf-8")

    async def import_(self, request: Request) -> Response:
        given, author, space = request.query_params, author_of(request, self._clock()), space_of(request)
        file = await uploaded_file(request, LARGEST_IMPORT)

        def imported() -> Document:
            one = target_of(self._book, space, given, file, author)
            told = import_values(self._book, one, file.data, author)
            document = self._book.told(one)
            return {**document, "besra": {**document["besra"], **told}}

        return reply(await run_in_threadpool(imported))


def _which(request: Request) -> tuple[str, str]:
    given = request.query_params
    if "list_id" not in given or "value" not in given:
        raise RequestError(400, "either `id`, or `list_id` and `value`, must be given")
    return named(given, "list_id"), named(given, "value")


def _lines(texts: Iterator[str]) -> Iterator[bytes]:
    some: list[str] = []
    for text in texts:
        some.append(text)
        if len(some) == LINES:
            yield "".join(f"{one}\n" for one in some).encode()
            some.clear()
    yield "".join(f"{one}\n" for one in some).encode()
