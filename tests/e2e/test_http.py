"""HTTP as clients and people have it: what is unusual is answered as usual, what is wrong with a reason."""

import gzip
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest
from tests.served import PATIENCE, Served, serving

pytest.importorskip("uvicorn")

NUMBERS = iter(range(1000))


def bulk(*names: str) -> bytes:
    """A body with new documents, which have a name each."""
    return b"".join(
        b'{"create":{"_index":"logs-x-default","_id":"%b"}}\n{"n":%d}\n' % (name.encode(), next(NUMBERS))
        for name in names
    )


class Line:
    """A connection on which bytes are sent as they are."""

    def __init__(self, served: Served) -> None:
        host, _, port = served.address.removeprefix("http://").partition(":")
        self.socket = socket.create_connection((host, int(port)), PATIENCE)
        self.reading = self.socket.makefile("rb")

    def send(self, head: str, body: bytes = b"") -> None:
        self.socket.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)

    def answer(self) -> tuple[int, Any]:
        """The next status, and the body as JSON; a body only where there is one."""
        status = int(self.reading.readline().split()[1])
        head = b""
        while (line := self.reading.readline()) not in (b"\r\n", b""):
            head += line
        length = BytesParser(policy=HTTP).parsebytes(head)["content-length"]
        text = self.reading.read(int(length)) if length else b""
        return status, json.loads(text) if text else None

    def is_closed(self) -> bool:
        """Whether the other side has ended it."""
        return self.reading.read(1) == b""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def line(served: Served) -> Iterator[Line]:
    opened = Line(served)
    yield opened
    opened.reading.close()
    opened.socket.close()


def statuses(answer: tuple[int, Any]) -> list[int]:
    status, body = answer
    assert status == 200
    return [item["create"]["status"] for item in body["items"]]


def head(body: bytes, *headers: str, path: str = "/_bulk") -> str:
    return "\n".join([f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers])


@pytest.mark.parametrize(
    "headers",
    [
        (
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAA",
        ),
        ("Connection: Upgrade", "Upgrade: TLS/1.2"),
        ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 100, 1 << 20])
def test_an_offer_of_another_protocol_is_passed_over(line: Line, headers: tuple[str, ...], piece: int) -> None:
    """Whatever pieces the requests come in; one that offers nothing is among them."""
    line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for offers in (headers, (), headers):
        body = bulk(f"upgrade-{next(NUMBERS)}")
        request = head(body, *offers).replace("\n", "\r\n").encode() + b"\r\n\r\n" + body
        for start in range(0, len(request), piece):
            line.socket.sendall(request[start : start + piece])
        assert statuses(line.answer()) == [201]


def test_an_offer_behind_requests_without_an_answer_yet_loses_nothing(line: Line, served: Served) -> None:
    first, second = bulk("offer-1"), bulk("offer-2")
    line.socket.sendall(
        head(first).replace("\n", "\r\n").encode()
        + b"\r\n\r\n"
        + first
        + head(second, "Connection: Upgrade", "Upgrade: h2c").replace("\n", "\r\n").encode()
        + b"\r\n\r\n"
        + second
    )
    read = line.reading.read()  # the connection is closed, so both will be sent again
    assert read.count(b'"status":201') <= 1
    again = served.ask("/_bulk", first + second)
    assert {item["create"]["status"] for item in again["items"]} <= {201, 409}


def test_requests_one_behind_the_other(line: Line) -> None:
    bodies = [bulk(f"pipelined-{number}") for number in range(20)]
    line.socket.sendall(b"".join(head(body).replace("\n", "\r\n").encode() + b"\r\n\r\n" + body for body in bodies))
    assert [statuses(line.answer()) for _ in bodies] == [[201]] * len(bodies)


def test_a_body_that_waits_to_be_asked_for(line: Line) -> None:
    body = bulk("expected")
    line.send(head(body, "Expect: 100-continue"))
    assert line.answer() == (100, None)
    line.socket.sendall(body)
    assert statuses(line.answer()) == [201]


def test_a_body_in_chunks(line: Line) -> None:
    body = gzip.compress(bulk(*(f"chunk-{number}" for number in range(50))))
    line.send("POST /_bulk HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\nContent-Encoding: gzip")
    for start in range(0, len(body), 7):
        piece = body[start : start + 7]
        line.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    line.socket.sendall(b"0\r\n\r\n")
    assert statuses(line.answer()) == [201] * 50


def test_a_body_that_ends_early_is_not_taken(served: Served, line: Line) -> None:
    before, body = served.taken(), bulk("cut-1", "cut-2")
    line.socket.sendall(head(body).replace("\n", "\r\n").encode() + b"\r\n\r\n" + body[:-3])
    line.socket.shutdown(socket.SHUT_WR)
    line.reading.read()
    assert served.taken() == before
    assert served.ask("/_bulk", body)["errors"] is False


