"""Endpoints of the service's own, made from their descriptions: a request is read by it before it is answered."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from besra.service.answering import LARGEST_BODY, RequestError, parsed
from besra.service.description import Body, Description, Nothing, Query
from besra.service.elasticsearch import body_of, reply_documents
from besra.service.endpoint import Endpoint, Face, Right

API = "/api/v1"
SHAPING = frozenset({"error_trace", "filter_path", "human", "pretty"})
"""Parameters of every address, about the form of its answer (`service.shaping`)."""


def own(
    method: str,
    path: str,
    right: Right,
    description: Description[Query, Body],
    answer: Callable[[Request, Query, Body], Awaitable[Any]],
    most: int = LARGEST_BODY,
) -> Endpoint:
    """The endpoint at a path below `API`.

    `answer` gets the request, its query parameters and its body of `most` bytes, as the types of the description, and
    returns a response or what is to be told as JSON.
    """

    async def answered(request: Request) -> Response:
        query = read_query(request, description.query)
        taken = await read_body(request, description.body, most) if description.body is not Nothing else Nothing()
        found = await answer(request, query, taken)  # type: ignore[arg-type]  # `Nothing` is what `Body` is then
        if isinstance(found, Response):
            return found
        return reply_documents(msgspec.to_builtins(found), description.status)

    return Endpoint(Face.OWN, method, f"{API}{path}", right, answered, description=description)


def read_query(request: Request, type_: type[Query]) -> Query:
    """The query parameters of a request. Raises RequestError (400) for those that do not fit or nobody knows."""
    given = {name: value for name, value in request.query_params.items() if name not in SHAPING}
    try:
        return msgspec.convert(given, type_, strict=False)
    except msgspec.ValidationError as error:
        raise RequestError(400, _told(error, "the address")) from error


async def read_body(request: Request, type_: type[Body], most: int = LARGEST_BODY) -> Body:
    """The JSON body of a request of `most` bytes, no body being `{}`. Raises RequestError (400) and as `body_of`."""
    raw = await body_of(request, most)
    try:
        return await parsed(partial(msgspec.json.decode, type=type_), raw if raw.strip() else b"{}")
    except msgspec.ValidationError as error:
        raise RequestError(400, _told(error, "the body")) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(400, f"the body is no JSON: {error}") from error


def _told(error: msgspec.ValidationError, whole: str) -> str:
    """What is wrong, with its place in front: `size: expected `int` <= 1000`."""
    what, _, where = str(error).partition(" - at `$")
    place = where.rstrip("`").removeprefix(".") or whole
    return f"{place}: {what[:1].lower()}{what[1:]}"
