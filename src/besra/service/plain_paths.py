"""Paths of requests as routes know them: `//_bulk` and `/_bulk/` are `/_bulk`, and names are no verbs.

Shippers put paths together from what people write; Elasticsearch takes those too. Names with date math
(`%3Clogs-%7Bnow%2Fd%7D%3E`) hold a slash of their own, which parts no path. No index begins with an underscore.
"""

from urllib.parse import unquote

from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send


class PlainPaths:
    """An application behind plain paths."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http":
            scope = {**scope, "path": plain(scope.get("raw_path") or scope["path"].encode())}
        await self._app(scope, receive, send)


def plain(path: bytes) -> str:
    """A path as it was sent, decoded piece by piece. A slash within a piece stays encoded, and so does `%`."""
    pieces = (unquote(piece) for piece in path.decode("utf-8", "replace").split("/") if piece)
    return "/" + "/".join(piece.replace("%", "%25").replace("/", "%2F") for piece in pieces)


def named(request: Request, name: str) -> str | None:
    """What stands in the path for a parameter of its route, if that has it."""
    piece = request.path_params.get(name)
    return None if piece is None else unquote(piece)


class IndexRoute(Route):
    """A route with an `index` in its path, perhaps a `type`: neither begins with an underscore, but for `_all`."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See Starlette."""
        match, found = super().matches(scope)
        params = found.get("path_params", {})
        if any(name.startswith("_") and name != "_all" for name in (params.get("index", ""), params.get("type", ""))):
            return Match.NONE, {}
        return match, found
