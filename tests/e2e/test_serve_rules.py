"""Rules made over HTTP run at once, and what is said of them is true of a real service."""

import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.documents import ROOT
from tests.page_scripts import needs_curl, run_page, serving_users
from tests.rules_api import rule
from tests.served import PATIENCE, Served, serving
from tests.simulation import rule_text

pytest.importorskip("uvicorn")

RULES = "/api/detection_engine/rules"


def ask(served: Served, method: str, path: str, body: object = None) -> tuple[int, Any]:
    data = None if body is None else orjson.dumps(body)
    headers = {"kbn-xsrf": "true", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{served.address}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, orjson.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, orjson.loads(error.read())


def event(action: str) -> dict[str, Any]:
    now = round(time.time() * 1000)
    return {"@timestamp": now, "event": {"action": action}, "data_stream": {"type": "logs", "dataset": "x"}}


def names(served: Served, least: int) -> list[str]:
    return sorted(alert["kibana.alert.rule.name"] for alert in served.alerts(least).values())


def send(served: Served, action: str) -> None:
    lines = [{"create": {"_id": action}}, event(action)]
    assert not served.ask("/events-x/_bulk", b"".join(orjson.dumps(line) + b"\n" for line in lines))["errors"]


def test_a_rule_over_http_finds_what_comes_and_what_came_and_outlives_the_service(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "file.toml").write_text(rule_text("of-a-file", 'any where event.action == "one"'), "utf-8")
    options = ("--rules", str(rules), "--any-index")
    with serving(tmp_path / "data", *options) as served:
        made = ask(served, "POST", RULES, rule("r", name="over http", query='any where event.action == "two"'))
        send(served, "two")
        (alert,) = served.alerts(1).values()
        assert (alert["kibana.alert.rule.name"], alert["kibana.alert.rule.uuid"]) == ("over http", made[1]["id"])
        # One that is changed looks again.
        send(served, "three")
        assert ask(served, "PATCH", RULES, {"rule_id": "r", "query": 'any where event.action == "three"'})[0] == 200
        assert names(served, 2) == ["over http"] * 2
        assert ask(served, "PATCH", RULES, {"rule_id": "of-a-file", "enabled": False})[0] == 200
        served.process.kill()  # what was answered is on disk
    with serving(tmp_path / "data", *options) as served:
        page = ask(served, "GET", f"{RULES}/_find?sort_field=name")[1]
        assert [(one["name"], one["enabled"], one["revision"]) for one in page["data"]] == [
            ("of-a-file", False, 0),
            ("over http", True, 1),
        ]
        send(served, "one")
        assert ask(served, "POST", RULES, rule("s", name="after it", query='any where event.action == "one"'))[0] == 200
        assert names(served, 3) == ["after it", "over http", "over http"]
        # And so does one that is switched on.
        assert ask(served, "PATCH", RULES, {"rule_id": "of-a-file", "enabled": True})[0] == 200
        assert names(served, 4)[1] == "of-a-file"
        assert ask(served, "DELETE", f"{RULES}?rule_id=r")[0] == 200
        assert ask(served, "GET", f"{RULES}?rule_id=r")[0] == 404


@needs_curl
def test_the_examples_of_the_page_run(tmp_path: Path) -> None:
    with serving_users(tmp_path / "data") as served:
        made, spaces, moved = run_page(ROOT / "docs" / "api.md", tmp_path, served, "admin")
    rule_made = orjson.loads(made)
    assert (rule_made["rule_id"], rule_made["created_by"]) == ("renamed-certutil", "ann")
    space, found = spaces.replace("}{", "}\n{").splitlines()
    assert (orjson.loads(space)["id"], orjson.loads(found)["total"]) == ("soc", 0)
    assert orjson.loads(moved)["success_count"] == 1
    assert b"renamed-certutil" in (tmp_path / "rules_export.ndjson").read_bytes()
