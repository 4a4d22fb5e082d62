"""A running service tells of its alerts as the page of notifications says."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

pytest.importorskip("uvicorn")

from tests.documents import ROOT, Block, blocks_of
from tests.served import PATIENCE, Served, serving
from tests.sinks import Got, Reply, WebSink, wait_for, web_sink

PAGE = ROOT / "docs" / "notifications.md"
KEY = "the signing key of this test"
KBN = {"Content-Type": "application/json", "kbn-xsrf": "true"}
Named = dict[str, Any]


def example(language: str, begins: str) -> Block:
    (found,) = (block for block in blocks_of(PAGE, language) if block.text.startswith(begins))
    return found


def rule(name: str, severity: str, **fields: Any) -> Named:
    return {
        "rule_id": name,
        "name": name,
        "description": "of a test",
        "type": "query",
        "language": "kuery",
        "query": f"event.action: {severity}",
        "index": ["events-*"],
        "severity": severity,
        "risk_score": 50,
        **fields,
    }


@pytest.fixture
def web() -> Iterator[WebSink]:
    with web_sink() as sink:
        yield sink


@pytest.fixture
def options(web: WebSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options of a service with the connectors file of the page, whose addresses are those of the web server."""
    key = tmp_path / "tickets.key"
    key.write_text(f"{KEY}\n", "utf-8")
    monkeypatch.setenv("SOC_SLACK_URL", f"http://127.0.0.1:{web.port}/slack")
    text = example("toml", "# connectors.toml").text
    for old, new in (
        ("https://tickets.example", f"http://127.0.0.1:{web.port}"),
        ("/etc/besra/tickets.key", str(key)),
        ('"1h"', '"1s"'),
        ("[outgoing]\n", f'[outgoing]\nallow_private = ["127.0.0.1"]\nports = [{web.port}]\n'),
    ):
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "connectors.toml"
    file.write_text(text, "utf-8")
    rules = tmp_path / "rules.ndjson"
    rules.write_text("".join(json.dumps(rule(name, name.lower())) + "\n" for name in ("High", "Low")), "utf-8")
    return ["--connectors", str(file), "--rules", str(rules)]


def of(web: WebSink, path: str) -> list[Got]:
    return [got for got in web.got if got.path == path]


def event(number: int, action: str) -> Named:
    return {"@timestamp": f"2026-03-17T09:42:{number:02}Z", "event": {"action": action}, "host": {"name": "ws-17"}}


def test_the_connectors_of_the_page_are_told(web: WebSink, options: list[str], tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, *options) as served:
        served.send([event(1, "high"), event(2, "low"), event(3, "low")])
        wait_for(lambda: bool(of(web, "/slack")) and _count(of(web, "/besra")) == 2, PATIENCE)
        code, said = served.stop()
        assert code == 0, said
    (chat,) = of(web, "/slack")
    assert orjson.loads(chat.body) == {"text": "*High* on ws-17"}
    names: Named = {}
    exec(example("python", "import hashlib").text, names)
    for got in of(web, "/besra"):
        assert names["is_genuine"](KEY, got.headers, got.body)
        assert not names["is_genuine"]("another", got.headers, got.body)
        assert not names["is_genuine"](KEY, got.headers, got.body + b" ")
        assert got.headers["x-besra-kind"] == "digest"
        assert got.headers["idempotency-key"] == orjson.loads(got.body)["key"]
    before = len(web.got)
    with serving(data, *options) as served:
        assert "besra_notifications_waiting 0\n" in served.text("/metrics")
        served.stop()
    assert len(web.got) == before, "what was sent is not sent again"


def _count(digests: list[Got]) -> int:
    return sum(orjson.loads(got.body)["count"] for got in digests)


def test_actions_of_rules_over_the_api_and_a_test_of_a_connector(
    web: WebSink, options: list[str], tmp_path: Path
) -> None:
    actions = json.loads(example("json", '{"actions"').text)["actions"]
    actions[0]["frequency"]["summary"] = False
    actions[0]["alerts_filter"].pop("timeframe")
    with serving(tmp_path / "data", *options) as served:
        made = rule("Own", "high", actions=actions, query='event.action: "own"')
        assert _post(served, "/api/detection_engine/rules", made)["actions"] == actions
        told = _post(served, "/api/v1/connectors/tickets/_test", {})
        assert (told["sent"], told["status"], told["address"]) == (True, 200, "127.0.0.1")
        wait_for(lambda: "besra_failing 0" in served.text("/metrics"))

        def is_told() -> bool:
            number = len(web.got) + 10
            served.ask(
                "/events-x/_doc",
                orjson.dumps(event(number % 60, "own")),
                **{"Content-Type": "application/json"},
            )
            return any(b'"alerts": 1}' in got.body for got in of(web, "/besra"))

        wait_for(is_told, PATIENCE)
        web.reply = lambda number, got: Reply(403, {}, b"unknown sender")
        told = _post(served, "/api/v1/connectors/tickets/_test", {"params": {"body": "{}"}})
        shown = json.loads(example("json", '{"connector"').text)
        assert {name: told[name] for name in shown if name not in ("address", "tls", "took_ms")} == {
            name: value for name, value in shown.items() if name not in ("address", "tls", "took_ms")
        }
        assert served.text("/readyz") == "ok\n"
    own = next(got for got in of(web, "/besra") if b'"alerts": 1}' in got.body)
    assert orjson.loads(own.body) == {"rule": "Own", "alerts": 1}


def _post(served: Served, path: str, body: object) -> Any:
    request = urllib.request.Request(f"{served.address}{path}", orjson.dumps(body), KBN)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read()) from error


def test_a_file_with_a_mistake_is_not_used(tmp_path: Path) -> None:
    from tests.e2e.command import besra  # noqa: PLC0415

    file = tmp_path / "connectors.toml"
    file.write_text("[[connector]]\nid = 'a'\ntype = '.fax'\n", "utf-8")
    done = besra("serve", "--data", tmp_path / "data", "--connectors", file)
    assert done.code == 3
    assert "connectors.toml:1" in done.err
    assert "there is no type of connectors '.fax'" in done.err
