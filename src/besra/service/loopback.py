"""Only what is meant for this machine: for a service without users.

A page of any site can have its name point to 127.0.0.1, and then have a browser ask a service there as if it were that
site (DNS rebinding). Its name stands in the Host header, so only names of this machine are answered. A page may also
have a browser send something to `http://127.0.0.1` itself, without seeing the answer: the browser then says whose page
it is in Origin, or that it is another site's in Sec-Fetch-Site.
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
        headers = Headers(scope=scope)
        if is_loopback(host_of(headers.get("host", ""))) and not _is_of_other_site(headers):
            return await self._app(scope, receive, send)
        told = "this service runs without users (--no-auth) and answers to names and pages of its own machine only\n"
        return await PlainTextResponse(told, 403)(scope, receive, send)


def _is_of_other_site(headers: Headers) -> bool:
    """Whether a browser says that a page of elsewhere asks; one that hides where it is from (`null`) may be any."""
    if origins := headers.getlist("origin"):
        return not all(is_loopback(host_of(origin.rpartition("//")[2])) for origin in origins)
    # As of images, with which no Origin is sent. `localhost` and 127.0.0.1 are different sites, too.
    return headers.get("sec-fetch-site") == "cross-site"


def host_of(header: str) -> str:
    """The name or address in a Host header, without a port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header
