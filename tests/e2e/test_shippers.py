"""What shippers that cannot be run here are known to send: at their start, and with events. By name, in their order.

From their published behaviour. The answers they need are noted beside each; anything else they take as a failure.
"""

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.served import PATIENCE, Served, serving

pytest.importorskip("uvicorn")

Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Asked:
    """A request, and what its answer has to be; of HEAD there is only the status."""

    method: str
    path: str
    check: Check = bool
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


def agreed(answer: Any) -> bool:
    return answer["acknowledged"] is True


def is_licensed(answer: Any) -> bool:
    told = answer["license"]
    return told["status"] == "active" and told["type"] == "basic" and bool(told["uid"])


def is_version_8(answer: Any) -> bool:
    return answer["version"]["number"].startswith("8.") and answer["version"]["build_flavor"] == "default"


def is_green(answer: Any) -> bool:
    return answer["status"] == "green"


def is_taken(answer: Any) -> bool:
    statuses = [member["status"] for item in answer["items"] for member in item.values()]
    return not answer["errors"] and set(statuses) <= {200, 201}


def bulk(action: str, document: str = '{"@timestamp":"2026-03-17T09:41:07.123Z","message":"hello"}') -> bytes:
    return f"{action}\n{document}\n".encode()


NDJSON = (("Content-Type", "application/x-ndjson"),)
BEAT = (("Content-Type", "application/json; charset=UTF-8"), ("Authorization", "ApiKey bm90OmNoZWNrZWQ="))
STATUSES = "?filter_path=errors%2Citems.%2A.error%2Citems.%2A.status"

