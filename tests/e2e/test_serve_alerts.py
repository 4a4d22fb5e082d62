"""Alerts of a running service: searched, worked on, followed."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import orjson
import pytest

pytest.importorskip("uvicorn")

from tests.documents import ROOT
from tests.e2e.test_serve import scanned
from tests.page_scripts import needs_curl, run_page, serving_users
from tests.served import PATIENCE, Served, serving

from besra.demo.stream import demo_documents

SIGNALS = "/api/detection_engine/signals"
KBN = {"Content-Type": "application/json", "kbn-xsrf": "true", "elastic-api-version": "2023-10-31"}


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return list(demo_documents(minutes=1))


@pytest.fixture(scope="module")
def expected(documents: list[dict[str, Any]]) -> set[str]:
    """The ids of the alerts they make."""
    return scanned(documents)


def post(served: Served, path: str, body: object, **headers: str) -> Any:
    return served.ask(path, orjson.dumps(body), **{**KBN, **headers})


def followed(served: Served, last: int | None = None) -> HTTPResponse:
    """What a listener is sent, its headers read."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    request = urllib.request.Request(f"{served.address}/api/v1/alerts/stream", headers=headers)
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=PATIENCE)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    return answer


def events(answer: HTTPResponse, number: int) -> Iterator[tuple[int, str]]:
    """The next so many alerts of a stream, each with its position."""
    id_ = None
    while number:
        name, _, value = answer.readline().decode().rstrip("\n").partition(": ")
        if name == "id":
            id_ = int(value)
        elif name == "data":
            assert id_ is not None
            yield id_, json.loads(value)["kibana.alert.uuid"]
            number -= 1


def test_alerts_are_followed_through_a_kill(
    tmp_path: Path, documents: Sequence[dict[str, Any]], expected: set[str]
) -> None:
    with serving(tmp_path / "data", "--any-index") as served:
        stream = followed(served)
        served.send(documents)
        first = next(events(stream, 1))
        served.alerts(len(expected))
        served.process.kill()
    with serving(tmp_path / "data", "--any-index") as served:
        rest = list(events(followed(served, first[0]), len(expected) - 1))
        told = [first, *rest]
        assert len({position for position, _ in told}) == len(told)
        assert {name for _, name in told} == expected
        # Who listens does not hold up the end.
        waiting = followed(served)
        assert "besra_alert_listeners" in served.text("/metrics")
        assert served.stop()[0] == 0
        assert waiting.read().startswith(b":")  # to its end: one that is cut off raises


def test_the_work_on_alerts(tmp_path: Path, documents: Sequence[dict[str, Any]], expected: set[str]) -> None:
    with serving(tmp_path / "data", "--any-index") as served:
        served.send(documents)
        ids = sorted(served.alerts(len(expected)))
        wanted = {"bool": {"filter": [{"match_phrase": {"kibana.alert.workflow_status": "open"}}]}}
        aggregation = {"by": {"terms": {"field": "kibana.alert.rule.name"}}}
        found = post(served, f"/s/default{SIGNALS}/search", {"query": wanted, "size": 1, "aggs": aggregation})
        assert found["hits"]["total"]["value"] == len(ids)
        assert sum(bucket["doc_count"] for bucket in found["aggregations"]["by"]["buckets"]) == len(ids)

        closing = {"signal_ids": [ids[0], "nobody"], "status": "closed", "reason": "false_positive"}
        done = post(served, f"{SIGNALS}/status", closing, **{"x-besra-user": "ann"})
        assert (done["updated"], done["besra"]) == (1, {"unknown": 1})
        assert post(served, f"{SIGNALS}/tags", {"ids": ids, "tags": {"tags_to_add": ["t"]}})["updated"] == len(ids)
        assert post(served, f"{SIGNALS}/assignees", {"ids": ids, "assignees": {"add": ["bob"]}})["total"] == len(ids)
        post(
            served,
            f"/api/v1/alerts/{ids[0]}/notes",
            {"text": "an update of the editor"},
            Authorization="Basic Ym9iOng=",
        )

        alert = served.ask(f"/api/v1/alerts/{ids[0]}")
        assert alert["kibana.alert.workflow_status"] == "closed"
        assert (alert["kibana.alert.workflow_tags"], alert["kibana.alert.workflow_assignee_ids"]) == (["t"], ["bob"])
        assert [note["by"] for note in served.ask(f"/api/v1/alerts/{ids[0]}/notes")["notes"]] == ["bob"]
        history = served.ask(f"/api/v1/alerts/{ids[0]}/history")["history"]
        assert [(one["what"], one["by"]) for one in history] == [
            ("status", "ann"),
            ("tags", "unknown"),
            ("assignees", "unknown"),
            ("note", "bob"),
        ]
        for path, body in ((f"{SIGNALS}/status", b"{}"), (f"{SIGNALS}/search", b'{"aggs": {"a": {}}}')):
            with pytest.raises(urllib.error.HTTPError) as error:
                served.ask(path, body)
            assert error.value.code == json.load(error.value)["status_code"] == 400


