"""What clients of Kibana ask, and set up, before they use its detection engine (detection-engine.md 8.1, 8.2, 9).

There is nothing to set up: alerts and lists have a place from the start.
"""

from starlette.requests import Request
from starlette.responses import Response

from besra.service.answering import RequestError
from besra.service.elasticsearch import reply
from besra.service.endpoint import Endpoint, Face, Right, space_of
from besra.service.privileges import privileges_of

PREFIX = "/api/detection_engine"


def alert_index(space: str) -> str:
    """The index the alerts of a space are found in."""
    return f".alerts-security.alerts-{space}"


def detection_set_up() -> list[Endpoint]:
    """All routes of that."""

    async def privileges(request: Request) -> Response:
        told = privileges_of(request, alert_index(space_of(request)), Right.WORK)
        return reply({**told, "is_authenticated": True, "has_encryption_key": True})

    async def list_privileges(request: Request) -> Response:
        space = space_of(request)
        lists, items = (privileges_of(request, f".{what}-{space}", Right.AUTHOR) for what in ("lists", "items"))
        return reply({"lists": lists, "listItems": items, "is_authenticated": True})

    async def index(request: Request) -> Response:
        return reply({"name": alert_index(space_of(request)), "index_mapping_outdated": False})

    async def prepare(_: Request) -> Response:
        return reply({"acknowledged": True})

    async def delete(_: Request) -> Response:
        raise RequestError(404, "there is no index of signals: alerts are closed, and closed ones go by --keep-alerts")

    return [
        Endpoint(Face.KIBANA, "GET", f"{PREFIX}/privileges", Right.READ, privileges),
        Endpoint(Face.KIBANA, "GET", "/api/lists/privileges", Right.READ, list_privileges),
        Endpoint(Face.KIBANA, "GET", f"{PREFIX}/index", Right.READ, index),
        Endpoint(Face.KIBANA, "POST", f"{PREFIX}/index", Right.AUTHOR, prepare),
        Endpoint(Face.KIBANA, "DELETE", f"{PREFIX}/index", Right.AUTHOR, delete),
    ]
