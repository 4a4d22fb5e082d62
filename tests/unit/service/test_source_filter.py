"""Which parts of a document an answer shows."""

from typing import Any

import pytest

from besra.service.search_params import Params
from besra.service.source_filter import shown_of

DOCUMENT = {
    "process": {"name": "a", "parent": {"name": "b", "pid": 1}, "args": ["x", "y"]},
    "host.name": "h",
    "made": [{"k": 1, "n": 2}, {"k": 3}],
    "empty": {},
}


def shown(body: dict[str, Any], **address: str) -> dict[str, Any]:
    return shown_of(Params(body, address)).of(DOCUMENT)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (True, DOCUMENT),
        ("process.name", {"process": {"name": "a"}}),
        (["process.parent"], {"process": {"parent": {"name": "b", "pid": 1}}}),
        (["*.name"], {"process": {"name": "a", "parent": {"name": "b"}}, "host.name": "h"}),
        (["host"], {"host.name": "h"}),
        (["made.k"], {"made": [{"k": 1}, {"k": 3}]}),
        ({"excludes": ["process", "made.n", "empty"]}, {"host.name": "h", "made": [{"k": 1}, {"k": 3}]}),
        (
            {"includes": ["process.*"], "excludes": ["*.pid", "*.args"]},
            {"process": {"name": "a", "parent": {"name": "b"}}},
        ),
        ([], DOCUMENT),
        (["nothing"], {}),
    ],
)
def test_parts_of_the_source(source: Any, expected: dict[str, Any]) -> None:
    assert shown({"_source": source}) == {"_source": expected}


def test_no_source() -> None:
    assert shown({"_source": False}) == {}
    assert shown({}, _source="false") == {}


def test_the_address_says_it_too() -> None:
    found = shown({}, _source_includes="process", _source_excludes="process.parent,process.args")
    assert found == {"_source": {"process": {"name": "a"}}}


def test_fields_are_flat() -> None:
    found = shown({"_source": False, "fields": ["made.*", {"field": "process.args"}, "nothing"]})
    assert found == {"fields": {"made.k": [1, 3], "made.n": [2], "process.args": ["x", "y"]}}


@pytest.mark.parametrize(("pattern", "is_shown"), [("*a" * 40 + "b", False), ("*a" * 40, True)])
def test_many_stars_do_not_backtrack(pattern: str, is_shown: bool) -> None:
    """Without end, if each star were tried at every place."""
    document = {"a" * 200: {"k": 1}}
    for body in ({"_source": [pattern]}, {"_source": False, "fields": [pattern]}):
        assert any(shown_of(Params(body, {})).of(document).values()) is is_shown


@pytest.mark.parametrize(
    ("pattern", "left"),
    [("process*", {"process"}), ("*s", {"process", "x.process"}), ("*.process", {"x.process"})],
)
def test_a_pattern_covers_what_is_below_it_and_nothing_longer(pattern: str, left: set[str]) -> None:
    document = {"process": {"name": 1}, "x.process": {"name": 1}, "processor": 2}
    expected = left | ({"processor"} if pattern == "process*" else set())
    assert set(shown_of(Params({"_source": {"includes": [pattern]}}, {})).of(document)["_source"]) == expected
