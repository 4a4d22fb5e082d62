"""Documents sent are the events that were read, and they arrive whatever happens on the way."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests.unit.events.readers.evtx_file import event as log_event
from tests.unit.events.readers.evtx_file import evtx_file

from besra.events.envelope import Document
from besra.events.event import Event, Origin
from besra.events.reader import read_events
from besra.events.recognise import DEFAULTS
from besra.service import bulk_sender
from besra.service.admission import admitted
from besra.service.bulk import Put, parse_bulk
from besra.service.bulk_sender import BulkSender, Sending, sending_of
from besra.service.peer import Address, Peer, PeerError
from besra.storage.journal import Record

SOURCES = Path(__file__).parents[2] / "golden" / "sources"


def arrived(event: Event) -> Record:
    """What the service makes of an event that is sent to it."""
    sending = sending_of(event)
    assert sending is not None
    (put,) = parse_bulk(sending.lines)
    assert isinstance(put, Put)
    record = admitted(put, DEFAULTS, 0)
    assert isinstance(record, Record)
    return record


def test_events_of_every_source_keep_their_id_and_their_names() -> None:
    for path in sorted(SOURCES.glob("*/*.raw.json")):
        event = DEFAULTS.event_of(Document(json.loads(path.read_text("utf-8"))), Origin("-"), 0)
        record = arrived(event)
        assert (record.id, record.index) == (event.id, event.index), path
        document = json.loads(record.line)
        document["event"].pop("ingested")
        assert document == json.loads(json.dumps(event.source)), path


def test_events_of_windows_logs_keep_both_names(tmp_path: Path) -> None:
    (tmp_path / "a.evtx").write_bytes(evtx_file([log_event(1, data={"Image": "C:\\a.exe"}), log_event(2, 5)]))
    (tmp_path / "b.log").write_bytes(b"Mar  1 10:00:00 host app[123]: message\n" * 2)
    events = [item for item in read_events([tmp_path]) if isinstance(item, Event)]
    assert len({event.id for event in events}) == 4
    assert events[0].index == ("logs-windows.sysmon_operational-default", "winlogbeat-besra")
    for event in events:
        record = arrived(event)
        assert (record.id, record.index, record.is_create) == (event.id, event.index, True)


def test_an_event_that_cannot_be_written() -> None:
    assert sending_of(Event("1", ("x",), {"a": "\ud800"})) is None


Answer = tuple[int, dict[str, str], Any]


class Service:
    """Answers requests one after the other by `answers`, then as a service would; `seen` are the ids that came."""

    def __init__(self, answers: list[Answer | None]) -> None:
        self.seen: list[list[str]] = []
        self.answers = answers

    def answer(self, body: bytes) -> Answer | None:
        actions = [json.loads(line)["create"] for line in body.splitlines()[::2]]
        self.seen.append([action["_id"] for action in actions])
        if self.answers:
            return self.answers.pop(0)
        return 200, {}, {"items": [{"create": {"status": 201}} for _ in actions]}


@contextmanager
def listening(answer: Callable[[bytes], Answer | None]) -> Iterator[str]:
    """The URL of a server that answers bodies so; it hangs up where there is no answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(answer(zstandard.ZstdDecompressor().decompress(body)))

        def do_GET(self) -> None:
            self.reply(answer(b""))

        def reply(self, found: Answer | None) -> None:
            if found is None:
                self.close_connection = True
                return
            status, headers, value = found
            raw = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {**headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_sender, "PAUSE", 0.0)
    monkeypatch.setattr(bulk_sender, "DOCUMENTS", 4)


def send(service: Service, count: int = 6) -> BulkSender:
    with listening(service.answer) as url, BulkSender(Peer(Address.of(url))) as sender:
        for number in range(count):
            sending = sending_of(Event(f"{number}", ("x",), {"a": number}, Origin("f", number)))
            assert sending is not None
            sender.add(sending)
    return sender


def items(*statuses: int) -> Answer:
    return 200, {}, {"items": [{"create": {"status": status, "error": {"reason": "bad"}}} for status in statuses]}


def test_what_is_answered_is_counted() -> None:
    service = Service([items(201, 409, 400, 201), items(400, 201)])
    sender = send(service)
    counts = sender.counts
    assert (counts.taken, counts.known, counts.refused) == (3, 1, 2)
    assert counts.reasons == {"bad": Origin("f", 2)}
    assert service.seen == [["0", "1", "2", "3"], ["4", "5"]]


