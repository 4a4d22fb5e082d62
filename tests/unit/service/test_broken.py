"""An error of besra's own: told to the client in its words, and in full to whoever runs the service."""

import asyncio
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from besra.service.endpoint import Endpoint, Face, Right
from besra.service.routing import broken, routes_of


def test_broken(capsys: pytest.CaptureFixture[str]) -> None:
    async def wrong(_: Request) -> Response:
        raise ZeroDivisionError("nothing to divide by")

    app = Starlette(
        routes=routes_of([Endpoint(Face.ELASTICSEARCH, "GET", "/", Right.KNOWN, wrong)]),
        exception_handlers={Exception: broken},
    )
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    with pytest.raises(ZeroDivisionError):  # for the server to end the connection
        asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 500
    assert (b"x-elastic-product", b"Elasticsearch") in sent[0]["headers"]
    told = orjson.loads(sent[1]["body"])
    assert told["status"] == 500
    assert "ZeroDivisionError" in told["error"]["reason"]
    assert "nothing to divide by" in capsys.readouterr().err
