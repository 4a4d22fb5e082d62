"""Searches of a service: so many at once, so long, and no trouble passes for an answer."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.types import Message
from tests.stores import spaces_of
from tests.unit.storage.test_event_store import NOW, SECOND, stored

import besra.service.search_routes as search_routes_module
from besra.service.ingest import BusyError
from besra.service.routing import routes_of
from besra.service.search_routes import search_routes
from besra.service.searching import Bounds, Searching
from besra.storage.alert_store import AlertStore
from besra.storage.event_rows import EventReader
from besra.storage.event_store import EventStore


def test_so_many_run_and_wait_and_no_more(tmp_path: Path) -> None:
    async def ask() -> tuple[list[str], int]:
        searching = Searching(EventReader(tmp_path), Bounds(running=2, waiting=1))
        go_on, running, most = threading.Event(), [0], [0]

        def work() -> str:
            running[0] += 1
            most[0] = max(most)
            most.append(running[0])
            go_on.wait(30)
            running[0] -= 1
            return "done"

        asked = [asyncio.create_task(searching.run(work)) for _ in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await searching.run(work)
        go_on.set()
        answers = await asyncio.gather(*asked)
        assert (searching.answered, searching.refused) == (3, 1)
        assert await searching.run(lambda: "again") == "again"
        return answers, max(most)

    assert asyncio.run(ask()) == (["done"] * 3, 2)


def asked(app: Starlette, path: str, body: Any) -> tuple[int, Any]:
    """The status and the JSON an application answers a POST with."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": orjson.dumps(body), "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    scope = {"type": "http", "method": "POST", "path": path, "query_string": query.encode(), "headers": []}
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], orjson.loads(b"".join(message.get("body", b"") for message in sent))


@pytest.fixture
def store(tmp_path: Path) -> EventStore:
    return EventStore(tmp_path / "events")


def app_of(tmp_path: Path, alerts: AlertStore, seconds: float = 60) -> Starlette:
    reader = EventReader(tmp_path / "events", tmp_path)
    return Starlette(
        routes=routes_of(search_routes(Searching(reader, Bounds(seconds=seconds)), spaces_of(alerts), lambda: NOW))
    )


@pytest.mark.parametrize(
    ("read", "path", "body"),
    [
        ("search_request", "/logs-*/_search", {}),
        ("count_request", "/logs-*/_count", {}),
        ("eql_request", "/logs-*/_eql/search", {"query": "any where true"}),
        ("alert_request", "/.alerts-security.alerts-default/_search", {}),
        ("alert_request", "/.alerts-security.alerts-default/_count", {}),
    ],
)
def test_others_are_answered_while_a_search_is_read(
    tmp_path: Path, store: EventStore, monkeypatch: pytest.MonkeyPatch, read: str, path: str, body: Any
) -> None:
    reading, before = [], getattr(search_routes_module, read)

    def noted(*given: Any) -> Any:
        reading.append(threading.current_thread())
        return before(*given)

    monkeypatch.setattr(search_routes_module, read, noted)
    store.add([stored(1)], 1)
    with AlertStore(tmp_path / "alerts.sqlite") as alerts:
        assert asked(app_of(tmp_path, alerts), path, body)[0] == 200
    assert reading
    assert threading.current_thread() not in reading  # which has the event loop


def test_a_search_that_takes_too_long(tmp_path: Path, store: EventStore) -> None:
    store.add([stored(1)], 1)
    with AlertStore(tmp_path / "alerts.sqlite") as alerts:
        app = app_of(tmp_path, alerts, seconds=-1)
        status, answer = asked(app, "/logs-*/_eql/search", {"query": "any where true"})
        assert (status, answer["error"]["type"]) == (408, "timeout_exception")
        assert "[search-timeout]" in answer["error"]["reason"]
        assert asked(app, "/logs-*/_count", {})[0] == 408
        status, answer = asked(app, "/logs-*/_search", {})
        assert (status, answer["timed_out"], answer["hits"]["total"]["relation"]) == (200, True, "gte")


def test_a_store_that_cannot_be_read(tmp_path: Path, store: EventStore) -> None:
    store.add([stored(1)], 1)
    for path in (tmp_path / "events").rglob("day=*/**/*.parquet"):
        path.write_bytes(b"damaged")
    with AlertStore(tmp_path / "alerts.sqlite") as alerts:
        app = app_of(tmp_path, alerts)
        for path in ("/logs-*/_search", "/logs-*/_eql/search"):
            status, answer = asked(app, path, {"query": "any where true"} if "eql" in path else {})
            assert (status, answer["error"]["type"]) == (503, "search_phase_execution_exception")
        (tmp_path / "journal.sqlite").write_text("no database, however long one looks at it")
        assert asked(app, "/logs-*/_search", {})[0] == 503


def test_an_event_that_came_twice_is_one(tmp_path: Path, store: EventStore) -> None:
    first, again = stored(1), stored(1, time=NOW + SECOND)
    store.add([first, stored(1, 1)], 1)
    store.add([type(again)(2, 0, again.index, again.id, again.source, again.time, again.ingested)], 2)
    with AlertStore(tmp_path / "alerts.sqlite") as alerts:
        app = app_of(tmp_path, alerts)
        assert asked(app, "/_count", {})[1]["count"] == 2
        hits = asked(app, "/_search?sort=@timestamp:desc", {})[1]["hits"]
        assert ([hit["_id"] for hit in hits["hits"]], hits["total"]["value"]) == (["1-0", "1-1"], 2)


def test_documents_that_are_nested_deeply(tmp_path: Path, store: EventStore) -> None:
    event = stored(1)
    deep = b'{"a":' * 800 + b"1" + b"}" * 800
    store.add([type(event)(1, 0, event.index, event.id, deep, event.time, event.ingested)], 1)
    with AlertStore(tmp_path / "alerts.sqlite") as alerts:
        app = app_of(tmp_path, alerts)
        assert asked(app, "/_search", {"fields": ["a*"]})[0] == 200
        assert asked(app, "/_search", {"_source": ["a.b"]})[0] in (200, 400)
