"""Who does not name itself is not told the reason to its end where it is to send again; see `tests/clients`."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from besra.service.cut_off import for_those_who_wait
from besra.service.elasticsearch import failure


@pytest.mark.parametrize(
    ("status", "agent", "is_whole"), [(429, None, False), (503, None, False), (429, "curl", True), (400, None, True)]
)
def test_an_answer_breaks_off(status: int, agent: str | None, is_whole: bool) -> None:
    headers = [(b"user-agent", agent.encode())] if agent else []
    scope = {"type": "http", "method": "POST", "path": "/_bulk", "headers": headers}
    response = for_those_who_wait(Request(scope), failure(status, "x", "y", {"Retry-After": "5"}))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    asyncio.run(response(scope, receive, send))
    told = dict(sent[0]["headers"])
    assert sent[0]["status"] == status
    assert (told[b"retry-after"], told[b"x-elastic-product"]) == (b"5", b"Elasticsearch")
    length = sum(len(message["body"]) for message in sent[1:])
    assert (int(told[b"content-length"]) == length) is is_whole
    assert sent[-1].get("more_body", False) is not is_whole
