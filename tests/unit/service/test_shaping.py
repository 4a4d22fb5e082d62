"""`filter_path` as Elasticsearch has it, and what never changes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.service.shaping import filtered

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
