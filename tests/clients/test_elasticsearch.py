"""Elasticsearch's clients for Python and JavaScript, versions 8 and 9: the demo stream in, its alerts out."""

import pytest

from tests.clients.installed import node_client, python_client
from tests.clients.streams import Stream
from tests.served import Served

PYTHON_WAYS = ("bulk", "compressed", "streaming", "parallel", "asynchronous", "one-by-one")
NODE_WAYS = ("bulk", "helpers", "compressed")
VERSIONS = (8, 9)


@pytest.mark.parametrize("way", PYTHON_WAYS)
@pytest.mark.parametrize("version", VERSIONS)
def test_python_ingests(served: Served, version: int, way: str) -> None:
    client = python_client(f"elasticsearch-python-{version}")
    stream = Stream(version * 100 + PYTHON_WAYS.index(way), minutes=int(way != "one-by-one"))
    answer = client.run("elasticsearch_client.py", way, address=served.address, actions=stream.actions)
    assert answer == {"sent": len(stream.actions), "errors": []}
    assert stream.come_out(served)


@pytest.mark.parametrize("way", NODE_WAYS)
@pytest.mark.parametrize("version", VERSIONS)
def test_javascript_ingests(served: Served, version: int, way: str) -> None:
    package = f"elasticsearch-{version}"
    client = node_client(package)
    stream = Stream(version * 1000 + NODE_WAYS.index(way))
    answer = client.run("elasticsearch_client.cjs", package, way, address=served.address, actions=stream.actions)
    assert answer == {"sent": len(stream.actions), "errors": []}
    assert stream.come_out(served)


@pytest.mark.parametrize("version", VERSIONS)
def test_python_is_told_what_is_refused(served: Served, version: int) -> None:
    client = python_client(f"elasticsearch-python-{version}")
    answer = client.run("elasticsearch_client.py", "errors", address=served.address, index=f"logs-x{version}-default")
    assert {name: (told["class"], told["status"]) for name, told in answer.items() if name != "bulk"} == {
        "create": ("ConflictError", 409),
        "op_type": ("ConflictError", 409),
        "update": ("BadRequestError", 400),
        "delete": ("BadRequestError", 400),
        "unknown": ("NotFoundError", 404),
        "missing": ("NotFoundError", 404),
    }
    assert "version_conflict_engine_exception" in answer["create"]["message"]
    assert answer["bulk"] == {"sent": 1, "statuses": [400]}


@pytest.mark.parametrize("version", VERSIONS)
def test_python_finds_what_it_asks_for_first(served: Served, version: int) -> None:
    client = python_client(f"elasticsearch-python-{version}")
    answer = client.run("elasticsearch_client.py", "start", address=served.address, index=f"logs-mine{version}-default")
    assert answer == {
        "ping": True,
        "version": answer["version"],
        "health": "green",
        "cat": "green",
        "license": "active",
        "exists": [True, True, False],
        "template": True,
        "pipeline": ["mine"],
        "refresh": 0,
        "sniffed": True,
        "filtered": {"version": {"number": answer["version"]}},
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_javascript_finds_what_it_asks_for_first(served: Served, version: int) -> None:
    package = f"elasticsearch-{version}"
    told = {"address": served.address, "index": f"logs-js{version}-default"}
    answer = node_client(package).run("elasticsearch_client.cjs", package, "start", **told)
    assert (answer["ping"], answer["health"], answer["create"]) == (True, "green", 409)
    assert answer["exists"] == [True, False]
