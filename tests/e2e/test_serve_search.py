"""Searching a running service: what was acknowledged is found, in the shapes clients of Elasticsearch expect."""

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

pytest.importorskip("uvicorn")

from tests.documents import ROOT, blocks_of
from tests.e2e.test_serve import Served, serving
from tests.page_scripts import key_of, needs_curl, run_block, serving_users

import besra
from besra.demo.stream import demo_documents
from besra.rules.ruleset import load_rules

QUERIES = [rule.query.text for rule, _ in load_rules().runnable if rule.query]
SEQUENCE = next(query for query in QUERIES if "sequence by" in query)
"""The query of the bundled rule on a sequence."""


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return list(demo_documents(minutes=1))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, documents: Sequence[dict[str, Any]]) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("searched") / "data"
    with serving(folder, "--any-index") as running:
        running.send(documents)
        yield running


def ask(served: Served, path: str, body: Any = None) -> Any:
    return served.ask(path, None if body is None else orjson.dumps(body))


def refused(served: Served, path: str, body: Any = None) -> tuple[int, str, str]:
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(served, path, body)
    told = json.load(error.value)
    assert told["status"] == error.value.code
    assert told["error"]["root_cause"][0]["reason"] == told["error"]["reason"]
    return error.value.code, told["error"]["type"], told["error"]["reason"]


def expected(documents: Sequence[dict[str, Any]], query: str, size: int = 10) -> list[Any]:
    hits = [{"_index": "events-x", "_id": str(n), "_source": document} for n, document in enumerate(documents)]
    return ids(besra.search(query, hits, size=size).to_dict())


def ids(answer: dict[str, Any]) -> list[Any]:
    hits = answer["hits"]
    if "events" in hits:
        return [event["_id"] for event in hits["events"]]
    return [(found["join_keys"], [event["_id"] for event in found["events"]]) for found in hits["sequences"]]


def test_an_eql_search_right_after_the_acknowledgement(served: Served, documents: list[dict[str, Any]]) -> None:
    answer = ask(served, "/events-x/_eql/search", {"query": SEQUENCE})
    assert ids(answer) == expected(documents, SEQUENCE) != []
    assert (answer["is_partial"], answer["is_running"], answer["timed_out"]) == (False, False, False)
    query = 'process where process.name : "msiexec.exe"'
    assert ids(ask(served, "/events-*/_eql/search", {"query": query, "size": 3})) == expected(documents, query, 3)


def test_a_filter_by_time_relative_to_now(served: Served) -> None:
    body = {"query": "any where true", "filter": {"range": {"@timestamp": {"gte": "now-9m"}}}}
    assert ids(ask(served, "/events-x/_eql/search", body)) == []
    body["filter"]["range"] = {"event.ingested": {"gte": "now-9m"}}
    assert len(ids(ask(served, "/events-x/_eql/search", body))) == 10


def test_fields_of_an_eql_search(served: Served) -> None:
    body = {"query": "process where true", "fields": ["process.name"], "size": 1}
    (event,) = ask(served, "/events-x/_eql/search", body)["hits"]["events"]
    assert event["fields"] == {"process.name": [event["_source"]["process"]["name"]]}


def test_all_events_page_by_page(served: Served, documents: list[dict[str, Any]]) -> None:
    body: dict[str, Any] = {"size": 250, "sort": [{"@timestamp": "desc"}, "_doc"], "_source": ["host.name"]}
    found: list[dict[str, Any]] = []
    while hits := ask(served, "/events-x/_search", body)["hits"]["hits"]:
        found += hits
        body["search_after"] = hits[-1]["sort"]
    assert {hit["_id"] for hit in found} == {str(n) for n in range(len(documents))}
    assert len(found) == len(documents)
    assert [hit["sort"][0] for hit in found] == sorted((hit["sort"][0] for hit in found), reverse=True)
    assert all(list(hit["_source"]) in (["host"], []) for hit in found)


def test_counting(served: Served, documents: list[dict[str, Any]]) -> None:
    assert ask(served, "/_count")["count"] == len(documents)
    network = sum(document["event"]["category"] == ["network"] for document in documents)
    assert ask(served, "/events-x/_count?q=event.category:network")["count"] == network > 0
    answer = ask(served, "/events-x/_search?size=0&track_total_hits=5")
    assert answer["hits"]["total"] == {"value": 5, "relation": "gte"}
    assert "total" not in ask(served, "/events-x/_search", {"track_total_hits": False})["hits"]


def test_one_document(served: Served) -> None:
    found = ask(served, "/events-x/_doc/7")
    assert (found["found"], found["_source"]["event"]["kind"]) == (True, "event")
    with pytest.raises(urllib.error.HTTPError) as missing:
        ask(served, "/events-x/_doc/nobody")
    assert (missing.value.code, json.load(missing.value)["found"]) == (404, False)
    assert ask(served, "/events-x/_search", {"query": {"ids": {"values": ["3"]}}})["hits"]["total"]["value"] == 1


