"""The load measurement, on a very small load: what is sent is taken, and every marked event becomes an alert."""

import json
import sys
from pathlib import Path

import pytest
from benchmarks import serve
from benchmarks.load_bodies import bodies

pytest.importorskip("uvicorn")


def test_no_event_is_sent_twice() -> None:
    (body,) = bodies(1, 50, 1)
    sent = []
    for number in (0, 50):
        body.write(1_773_800_000 * 10**9 + number, number, is_marked=number > 0)
        lines = bytes(body.view).splitlines()
        sent += [json.loads(line) for line in lines[1::2]]
    ids = [event["event"]["id"] if "event" in event else event["event.id"] for event in sent]
    assert [int(id_) for id_ in ids] == list(range(100))
    assert len({event["@timestamp"] for event in sent[:50]}) == 50
    names = [event["process"]["name"] for event in sent if isinstance(event.get("process"), dict)]
    assert (names.count("besra-hush.exe"), names.count("besra-mark.exe")) == (1, 1)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_small_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "figures.json"
    given = "--seconds 2 --rate 200 --batch 20 --bodies 4 --connections 2 --marks 2"
    monkeypatch.setattr(sys, "argv", ["serve", *given.split(), "--folder", str(tmp_path), "--json", str(told)])
    assert serve.main() == 0
    figures = json.loads(told.read_text())["figures"]
    assert figures["events"] >= 200
    assert figures["alerts found"] == figures["marked"] >= 2