START: dict[str, tuple[Asked, ...]] = {
    "Beats 8 and 9": (
        Asked("GET", "/", is_version_8),
        Asked("GET", "/_license?human=false", is_licensed),
        Asked("GET", "/_ilm/policy/winlogbeat", lambda answer: "winlogbeat" in answer),
        Asked("PUT", "/_ilm/policy/winlogbeat", agreed, b'{"policy":{"phases":{}}}'),
        Asked("HEAD", "/_index_template/winlogbeat-9.2.0"),
        Asked("PUT", "/_index_template/winlogbeat-9.2.0", agreed, b'{"index_patterns":["winlogbeat-9.2.0"]}'),
        Asked("GET", "/_data_stream/winlogbeat-9.2.0", lambda answer: len(answer["data_streams"]) == 1),
        Asked("PUT", "/_data_stream/winlogbeat-9.2.0", agreed),
        Asked("GET", "/_ingest/pipeline/winlogbeat-9.2.0-routing", bool),
        Asked("PUT", "/_ingest/pipeline/winlogbeat-9.2.0-routing", agreed, b'{"processors":[]}'),
        Asked("POST", f"/_bulk{STATUSES}", is_taken, bulk('{"create":{"_index":"winlogbeat-9.2.0"}}'), BEAT),
    ),
    "Beats 7": (
        Asked("GET", "/", is_version_8),
        Asked("GET", "/_xpack", is_licensed),
        Asked("GET", "/_xpack", lambda answer: answer["features"]["ilm"] == {"available": True, "enabled": True}),
        Asked("HEAD", "/_template/filebeat-7.17.0"),
        Asked("PUT", "/_template/filebeat-7.17.0", agreed, b"{}"),
        Asked("HEAD", "/_alias/filebeat-7.17.0"),
        Asked("PUT", "/%3Cfilebeat-7.17.0-%7Bnow%2Fd%7D-000001%3E", agreed, b'{"aliases":{}}'),
        Asked(
            "POST",
            "/_bulk",
            is_taken,
            bulk('{"index":{"_index":"filebeat-7.17.0","_type":"_doc","pipeline":"x"}}'),
            BEAT,
        ),
    ),
    "Logstash": (
        Asked("HEAD", "/"),
        Asked("GET", "/", is_version_8),
        Asked("GET", "/_license", is_licensed),
        Asked(
            "GET",
            "/_nodes/http",
            lambda answer: all(node["http"]["publish_address"] for node in answer["nodes"].values()),
        ),
        Asked("HEAD", "/_index_template/ecs-logstash"),
        Asked("PUT", "/_index_template/ecs-logstash", agreed, b"{}"),
        Asked("HEAD", "/_ilm/policy/logstash-policy"),
        Asked("PUT", "/%3Cecs-logstash-%7Bnow%2Fd%7D-000001%3E", agreed, b"{}"),
        Asked("POST", f"/_bulk{STATUSES}", is_taken, bulk('{"create":{"_index":"logs-generic-default"}}'), NDJSON),
    ),
    "Vector": (
        Asked("GET", "/_cluster/health", is_green),
        Asked("GET", "/", is_version_8),
        Asked("POST", "/_bulk?timeout=60s", is_taken, bulk('{"create":{"_index":"logs-generic-default"}}'), NDJSON),
    ),
    "Fluent Bit": (
        Asked(
            "POST", "/_bulk", is_taken, bulk('{"create":{"_index":"fluent-bit","_type":"_doc","_id":"4b0a"}}'), NDJSON
        ),
        Asked("POST", "/_bulk/?pipeline=x", is_taken, bulk('{"create":{"_index":"fluent-bit"}}'), NDJSON),
    ),
    "Fluentd": (
        Asked("GET", "/", is_version_8),
        Asked("HEAD", "/_index_template/fluentd"),
        Asked("PUT", "/_index_template/fluentd", agreed, b"{}"),
        Asked("POST", "/_bulk", is_taken, bulk('{"index":{"_index":"fluentd"}}'), NDJSON),
    ),
    "OpenTelemetry Collector, exporter for Elasticsearch": (
        Asked("GET", "/_nodes/http", lambda answer: bool(answer["nodes"])),
        Asked(
            "POST",
            "/_bulk?filter_path=items.*._index,items.*.status,items.*.error.type,items.*.error.reason&require_data_stream=true",
            is_taken,
            bulk('{"create":{"_index":"logs-generic.otel-default","dynamic_templates":{}}}'),
            (("Content-Type", "application/vnd.elasticsearch+json; compatible-with=8"),),
        ),
    ),
    "rsyslog 8.2510, which looks for the version": (
        Asked("GET", "/", is_version_8),
        Asked("GET", "/_cat/health?format=json", lambda answer: answer[0]["status"] == "green"),
        Asked("POST", "/_bulk", is_taken, bulk('{"index":{"_index": "system"}}') + b"\n"),
    ),
    "Elastic's clients that sniff": (
        Asked("GET", "/_nodes/_all/http", lambda answer: len(answer["nodes"]) == 1),
        Asked("GET", "/_cluster/health/logs-x?wait_for_status=yellow&timeout=30s", is_green),
    ),
    "people who set up things": (
        Asked("PUT", "/logs-mine-default", lambda answer: answer["shards_acknowledged"], b'{"mappings":{}}'),
        Asked("PUT", "/logs-mine-default/_mapping", agreed, b"{}"),
        Asked("PUT", "/logs-mine-default/_settings", agreed, b"{}"),
        Asked("POST", "/_aliases", agreed, b'{"actions":[]}'),
        Asked("PUT", "/_component_template/mine", agreed, b"{}"),
        Asked("GET", "/_component_template/mine", lambda answer: answer["component_templates"][0]["name"] == "mine"),
        Asked("DELETE", "/_index_template/mine", agreed),
        Asked("POST", "/logs-mine-default/_refresh", lambda answer: answer["_shards"]["failed"] == 0),
    ),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.mark.parametrize("shipper", START)
def test_a_shipper_starts(served: Served, shipper: str) -> None:
    for asked in START[shipper]:
        request = urllib.request.Request(
            f"{served.address}{asked.path}", asked.body, dict(asked.headers), method=asked.method
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert answer.headers["X-Elastic-Product"] == "Elasticsearch"
            text = answer.read()
        at = f"{asked.method} {asked.path}: {text!r}"
        assert (text == b"") if asked.method == "HEAD" else asked.check(json.loads(text)), at


def test_the_health_that_people_read(served: Served) -> None:
    with urllib.request.urlopen(f"{served.address}/_cat/health", timeout=PATIENCE) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.read().split()[2:4] == [b"besra", b"green"]
    with urllib.request.urlopen(f"{served.address}/_cat/health?v", timeout=PATIENCE) as answer:
        assert answer.read().split()[2:4] == [b"cluster", b"status"]


def test_a_node_is_where_it_was_asked_for(served: Served) -> None:
    port = served.address.rpartition(":")[2]
    for host, told in (
        ("localhost:9200", "localhost:9200"),
        ("127.0.0.9", "127.0.0.9:80"),
        ("[::1]:9", "[::1]:9"),
    ):
        nodes = served.ask("/_nodes/_all/http", Host=host)["nodes"]
        assert [node["http"]["publish_address"] for node in nodes.values()] == [told]
    (node,) = served.ask("/_nodes")["nodes"].values()
    assert node["http"]["publish_address"].endswith(f":{port}")
