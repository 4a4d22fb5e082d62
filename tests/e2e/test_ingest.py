"""`besra ingest` sends files to `besra serve`: the alerts are those of a scan, whatever is sent how often."""

import gzip
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.command import Outcome, besra, start
from tests.served import PATIENCE, Served, serving
from tests.unit.events.readers.evtx_file import event, evtx_file

from besra.demo import write_demo

RULE = """
[rule]
name = "A Program Started"
rule_id = "0c4bd0a6-5a13-4f4c-a3dc-31c2d7b0a9f1"
description = "By the name that Winlogbeat gives."
type = "query"
language = "kuery"
index = ["winlogbeat-*"]
query = '''process.executable : *started.exe'''
severity = "low"
risk_score = 20
author = ["besra"]
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence of several formats, with something wrong in it, and rules."""
    folder = tmp_path_factory.mktemp("desk")
    write_demo(folder / "evidence")
    for path in (folder / "evidence").rglob("*.ndjson"):
        path.with_suffix(".ndjson.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    logged = [event(number, data={"Image": f"C:\\{number}\\started.exe"}) for number in range(1, 4)]
    (folder / "evidence" / "log.evtx").write_bytes(evtx_file(logged))
    (folder / "evidence" / "auth.log").write_bytes(b"2026-03-01T10:00:00Z host app[1]: message\n" * 3 + b"nonsense\n")
    (folder / "rules").mkdir()
    (folder / "rules" / "rule.toml").write_text(RULE, "utf-8")
    return folder


@pytest.fixture(scope="module")
def served(desk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    rules = ("--rules", str(desk / "rules"), "--rules", "bundled")
    with serving(tmp_path_factory.mktemp("data"), *rules) as running:
        yield running


def ingest(served: Served, *arguments: str | Path, stdin: bytes = b"") -> Outcome:
    return besra("ingest", "--to", served.address, *arguments, stdin=stdin)


def test_the_alerts_are_those_of_a_scan_and_come_once(served: Served, desk: Path) -> None:
    scan = besra("scan", desk / "evidence", "--rules", desk / "rules", "--rules", "bundled", "--building-blocks")
    expected = {alert["kibana.alert.uuid"] for alert in scan.documents}
    assert sum(alert["kibana.alert.rule.name"] == "A Program Started" for alert in scan.documents) == 3
    first = ingest(served, desk / "evidence")
    assert first.code == 0, first.err
    taken = next(line for line in first.err.splitlines() if "taken" in line).partition(": ")[2].partition(" ")[0]
    assert f"sent to {served.address}: {taken} events taken" in first.err
    assert "record-not-log-line" in first.err
    assert set(served.alerts(len(expected))) == expected
    again = ingest(served, desk / "evidence")
    assert f"0 events taken, {taken} there already" in again.err
    assert again.code == 0
    time.sleep(0.5)
    assert set(served.alerts()) == expected


def test_standard_input_and_an_index(served: Served) -> None:
    line = b'{"@timestamp":"2026-03-01T10:00:00Z","process":{"executable":"x\\\\started.exe"}}\n'
    before = len(served.alerts())
    assert "1 event taken" in ingest(served, "-", "--index", "winlogbeat-mine", stdin=line).err
    assert len(served.alerts(before + 1)) == before + 1


def test_what_goes_wrong_is_told(served: Served, tmp_path: Path) -> None:
    nothing = ingest(served, tmp_path / "nothing")
    assert (nothing.code, "[input-missing]" in nothing.err) == (3, True)
    (tmp_path / "a.ndjson").write_text("{}\n", "utf-8")
    away = besra("ingest", tmp_path / "a.ndjson", "--to", "http://127.0.0.1:1")
    assert (away.code, "[peer-away]" in away.err) == (3, True)
    wrong = besra("ingest", tmp_path / "a.ndjson", env={"BESRA_INGEST__TO": "nonsense"})
    assert (wrong.code, "[peer-url]" in wrong.err) == (3, True)


def test_interrupted(served: Served, tmp_path: Path) -> None:
    process = start("ingest", "-", "--to", served.address, cwd=tmp_path)
    assert process.stdin
    process.stdin.write(b'{"a":1}\n' * 10_000)  # more than a pipe holds: it has begun
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"interrupted" in said
    assert b"Traceback" not in said


def test_with_the_key_of_a_shipper(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"a": 1}\n', "utf-8")
    (tmp_path / "password").write_text("correct horse battery", "utf-8")
    data = ["--data", tmp_path / "data"]
    assert besra("user", "add", "ann", "--role", "admin", "--password-file", tmp_path / "password", *data).code == 0
    keys = {}
    for role in ("ingest", "viewer"):
        made = besra("key", "create", role, "--user", "ann", "--role", role, *data)
        keys[role] = json.loads(made.out)["encoded"]
        (tmp_path / role).write_text(f"{keys[role]}\n", "utf-8")
    with serving(tmp_path / "data", "--rules", "examples", users=True) as served:
        for arguments, env, told in (
            (["--api-key-file", tmp_path / "ingest"], {}, "1 event taken"),
            ([], {"BESRA_INGEST__API_KEY": keys["ingest"]}, "0 events taken, 1 there already"),
            (["--api-key-file", tmp_path / "viewer"], {}, "[peer-denied]"),
            ([], {}, "--api-key-file"),
        ):
            done = besra("ingest", tmp_path / "a.ndjson", "--to", served.address, *arguments, env=env)
            assert told in done.err, done.err
            assert not any(key in done.err for key in keys.values())
