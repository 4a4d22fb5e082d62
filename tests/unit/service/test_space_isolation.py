"""Whatever is asked in one space, nothing of another one is shown or changed."""

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.rules_api import XSRF, rule

from besra.cli.serving import ServedRules, paths_by_space
from besra.cli.terminal import Terminal
from besra.detection.schedule import Gap
from besra.rules.exception_loading import NO_FILES
from besra.service import rule_watch
from besra.service.app import app_of
from besra.service.rule_routes import RULES
from besra.service.rule_watch import Source
from besra.service.server import Service, running
from besra.service.spaces import Spaces
from besra.service.stores import Places
from besra.storage.outcome import Outcome
from besra.storage.run_log import RunRecord

SECRET = "soc-only"
"""Is in all texts of the other space, and in no request."""
LISTS, SIGNALS = "/api/exception_lists", "/api/detection_engine/signals"
REFERENCE = {"id": "x", "list_id": "l", "type": "detection", "namespace_type": "single"}
STREAMS = ("/api/v1/alerts/stream",)
"""Answers without an end."""
NUMBER, NAME = re.compile(r"\{\w+:int\}"), re.compile(r"\{\w+\}")


@dataclass
class Asking:
    """Somebody who asks a service, in a space."""

    client: TestClient
    service: Service
    ids: dict[str, str] = field(default_factory=dict)
    """What there is in the other space."""
    ours: list[str] = field(default_factory=list)
    """Our alerts."""

    def ask(self, space: str, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The JSON answer to a request, which has to have a status."""
        answer = self.client.request(method, f"/s/{space}{path}", json=body, headers=XSRF)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def alerts(self, space: str, least: int = 0) -> list[dict[str, Any]]:
        """The alerts of a space, once there are so many."""
        until = time.monotonic() + 30
        while True:
            hits = self.ask(space, "POST", f"{SIGNALS}/search", {"size": 100})["hits"]["hits"]
            if len(hits) >= least or time.monotonic() > until:
                return [hit["_source"] for hit in hits]
            time.sleep(0.02)

    def all_of(self, space: str) -> dict[str, Any]:
        """All there is to be seen in a space."""
        alerts = self.alerts(space)
        return {
            "rules": self.ask(space, "GET", f"{RULES}/_find?per_page=100")["data"],
            "alerts": alerts,
            "notes": [self.ask(space, "GET", f"/api/v1/alerts/{one['kibana.alert.uuid']}/notes") for one in alerts],
            "history": [self.ask(space, "GET", f"/api/v1/alerts/{one['kibana.alert.uuid']}/history") for one in alerts],
            "lists": self.ask(space, "GET", f"{LISTS}/_find")["data"],
            "items": self.ask(space, "GET", f"{LISTS}/items/_find?list_id=l")["data"],
            "changes": self.ask(space, "GET", "/api/v1/rules/r/history"),
            "values": self.ask(space, "GET", "/api/lists/_find")["data"],
            "listed": self.ask(space, "GET", "/api/lists/items/_find?list_id=their-values")["data"],
            "gaps": self.ask(space, "GET", "/api/v1/gaps"),
        }

    def send(self, *documents: dict[str, Any]) -> None:
        """Send events."""
        lines = "".join(f"{json.dumps(line)}\n" for one in documents for line in ({"create": {}}, one))
        answer = self.client.post("/logs-x/_bulk", content=lines, headers={"content-type": "application/x-ndjson"})
        assert not answer.json()["errors"], answer.text


@pytest.fixture
def asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asking]:
    """A service with a rule of one id in two spaces, and in `soc` something of everything."""
    monkeypatch.setattr(rule_watch, "EVERY", 0.05)
    (tmp_path / "rules").mkdir()
    spaces = Spaces((), threading.Event())
    served = ServedRules(paths_by_space([str(tmp_path / "rules")], ()), NO_FILES, True, Terminal.of(quiet=True), spaces)
    source = Source([str(tmp_path / "rules")], [], served.load, served.ends, served.read, spaces=spaces)
    with (
        running(source, Places(tmp_path / "data"), time.time_ns, lambda _: None) as service,
        TestClient(app_of(service)) as client,
    ):
        asked = Asking(client, service)
        _fill(asked)
        yield asked


def _fill(asked: Asking) -> None:
    asked.ask("default", "POST", "/api/spaces/space", {"id": "soc", "name": SECRET})
    own = rule("r", name="ours", query='process where process.name == "a"')
    asked.ask("default", "POST", RULES, own)
    asked.ask("soc", "POST", LISTS, {"list_id": "l", "name": SECRET, "description": SECRET, "type": "detection"})
    entry = {"type": "match", "field": "host.name", "operator": "included", "value": "quiet"}
    item = {"list_id": "l", "item_id": "i", "name": SECRET, "description": SECRET, "type": "simple", "entries": [entry]}
    made = asked.ask("soc", "POST", f"{LISTS}/items", item)
    theirs = rule("r", name=SECRET, tags=[SECRET], query="process where true", exceptions_list=[REFERENCE])
    asked.ids = {"rule": asked.ask("soc", "POST", RULES, theirs)["id"], "item": made["id"]}
    asked.ids["list"] = asked.ask("soc", "GET", f"{LISTS}?list_id=l")["id"]
    values = {"id": "their-values", "name": SECRET, "description": SECRET, "type": "keyword"}
    asked.ask("soc", "POST", "/api/lists", values)
    asked.ids["value"] = asked.ask("soc", "POST", "/api/lists/items", {"list_id": "their-values", "value": SECRET})[
        "id"
    ]
    asked.ids["values"] = "their-values"
    until = time.monotonic() + 30
    while {one.space for one, _ in asked.service.duty.job.rules} != {"default", "soc"} and time.monotonic() < until:
        time.sleep(0.02)
    at = time.time_ns() // 1_000_000
    event = {"@timestamp": at, "event": {"category": "process"}, "process": {"name": "a"}}
    asked.send({**event, "host": {"name": "h"}}, {**event, "host": {"name": "quiet"}})
    asked.ours = [one["kibana.alert.uuid"] for one in asked.alerts("default", 2)]
    assert len(asked.ours) == 2
    now = time.time_ns()
    missed = RunRecord("x", asked.ids["rule"], "r", SECRET, now, 1, gap=Gap(now - 10**12, now), space="soc")
    asked.service.stores.alerts.commit(Outcome(missed))
    (alert,) = asked.alerts("soc", 1)
    asked.ids["alert"] = alert["kibana.alert.uuid"]
    asked.ask("soc", "POST", f"/api/v1/alerts/{asked.ids['alert']}/notes", {"text": SECRET}, 201)
    tags = {"ids": [asked.ids["alert"]], "tags": {"tags_to_add": [SECRET], "tags_to_remove": []}}
    asked.ask("soc", "POST", f"{SIGNALS}/tags", tags)


def test_the_same_rule_fires_in_each_space_by_itself(asking: Asking) -> None:
    ours, theirs = asking.alerts("default"), asking.alerts("soc")
    assert {alert["kibana.alert.rule.name"] for alert in ours} == {"ours"}
    assert [alert["host"] for alert in theirs] == [{"name": "h"}], "the exception is theirs"
    assert [alert["kibana.space_ids"] for alert in (*ours, *theirs)] == [["default"], ["default"], ["soc"]]
    uuids = {alert["kibana.alert.rule.uuid"] for alert in (*ours, *theirs)}
    assert len(uuids) == 2
    runs = {space: asking.ask(space, "GET", "/api/v1/runs?rule_id=r")["runs"] for space in ("default", "soc")}
    assert {space: {run["rule_name"] for run in of} for space, of in runs.items()} == {
        "default": {"ours"},
        "soc": {SECRET},
    }


def bodies(ids: dict[str, str]) -> dict[str, list[Any]]:
    """What is sent to routes, by the end of their paths: all of it names what is in the other space."""
    query = {"terms": {"_id": [ids["alert"]]}}
    export = {"objects": [{"rule_id": "r"}]}
    change = {"id": ids["rule"], "name": "changed", "enabled": False}
    edit = {"action": "edit", "edit": [{"type": "add_tags", "value": ["x"]}]}
    entry = {"type": "exists", "field": "a", "operator": "included"}
    counting = {"aggs": {"a": {"terms": {"field": "kibana.alert.rule.name"}}}}
    return {
        "/signals/search": [{"query": query}, {"query": "*"}, counting],
        "/signals/status": [
            {"signal_ids": [ids["alert"]], "status": "closed"},
            {"query": {"match_all": {}}, "status": "closed"},
            {"query": "kibana.space_ids: soc", "status": "closed"},
        ],
        "/signals/tags": [{"ids": [ids["alert"]], "tags": {"tags_to_add": ["x"], "tags_to_remove": []}}],
        "/signals/assignees": [{"ids": [ids["alert"]], "assignees": {"add": ["x"], "remove": []}}],
        "/notes": [{"text": "x"}],
        RULES: [change, {**rule("r"), **change}, {"id": ids["rule"], "rule_id": "r"}],
        "/_bulk_action": [
            *({"action": action, "ids": [ids["rule"]]} for action in ("disable", "delete", "duplicate", "export")),
            {**edit, "ids": [ids["rule"]]},
            {**edit, "query": ""},
        ],
        "/rules/_export": [export, None],
        "/exception_lists": [{"id": ids["list"], "name": "x", "description": "x", "type": "detection"}],
        "/exception_lists/items": [
            {"id": ids["item"], "name": "x", "description": "x", "type": "simple", "entries": [entry]},
            {"item_id": "i", "name": "x", "description": "x", "type": "simple", "entries": [entry]},
        ],
        "/api/lists": [{"id": "their-values", "name": "x", "description": "x"}],
        "/api/lists/items": [{"id": ids["value"], "value": "x"}, {"list_id": "their-values", "value": "x"}],
        "/rules/preview": [{**rule("r"), "exceptions_list": [REFERENCE], "invocationCount": 1}],
        "/explain": [{"rule_id": "r", "events": [{"@timestamp": 0, "event": {"category": "process"}}]}],
        "/exceptions": [{"items": [{"name": "x", "description": "x", "type": "simple", "entries": [entry]}]}],
        "/runs": [{"start": "now-1h", "end": "now", "rule_ids": [ids["rule"]]}, {"start": "now-1h", "end": "now"}],
    }


def requests(asked: Asking) -> Iterator[tuple[str, str, Any]]:
    """Requests to all routes there are in a space, each with the ids of what is in the other one."""
    ids = asked.ids
    sent = bodies(ids)
    routes = [route for route in asked.client.app.routes if isinstance(route, Route)]  # type: ignore[attr-defined]
    for route in routes:
        path = route.path.removeprefix("/s/{space}")
        if path == route.path or path in STREAMS:
            continue
        path = NUMBER.sub("1", path)
        filled = dict.fromkeys(NAME.sub(id_, path) for id_ in (*ids.values(), "r", *asked.ours))
        asks = [
            "",
            "?rule_id=r",
            "?list_id=l&namespace_type=single",
            "?item_id=i",
            "?list_id=their-values",
            "?list_id=their-values&value=x&type=keyword",
            *(f"?id={id_}" for id_ in ids.values()),
            f"?filter=alert.attributes.params.ruleId:r%20or%20alert.id:%22alert:{ids['rule']}%22",
        ]
        given = next((bodies for end, bodies in sorted(sent.items(), reverse=True) if path.endswith(end)), [None, {}])
        for method in sorted((route.methods or set()) - {"HEAD"}):
            for target in filled:
                for query in asks:
                    for body in given if method not in ("GET", "DELETE") else [None]:
                        yield method, f"{target}{query}", body


def test_no_route_shows_or_changes_what_is_in_another_space(asking: Asking) -> None:
    before = asking.all_of("soc")
    assert before["alerts"][0]["kibana.alert.workflow_tags"] == [SECRET]
    assert len(before["gaps"]["gaps"]) == 1
    assert before["listed"][0]["value"] == before["values"][0]["name"] == SECRET
    assert before["items"][0]["name"] == before["rules"][0]["name"] == SECRET
    asked = set()
    for method, target, body in requests(asking):
        if target.startswith("/api/spaces/space"):
            continue
        answer = asking.client.request(method, f"/s/default{target}", json=body, headers=XSRF)
        told = f"{method} {target} {body}: {answer.status_code} {answer.text[:500]}"
        assert answer.status_code < 500 or "Rule not found" in answer.text, told
        assert SECRET not in answer.text, told
        for id_ in asking.ids.values():
            assert id_ in f"{target}{json.dumps(body)}" or id_ not in answer.text, told
        asked.add((method, target.partition("?")[0]))
    assert len(asked) > 40
    assert asking.all_of("soc") == before


def test_in_a_space_nobody_has_made_there_is_nothing(asking: Asking) -> None:
    for method, target, body in requests(asking):
        answer = asking.client.request(method, f"/s/nowhere{target}", json=body, headers=XSRF)
        assert answer.status_code == 404, target
        assert answer.json()["message"].startswith("there is no space 'nowhere'")


def test_clients_of_elasticsearch_name_a_space_by_its_index(asking: Asking) -> None:
    soc, alert = ".alerts-security.alerts-soc", asking.ids["alert"]
    everywhere = {"default", "soc"}
    for index, spaces in (
        (soc, {"soc"}),
        (f".internal{soc}-000001", {"soc"}),
        (".siem-signals-soc", {"soc"}),
        (".alerts-security.alerts-default", {"default"}),
        (".alerts-security.alerts-*", everywhere),
        (f".alerts-*,-{soc}", {"default"}),
        (".alerts-security.alerts-s*", {"soc"}),
    ):
        found = asking.client.get(f"/{index}/_search").json()["hits"]["hits"]
        assert {hit["_source"]["kibana.space_ids"][0] for hit in found} == spaces, index
        assert {hit["_index"].rpartition("-")[2] for hit in found} == spaces
        assert asking.client.get(f"/{index}/_count").json()["count"] == len(found)
    assert asking.client.get(f"/{soc}/_doc/{alert}").json()["_index"] == soc
    assert asking.client.get(f"/.alerts-security.alerts-default/_doc/{alert}").status_code == 404
    assert asking.client.get("/.alerts-security.alerts-nowhere/_search").status_code == 404
    assert asking.client.head(f"/{soc}").status_code == 200
    assert asking.client.head("/.alerts-security.alerts-nowhere").status_code == 404


def test_a_preview_is_of_the_space_it_is_asked_in(asking: Asking) -> None:
    tried = {**rule("p", query="process where true", exceptions_list=[REFERENCE]), "from": "now-1h"}

    def found(space: str, index: str) -> list[str]:
        told = asking.ask(space, "POST", f"{RULES}/preview", {**tried, "invocationCount": 1})
        query = {"query": {"term": {"kibana.alert.rule.uuid": told["previewId"]}}}
        answer = asking.client.post(f"/.preview.alerts-security.alerts-{index}/_search", json=query)
        assert answer.status_code == 200, answer.text
        return sorted(hit["_source"]["host"]["name"] for hit in answer.json()["hits"]["hits"])

    until = time.monotonic() + 30
    while found("soc", "soc") != ["h"] and time.monotonic() < until:  # once the events are stored
        time.sleep(0.1)
    assert found("soc", "soc") == ["h"], "the exception is theirs"
    assert found("default", "default") == ["h", "quiet"]
    assert found("soc", "default") == found("default", "soc") == []
