"""`besra serve` as its clients see it: events in over HTTP, alerts out, nothing acknowledged lost."""

import gzip
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.served import PATIENCE, Served, serving
from tests.unit.service.otlp_samples import as_json, log_record, request

import besra
from besra.demo.stream import demo_documents

pytest.importorskip("uvicorn")


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return list(demo_documents(minutes=1))


def scanned(documents: Sequence[dict[str, Any]]) -> set[str]:
    hits = [{"_index": "events-x", "_id": str(n), "_source": document} for n, document in enumerate(documents)]
    return {alert["kibana.alert.uuid"] for alert in besra.detect(besra.load_rules(), hits, match_index=False)}


def test_events_become_the_alerts_of_a_scan_and_outlive_a_kill(tmp_path: Path, documents: list[dict[str, Any]]) -> None:
    expected = scanned(documents)
    with serving(tmp_path / "data", "--any-index") as served:
        served.send(documents)
        assert set(served.alerts(len(expected))) == expected
        served.process.kill()
    with serving(tmp_path / "data", "--any-index") as served:
        assert set(served.alerts(len(expected))) == expected
        code, said = served.stop()
        assert code == 0
        assert "everything acknowledged has been dealt with" in said
    kept = list(besra.scan([tmp_path / "data" / "events"], match_index=False))
    assert {alert["kibana.alert.uuid"] for alert in kept} == expected


def test_what_is_sent_twice_is_one_event(tmp_path: Path, documents: list[dict[str, Any]]) -> None:
    with serving(tmp_path / "data") as served:
        served.send(documents[:3])
        with pytest.raises(AssertionError):
            served.send(documents[:3])


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/_bulk", b"nonsense\n", {}, 400),
        ("/_bulk", b'{"index":{}}\n{}\n', {}, 400),
        ("/x/_bulk", b"\x1f\x8bnonsense", {"Content-Encoding": "gzip"}, 400),
        ("/x/_bulk", b"{}", {"Content-Encoding": "br"}, 415),
        ("/x/_doc", b"[]", {}, 400),
    ],
)
def test_bad_requests_are_answered(
    shared: Served, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        shared.ask(path, body, **headers)
    assert refused.value.code == status
    told = json.load(refused.value)
    assert told["status"] == status
    assert told["error"]["reason"]


def test_logs_of_opentelemetry(tmp_path: Path, documents: list[dict[str, Any]]) -> None:
    alerts = besra.detect(besra.load_rules(), documents, match_index=False)
    expected = {alert["kibana.alert.uuid"] for alert in alerts}
    half = len(documents) // 2
    texts = request(*(log_record(orjson.dumps(document).decode()) for document in documents[:half]))
    maps = orjson.dumps(as_json(request(*(log_record(document) for document in documents[half:]))))
    with serving(tmp_path / "data", "--any-index") as served:
        protobuf, as_text = {"Content-Type": "application/x-protobuf"}, {"Content-Type": "application/json"}
        compressed = gzip.compress(texts.SerializeToString())
        assert served.logs(compressed, **protobuf, **{"Content-Encoding": "gzip"}) == (200, b"")
        assert served.logs(maps, **as_text) == (200, b"{}")
        assert served.logs(b"", **protobuf) == (200, b"")
        wrapped = request(log_record("fine"), log_record({"Records": [1, {"a": 1}]}))
        status, body = served.logs(orjson.dumps(as_json(wrapped)), **as_text)
        assert status == 200
        assert json.loads(body)["partialSuccess"]["rejectedLogRecords"] == "1"
        assert served.logs(b"nonsense", **protobuf)[0] == 400
        assert "message" in json.loads(served.logs(b"[]", **as_text)[1])
        assert served.logs(b"x", **{"Content-Type": "text/plain"})[0] == 415
        assert served.logs(b"x", **as_text, **{"Content-Encoding": "gzip"})[0] == 400
        assert set(served.alerts(len(expected))) == expected
        letters = served.ask("/api/v1/dead_letters")["dead_letters"]
        assert [letter["body"] for letter in letters] == ["[]", "nonsense", '{"Records":[1,{"a":1}]}']


def test_what_is_refused_for_good_is_kept(tmp_path: Path) -> None:
    bodies = [b'{"create":{}}\n{"a":\n', b'{"index":{}}\n["no object"]\n', b'{"delete":{"_id":"1"}}\n', b"nonsense\n"]
    with serving(tmp_path / "data") as served:
        for body in bodies[:3]:
            assert served.ask("/logs-x-default/_bulk", body)["errors"]
        with pytest.raises(urllib.error.HTTPError):
            served.ask("/logs-x-default/_bulk", bodies[3])
        assert served.stop()[0] == 0
    with serving(tmp_path / "data") as served:
        told = served.ask("/api/v1/dead_letters")
        assert [letter["body"] for letter in told["dead_letters"]] == ["nonsense\n", '["no object"]', '{"a":']
        assert told["dead_letters"][2]["origin"] == "_bulk logs-x-default"
        assert all(letter["reason"] for letter in told["dead_letters"])
        page = served.ask("/api/v1/dead_letters?size=2")
        last = served.ask(f"/api/v1/dead_letters?size=2&before={page['next']}")
        assert [*page["dead_letters"], *last["dead_letters"]] == told["dead_letters"]
        assert "next" not in last
        assert "besra_dead_letters_kept 3\n" in served.text("/metrics")
        assert served.text(f"/api/v1/dead_letters/{last['dead_letters'][0]['number']}") == '{"a":'
        for path in ("/api/v1/dead_letters?size=x", "/api/v1/dead_letters?before=-1", "/api/v1/dead_letters/99"):
            with pytest.raises(urllib.error.HTTPError):
                served.ask(path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("shared")) as served:
        yield served


def test_an_address_in_use(shared: Served, tmp_path: Path) -> None:
    port = shared.address.rpartition(":")[2]
    command = [sys.executable, "-m", "besra.cli", "serve", "--data", str(tmp_path / "data"), "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "[serve-address]" in done.stderr
    # Nobody is told of what there is not.
    assert not any(told in done.stderr for told in ("token", "running", "send events"))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "sent",
    ["GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", "POST /_bulk HTTP/1.1\r\nHost: {}\r\nContent-Length: 9\r\n\r\n."],
)
def test_a_second_ctrl_c_shows_no_traceback(tmp_path: Path, sent: str) -> None:
    with serving(tmp_path / "data", "--rules", "examples") as served:
        host, _, port = served.address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as asking:
            # A connection nobody closes, and a request that is not finished: the end waits for them.
            asking.sendall(sent.format(host).encode())
            time.sleep(0.5)
            served.process.send_signal(signal.SIGINT)
            time.sleep(0.05)
            served.process.send_signal(signal.SIGINT)
            _, said = served.process.communicate(timeout=PATIENCE)
    assert "Traceback" not in said
    assert said.splitlines()[-1].endswith("stopped; everything acknowledged has been dealt with")
