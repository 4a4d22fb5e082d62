"""What routes in Kibana's shape share: their addresses, bodies and errors (detection-engine.md 8)."""

from collections.abc import Mapping, Sequence
from functools import wraps
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from besra.errors import QueryError
from besra.service.body import BodyError
from besra.service.elasticsearch import Handler, body_of, guarded, reply
from besra.service.ingest import BusyError
from besra.service.plain_paths import named
from besra.service.search_error import SearchError
from besra.storage.database import AlertStoreError

SPACE = "default"
"""The only one there is."""
LARGEST_BODY = 10 << 20
OF_ASKER = ("alert-search", "alert-change")
"""Problems of the alert store that are the asker's to mend; the database is not."""
OWN_HEADERS = ("kbn-xsrf", "x-besra-user")
AGAIN = {"Retry-After": "10"}


class RequestError(Exception):
    """A request that is not done; `status` is the HTTP status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def routes_of(path: str, handler: Handler, methods: Sequence[str]) -> list[Route]:
    """The routes of an address of Kibana's, by itself and in a space."""
    return [Route(f"{prefix}{path}", answering(handler), methods=list(methods)) for prefix in ("", "/s/{space}")]


def changing(handler: Handler) -> Handler:
    """The handler of a change, which has to come with a header that no page of another site can have a browser send."""

    @wraps(handler)
    async def changed(request: Request) -> Response:
        if not any(name in request.headers for name in OWN_HEADERS):
            raise RequestError(400, "a change needs the header kbn-xsrf, with any value, or x-besra-user")
        return await handler(request)

    return changed


def answering(handler: Handler) -> Handler:
    """The handler with its errors in Kibana's shape."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            space = named(request, "space")
            if space not in (None, SPACE):
                raise RequestError(404, f"there is no space {space!r}; the only one is `{SPACE}`")
            return await handler(request)
        except (RequestError, BodyError, SearchError) as error:
            return refused(error.status, str(error))
        except QueryError as error:
            return refused(400, str(error))
        except BusyError as error:
            return refused(429, str(error), {"Retry-After": str(error.seconds)})
        except AlertStoreError as error:
            is_asked = error.problem.code in OF_ASKER
            return refused(400, str(error)) if is_asked else refused(503, str(error), AGAIN)
        except RecursionError:
            return refused(400, "a document is nested too deeply for a part of it to be shown")
        except ClientDisconnect:
            return refused(400, "the body was cut off")  # nobody is left to read it

    return guarded(answered)


def refused(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error in Kibana's shape."""
    return reply({"message": reason, "status_code": status}, status, headers)


async def object_of(request: Request) -> dict[str, Any]:
    """The JSON object a request holds, an empty one if it holds nothing. Raises RequestError and as `body_of`."""
    raw = await body_of(request, LARGEST_BODY)
    if not raw.strip():
        return {}
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"the body is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise RequestError(400, "the body is no JSON object")
    return given
