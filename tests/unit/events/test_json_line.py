"""Lines that are read as the event they were made of."""

import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.events.parquet.parquet_files import DOCUMENTS

from besra.events.content import Content
from besra.events.document import flatten
from besra.events.envelope import Document, documents_in, event_of
from besra.events.event import Event, Origin
from besra.events.identity import document_id
from besra.events.index_name import names_of_index
from besra.events.json_line import line_of
from besra.events.readers.ndjson import read_json_events
from besra.events.recognise import Intake
from besra.problems import Problem

ALERT = {"kibana.alert.uuid": "u", "kibana.alert.rule.producer": "siem"}
STREAM = {"data_stream": {"type": "logs", "dataset": "d", "namespace": "n"}}


def written(event: Event) -> bytes:
    line = line_of(event)
    assert isinstance(line, bytes)
    return line


def again(event: Event, index: str | None = None) -> Event:
    (found,) = read_json_events(Content(io.BytesIO(written(event) + b"\n")), "x", intake=Intake(index))
    assert isinstance(found, Event), found
    return found


@pytest.mark.parametrize(
    ("source", "index", "id_", "line"),
    [
        ({"a": 1}, ("besra-events",), None, {"a": 1}),
        (STREAM, ("logs-d-n",), None, STREAM),
        (ALERT, names_of_index(".alerts-security.alerts-default"), "u", ALERT),
        ({"a": 1}, ("besra-events",), "i", {"_id": "i", "_source": {"a": 1}}),
        ({"a": 1}, ("x",), "i", {"_index": "x", "_id": "i", "_source": {"a": 1}}),
        (STREAM, ("logs-d-n", "y"), "i", {"_index": "logs-d-n", "_aliases": ["y"], "_id": "i", "_source": STREAM}),
        ({"a": 1}, ("c:x", "x"), "i", {"_index": "c:x", "_id": "i", "_source": {"a": 1}}),
        ({"a": 1}, ("c:x",), "i", {"_index": "c:x", "_aliases": [], "_id": "i", "_source": {"a": 1}}),
    ],
)
def test_documents_are_wrapped_only_where_they_need_it(
    source: dict[str, Any], index: tuple[str, ...], id_: str | None, line: dict[str, Any]
) -> None:
    event = Event(id_ or document_id(source), index, source)
    assert orjson.loads(written(event)) == line
    found = again(event)
    assert (found.id, found.index, found.source) == (event.id, index, source)


def test_a_home_nobody_named_is_left_to_the_next_reader() -> None:
    assert again(Event("i", ("besra-events",), {"a": 1}), index="mine").index == ("mine",)


@pytest.mark.parametrize(
    "source",
    [
        {"_source": {"a": 1}},
        {"hits": {"hits": []}},
        {"Records": [{"a": 1}, {"b": 2}]},
        {"fields": {"a": [1]}, "_score": None},
        {"index": {"_index": "x"}},
        {"_id": "i", "_index": "x"},
        {},
    ],
    ids=str,
)
def test_documents_that_look_like_envelopes(source: dict[str, Any]) -> None:
    event = event_of(Document(source), Origin("x", 1), 0)
    found = again(event)
    assert (found.id, found.index, found.source) == (event.id, event.index, source)


@given(DOCUMENTS, st.none() | st.text(min_size=1), st.none() | st.sampled_from(["i", ".ds-logs-x-1-000001", "a:b"]))
def test_any_document(source: dict[str, Any], id_: str | None, index: str | None) -> None:
    source = orjson.loads(orjson.dumps(source))
    event = event_of(Document(source, index, id_), Origin("x", 1), 0)
    line = written(event)
    (found,) = documents_in(orjson.loads(line))
    assert isinstance(found, Document)
    read = event_of(found, Origin("x", 1), 0)
    assert (read.id, read.index, orjson.dumps(read.source)) == (event.id, event.index, orjson.dumps(source))


def test_a_document_deeper_than_json_is_written_flat() -> None:
    deep: dict[str, Any] = {"end": [1, 2]}
    for _ in range(300):
        deep = {"a": deep}
    event = event_of(Document(deep), Origin("x", 1), 0)
    found = again(event)
    assert found.id == event.id
    assert flatten(found.source) == flatten(deep)


def test_what_json_cannot_hold_is_a_problem() -> None:
    problem = line_of(Event("i", ("x",), {"a": "\ud800"}, Origin("f", 3)))
    assert isinstance(problem, Problem)
    assert (problem.code, problem.place.path, problem.place.line) == ("document-not-writable", "f", 3)
