"""Events in JSON files of every arrangement."""

import gzip
import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.content import Content
from besra.events.event import Event
from besra.events.readers.ndjson import one_document_a_line, read_json_events
from besra.events.recognise import Intake
from besra.problems import Problem, Severity

DOCS: list[dict[str, Any]] = [{"n": number, "text": "a \\ {brace} and [bracket]"} for number in range(5)]


def read(raw: bytes, **options: Any) -> tuple[list[Event], list[Problem]]:
    items = list(read_json_events(Content(io.BytesIO(raw)), "f.json", **options))
    problems = [item for item in items if isinstance(item, Problem)]
    assert all(problem.place.path == "f.json" for problem in problems)
    return [item for item in items if isinstance(item, Event)], problems


def sources(raw: bytes) -> list[Any]:
    events, problems = read(raw)
    assert problems == []
    positions = [event.position for event in events]
    assert positions == sorted(set(positions)), "positions ascend, each is one event's"
    return [event.source for event in events]


def lines(*documents: Any) -> bytes:
    return b"".join(orjson.dumps(document) + b"\n" for document in documents)


PRETTY = [orjson.dumps(doc, option=orjson.OPT_INDENT_2) for doc in DOCS]


@pytest.mark.parametrize(
    "raw",
    [
        lines(*DOCS),
        lines(*DOCS)[:-1],
        lines(*DOCS).replace(b"\n", b"\r\n"),
        b"\n \n" + lines(*DOCS).replace(b"\n", b"\n\n"),
        orjson.dumps(DOCS),
        orjson.dumps(DOCS) + b"\n",
        orjson.dumps(DOCS, option=orjson.OPT_INDENT_2),
        b"\n".join(PRETTY),
        b"".join(orjson.dumps(doc) for doc in DOCS),
        orjson.dumps({"Records": DOCS}),
        orjson.dumps({"Records": DOCS}, option=orjson.OPT_INDENT_2),
        orjson.dumps({"took": 1, "hits": {"hits": [{"_id": str(doc["n"]), "_source": doc} for doc in DOCS]}}),
        lines(*({"_id": str(doc["n"]), "_source": doc} for doc in DOCS)),
        b"\xef\xbb\xbf" + lines(*DOCS),
        gzip.compress(lines(*DOCS[:2])) + gzip.compress(lines(*DOCS[2:])),
    ],
)
def test_every_arrangement_gives_the_same_documents(raw: bytes) -> None:
    assert sources(raw) == DOCS


def test_events_know_their_line() -> None:
    events, _ = read(b"\n" + lines(*DOCS[:2]))
    assert [str(event.origin) for event in events] == ["f.json:2", "f.json:3"]
    events, _ = read(PRETTY[0] + b"\n" + PRETTY[1])
    assert [event.origin.line for event in events] == [1, 5]


def test_bad_lines_are_skipped_and_the_rest_is_read() -> None:
    bad = [b"[1, 2]", b'"text"', b"17", b"null", b"words", b'{"a": ', b'{"a": 1} trailing', b"\0\0\0"]
    raw = lines({"n": 0}) + b"".join(line + b"\n" + lines({"n": 1}) for line in bad)
    events, problems = read(raw)
    assert len(events) == 1 + len(bad)
    assert [problem.place.line for problem in problems] == list(range(2, 2 + 2 * len(bad), 2))
    assert all(problem.hint and problem.severity is Severity.WARNING for problem in problems)
    assert "a list" in problems[0].message


def test_list_in_the_first_line_is_a_bad_line_if_lines_follow() -> None:
    events, problems = read(b"[{}]\n" + lines({"n": 1}))
    assert [event.source for event in events] == [{"n": 1}]
    assert [str(problem.place) for problem in problems] == ["f.json:1"]


def test_cut_first_line_does_not_cost_the_rest() -> None:
    events, problems = read(b'{"a": {"b": "c\n' + lines(*DOCS))
    assert [event.source for event in events] == DOCS
    assert [problem.place.line for problem in problems] == [1]


def test_truncated_last_line() -> None:
    events, (problem,) = read(lines({"n": 1}) + b'{"n": 2, "te')
    assert len(events) == 1
    assert (problem.place.line, problem.code) == (2, "record-not-json")


