"""What asking who it is costs a request: `python -m benchmarks.gate`.

The same requests go through all of the service but what answers them, with everybody let through and with a key, a
token and a password. What is told is the best of many short runs, in microseconds a request.
"""

import argparse
import asyncio
import base64
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from besra.service.access import Access
from besra.service.endpoint import Endpoint, Face, Right
from besra.service.gate import Bounds, Gate, Guard, Open, Recorder
from besra.service.passwords import new_secret, secret_digest
from besra.service.plain_paths import PlainPaths
from besra.service.routing import routes_of
from besra.service.user_book import UserBook
from besra.storage.access_store import Session
from besra.storage.alert_store import AlertStore

PASSWORD = "a password of a benchmark"
AT_ONCE = 500


async def _done(_: Request) -> Response:
    return Response(b"")


def _app(gate: Gate) -> Starlette:
    endpoint = Endpoint(Face.ELASTICSEARCH, "POST", "/_bulk", Right.INGEST, _done)
    return Starlette(routes=routes_of([endpoint], gate), middleware=[Middleware(PlainPaths)])


async def _best(app: Callable[..., Awaitable[None]], header: str, rounds: int) -> float:
    sent: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if "status" in message:
            sent.append(message["status"])

    headers = [(b"host", b"127.0.0.1"), (b"user-agent", b"x"), (b"authorization", header.encode())]
    scope = {"type": "http", "method": "POST", "path": "/_bulk", "raw_path": b"/_bulk", "query_string": b""}
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(AT_ONCE):
            await app({**scope, "headers": headers, "client": ("127.0.0.1", 1)}, receive, send)
        best = min(best, time.perf_counter() - began)
    assert set(sent) == {200}, set(sent)
    return best / AT_ONCE * 1e6


def main() -> None:
    """Measure, and say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="short runs of each kind")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, AlertStore(Path(folder) / "alerts.sqlite") as store:
        access, now = Access(store.access, time.time_ns, time.monotonic), time.time_ns()
        book = UserBook(access)
        book.add("ann", PASSWORD, {"*": ["ingest"]}, now)
        who = access.who("ann")
        assert who is not None
        key, secret = book.add_key(who, {"name": "k"}, now)
        token = new_secret()
        store.access.add_session(Session(secret_digest(token), "ann", now, 2 * now))
        access.refresh()
        guard = Guard(access, Recorder(store.audit, time.time_ns, print), bounds=Bounds(1e9, 1e9))
        headers = {
            "key": f"ApiKey {base64.b64encode(f'{key.id}:{secret}'.encode()).decode()}",
            "token": f"Bearer {token}",
            "password": f"Basic {base64.b64encode(f'ann:{PASSWORD}'.encode()).decode()}",
        }
        told = {"everybody": asyncio.run(_best(_app(Open()), "", given.rounds))}
        for name, header in headers.items():
            told[name] = asyncio.run(_best(_app(guard), header, given.rounds))
    for name, micros in told.items():
        print(f"{name:10} {micros:6.1f} µs")
    if given.json:
        Path(given.json).write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main()
