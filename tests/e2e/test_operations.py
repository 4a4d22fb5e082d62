"""`besra serve` as its operators see it: its log, and what it refuses before room runs out."""

import json
import math
import os
import re
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.documents import ROOT
from tests.e2e.command import besra
from tests.served import free_port, serving

from besra.service.consumer_metrics import METRICS

pytest.importorskip("uvicorn")

DOCUMENT = b'{"index":{}}\n{"@timestamp":"2026-01-01T00:00:00Z"}\n'
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error) +[a-z]+: .+")


def test_a_log_for_programs(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "data", "--log-format", "json", "--access-log", port=port) as served:
        served.ask("/x/_bulk?pretty=secret", DOCUMENT, authorization="ApiKey secret")
        code, said = served.stop()
    assert code == 0
    assert "secret" not in said
    lines = [json.loads(line) for line in said.splitlines()]
    assert all({"@timestamp", "log.level", "log.logger", "message"} <= line.keys() for line in lines)
    assert any(f"send events to http://127.0.0.1:{port}/_bulk" in line["message"] for line in lines)
    asked = [line for line in lines if line["log.logger"] == "access" and line["method"] == "POST"]
    assert [(line["path"], line["status"], line["client"]) for line in asked] == [("/x/_bulk", 200, "127.0.0.1")]


def test_a_log_for_people(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        served.ask("/x/_bulk", DOCUMENT)
        said = served.stop()[1]
    assert said.splitlines()
    assert all(LINE.fullmatch(line) for line in said.splitlines()), said
    with serving(tmp_path / "data", "--quiet") as served:
        assert served.stop() == (0, "")


@pytest.mark.parametrize(
    ("options", "why"),
    [(("--memory-limit", "1M"), "all the memory it may have"), (("--min-free", "9999999G"), "the disk is nearly full")],
)
def test_senders_are_told_to_wait_before_room_runs_out(tmp_path: Path, options: tuple[str, ...], why: str) -> None:
    with serving(tmp_path / "data", *options) as served:
        with pytest.raises(urllib.error.HTTPError) as caught:
            served.ask("/x/_bulk", DOCUMENT)
        assert caught.value.code == 429
        assert int(caught.value.headers["Retry-After"]) > 0
        assert why in caught.value.read().decode()
        assert served.taken() == 0
        assert served.text("/healthz") == "ok\n"


def test_every_metric_is_described_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "watched").mkdir()
    with serving(tmp_path / "data", "--watch", str(tmp_path / "watched")) as served:
        served.ask("/x/_bulk", DOCUMENT)
        text = served.text("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(family.documentation and family.type != "unknown" for family in families.values())
    told = {f"{name}_total" if family.type == "counter" else name for name, family in families.items()}
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))
    rows = [line.split("|")[1] for line in pages.splitlines() if line.startswith("| `besra_")]
    described = [name for row in rows for name in re.findall(r"`(besra_\w+)", row)]
    assert sorted(described) == sorted(told | METRICS.keys())
    took = families["besra_ingest_seconds"].samples
    assert next(sample.value for sample in took if sample.name.endswith("_count")) == 1
    ends = [float(sample.labels["le"]) for sample in took if sample.name.endswith("_bucket")]
    assert ends == sorted(ends)
    assert math.isinf(ends[-1])


def test_the_health_check_of_the_container_finds_it_well(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, str(ROOT / "packaging" / "healthcheck.py")]
    environment = {**os.environ, "BESRA_SERVE__PORT": str(port)}
    with serving(tmp_path / "data", port=port):
        assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert subprocess.run(command, env=environment, check=False).returncode == 1


def test_the_folder_of_a_running_service_is_well(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        served.ask("/x/_bulk", DOCUMENT)
        outcome = besra("doctor", "--data", tmp_path / "data", "--format", "json")
    found = {check["name"]: check for check in json.loads(outcome.out)["checks"]}
    assert outcome.code == 0, outcome.out
    assert found["in use"]["detail"] == "a service uses it now"
    assert found["databases"]["state"] == "ok"
