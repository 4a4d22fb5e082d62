"""A line for each request that was answered: who, what, how it went, how long it took. For those who ask for it."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from besra.service.log import ACCESS, say


class AccessLog:
    """Requests on their way to an application. Neither headers nor queries nor bodies are looked at."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, size = time.perf_counter(), 0, 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            client = scope.get("client") or ("", 0)
            say(
                ACCESS,
                f"{scope['method']} {scope['path']} {status}",
                client=client[0],
                method=scope["method"],
                path=scope["path"],
                status=status,
                bytes=size,
                milliseconds=round(1000 * (time.perf_counter() - started), 1),
            )