@pytest.mark.parametrize(
    "sent",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"POST /_bulk HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
        b"POST /_bulk HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b'{"create":{}}\n{"a":1}\n',
        "GET /größe HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    ],
    ids=["http2", "tls", "length", "chunk", "no request", "path"],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(line: Line, sent: bytes) -> None:
    line.socket.sendall(sent)
    status, told = line.answer()
    assert status == 400
    assert "HTTP/1.1" in told["error"]["reason"]
    assert line.is_closed()


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/no/such/long/path", 404, None),
        ("POST", "/no/_such/path", 404, None),
        ("POST", "/v1/traces", 404, None),
        ("POST", "/services/collector", 404, None),
        ("POST", "/services/collector/event", 404, None),
        ("POST", "/_no/such", 404, None),
        ("GET", "/logs-x-default/_doc", 405, "POST"),
        ("GET", "/_nothing", 404, None),
        ("PUT", "/_nothing", 404, None),
        ("GET", "/_bulk", 405, "POST, PUT"),
        ("DELETE", "/logs-x-default/_bulk", 405, "POST, PUT"),
        ("POST", "/", 405, "GET, HEAD"),
        ("PATCH", "/_license", 405, "GET, HEAD"),
        ("DELETE", "/logs-x-default", 400, None),
        ("POST", "/logs-x-default/_update/1", 400, None),
        ("POST", "/logs-x-default/_delete_by_query", 400, None),
        ("POST", "/_bulk", 400, None),
        ("GET", "/no-such-index", 404, None),
    ],
)
def test_what_is_not_there_is_told_in_elasticsearchs_shape(
    served: Served, method: str, path: str, status: int, allowed: str | None
) -> None:
    asked = urllib.request.Request(f"{served.address}{path}", method=method)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=PATIENCE)
    told = json.load(refused.value)
    assert (refused.value.code, told["status"]) == (status, status)
    assert told["error"]["root_cause"][0]["reason"] == told["error"]["reason"]
    assert refused.value.headers["X-Elastic-Product"] == "Elasticsearch"
    assert refused.value.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "header", ["Basic ZWxhc3RpYzpjaGFuZ2VtZQ==", "ApiKey bm90OmNoZWNrZWQ=", "Bearer x", "nonsense"]
)
def test_credentials_are_not_looked_at(served: Served, header: str) -> None:
    assert served.ask("/", Authorization=header)["cluster_name"] == "besra"


@pytest.mark.parametrize("path", ["//_bulk", "/_bulk/", "//logs-x-default//_bulk//", "/logs-x-default/_bulk?pretty"])
def test_paths_put_together_by_hand(served: Served, path: str) -> None:
    assert served.ask(path, bulk(f"path-{next(NUMBERS)}"))["errors"] is False


@pytest.mark.parametrize("path", ["/system/events/an-id", "/my_create/_doc/_create"])
def test_a_document_under_an_id_may_come_again(served: Served, path: str) -> None:
    assert served.ask(path, b'{"n":"typed"}')["result"] == "created"
    assert served.ask(path, b'{"n":"typed"}')["result"] == "updated"


def test_types_as_there_used_to_be(served: Served) -> None:
    assert served.ask("/system/events", b'{"n":"typed"}')["result"] == "created"
    answer = served.ask("/system/events/_bulk", b'{"index":{}}\n{"n":"bulk"}\n')
    assert answer["items"][0]["index"]["_index"] == "system"


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b'{"create":{}}{"a":1}', "--data-binary"),
        (b'{"a":1}\n{"a":2}\n', "a line with an action goes before each document"),
        (b'{"a":1,"b":2}\n', "a line with an action goes before each document"),
        (b'[{"a":1}]', "a line with an action goes before each document"),
    ],
)
def test_what_people_get_wrong_in_a_bulk_is_told_with_what_to_do(served: Served, body: bytes, hint: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        served.ask("/logs-x-default/_bulk", body)
    assert hint in json.load(refused.value)["error"]["reason"]


def test_an_id_with_a_slash_is_one_id(served: Served) -> None:
    assert served.ask("/logs-x-default/_create/a%2Fb%25", b'{"n":1}')["_id"] == "a/b%"


def test_a_search_gives_what_is_asked_for(served: Served) -> None:
    served.ask("/logs-filter-default/_doc", b'{"n":1}')
    answer = served.ask("/logs-filter-default/_search?filter_path=hits.hits._source.n,hits.total.value")
    assert answer == {"hits": {"total": {"value": 1}, "hits": [{"_source": {"n": 1}}]}}


def test_a_name_with_date_math_is_a_name(served: Served) -> None:
    name = "%3Clogs-%7Bnow%2Fd%7D-000001%3E"
    asked = urllib.request.Request(f"{served.address}/{name}", b"{}", method="PUT")
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        assert json.load(answer)["acknowledged"] is True


@pytest.mark.parametrize("version", [7, 8, 9])
def test_the_media_type_of_a_version_is_answered_with_it(served: Served, version: int) -> None:
    wanted = f"application/vnd.elasticsearch+json; compatible-with={version}"
    asked = urllib.request.Request(f"{served.address}/", headers={"Accept": wanted})
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        assert answer.headers["Content-Type"].replace(" ", "") == wanted.replace(" ", "")
