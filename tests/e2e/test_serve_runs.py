"""Runs and gaps of the service over HTTP, and rules that change under it."""

import json
import time
import urllib.error
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.served import PATIENCE, Served, serving
from tests.simulation import rule_text

pytest.importorskip("uvicorn")

RULE = rule_text("first", 'any where event.action == "it happened"')


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("served")
    rules = folder / "rules"
    rules.mkdir()
    (rules / "first.toml").write_text(RULE, "utf-8")
    with serving(folder / "data", "--rules", str(rules), "--any-index") as running:
        yield running, rules


def asked(served: Served, path: str, body: object = None) -> tuple[int, Any]:
    try:
        return 200, served.ask(path, None if body is None else orjson.dumps(body), **{"kbn-xsrf": "x"})
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def until(served: Served, path: str, name: str, least: int) -> list[Any]:
    """What a route lists, once it is so many."""
    end = time.monotonic() + PATIENCE
    while True:
        found = list(served.ask(path)[name])
        if len(found) >= least or time.monotonic() > end:
            return found
        time.sleep(0.05)


def test_runs_are_told_and_can_be_asked_for(served: tuple[Served, Path]) -> None:
    running, _ = served
    (run,) = until(running, "/api/v1/runs?rule_id=first", "runs", 1)
    assert (run["rule_id"], run["kind"], run["status"], run["problems"]) == ("first", "scheduled", "succeeded", [])
    status, answer = asked(running, "/api/v1/runs", {"start": "now-1h", "end": "now", "rule_ids": ["first"]})
    assert (status, answer["rules"]) == (200, 1)
    runs = until(running, "/api/v1/runs", "runs", 2)
    assert runs[0]["kind"] == "manual"
    assert runs[0]["metrics"]["windows"] == 12
    assert running.ask("/api/v1/gaps")["gaps"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"start": "now-1h", "end": "now+1h"}, "not in the future"),
        ({"start": "now", "end": "now-1h"}, "start lies before end"),
        ({"start": "now-91d", "end": "now"}, "90 days"),
        ({"start": "soon", "end": "now"}, "start: "),
        ({"end": "now"}, "required field `start`"),
        ({"start": "now-1h", "end": "now", "rule_ids": ["other"]}, "no rule of this id runs: other"),
        ({"start": "now-1h", "end": "now", "rule_ids": "first"}, "rule_ids: expected `array | null`"),
        ([], "expected `object`, got `array`"),
    ],
)
def test_what_cannot_be_asked_for_is_said(served: tuple[Served, Path], body: object, said: str) -> None:
    status, answer = asked(served[0], "/api/v1/runs", body)
    assert status == 400
    assert said in answer["message"]


@pytest.mark.parametrize("path", ["/api/v1/gaps?status=open", "/api/v1/runs?size=-1", "/api/v1/runs?from=a"])
def test_wrong_parameters_are_said(served: tuple[Served, Path], path: str) -> None:
    status, answer = asked(served[0], path)
    assert (status, answer["status_code"]) == (400, 400)


def test_a_rule_that_is_written_while_it_runs_finds_what_was_sent_before(served: tuple[Served, Path]) -> None:
    running, rules = served
    now = round(time.time() * 1000)
    running.send(
        [{"@timestamp": now, "event": {"action": "and this"}, "data_stream": {"type": "logs", "dataset": "x"}}]
    )
    (rules / "second.toml").write_text(rule_text("second", 'any where event.action == "and this"'), "utf-8")
    assert [alert["kibana.alert.rule.name"] for alert in running.alerts(1).values()] == ["second"]
