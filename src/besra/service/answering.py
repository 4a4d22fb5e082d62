"""What routes in Kibana's shape share, those below /api/v1 among them: bodies, errors, answers (detection-engine.md 8).

As in Kibana, whoever changes something sends the header `kbn-xsrf`: no page in a browser can do so by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from besra.errors import BesraError, QueryError
from besra.problems import Problem
from besra.rules.ndjson import json_text
from besra.service.body import BodyError
from besra.service.denied import DeniedError
from besra.service.elasticsearch import body_of
from besra.service.ingest import BusyError
from besra.service.search_error import SearchError
from besra.storage.database import AlertStoreError
from besra.storage.event_store import EventStoreError
from besra.storage.journal import JournalError

LARGEST_BODY = 10 << 20
SMALL_BODY = 1 << 16
"""Bytes of a body with names, roles and secrets; what nobody has vouched for yet may send one."""
LARGEST_SEARCH = 1 << 20
"""Bytes of a search."""
OF_ASKER = ("alert-search", "alert-change")
"""Problems of the alert store that are the asker's to mend; the database is not."""
OWN_HEADERS = ("kbn-xsrf", "x-besra-user")
AGAIN = {"Retry-After": "10"}

Answer = TypeVar("Answer")


class RequestError(Exception):
    """A request that is not done: the HTTP status that says so, what to say, and the problems of what was sent."""

    def __init__(self, status: int, reason: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(reason)
        self.status = status
        self.message = reason
        self.problems = tuple(problems)


def check_header(request: Request) -> None:
    """A change has to come with a header that no page of another site can have a browser send. Raises RequestError."""
    if not any(name in request.headers for name in OWN_HEADERS):
        raise RequestError(400, "a change needs the header kbn-xsrf, with any value, or x-besra-user")


# --- errors -----------------------------------------------------------------------------------------------------------

TOLD = (
    DeniedError,
    RequestError,
    BodyError,
    SearchError,
    QueryError,
    BusyError,
    AlertStoreError,
    EventStoreError,
    JournalError,
    RecursionError,
    ClientDisconnect,
)
"""What handlers may raise, and `refusal_of` answers."""


def refusal_of(error: Exception) -> Response:
    """What is answered in Kibana's shape to an error of `TOLD`."""
    match error:
        case RequestError():
            return json_reply(refusal(error), error.status)
        case DeniedError():
            return refused(error.status, str(error), error.headers)
        case BodyError() | SearchError():
            return refused(error.status, str(error))
        case QueryError():
            return refused(400, error.in_words())
        case BusyError():
            return refused(429, str(error), {"Retry-After": str(error.seconds)})
        case AlertStoreError() if error.problem.code in OF_ASKER:
            return refused(400, error.in_words())
        case RecursionError():
            return refused(400, "a document is nested too deeply for a part of it to be shown")
        case ClientDisconnect():
            return refused(400, "the body was cut off")  # nobody is left to read it
        case _:
            return refused(503, error.in_words() if isinstance(error, BesraError) else str(error), AGAIN)


def refused(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error in Kibana's shape."""
    return json_reply({"message": reason, "status_code": status}, status, headers)


def refusal(error: RequestError) -> dict[str, Any]:
    """An error in Kibana's shape, with the problems of what was sent."""
    told = {"message": error.message, "status_code": error.status}
    return {**told, "problems": [problem_document(one) for one in error.problems]} if error.problems else told


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem of what was sent; line and column count from 1, in the body or the file."""
    place = problem.place
    where = {"line": place.line, "column": place.column} if place.line else {}
    hint = {"hint": problem.hint} if problem.hint else {}
    return {"code": problem.code, "severity": str(problem.severity), "message": problem.message, **hint, **where}


# --- requests ---------------------------------------------------------------------------------------------------------


async def object_of(request: Request, most: int = LARGEST_BODY) -> dict[str, Any]:
    """The JSON object a request of `most` bytes holds, an empty one if it holds nothing.

    Raises RequestError and as `body_of`.
    """
    raw = await body_of(request, most)
    if not raw.strip():
        return {}
    try:
        given = await parsed(orjson.loads, raw)
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"the body is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise RequestError(400, "the body is no JSON object")
    return given


async def parsed(parse: Callable[[bytes], Answer], raw: bytes) -> Answer:
    """What a body says; a large one is read in a thread, so that others are answered meanwhile."""
    return await run_in_threadpool(parse, raw) if len(raw) > SMALL_BODY else parse(raw)


def is_true(request: Request, name: str) -> bool:
    """Whether a parameter is true. Raises RequestError (400) if it is neither that nor false."""
    value = request.query_params.get(name, "false")
    if value not in ("true", "false"):
        raise RequestError(400, f"{name} is true or false")
    return value == "true"


# --- answers ----------------------------------------------------------------------------------------------------------


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON, whatever texts and numbers are in it."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # halves of surrogate pairs, numbers beyond 64 bits
        text = json_text(value).encode()
    return Response(text, status, headers, media_type="application/json")
