"""What all routes in the shape of Kibana's API share, and what its clients ask first (detection-engine.md 8, 8.4).

There is one space, `default`, with a prefix and without. As in Kibana, whoever changes something sends the header
`kbn-xsrf`: no page in a browser can do so by itself.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from besra.problems import Problem
from besra.rules.ndjson import json_text
from besra.service.answering import OWN_HEADERS, SPACE, RequestError
from besra.service.author import UNKNOWN
from besra.service.body import BodyError
from besra.service.cluster import VERSION
from besra.service.plain_paths import named
from besra.storage.database import AlertStoreError

Handler = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """A request that cannot be done: its HTTP status, what to say, and the problems of what was sent."""

    def __init__(self, status: int, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.problems = tuple(problems)


# --- routes -----------------------------------------------------------------------------------------------------------


def kibana_routes(handlers: Sequence[tuple[str, str, Handler]]) -> list[Route]:
    """Routes of paths, methods and what answers them, each with the prefix of a space and without."""
    by_path: dict[str, dict[str, Handler]] = {}
    for path, method, handler in handlers:
        by_path.setdefault(path, {})[method] = handler
    return [
        Route(f"{prefix}{path}", _one_of(methods), methods=list(methods))
        for path, methods in by_path.items()
        for prefix in ("", "/s/{space}")
    ]


def status_routes() -> list[Route]:
    """What clients look at before anything else."""

    async def status(_: Request) -> Response:
        overall = {"level": "available", "summary": "All services are available"}
        return json_reply({"name": "besra", "version": {"number": VERSION}, "status": {"overall": overall}})

    async def spaces(_: Request) -> Response:
        return json_reply([{"id": SPACE, "name": "Default", "disabledFeatures": []}])

    async def me(_: Request) -> Response:
        return json_reply({"username": UNKNOWN, "roles": [], "enabled": True})

    return kibana_routes(
        [
            ("/api/status", "GET", status),
            ("/api/spaces/space", "GET", spaces),
            ("/internal/security/me", "GET", me),
        ]
    )


def _one_of(handlers: Mapping[str, Handler]) -> Handler:
    """What answers the methods of a path, with what goes wrong answered as Kibana does."""

    async def answered(request: Request) -> Response:
        try:
            _check(request)
            return await handlers["GET" if request.method == "HEAD" else request.method](request)
        except RefusedError as error:
            return json_reply(refusal(error), error.status)
        except (BodyError, RequestError) as error:
            return json_reply({"message": str(error), "status_code": error.status}, error.status)
        except AlertStoreError as error:
            return json_reply({"message": str(error), "status_code": 503}, 503, {"Retry-After": "10"})
        except ClientDisconnect:  # nobody is left to read it
            return json_reply({"message": "the body was cut off", "status_code": 400}, 400)

    return answered


def _check(request: Request) -> None:
    space = named(request, "space")
    if space not in (None, SPACE):
        raise RefusedError(404, f"there is no space {space!r}; besra has one, {SPACE}")
    if request.method not in ("GET", "HEAD") and not any(name in request.headers for name in OWN_HEADERS):
        raise RefusedError(400, "Request must contain a kbn-xsrf header.")


def is_true(request: Request, name: str) -> bool:
    """Whether a parameter is true. Raises RefusedError (400) if it is neither that nor false."""
    value = request.query_params.get(name, "false")
    if value not in ("true", "false"):
        raise RefusedError(400, f"{name} is true or false")
    return value == "true"


# --- answers ----------------------------------------------------------------------------------------------------------


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem of what was sent; line and column count from 1, in the body or the file."""
    place = problem.place
    where = {"line": place.line, "column": place.column} if place.line else {}
    hint = {"hint": problem.hint} if problem.hint else {}
    return {"code": problem.code, "severity": str(problem.severity), "message": problem.message, **hint, **where}


def refusal(error: RefusedError) -> dict[str, Any]:
    """An error in Kibana's shape, with the problems of what was sent."""
    told = {"message": error.message, "status_code": error.status}
    return {**told, "problems": [problem_document(one) for one in error.problems]} if error.problems else told


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON, whatever texts and numbers are in it."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # halves of surrogate pairs, numbers beyond 64 bits
        text = json_text(value).encode()
    return Response(text, status, headers, media_type="application/json")