def test_repaired_line_is_used() -> None:
    events, (problem,) = read(lines({"n": 1}) + b'{"n": "\xff", "m": NaN}\n')
    assert events[1].source == {"n": "\ufffd", "m": None}
    assert (problem.code, problem.place.line) == ("record-repaired", 2)


def test_line_beyond_the_limit_is_skipped() -> None:
    raw = lines({"n": 1}) + b'{"n": "' + b"x" * 5000 + b'"}\n' + lines({"n": 3})
    events, (problem,) = read(raw, limit=1000)
    assert [event.origin.line for event in events] == [1, 3]
    assert (problem.code, problem.place.line) == ("record-too-long", 2)
    assert read(lines({"n": "x" * 90}), limit=100)[1] == []


def test_truncated_gzip_is_one_problem_after_the_last_whole_line() -> None:
    text = lines(*({"n": number, "hash": number * 7919 % 100_003} for number in range(500)))
    packed = gzip.compress(text)
    events, (problem,) = read(packed[: len(packed) // 2])
    assert 0 < len(events) < 500
    assert [event.source["n"] for event in events] == list(range(len(events)))
    assert (problem.code, problem.place.line) == ("input-truncated", len(events))
    assert problem.message == f"the gzip stream is truncated after line {len(events)}"


def test_array_in_truncated_gzip_is_one_problem_too() -> None:
    packed = gzip.compress(orjson.dumps(DOCS * 50, option=orjson.OPT_INDENT_2))
    events, (problem,) = read(packed[:-12])
    assert len(events) > 100
    assert problem.code == "input-truncated"


def test_hits_keep_index_and_id() -> None:
    hit = {"_index": ".ds-logs-x-default-2025.01.01-000001", "_id": "one", "_source": {"a": 1}}
    events, _ = read(lines(hit, hit))
    assert {event.id for event in events} == {"one"}
    assert events[0].index == (".ds-logs-x-default-2025.01.01-000001", "logs-x-default")


def test_fields_export_is_a_document() -> None:
    events, _ = read(lines({"_index": "i", "_id": "1", "_score": 1, "fields": {"process.name": ["a"]}}))
    assert (events[0].source, events[0].id) == ({"process.name": ["a"]}, "1")


def test_bulk_body() -> None:
    raw = lines({"create": {"_index": "i", "_id": "1"}}, {"a": 1}, {"index": {}}, {"a": 2})
    raw += lines({"update": {"_id": "3"}}, {"doc": {"a": 3}}, {"delete": {"_id": "1"}}, {"a": 4})
    events, problems = read(raw)
    assert [event.source for event in events] == [{"a": 1}, {"a": 2}, {"a": 4}]
    assert (events[0].index, events[0].id) == (("i",), "1")
    assert [problem.place.line for problem in problems] == [5, 7]


def test_default_index() -> None:
    events, _ = read(lines({"a": 1}), intake=Intake("mine"))
    assert events[0].index == ("mine",)


def test_lines_or_structure() -> None:
    for head in (
        b'{"a":1}\n',
        b'{"a":1}',
        b"[1]\n{}\n",
        b"words\n{}\n",
        b"[2025-01-01] words\n",
        b"[metadata]\nx = 1\n",
    ):
        assert one_document_a_line(head)
    for head in (
        b"{\n",
        b"[\n",
        b"[{}]",
        b"[]\n",
        b'{"a":\n1}',
        b"{}{}",
        b'{"a":"' + b"x" * 999,
        b'[{"a":1},\n{"b":2}]',
    ):
        assert not one_document_a_line(head)


@given(
    st.sampled_from([b"", b"{", b"[", b'{"a":1}\n', b"\x1f\x8b\x08\0", b"\xff\xfe", b"\x28\xb5\x2f\xfd"]),
    st.binary() | st.text('{}[]":,\\a\n 1').map(str.encode),
)
def test_any_bytes_are_read_without_an_exception(start: bytes, rest: bytes) -> None:
    for problem in read(start + rest)[1]:
        assert problem.render()


@given(st.integers(0, 10**6))
def test_gzip_cut_anywhere(end: int) -> None:
    packed = gzip.compress(lines(*DOCS))
    events, problems = read(packed[: end % len(packed)])
    assert [event.source for event in events] == DOCS[: len(events)]
    assert len(problems) <= 1
