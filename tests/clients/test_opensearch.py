"""OpenSearch's clients for Python and JavaScript."""

import pytest

from tests.clients.installed import node_client, python_client
from tests.clients.streams import Stream
from tests.served import Served


@pytest.mark.parametrize(("way", "seed"), [("bulk", 1), ("parallel", 2)])
def test_python_ingests(served: Served, way: str, seed: int) -> None:
    stream = Stream(seed)
    client = python_client("opensearch-python")
    answer = client.run("opensearch_client.py", way, address=served.address, actions=stream.actions)
    assert answer == {"sent": len(stream.actions), "errors": []}
    assert stream.come_out(served)


def test_javascript_ingests(served: Served) -> None:
    stream = Stream(3)
    client = node_client("@opensearch-project/opensearch")
    answer = client.run("opensearch_client.cjs", address=served.address, actions=stream.actions)
    assert (answer["sent"], answer["errors"]) == (len(stream.actions), [])
    assert stream.come_out(served)


def test_python_finds_what_it_asks_for_first(served: Served) -> None:
    client = python_client("opensearch-python")
    answer = client.run("opensearch_client.py", "start", address=served.address, actions=[])
    assert (answer["ping"], answer["health"], answer["create"], answer["count"]) == (True, "green", 409, 1)
    assert answer["exists"] == [True, False]
