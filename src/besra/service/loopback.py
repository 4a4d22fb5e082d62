"""Only what is meant for this machine: for a service without users.

A page of any site can have its name point to 127.0.0.1, and then have a browser ask a service there as if it were that
site (DNS rebinding). Its name stands in the Host header, so only names of this machine are answered.
"""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from besra.service.limits import is_loopback


class OnlyLoopback:
    """An application that is asked by names of this machine only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        host = Headers(scope=scope).get("host", "")
        if is_loopback(host_of(host)):
            return await self._app(scope, receive, send)
        told = "this service runs without users (--no-auth) and answers to names of its own machine only\n"
        return await PlainTextResponse(told, 403)(scope, receive, send)


def host_of(header: str) -> str:
    """The name or address in a Host header, without a port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header