@pytest.mark.parametrize(
    "trouble",
    [
        [None],
        [(429, {"Retry-After": "0"}, {"error": {"reason": "behind"}})] * 3,
        [(503, {}, b"<html>")],
        [(502, {"Retry-After": "soon"}, b""), None],
    ],
)
def test_what_is_not_answered_is_sent_again_in_order(trouble: list[Answer | None]) -> None:
    service = Service(list(trouble))
    sender = send(service)
    assert sender.counts.taken == 6
    assert sender.waits == len(trouble)
    assert service.seen == [["0", "1", "2", "3"]] * (len(trouble) + 1) + [["4", "5"]]


def test_items_that_are_to_come_again() -> None:
    service = Service([items(201, 429, 201, 503)])
    assert send(service, 4).counts.taken == 4
    assert service.seen == [["0", "1", "2", "3"], ["1", "3"]]


def test_a_batch_that_is_too_large_is_halved() -> None:
    too_large: Answer = (413, {}, {"error": {"reason": "too large"}})
    service = Service([too_large, too_large, too_large])
    counts = send(service, 4).counts
    assert (counts.taken, counts.refused, counts.reasons) == (3, 1, {"too large": Origin("f", 0)})
    assert service.seen == [["0", "1", "2", "3"], ["0", "1"], ["0"], ["1"], ["2", "3"]]


@pytest.mark.parametrize("answer", [(404, {}, b"not here"), (200, {}, {"items": []}), (400, {}, {"error": {}})])
def test_answers_that_make_no_sense_end_it(answer: Answer) -> None:
    with pytest.raises(PeerError, match=r"peer-failed"):
        send(Service([answer] * 10), 40)


def test_a_service_that_stays_away_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_sender, "PATIENCE", 0.05)
    with pytest.raises(PeerError, match="took nothing"):
        send(Service([(503, {}, {"error": {"reason": "down"}})] * 100_000))


def test_an_exception_leaves_at_once() -> None:
    service = Service([(503, {"Retry-After": "60"}, b"")] * 9)
    with listening(service.answer) as url:
        sender = BulkSender(Peer(Address.of(url)))
        with pytest.raises(KeyboardInterrupt), sender:
            for _ in range(4):
                sender.add(Sending(b'{"create":{"_id":"1"}}\n{}\n', Origin("f")))
            raise KeyboardInterrupt


def test_addresses() -> None:
    address = Address.of("https://me:a%3Ab@host.example:1/besra/")
    assert (address.url, address.host, address.port, address.path, address.is_secure) == (
        "https://host.example:1/besra",
        "host.example",
        1,
        "/besra",
        True,
    )
    assert address.authorization == "Basic bWU6YTpi"
    for wrong in ("host:9200", "ftp://host", "http://", "http://host:port", "http://[::1"):
        with pytest.raises(PeerError, match="peer-url"):
            Address.of(wrong)


@pytest.mark.parametrize("answer", [(200, {}, {"cluster_name": "x"}), (200, {}, b"hello"), (404, {}, b""), None])
def test_who_is_no_service(answer: Answer | None) -> None:
    with listening(lambda _: answer) as url, pytest.raises(PeerError, match="peer-away"):
        Peer(Address.of(url)).check()


@pytest.mark.parametrize(
    ("status", "key", "hint"),
    [
        (401, None, "--api-key-file"),
        (403, None, "--api-key-file"),
        (401, "abc=", "still valid"),
        (403, "abc=", "role `ingest`"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_give(status: int, key: str | None, hint: str) -> None:
    denied: Answer = (status, {}, {"error": {"type": "security_exception", "reason": "not you"}})
    with listening(lambda _: denied) as url:
        with pytest.raises(PeerError) as caught:
            Peer(Address.of(url, key)).check()
        with pytest.raises(PeerError) as later, BulkSender(Peer(Address.of(url, key))) as sender:
            sender.add(Sending(b"{}", Origin("f", 1)))
    for error in (caught.value, later.value):
        assert (error.problem.code, hint in (error.problem.hint or "")) == ("peer-denied", True)
        assert f"({status}): not you" in error.problem.message


def test_an_api_key_stands_beside_an_address() -> None:
    assert Address.of("http://host:1", "a+/_-b==").authorization == "ApiKey a+/_-b=="
    for url, key, code in (("http://me:x@host:1", "abc", "peer-url"), ("http://host:1", "a\nb", "peer-denied")):
        with pytest.raises(PeerError) as caught:
            Address.of(url, key)
        assert caught.value.problem.code == code
        assert key not in str(caught.value)
