"""What of an event an alert holds: detection-engine.md 3.1 and 3.5."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.detection.source_document import NOTHING, clean, common_fields, intersection, originals, without_field
from besra.schema.catalogue import bundled_catalogue

Json = dict[str, Any]


def cleaned(source: Json) -> tuple[Json, tuple[str, ...]]:
    found = clean(source, bundled_catalogue())
    return found.body, found.removed


# --- cleaning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "body", "removed"),
    [
        ({"process": {"pid": 4, "name": "a"}}, {"process": {"pid": 4, "name": "a"}}, ()),
        ({"process": {"pid": "4"}}, {"process": {"pid": "4"}}, ()),
        ({"process": {"pid": "four", "name": "a"}}, {"process": {"name": "a"}}, ("process.pid",)),
        ({"process.pid": "four"}, {}, ("process.pid",)),
        ({"process": {"pid": ["1", "x", 3]}}, {"process": {"pid": ["1", 3]}}, ("process.pid",)),
        ({"host": {"ip": ["10.0.0.1", "nowhere", "::1"]}}, {"host": {"ip": ["10.0.0.1", "::1"]}}, ("host.ip",)),
        ({"event": {"created": "yesterday", "id": "1"}}, {"event": {"id": "1"}}, ("event.created",)),
        ({"process": {"pe": "text"}, "x": 1}, {"x": 1}, ("process.pe",)),
        ({"host": "ws-17", "x": 1}, {"x": 1}, ("host",)),
        ({"host.os": "windows"}, {}, ("host.os",)),
        ({"process": {"name": {"first": "a"}, "pid": 1}}, {"process": {"pid": 1}}, ("process.name",)),
        ({"process": {"pid": {"n": 1}}}, {}, ("process.pid",)),
        (
            {"source": {"geo": {"location": {"lat": 1, "lon": 2}}}},
            {"source": {"geo": {"location": {"lat": 1, "lon": 2}}}},
            (),
        ),
        ({"labels": {"a": "b"}}, {"labels": {"a": "b"}}, ()),
        ({"dns": {"answers": [{"data": "x"}, "y"]}}, {"dns": {"answers": [{"data": "x"}]}}, ("dns.answers",)),
        ({"process.name.text": "a"}, {"process.name.text": "a"}, ()),
        ({"process": {"pid": None, "args": []}}, {"process": {"pid": None, "args": []}}, ()),
        ({"my": {"own": {"field": object}}}, {"my": {"own": {"field": object}}}, ()),
        ({"kibana": {"alert": 1}, "signal": 1, "threshold_result": 1, "kibana.alert.uuid": "x", "a": 1}, {"a": 1}, ()),
        ({"process": {}}, {"process": {}}, ()),
    ],
    ids=str,
)
def test_values_that_contradict_their_type_go(source: Json, body: Json, removed: tuple[str, ...]) -> None:
    before = repr(source)
    assert cleaned(source) == (body, removed)
    assert repr(source) == before


def test_originals_are_flat_and_as_they_were() -> None:
    source = {
        "event": {"kind": "event", "category": ["file"], "x": {"y": 1}},
        "event.action": "a",
        "data_stream.type": "t",
    }
    assert originals(source) == {
        "kibana.alert.original_event.kind": "event",
        "kibana.alert.original_event.category": ["file"],
        "kibana.alert.original_event.x.y": 1,
        "kibana.alert.original_event.action": "a",
        "kibana.alert.original_data_stream.type": "t",
    }


@pytest.mark.parametrize(
    ("source", "rest"),
    [
        ({"event": {"kind": "event"}}, {}),
        ({"event": {"kind": "event", "id": 1}, "event.kind": "x"}, {"event": {"id": 1}}),
        ({"event": {"dataset": "x"}}, {"event": {"dataset": "x"}}),
        ({"event": "text", "events": {"kind": 1}}, {"event": "text", "events": {"kind": 1}}),
    ],
    ids=str,
)
def test_a_field_is_taken_out_of_every_form(source: Json, rest: Json) -> None:
    assert without_field(source, "event.kind") == rest


# --- intersection -----------------------------------------------------------------------------------------------------


def test_the_vector_of_the_specification() -> None:
    first = {"a": 1, "t": ["x", "y"], "o": {"p": 1, "q": 2}, "s": "u"}
    second = {"a": 1, "t": ["y", "z"], "o": {"p": 1, "q": 3}, "s": ["u", "v"]}
    assert intersection(first, second) == {"a": 1, "t": ["y"], "o": {"p": 1}, "s": ["u"]}


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ({"a": 1}, {"a": 2}, NOTHING),
        ({"a": 1}, {"b": 1}, NOTHING),
        ({"o": {"p": 1}}, {"o": {"p": 2}}, NOTHING),
        ({"a": ["x"]}, {"a": ["y"]}, {"a": []}),
        ({"a": ["x"]}, {"a": "x"}, {"a": ["x"]}),
        ({"a": "y"}, {"a": ["x"]}, {"a": []}),
        ({"a": {"b": 1}}, {"a": 1}, NOTHING),
        ({"a": ["z", "x", "y"]}, {"a": ["x", "y", "z"]}, {"a": ["z", "x", "y"]}),
        ({"a": True}, {"a": 1}, NOTHING),
        ({"a": None}, {"a": None}, {"a": None}),
    ],
)
def test_intersection(first: Json, second: Json, shared: Json) -> None:
    assert intersection(first, second) == shared


SCALARS = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"])
VALUES = st.recursive(SCALARS, lambda inner: st.dictionaries(st.sampled_from("xyz"), inner) | st.lists(SCALARS))
DOCUMENTS = st.dictionaries(st.sampled_from("pqr"), VALUES)


@given(DOCUMENTS, DOCUMENTS)
def test_nothing_is_invented(first: Json, second: Json) -> None:
    shared = common_fields([first, second])
    assert set(shared) <= set(first) & set(second)
    assert common_fields([first]) == first
    for key, value in shared.items():
        if not isinstance(value, dict | list):
            assert value == first[key] == second[key]


@given(DOCUMENTS)
def test_a_document_has_all_with_itself_but_empty_objects(document: Json) -> None:
    shared = common_fields([document, document])
    assert shared == without_empty(document)


def without_empty(document: Json) -> Json:
    kept = {key: without_empty(value) if isinstance(value, dict) else value for key, value in document.items()}
    return {key: value for key, value in kept.items() if value != {}}
