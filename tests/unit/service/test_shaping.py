"""`filter_path` as Elasticsearch has it, and what never changes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from besra.service import shaping
from besra.service.endpoint import Endpoint, Face, Right
from besra.service.routing import routes_of
from besra.service.shaping import MOST_SEGMENTS, filtered, shaped, unfit

ANSWER = {
    "took": 3,
    "hits": {
        "total": {"value": 2},
        "hits": [{"_id": "a", "_source": {"host": {"name": "x"}, "n": 1}}, {"_id": "b", "_source": {"n": 2}}],
    },
}


def paths(text: str) -> list[list[str]]:
    return [path.split(".") for path in text.split(",") if path]


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("took", {"took": 3}),
        ("took,hits.total", {"took": 3, "hits": {"total": {"value": 2}}}),
        ("hits.hits._id", {"hits": {"hits": [{"_id": "a"}, {"_id": "b"}]}}),
        ("hits.hits._source.host", {"hits": {"hits": [{"_source": {"host": {"name": "x"}}}]}}),
        ("**.name", {"hits": {"hits": [{"_source": {"host": {"name": "x"}}}]}}),
        ("hits.**.value", {"hits": {"total": {"value": 2}}}),
        ("hits.t*", {"hits": {"total": {"value": 2}}}),
        ("*", ANSWER),
        ("**", ANSWER),
        ("-hits", {"took": 3}),
        ("hits.hits,-hits.hits._source", {"hits": {"hits": [{"_id": "a"}, {"_id": "b"}]}}),
        ("-**._source", {"took": 3, "hits": {"total": {"value": 2}, "hits": [{"_id": "a"}, {"_id": "b"}]}}),
        ("nothing", {}),
        ("took.deeper", {}),
    ],
)
def test_filter_path(asked: str, left: Any) -> None:
    assert filtered(ANSWER, paths(asked)) == left


def answered(query: bytes, body: bytes, status: int = 200, accept: str = "*/*") -> Response:
    scope = {"type": "http", "path": "/", "query_string": query, "headers": [(b"accept", accept.encode())]}
    return shaped(Request(scope), Response(body, status, media_type="application/json"), "items")


@pytest.mark.parametrize(
    ("query", "status", "left"),
    [
        (b"", 200, b'{"items":[1],"took":2}'),
        (b"filter_path=took", 200, b'{"took":2}'),
        (b"filter_path=took,items.*.status", 200, b'{"items":[1],"took":2}'),
        (b"filter_path=nothing", 404, b'{"items":[1],"took":2}'),
        (b"filter_path=took&pretty", 200, b'{\n  "took": 2\n}\n'),
        (b"filter_path=,&pretty=false", 200, b'{"items":[1],"took":2}'),
    ],
)
def test_the_answer_to_a_query(query: bytes, status: int, left: bytes) -> None:
    response = answered(query, b'{"items":[1],"took":2}', status)
    assert response.body == left
    assert response.headers["content-length"] == str(len(left))


@pytest.mark.parametrize("depth", [200, 300, 990, 1010, 100_000])
def test_what_is_too_deep_is_whole(depth: int) -> None:
    body = b'{"a":' * depth + b"1" + b"}" * depth
    assert answered(b"filter_path=**.a", body).body == body
    assert answered(b"pretty", body).body.translate(None, b" \n") == body


def test_stars_of_paths_do_not_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def counted(name: str, pattern: str) -> bool:
        nonlocal compared
        compared += 1
        return name == pattern

    monkeypatch.setattr(shaping, "fnmatchcase", counted)
    depth, stars = 12, MOST_SEGMENTS - 1
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    assert filtered(value, [["**"] * stars + ["b"], *[["**"] * stars + ["b"]] * 99]) == {}
    # At each depth, each of the hundred paths and each of the distinct rests of one.
    assert compared <= depth * (100 + stars)


@pytest.mark.parametrize(("segments", "is_fit"), [(MOST_SEGMENTS, True), (MOST_SEGMENTS + 1, False)])
def test_a_path_is_no_longer_than_that(segments: int, is_fit: bool) -> None:
    path = ".".join(["**"] * segments)
    request = Request({"type": "http", "path": "/", "query_string": f"filter_path=took,{path}".encode(), "headers": []})
    assert (unfit(request) is None) is is_fit


@pytest.mark.parametrize(("face", "path"), [(Face.ELASTICSEARCH, "/a/_bulk"), (Face.KIBANA, "/api/a")])
def test_nothing_is_done_where_the_answer_could_not_be_told(face: Face, path: str) -> None:
    done: list[str] = []

    async def handler(request: Request) -> Response:
        done.append(request.url.path)
        return Response("{}", media_type="application/json")

    client = TestClient(Starlette(routes=routes_of([Endpoint(face, "GET", path, Right.INGEST, handler)])))
    refused = client.get(path, params={"filter_path": ".".join("a" * (MOST_SEGMENTS + 1))})
    assert refused.status_code == 400
    assert f"it can have {MOST_SEGMENTS}" in refused.text
    assert not done
    assert client.get(path, params={"filter_path": "a"}).status_code == 200
    assert done == [path]


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc["), inner, max_size=3),
    max_leaves=12,
)
PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "*", "**", "-a", "[", "-", ""]), min_size=1, max_size=4), max_size=3
)


@given(JSON, PATHS)
def test_nothing_is_added(value: Any, asked: list[list[str]]) -> None:
    found = filtered(value, asked)
    assert is_part(found, value) or found == {}


def is_part(part: Any, whole: Any) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and is_part(member, whole[name]) for name, member in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        rest = iter(whole)
        return all(any(is_part(member, other) for other in rest) for member in part)
    return bool(part == whole)
