"""What clients of Kibana look at before anything else (detection-engine.md 8.4)."""

from starlette.requests import Request
from starlette.responses import Response

from besra.service.access import Who
from besra.service.answering import json_reply
from besra.service.author import UNKNOWN, WHO
from besra.service.cluster import VERSION
from besra.service.endpoint import Endpoint, Face, Right


def status_routes() -> list[Endpoint]:
    """All of them."""

    async def status(_: Request) -> Response:
        overall = {"level": "available", "summary": "All services are available"}
        return json_reply({"name": "besra", "version": {"number": VERSION}, "status": {"overall": overall}})

    async def me(request: Request) -> Response:
        who: Who | None = request.scope.get(WHO)
        roles = sorted({name for names in who.roles.values() for name in names}) if who else []
        return json_reply({"username": who.name if who else UNKNOWN, "roles": roles, "enabled": True})

    return [
        Endpoint(Face.KIBANA, "GET", "/api/status", Right.KNOWN, status),
        Endpoint(Face.KIBANA, "GET", "/internal/security/me", Right.KNOWN, me),
    ]
