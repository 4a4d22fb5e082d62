"""Records within a damaged wrapper."""

import json
from pathlib import Path

import pytest

import besra.events.reader as reading
from besra.events.event import Event
from besra.events.readers.json_text import Text
from besra.events.readers.wrapped_records import wrapped_texts
from besra.problems import Problem

RECORDS = [{"a": number, "@timestamp": "2024-05-06T07:08:09Z", "text": "]}, {"} for number in range(5)]


def read(path: Path, content: bytes) -> tuple[list[int], list[Problem]]:
    path.write_bytes(content)
    found = list(reading.read_events([str(path)]))
    events = [event.source["a"] for event in found if isinstance(event, Event)]
    return events, [problem for problem in found if isinstance(problem, Problem)]


@pytest.mark.parametrize("indent", [None, 1])
def test_what_comes_before_the_cut_counts(tmp_path: Path, indent: int | None) -> None:
    whole = json.dumps({"Records": RECORDS}, indent=indent).encode()
    assert read(tmp_path / "whole.json", whole) == ([0, 1, 2, 3, 4], [])
    cut = whole[: whole.index(b'"a": 3') + 4]
    events, problems = read(tmp_path / "cut.json", cut)
    assert events == [0, 1, 2]
    assert {problem.code for problem in problems} == {"record-not-json"}


@pytest.mark.parametrize("indent", [None, 1])
def test_a_broken_record_costs_itself(tmp_path: Path, indent: int | None) -> None:
    whole = json.dumps({"records": RECORDS}, indent=indent).encode()
    events, problems = read(tmp_path / "broken.json", whole.replace(b'"a": 2', b'"a": two'))
    assert events == [0, 1, 3, 4]
    (problem,) = problems
    assert problem.place is not None
    assert problem.place.line == (1 if indent is None else 1 + whole[: whole.index(b'"a": 2')].count(b"\n"))


@pytest.mark.parametrize("raw", [b"", b"{", b'{"Records": [1, 2', b'{"Records": {', b'{"a": 1, "Records": [{', b"[{"])
def test_what_is_no_wrapper(raw: bytes) -> None:
    assert wrapped_texts(Text(raw, 1, "x.json")) is None
