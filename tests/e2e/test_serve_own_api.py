"""The service's own API before a real server: the examples of its page, gaps, and every request schemathesis makes."""

import json
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from openapi_spec_validator import validate
from tests.documents import ROOT
from tests.openapi.asking import asked
from tests.page_scripts import needs_curl, run_page, serving_users
from tests.served import PATIENCE, Served, serving
from tests.simulation import rule_text
from tests.unit.storage.samples import run

import besra
from besra.demo.stream import demo_documents
from besra.detection.rule_copy import rule_uuid
from besra.detection.schedule import Gap
from besra.storage.alert_store import FILE, AlertStore
from besra.storage.outcome import Outcome

pytest.importorskip("uvicorn")

HOUR = 3600 * 10**9
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_users(tmp_path_factory.mktemp("served") / "data", "--any-index") as running:
        running.send(list(demo_documents(minutes=1)))
        running.alerts(4)
        yield running


@needs_curl
def test_the_examples_of_the_page_run(tmp_path: Path, served: Served) -> None:
    printed = run_page(ROOT / "docs" / "own-api.md", tmp_path, served, "engineer")
    paths, health, coverage, why, _, python = printed
    assert "/api/v1/alerts/{id}/tree get" in paths.splitlines()
    assert health.splitlines()[0] == "ok"
    assert "ingest: ok " in health.splitlines()
    assert "Persistence: 1 of 1 run" in coverage
    assert json.loads((tmp_path / "layer.json").read_text("utf-8"))["techniques"]
    assert why.splitlines() == [
        "no event satisfies the conditions of events",
        'true event.category == "process" {"event.category":["process"]}',
        'true process.name == "cmd.exe" {"process.name":["cmd.exe"]}',
        'false process.args_count > 3 {"process.args_count":["2"]}',
    ]
    assert python == "ok, 0 runs failed\n"


def test_the_parts_of_health_are_in_the_page(served: Served) -> None:
    text = (ROOT / "docs" / "own-api.md").read_text("utf-8")
    for part in served.ask("/api/v1/health")["parts"]:
        assert f"| `{part['name']}` |" in text
        assert all(f"`{name}`" in text for name in part["figures"])


def test_the_document_of_a_server(served: Served) -> None:
    document = served.ask("/api/v1/openapi.json")
    validate(document)
    assert document == served.ask("/s/default/api/v1/openapi.json")


def refused(served: Served, path: str, body: object = None) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as error:
        served.ask(path, None if body is None else orjson.dumps(body), **{"kbn-xsrf": "true"})
    told = json.load(error.value)
    assert told["status_code"] == error.value.code
    return error.value.code, told["message"]


@pytest.mark.parametrize("what", ["tree", "prevalence", "events", "related"])
def test_alerts_that_are_not_there(served: Served, what: str) -> None:
    assert refused(served, f"/api/v1/alerts/none/{what}") == (404, "there is no alert 'none'")
    assert refused(served, f"/api/v1/alerts/none/{what}?x=1")[0] == 400


def test_rules_that_cannot_be_explained(served: Served) -> None:
    assert refused(served, "/api/v1/explain", {"rule_id": "none", "events": []}) == (404, "there is no rule 'none'")
    assert "one of them" in refused(served, "/api/v1/explain", {"events": []})[1]
    status, said = refused(served, "/api/v1/explain", {"rule": {"type": "esql", "query": "from x"}, "events": []})
    assert (status, said.startswith("the rule cannot run: ")) == (400, True)
    draft = {"type": "eql", "language": "eql", "query": "process where"}
    assert refused(served, "/api/v1/explain", {"rule": draft, "events": []})[0] == 400


def test_a_gap_is_filled_when_somebody_asks(tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text(rule_text("first", "any where true"), "utf-8")
    rule, _ = besra.load_rules(tmp_path / "first.toml").runnable[0]
    now = time.time_ns()
    with AlertStore(tmp_path / "data" / FILE) as store:
        for uuid in (rule_uuid(rule), "gone"):
            store.commit(Outcome(run(rule=uuid, gap=Gap(now - 20 * DAY, now - 20 * DAY + HOUR))))
    with serving(tmp_path / "data", "--rules", str(tmp_path / "first.toml")) as served:
        ours, gone = served.ask("/api/v1/gaps")["gaps"]
        assert (ours["status"], gone["rule_uuid"]) == ("unfilled", "gone")
        assert refused(served, "/api/v1/gaps/99/_fill", {}) == (404, "there is no gap 99")
        status, said = refused(served, f"/api/v1/gaps/{gone['id']}/_fill", {})
        assert (status, "does not run" in said) == (409, True)
        path = f"/api/v1/gaps/{ours['id']}/_fill"
        assert served.ask(path, b"", **{"kbn-xsrf": "true"})["status"] in ("wanted", "in_progress", "filled")
        end = time.monotonic() + PATIENCE
        while served.ask("/api/v1/gaps?status=filled")["gaps"] == [] and time.monotonic() < end:
            time.sleep(0.1)
        (filled,) = served.ask("/api/v1/gaps?status=filled")["gaps"]
        assert (filled["id"], filled["unfilled"]) == (ours["id"], [])
        assert refused(served, path, {})[0] == 409


def test_whatever_is_asked_no_answer_is_an_error_of_the_service(tmp_path: Path) -> None:
    """In short; `make test-api` asks for ten minutes."""
    done = asked(tmp_path, 8, few=2, seed=1)
    assert done.is_fine, done.told + done.said
