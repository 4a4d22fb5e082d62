"""A service in this process behind its gate, and requests to it from any address with any credential."""

import asyncio
import base64
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message

from besra.detection.detect import Job
from besra.service import passwords
from besra.service.app import app_of
from besra.service.endpoint import Endpoint
from besra.service.gate import Guard
from besra.service.rule_watch import Source
from besra.service.security import Policy, Security, security_of
from besra.service.server import Service, running
from besra.service.spaces import Spaces
from besra.service.stores import Places

PASSWORD = "correct horse battery"
XSRF = {"kbn-xsrf": "x"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        return orjson.loads(self.body)


def asked(
    app: ASGIApp,
    method: str,
    address: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    client: str = "192.0.2.1",
) -> Answer:
    """The answer to a request."""
    sent: list[Message] = []
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    path, _, query = address.partition("?")
    given = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": given,
        "client": (client, 4711),
    }

    async def run() -> None:
        await app(scope, receive, send)

    asyncio.run(run())
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent))


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    """The header of a name and a password."""
    return {"authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def key(encoded: str) -> dict[str, str]:
    """The header of an API key."""
    return {"authorization": f"ApiKey {encoded}"}


@dataclass
class Guarded:
    """A service with its gate."""

    app: Starlette
    security: Security
    service: Service
    said: list[str]

    @property
    def guard(self) -> Guard:
        """The gate."""
        assert isinstance(self.security.gate, Guard)
        return self.security.gate

    @property
    def endpoints(self) -> list[Endpoint]:
        """All there are."""
        return list(self.app.state.endpoints)

    def ask(self, method: str, address: str, body: object = None, **more: Any) -> Answer:
        """The answer to a request, with the header of changes."""
        headers = {**XSRF, **more.pop("headers", {})}
        return asked(self.app, method, address, body, headers, **more)

    def set_up(self, name: str = "ann", **more: Any) -> dict[str, str]:
        """Make the first user; the header of the password."""
        body = {"token": self.security.token.text, "name": name, "password": PASSWORD}
        answer = self.ask("POST", "/api/v1/setup", body, **more)
        assert answer.status == 201, answer.body
        return basic(name)


@contextmanager
def guarded(folder: Path, policy: Policy | None = None) -> Iterator[Guarded]:
    """A service without rules; there are the spaces `default` and `lab`."""
    # Passwords of tests need not be dear.
    dear, passwords._HASHER = passwords._HASHER, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._made.clear()
    try:
        with _guarded(folder, policy) as at:
            yield at
    finally:
        passwords._HASHER = dear
        passwords._made.clear()


@contextmanager
def _guarded(folder: Path, policy: Policy | None) -> Iterator[Guarded]:
    spaces = Spaces(["lab"], threading.Event())
    source = Source((), (), lambda: Job((), True), spaces=spaces)
    said: list[str] = []
    places = Places(folder / "data")
    with running(source, places, time.time_ns, said.append) as service:
        alerts = service.stores.alerts
        security = security_of(alerts, places.folder, time.time_ns, said.append, policy or Policy(), spaces.has)
        yield Guarded(app_of(service, security=security), security, service, said)
