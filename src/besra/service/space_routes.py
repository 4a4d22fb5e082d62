"""The routes over spaces in Kibana's shape (detection-engine.md 8.4, 9)."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.answering import RequestError, json_reply, object_of
from besra.service.endpoint import Endpoint, Face, Right, endpoints
from besra.service.plain_paths import named
from besra.service.sight import is_seen
from besra.service.spaces import Spaces

SPACES = "/api/spaces/space"


def space_routes(spaces: Spaces) -> list[Endpoint]:
    """All of them. Whoever asks sees the spaces in which there is something they may do."""

    async def listed(request: Request) -> Response:
        return json_reply([spaces.find(id_) for id_ in spaces.ids if is_seen(request, id_)])

    async def read(request: Request) -> Response:
        id_ = _id(request)
        if not is_seen(request, id_):
            raise RequestError(404, f"there is no space {id_[:100]!r}")
        return json_reply(spaces.find(id_))

    async def create(request: Request) -> Response:
        given = await object_of(request)
        return json_reply(await run_in_threadpool(spaces.create, given))

    async def update(request: Request) -> Response:
        given: dict[str, Any] = await object_of(request)
        return json_reply(await run_in_threadpool(spaces.update, _id(request), given))

    async def remove(request: Request) -> Response:
        await run_in_threadpool(spaces.remove, _id(request))
        return Response(status_code=204)

    looks = [("GET", SPACES, listed), ("GET", f"{SPACES}/{{id}}", read)]
    changes = [
        ("POST", SPACES, create),
        ("PUT", f"{SPACES}/{{id}}", update),
        ("DELETE", f"{SPACES}/{{id}}", remove),
    ]
    return [*endpoints(Face.KIBANA, Right.KNOWN, looks), *endpoints(Face.KIBANA, Right.ADMINISTER, changes)]


def _id(request: Request) -> str:
    return named(request, "id") or ""
