"""An application asked without a server."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import ASGIApp, Message


def asked(
    app: ASGIApp, method: str, address: str, body: object = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """The status and the JSON of the answer; the body is sent as it is if it is bytes, else as JSON."""
    sent: list[Message] = []
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    path, _, query = address.partition("?")
    given = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": given}
    asyncio.run(app({**scope, "app": app}, receive, send))
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))
