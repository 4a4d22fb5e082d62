"""Searches as Elasticsearch's clients send them: the query of the second seed rule, a filter, a count."""

from collections.abc import Iterator

import orjson
import pytest

import besra
from tests.clients.installed import needs_any, node_client, python_client
from tests.clients.streams import Stream, second_query
from tests.served import Served, serving

STREAM = Stream(4)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that has the stream."""
    needs_any()
    with serving(tmp_path_factory.mktemp("searched")) as running:
        lines = (
            line
            for action in STREAM.actions
            for line in ({"create": {"_index": action["_index"], "_id": action["_id"]}}, action["_source"])
        )
        assert not running.ask("/_bulk", b"".join(orjson.dumps(line) + b"\n" for line in lines))["errors"]
        yield running


@pytest.mark.parametrize("version", [8, 9])
@pytest.mark.parametrize("language", ["python", "javascript"])
def test_searches_are_answered(searched: Served, language: str, version: int) -> None:
    query, index = second_query()
    told = {"address": searched.address, "query": query, "index": index}
    if language == "python":
        client = python_client(f"elasticsearch-python-{version}")
        answer = client.run("elasticsearch_client.py", "searching", **told)
    else:
        package = f"elasticsearch-{version}"
        answer = node_client(package).run("elasticsearch_client.cjs", package, "searching", **told)
    read = [action for action in STREAM.actions if action["_index"].split("-")[1] in index]
    registry = [
        action["_source"]["@timestamp"]
        for action in read
        if action["_index"].startswith("logs-endpoint.events.registry")
    ]
    expected = besra.search(query, [action["_source"] for action in read])
    assert len(answer["events"]) == answer["total"] == len(expected.matches) == 3
    ids = {action["_source"]["event"]["id"]: action["_id"] for action in read}
    assert answer["events"] == [ids[match.hits[0].event.source["event"]["id"]] for match in expected.matches]
    assert answer["count"] == len(read)
    assert answer["hits"] == len(registry)
    assert answer["times"] == sorted(registry, reverse=True)[:2]