def test_alerts_as_an_index(served: Served) -> None:
    alerts = served.alerts(1)
    body: dict[str, Any] = {"sort": [{"kibana.alert.risk_score": "asc"}], "size": 2, "_source": ["kibana.alert.uuid"]}
    found: list[str] = []
    while hits := ask(served, "/.alerts-security.alerts-default/_search", body)["hits"]["hits"]:
        found += [hit["_id"] for hit in hits]
        body["search_after"] = hits[-1]["sort"]
    assert sorted(found) == sorted(alerts)
    medium = {"query": {"term": {"kibana.alert.severity": "medium"}}}
    assert ask(served, "/.alerts-security.alerts-*/_count", medium)["count"] == len(alerts)
    assert ask(served, f"/.alerts-security.alerts-default/_doc/{found[0]}")["_source"] == alerts[found[0]]


def test_indices(served: Served, documents: list[dict[str, Any]]) -> None:
    (row,) = ask(served, "/_cat/indices?format=json")
    assert (row["index"], row["docs.count"]) == ("events-x", str(len(documents)))
    assert ask(served, "/_resolve/index/*")["data_streams"][0]["name"] == "events-x"
    assert ask(served, "/nobody*/_search")["hits"]["hits"] == []
    assert ask(served, "/events-x,nobody/_search?ignore_unavailable=true&size=1")["hits"]["hits"]
    assert ask(served, "/events-x,nobody/_eql/search", {"query": "any where true"})["hits"]["events"]
    for path in ("/nobody/_search", "/events-x,nobody/_search", "/nobody*/_search?allow_no_indices=false"):
        assert refused(served, path)[:2] == (404, "index_not_found_exception")
    assert refused(served, "/nobody/_eql/search", {"query": "any where true"})[0] == 404
    assert ask(served, "/_refresh", {})["_shards"]["failed"] == 0
    assert [has_index(served, name) for name in ("events-x", "nobody", ".alerts-security.alerts-default")] == [
        True,
        False,
        True,
    ]


def has_index(served: Served, name: str) -> bool:
    request = urllib.request.Request(f"{served.address}/{name}", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("/events-x/_eql/search", {"query": "process where"}, 400, "parsing_exception"),
        ("/events-x/_eql/search", {"query": "process where nothing(1)"}, 400, "verification_exception"),
        ("/events-x/_eql/search", {"query": "any where true", "nonsense": 1}, 400, "parsing_exception"),
        ("/events-x/_search", {"aggs": {"a": {}}}, 400, "illegal_argument_exception"),
        ("/events-x/_search", {"query": {"fuzzy": {}}}, 400, "parsing_exception"),
        (
            "/.alerts-security.alerts-default/_eql/search",
            {"query": "any where true"},
            400,
            "illegal_argument_exception",
        ),
        ("/.alerts-security.alerts-default/_search", {"sort": ["host.name"]}, 400, "illegal_argument_exception"),
        ("/.alerts-security.alerts-default,events-x/_search", {}, 400, "illegal_argument_exception"),
        ("/.alerts-security.alerts-elsewhere/_search", {}, 404, "index_not_found_exception"),
        ("/events-x/_search", {"search_after": [1], "sort": ["@timestamp"], "from": 3}, 400, "parsing_exception"),
    ],
)
def test_what_is_not_answered_is_told(served: Served, path: str, body: Any, status: int, kind: str) -> None:
    assert refused(served, path, body)[:2] == (status, kind)


def test_a_body_that_is_no_json(served: Served) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        served.ask("/events-x/_search", b"{nonsense")
    assert "no JSON" in json.load(error.value)["error"]["reason"]


def test_the_folder_is_searched_while_the_service_runs(tmp_path: Path, documents: list[dict[str, Any]]) -> None:
    folder = tmp_path / "data"
    with serving(folder, "--keep-days", "30", "--keep-size", "500G", "--keep-alerts", "90") as served:
        served.send(documents)
        assert ask(served, "/_count")["count"] == len(documents)
        stored = threading.Event()
        for _ in range(300):  # the store is written every five seconds
            if list((folder / "events").rglob("day=*/**/*.parquet")):
                break
            stored.wait(0.1)
        command = [sys.executable, "-m", "besra.cli", "search", SEQUENCE, str(folder), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert ids(json.loads(done.stdout)) == expected(documents, SEQUENCE)
        assert "warning" not in done.stderr
        with urllib.request.urlopen(f"{served.address}/metrics", timeout=30) as answer:
            assert b"besra_event_store_bytes " in answer.read()


@needs_curl
def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    (block,) = (one for one in blocks_of(ROOT / "docs" / "serve.md", "sh") if "_eql/search" in one.text)
    assert "localhost:9200" in block.text
    now = time.time_ns() // 10**6
    started = {"name": "a.exe", "entity_id": "1", "parent": {"name": "msiexec.exe"}}
    events = [
        {"@timestamp": now - 2, "event": {"category": "process"}, "process": started},
        {"@timestamp": now - 1, "event": {"category": "network"}, "process": started},
    ]
    with serving_users(tmp_path / "data") as served:
        lines = (line for event in events for line in ({"create": {}}, event))
        served.ask("/logs-x-default/_bulk", b"".join(orjson.dumps(line) + b"\n" for line in lines))
        text = block.text.replace("localhost:9200", served.address.removeprefix("http://"))
        told = orjson.loads(run_block(replace(block, text=text), tmp_path, KEY=key_of(served, "viewer")))
    (sequence,) = told["hits"]["sequences"]
    assert len(sequence["events"]) == 2
