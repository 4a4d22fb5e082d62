"""Rules of files in two spaces of a real service, through a kill."""

import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.e2e.test_serve_rules import ask, send
from tests.served import PATIENCE, Served, serving
from tests.simulation import rule_text

pytest.importorskip("uvicorn")

RULES, SEARCH = "/api/detection_engine/rules", "/api/detection_engine/signals/search"


def found(served: Served, space: str, least: int) -> dict[str, Any]:
    """The alerts of a space by id, once there are so many."""
    while True:
        hits = ask(served, "POST", f"/s/{space}{SEARCH}", {"size": 100})[1]["hits"]["hits"]
        if len(hits) >= least:
            return {hit["_id"]: hit["_source"] for hit in hits}


def first_event(served: Served, space: str) -> dict[str, Any]:
    """The first alert a listener in a space is sent, from the beginning on."""
    address = f"{served.address}/s/{space}/api/v1/alerts/stream?last_event_id=0"
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        for line in answer:
            if line.startswith(b"data: "):
                alert: dict[str, Any] = orjson.loads(line[6:])
                return alert
    raise AssertionError("the stream has ended")


def test_rules_of_one_id_in_two_spaces_outlive_the_service(tmp_path: Path) -> None:
    for folder, query in (("ours", "true"), ("theirs", 'event.action == "two"')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "r.toml").write_text(rule_text("r", f"any where {query}"), "utf-8")
    options = ("--rules", str(tmp_path / "ours"), "--rules-in", f"soc={tmp_path / 'theirs'}", "--any-index")
    with serving(tmp_path / "data", *options) as served:
        send(served, "one")
        send(served, "two")
        ours, theirs = found(served, "default", 2), found(served, "soc", 1)
        served.process.kill()
    with serving(tmp_path / "data", *options) as served:
        send(served, "three")
        assert len(found(served, "default", 3)) == 3
        assert found(served, "soc", 1) == theirs
        assert ours.items() <= found(served, "default", 3).items()
        ids = {space: ask(served, "GET", f"/s/{space}{RULES}?rule_id=r")[1]["id"] for space in ("default", "soc")}
        assert ids["default"] == "r"
        (alert,) = theirs.values()
        assert (alert["kibana.alert.rule.uuid"], alert["kibana.space_ids"]) == (ids["soc"], ["soc"])
        assert first_event(served, "soc")["kibana.alert.uuid"] in theirs
        assert ask(served, "DELETE", "/api/spaces/space/soc")[0] == 409
        assert ask(served, "GET", f"/s/lab{RULES}/_find")[0] == 404
        assert served.stop()[0] == 0


@pytest.mark.parametrize("given", ["soc", "=rules", "Soc=rules", "a/b=rules"])
def test_a_space_that_cannot_be_is_refused_at_the_start(tmp_path: Path, given: str) -> None:
    command = [sys.executable, "-m", "besra.cli", "serve", "--data", str(tmp_path), "--rules-in", given]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 3
    assert "--rules-in" in done.stderr
