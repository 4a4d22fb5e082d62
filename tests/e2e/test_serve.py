"""`besra serve` as its clients see it: events in over HTTP, alerts out, nothing acknowledged lost."""

import json
import subprocess
import sys
import urllib.error
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.served import Served, serving

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
        ("/api/detection_engine/signals/search", b'{"query": "a :"}', {}, 400),
        ("/api/detection_engine/signals/search", b'{"size": -1}', {}, 400),
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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("shared")) as served:
        yield served


def test_an_address_in_use(shared: Served, tmp_path: Path) -> None:
    port = shared.address.rpartition(":")[2]
    command = [sys.executable, "-m", "besra.cli", "serve", "--data", str(tmp_path), "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "[serve-address]" in done.stderr