@needs_curl
def test_the_examples_of_the_page_run(tmp_path: Path, documents: Sequence[dict[str, Any]], expected: set[str]) -> None:
    with serving_users(tmp_path / "data", "--any-index") as served:
        served.send(documents)
        alerts = served.alerts(len(expected))
        number, blocks = len(alerts), [one for one in alerts.values() if "kibana.alert.building_block_type" in one]
        printed = run_page(ROOT / "docs" / "analysts.md", tmp_path, served, "engineer")
    found, counted, listed, closed, tagged, worked, around, events, pages, excepted, streamed = printed
    answer = json.loads(found)["hits"]
    assert answer["total"]["value"] == number
    assert {*answer["hits"][0]["_source"]} == {"kibana.alert.rule.name", "kibana.alert.reason"}
    assert json.loads(counted)["aggregations"]["hosts"]["buckets"]
    assert int(listed) == number - len(blocks) < number
    assert json.loads(closed)["updated"] == number  # all are of that severity, the building blocks among them
    assert json.loads(tagged)["updated"] == 1
    assert '"The editor was being updated."' in worked
    assert '"by": "ann"' in worked
    assert re.search(r"^0 \S+\.exe \{", around, re.MULTILINE)
    assert re.search(r"^process\.name=\S+: \d+ alerts, on \d hosts$", around, re.MULTILINE)
    assert '"same_source_event"' in around
    assert json.loads(around[around.rindex("[") :])
    *shown, total = events.splitlines()
    assert len(shown) == 5 and int(total) > 0
    assert sum(int(line.split()[0]) for line in pages.splitlines()) > 100
    assert '"success_count":2' in excepted
    lines = (tmp_path / "known-tools.ndjson").read_text("utf-8").splitlines()
    assert [json.loads(line).get("item_id") for line in lines] == [None, "updater", None]
    assert len(streamed.splitlines()) == number


RULE = {
    "rule_id": "50000000-0000-4000-8000-000000000001",
    "name": "Shell",
    "description": "For a test.",
    "type": "eql",
    "language": "eql",
    "query": 'process where process.name == "cmd.exe"',
    "risk_score": 21,
    "severity": "low",
    "exceptions_list": [{"id": "x", "list_id": "ours", "type": "detection", "namespace_type": "single"}],
}


def test_an_exception_is_at_work_after_a_kill(tmp_path: Path) -> None:
    rules = tmp_path / "rules.ndjson"
    rules.write_text(json.dumps(RULE), "utf-8")
    options = ("--any-index", "--rules", str(rules))

    def shell(host: str) -> dict[str, Any]:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        event = {"category": ["process"], "type": ["start"]}
        return {"@timestamp": now, "event": event, "process": {"name": "cmd.exe"}, "host": {"name": host}}

    with serving(tmp_path / "data", *options) as served:
        post(served, "/api/exception_lists", {"list_id": "ours", "name": "n", "description": "d", "type": "detection"})
        entry = {"field": "host.name", "type": "match", "operator": "included", "value": "admin"}
        item = {
            "list_id": "ours",
            "item_id": "one",
            "name": "n",
            "description": "d",
            "type": "simple",
            "entries": [entry],
        }
        assert post(served, "/api/exception_lists/items", item)["entries"] == [entry]
        served.process.kill()
    with serving(tmp_path / "data", *options) as served:
        assert served.ask("/api/exception_lists/items?item_id=one")["entries"] == [entry]
        served.send([shell("admin"), shell("desk")])
        found = served.alerts(1)
        assert [alert["host"]["name"] for alert in found.values()] == ["desk"]
