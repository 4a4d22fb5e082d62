"""Cutting JSON that is not one document a line."""

import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.readers import json_values
from besra.events.readers.json_text import Text
from besra.events.readers.json_values import ValueSplitter
from besra.problems import Problem

STRINGS = st.text('ab"\\{}[],: \n\té', max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | STRINGS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3), max_leaves=10
)
DOCUMENTS = st.lists(st.dictionaries(STRINGS, VALUES, max_size=3), max_size=4)


def split(raw: bytes, limit: int = 10_000) -> list[Text | Problem]:
    return list(ValueSplitter(io.BytesIO(raw), "f", limit).texts())


def found(raw: bytes) -> list[tuple[int, bytes]]:
    return [(item.line, item.raw) for item in split(raw) if isinstance(item, Text)]


def forms(documents: list[Any]) -> list[bytes]:
    pretty = [orjson.dumps(document, option=orjson.OPT_INDENT_2) for document in documents]
    plain = [orjson.dumps(document) for document in documents]
    return [
        orjson.dumps(documents),
        orjson.dumps(documents, option=orjson.OPT_INDENT_2),
        b"".join(pretty),
        b"\n".join(pretty),
        b"\r\n".join(plain),
        b"".join(plain),
        b",\n".join(plain),
        b"[\n" + b",\n".join(plain) + b"\n]\n",
    ]


@pytest.mark.parametrize("chunk", [1, 3, 1000])
@given(documents=DOCUMENTS)
def test_every_arrangement_gives_the_documents(chunk: int, documents: list[Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_values, "CHUNK", chunk)
        for raw in forms(documents):
            texts = split(raw)
            assert [orjson.loads(item.raw) for item in texts if isinstance(item, Text)] == documents
            assert not any(isinstance(item, Problem) for item in texts)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
@given(raw=st.binary() | st.text('{}[]":,\\a\n 1').map(str.encode))
def test_any_bytes_can_be_cut_and_no_text_is_lost(chunk: int, raw: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_values, "CHUNK", chunk)
        texts = [item for item in split(raw) if isinstance(item, Text)]
    strip = bytes.maketrans(b"", b"")
    kept = b"".join(item.raw for item in texts).translate(strip, b"{}[], \t\r\n")
    assert kept == raw.translate(strip, b"{}[], \t\r\n")


def test_lines_are_those_of_the_input() -> None:
    raw = b'\n[\n  {"a":\n 1},\n\n  {"b": "x\\"}"}, {"c": 1}\n]\n{"d": 1}'
    assert found(raw) == [(3, b'{"a":\n 1}'), (6, b'{"b": "x\\"}"}'), (6, b'{"c": 1}'), (8, b'{"d": 1}')]


def test_broken_document_costs_only_itself() -> None:
    raw = b'{\n  "a": {\n    "x": 1\n{\n  "b": 2\n}\n{"c": "open\n{"d": 4}\n'
    assert [text for _, text in found(raw)] == [
        b'{\n  "a": {\n    "x": 1\n',
        b'{\n  "b": 2\n}',
        b'{"c": "open\n',
        b'{"d": 4}',
    ]
    array = b'[\n  {"a": [1\n  ,\n  {"b": 2},\n  {"c": 3}\n]'
    assert [text for _, text in found(array)][-1] != b""


def test_what_stands_between_documents_is_handed_on() -> None:
    assert found(b'{"a":1} words {"b":2}\n1, 2\n') == [(1, b'{"a":1}'), (1, b"words"), (1, b'{"b":2}'), (2, b"1, 2")]
    assert found(b'[1, [2], {"a": 3}]') == [(1, b"1"), (1, b"[2]"), (1, b'{"a": 3}')]


def test_input_that_ends_early() -> None:
    (text,) = split(b'{\n "a": [1, 2')
    assert isinstance(text, Text)
    assert text.ended_early
    first, problem = split(b'[{"a": 1},\n')
    assert isinstance(first, Text)
    assert not first.ended_early
    assert isinstance(problem, Problem)
    assert problem.code == "input-truncated"


@pytest.mark.parametrize("chunk", [16, 1000])
@pytest.mark.parametrize(
    "long", [b'{"a": "' + b"x\\\\\\{" * 500 + b'"}', b'{"a": [' + b"{},\n" * 500 + b'1], "b": "]}"}', b"w" * 900]
)
def test_document_beyond_the_limit_is_passed_over(monkeypatch: pytest.MonkeyPatch, chunk: int, long: bytes) -> None:
    monkeypatch.setattr(json_values, "CHUNK", chunk)
    items = split(b'{"first": 1}\n' + long + b'\n{"last": "x"}\n', limit=100)
    problem = items[1]
    assert isinstance(problem, Problem)
    assert (problem.code, problem.place.line) == ("record-too-long", 2)
    assert [item.raw for item in items if isinstance(item, Text)] == [b'{"first": 1}', b'{"last": "x"}']
