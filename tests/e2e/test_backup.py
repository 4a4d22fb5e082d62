"""Backups of a service under load, and the service that goes on from one."""

import json
import shutil
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from deltalake import DeltaTable
from tests.e2e.command import besra, inside
from tests.served import PATIENCE, Served, serving

import besra as library
from besra.cli.exit_codes import ExitCode
from besra.schema.timestamp import format_timestamp

pytest.importorskip("uvicorn")

RULE = """[rule]
name = "Bad program"
rule_id = "6a1a1a1a-0000-4000-8000-000000000001"
description = "A test."
risk_score = 50
severity = "medium"
type = "eql"
language = "eql"
index = ["events-*"]
query = "process where process.name == \\"bad.exe\\""
max_signals = 10000
"""
BATCH = 20


def document(number: int) -> dict[str, Any]:
    return {
        "@timestamp": format_timestamp(time.time_ns()),
        "event": {"category": ["process"], "type": ["start"], "kind": "event"},
        "process": {"name": "bad.exe" if number % 2 else "good.exe", "pid": number},
        "host": {"name": f"h{number % 5}"},
    }


class Load:
    """Somebody who sends without a pause, and remembers what was acknowledged."""

    def __init__(self, served: Served) -> None:
        self.acknowledged = 0
        self._served = served
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._stop.is_set():
            numbers = range(self.acknowledged, self.acknowledged + BATCH)
            lines = (line for n in numbers for line in ({"create": {"_id": f"{n}"}}, document(n)))
            answer = self._served.ask("/events-x/_bulk", b"".join(orjson.dumps(line) + b"\n" for line in lines))
            assert not answer["errors"]
            self.acknowledged += BATCH

    def wait_for(self, number: int) -> None:
        until = time.monotonic() + PATIENCE
        while self.acknowledged < number and time.monotonic() < until:
            time.sleep(0.01)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("rules") / "bad.toml"
    path.write_text(RULE, "utf-8")
    return str(path)


@pytest.fixture(scope="module", params=["folder", "file"])
def made(request: pytest.FixtureRequest, rules: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A backup made under load: where, and how many documents were acknowledged before it began, and once it was."""
    place = tmp_path_factory.mktemp("backup")
    to = place / ("copy" if request.param == "folder" else "copy.tar")
    with serving(place / "data", "--rules", rules) as served, Load(served) as load:
        load.wait_for(1000)
        before = load.acknowledged
        outcome = besra("backup", to, "--data", place / "data")
        after = load.acknowledged
        assert outcome.code == 0, outcome.err
        assert "up to batch" in outcome.err
        load.wait_for(after + 100)
    yield to, before, after


def alerts_of(served: Served, least: int) -> dict[str, int]:
    """How many alerts there are of each event, once there are so many."""
    until = time.monotonic() + PATIENCE
    while True:
        body = orjson.dumps({"size": 10_000, "_source": ["process.pid"]})
        hits = served.ask("/api/detection_engine/signals/search", body, **{"kbn-xsrf": "1"})["hits"]
        if hits["total"]["value"] >= least or time.monotonic() > until:
            return {hit["_id"]: hit["_source"]["process"]["pid"] for hit in hits["hits"]}
        time.sleep(0.1)


def test_a_restored_service_has_what_was_acknowledged_and_the_alerts_of_a_scan(
    made: Any, rules: str, tmp_path: Path
) -> None:
    source, before, after = made
    data = tmp_path / "data"
    outcome = besra("restore", source, "--data", data)
    assert outcome.code == 0, outcome.err
    with serving(data, "--rules", rules) as served:
        assert len(alerts_of(served, before // 2)) >= before // 2
        assert served.stop()[0] == 0  # with everything dealt with
    with serving(data, "--rules", rules) as served:
        alerts = alerts_of(served, before // 2)
    table = DeltaTable(str(data / "events")).to_pyarrow_table(columns=["_id"])
    numbers = [int(id_) for id_ in table.column("_id").to_pylist()]
    assert len(numbers) == len({*numbers})
    assert {*range(before)} <= {*numbers} <= {*range(after + BATCH)}
    expected = {alert["kibana.alert.uuid"] for alert in library.scan([data / "events"], library.load_rules(rules))}
    assert {*alerts} == expected


def refused(*arguments: str | Path) -> str:
    outcome = inside(*arguments)
    assert outcome.code == ExitCode.BAD_INPUT, outcome.err
    return outcome.err


def test_what_is_refused(made: Any, rules: str, tmp_path: Path) -> None:
    source, _, _ = made
    full, empty = tmp_path / "full", tmp_path / "empty"
    full.mkdir()
    (full / "notes").touch()
    assert "[restore-not-empty]" in refused("restore", source, "--data", full)
    assert [path.name for path in full.iterdir() if path.name != "lock"] == ["notes"]
    assert "[backup-source]" in refused("backup", tmp_path / "x", "--data", tmp_path)
    assert "[backup-damaged]" in refused("restore", full, "--data", empty)
    with serving(tmp_path / "data", "--rules", rules):
        assert "[serve-data-in-use]" in refused("restore", source, "--data", tmp_path / "data")
        assert "[backup-exists]" in refused("backup", source, "--data", tmp_path / "data")
        assert "[backup-exists]" in refused("backup", tmp_path / "data" / "x", "--data", tmp_path / "data")


def test_a_backup_that_is_not_what_it_was_leaves_nothing(made: Any, tmp_path: Path) -> None:
    source, _, _ = made
    copy = tmp_path / "copy"
    if source.is_dir():
        shutil.copytree(source, copy)
    else:
        with tarfile.open(source) as tar:
            tar.extractall(copy, filter="data")
    told = json.loads((copy / "backup.json").read_text())
    victim = copy / max(told["files"], key=lambda name: told["files"][name]["bytes"])

    def restored() -> str:
        said = refused("restore", copy, "--data", tmp_path / "data")
        assert not (tmp_path / "data").exists()
        return said

    kept = victim.read_bytes()
    victim.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert "is not what it was" in restored()
    victim.unlink()
    assert "1 files are missing" in restored()
    victim.write_bytes(kept)
    (copy / "more").touch()
    assert "not in its list" in restored()
    (copy / "more").unlink()
    (copy / "backup.json").write_text(json.dumps({**told, "form": 2}))
    assert "[backup-newer]" in restored()
    (copy / "backup.json").write_text(json.dumps({**told, "files": {"../x": {"bytes": 0, "sha256": ""}}}))
    assert "cannot be in one" in restored()
