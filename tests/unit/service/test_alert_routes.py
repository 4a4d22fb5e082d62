"""One alert and what people did with it, and new alerts as they come."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Message
from tests.asked import asked
from tests.documents import ROOT, text_of
from tests.stores import spaces_of
from tests.unit.storage.samples import NOW, SECOND, alert, alerts, run

from besra.schema.timestamp import format_timestamp
from besra.service.alert_routes import alert_routes
from besra.service.alert_stream import AlertStream, StreamBounds, event_of
from besra.service.exception_routes import exception_routes
from besra.service.routing import routes_of
from besra.service.searching import Searching
from besra.service.signal_routes import signal_routes
from besra.storage.alert_store import AlertStore
from besra.storage.database import AlertStoreError
from besra.storage.event_rows import EventReader
from besra.storage.outcome import Outcome

QUICK = StreamBounds(listeners=2, at_once=2, every=0.01, alive=0.0)
AT = NOW + 100 * SECOND


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    with AlertStore(tmp_path / "alerts.sqlite") as opened:
        opened.commit(Outcome(run(), alerts(1, 2, 3)))
        yield opened


def app_of(store: AlertStore, stream: AlertStream | None = None) -> Starlette:
    return Starlette(routes=routes_of(alert_routes(stream or AlertStream(store, QUICK), spaces_of(store), lambda: AT)))


def test_every_route_is_described(store: AlertStore) -> None:
    text = text_of(ROOT / "docs" / "analysts.md")
    spaces = spaces_of(store)
    signals = signal_routes(Searching(EventReader(Path())), spaces, lambda: AT)
    alerts = alert_routes(AlertStream(store, QUICK), spaces, lambda: AT)
    told = [*alerts, *signals, *exception_routes(spaces, lambda: AT)]
    assert [endpoint.path for endpoint in told if f"`{endpoint.path}`" not in text] == []


# --- one alert --------------------------------------------------------------------------------------------------------


def test_an_alert_with_its_notes_and_its_history(store: AlertStore) -> None:
    app, me = app_of(store), {"x-besra-user": "ann"}
    assert asked(app, "GET", "/api/v1/alerts/a1")[1]["kibana.alert.uuid"] == "a1"
    status, note = asked(app, "POST", "/api/v1/alerts/a1/notes", {"text": "seen before"}, me)
    told = {"at": format_timestamp(AT), "by": "ann"}
    assert (status, note) == (201, {"id": note["id"], **told, "text": "seen before"})
    assert asked(app, "GET", "/api/v1/alerts/a1/notes") == (200, {"notes": [note]})
    change = {**told, "what": "note", "old": None, "new": {"text": "seen before"}}
    assert asked(app, "GET", "/api/v1/alerts/a1/history") == (200, {"history": [change]})
    assert asked(app, "GET", "/api/v1/alerts/a2/notes") == (200, {"notes": []})


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "none", None, 404),
        ("GET", "none/notes", None, 404),
        ("GET", "none/history", None, 404),
        ("GET", "%00", None, 404),
        ("POST", "none/notes", {"text": "x"}, 404),
        ("POST", "a1/notes", {}, 400),
        ("POST", "a1/notes", {"text": 1}, 400),
        ("POST", "a1/notes", {"text": " "}, 400),
        ("POST", "a1/notes", {"text": "x", "by": "me"}, 400),
        ("POST", "a1/notes", b"{", 400),
        ("GET", "stream?last_event_id=x", None, 400),
        ("GET", "stream?last_event_id=-1", None, 400),
        ("GET", f"stream?last_event_id={'9' * 30}", None, 400),
    ],
)
def test_what_is_refused(store: AlertStore, method: str, path: str, body: object, status: int) -> None:
    code, answer = asked(app_of(store), method, f"/api/v1/alerts/{path}", body, {"kbn-xsrf": "x"})
    assert (code, answer["status_code"]) == (status, status)
    assert answer["message"]
    assert store.notes("a1") == ()


def test_values_that_are_deep_or_odd(store: AlertStore) -> None:
    deep: Any = "\ud800"
    for _ in range(300):
        deep = {"a": deep}
    odd = alert(9, odd=deep)
    store.commit(Outcome(run(), [odd]))
    assert asked(app_of(store), "GET", "/api/v1/alerts/a9")[1]["odd"] == deep
    line = event_of(1, odd).decode().splitlines()[2]
    assert json.loads(line.removeprefix("data: "))["odd"] == deep


# --- new alerts -------------------------------------------------------------------------------------------------------


def parsed(events: list[bytes]) -> list[tuple[int, str]]:
    """The positions and the alerts of events; comments are left out."""
    found = []
    for event in events:
        if not event.startswith(b":"):
            id_, kind, data, *rest = event.decode().split("\n")
            assert (kind, rest) == ("event: alert", ["", ""])
            told = json.loads(data.removeprefix("data: "))["kibana.alert.uuid"]
            found.append((int(id_.removeprefix("id: ")), told))
    return found


async def taken(events: AsyncIterator[bytes], until: int) -> list[bytes]:
    """What is sent up to so many alerts."""
    found: list[bytes] = []
    while len(parsed(found)) < until:
        found.append(await asyncio.wait_for(anext(events), 30))
    return found


def test_listeners_are_sent_every_alert_once_and_go_on_where_they_were(store: AlertStore) -> None:
    async def listen() -> None:
        stream = AlertStream(store, QUICK)
        events = stream.events(stream.start(0), "default")
        first = parsed(await taken(events, 3))
        assert [name for _, name in first] == ["a1", "a2", "a3"]
        assert (await anext(events)).startswith(b": still here")
        store.commit(Outcome(run(), alerts(4, 3)))
        assert [name for _, name in parsed(await taken(events, 1))] == ["a4"]
        again = stream.events(stream.start(first[1][0]), "default")
        assert [name for _, name in parsed(await taken(again, 2))] == ["a3", "a4"]
        # One that says nothing, or comes from another store, is sent what is new.
        fresh = [stream.events(stream.start(asked_for), "default") for asked_for in (None, 10**9)]
        store.commit(Outcome(run(), alerts(5)))
        for one in fresh:
            assert [name for _, name in parsed(await taken(one, 1))] == ["a5"]
        stream.end()
        assert parsed([event async for event in events]) == []

    asyncio.run(listen())


def test_a_store_that_fails_for_a_while(store: AlertStore, monkeypatch: pytest.MonkeyPatch) -> None:
    async def listen() -> None:
        stream = AlertStream(store, QUICK)
        events = stream.events(0, "default")
        with monkeypatch.context() as broken:

            def failing(*_: object) -> None:
                raise AlertStoreError.of("database-failed", "gone")

            broken.setattr(store, "arrived", failing)
            assert (await anext(events)).startswith(b":")
            assert b"cannot be read" in await anext(events)
        assert [name for _, name in parsed(await taken(events, 3))] == ["a1", "a2", "a3"]

    asyncio.run(listen())


class Listener:
    """A client that listens, and may go away."""

    def __init__(self, app: Starlette, method: str = "GET") -> None:
        self.sent: list[Message] = []
        self.gone = asyncio.Event()
        headers = [(b"last-event-id", b"0")]
        path = "/api/v1/alerts/stream"
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
        self.task = asyncio.create_task(app({**scope, "asgi": {"spec_version": "2.3"}}, self._receive, self._send))

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    async def status(self) -> int:
        while not self.sent:
            await asyncio.sleep(0.01)
        return int(self.sent[0]["status"])


def test_so_many_listen_and_no_more(store: AlertStore) -> None:
    async def listen() -> None:
        stream = AlertStream(store, QUICK)
        app = app_of(store, stream)
        first, second = Listener(app), Listener(app)
        assert [await one.status() for one in (first, second)] == [200, 200]
        assert dict(first.sent[0]["headers"])[b"content-type"].startswith(b"text/event-stream")
        third = Listener(app)
        assert (await third.status(), stream.listening) == (429, 2)
        head = Listener(app, "HEAD")
        await head.task
        assert await head.status() == 200
        first.gone.set()
        await asyncio.wait_for(first.task, 30)
        assert stream.listening == 1
        fourth = Listener(app)
        assert await fourth.status() == 200
        stream.end()
        await asyncio.wait_for(asyncio.gather(second.task, fourth.task, third.task), 30)
        assert stream.listening == 0
        assert second.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}

    asyncio.run(listen())
