"""Parquet files of others: every type as JSON would have it, as events and by column."""

import datetime as dt
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.events.parquet.parquet_files import TEXTS, told, told_of, write_rows

from besra.events.event import Event
from besra.events.parquet.file import ParquetFile
from besra.events.parquet.foreign import documents_of
from besra.events.parquet.part import read_parts
from besra.events.readers.parquet import read_parquet_events
from besra.events.table_part import TablePart
from besra.problems import Problem

UTC = dt.UTC


def document(kind: pa.DataType, value: Any) -> Any:
    batch = pa.record_batch([pa.array([value, None], kind)], ["x"])
    first, second = documents_of(batch)
    assert second == {}
    return first.get("x")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (pa.string(), "a", "a"),
        (pa.large_string(), "a", "a"),
        (pa.dictionary(pa.int8(), pa.string()), "a", "a"),
        (pa.int8(), -1, -1),
        (pa.uint64(), 2**64 - 1, 2**64 - 1),
        (pa.bool_(), False, False),
        (pa.float64(), -0.0, -0.0),
        (pa.float64(), float("nan"), None),
        (pa.float64(), float("inf"), None),
        (pa.float32(), 0.1, 0.1),
        (pa.float16(), np.float16(0.5), 0.5),
        (pa.decimal128(10, 2), decimal.Decimal("1.50"), 1.5),
        (pa.decimal128(10, 0), decimal.Decimal(12), 12),
        (pa.binary(), b"caf\xc3\xa9", "café"),
        (pa.binary(), b"\xff\x00", "/wA="),
        (pa.binary(2), b"ab", "ab"),
        (pa.date32(), dt.date(2026, 3, 17), "2026-03-17"),
        (pa.date64(), dt.date(2026, 3, 17), "2026-03-17"),
        (pa.time64("us"), dt.time(1, 2, 3), "01:02:03.000000"),
        (pa.timestamp("s"), dt.datetime(2026, 3, 17, 9), "2026-03-17T09:00:00.000Z"),
        (pa.timestamp("ms", "UTC"), dt.datetime(2026, 3, 17, 9, tzinfo=UTC), "2026-03-17T09:00:00.000Z"),
        (pa.timestamp("us", "Europe/Berlin"), dt.datetime(2026, 3, 17, 9, 0, 0, 5, UTC), "2026-03-17T09:00:00.000005Z"),
        (pa.timestamp("ns"), np.datetime64("2026-03-17T09:00:00.123456789"), "2026-03-17T09:00:00.123456789Z"),
        (pa.duration("ms"), dt.timedelta(milliseconds=3), 3_000_000),
        (pa.list_(pa.int32()), [1, None, 2], [1, None, 2]),
        (pa.large_list(pa.string()), ["a"], ["a"]),
        (pa.list_(pa.string(), 2), ["a", "b"], ["a", "b"]),
        (pa.list_(pa.list_(pa.int8())), [[1], [], None], [[1], [], None]),
        (
            pa.struct({"a": pa.int8(), "b": pa.struct({"c": pa.string()})}),
            {"a": None, "b": {"c": "d"}},
            {"b": {"c": "d"}},
        ),
        (pa.list_(pa.struct({"a": pa.int8()})), [{"a": 1}, {"a": None}, {"a": 2}], [{"a": 1}, {}, {"a": 2}]),
        (pa.map_(pa.string(), pa.int8()), [("k", 1), ("n", None)], {"k": 1}),
        (pa.map_(pa.int8(), pa.string()), [(1, "v")], {"1": "v"}),
        (pa.null(), None, None),
    ],
    ids=str,
)
def test_every_type(kind: pa.DataType, value: Any, expected: Any) -> None:
    assert repr(document(kind, value)) == repr(expected)


def test_slices_of_columns_are_read_from_where_they_begin() -> None:
    kind = pa.struct({"m": pa.map_(pa.string(), pa.int8()), "l": pa.list_(pa.int8())})
    array = pa.array([{"m": [("a", 1)], "l": [1]}, None, {"m": [("b", 2), ("c", 3)], "l": [2, 3]}], kind)
    batch = pa.record_batch([array], ["x"])
    assert documents_of(batch.slice(1)) == [{}, {"x": {"m": {"b": 2, "c": 3}, "l": [2, 3]}}]


def test_text_that_is_no_utf8_is_used_with_replacements() -> None:
    broken = pa.StringArray.from_buffers(2, pa.py_buffer(np.array([0, 2, 3], np.int32)), pa.py_buffer(b"a\xffb"))
    assert documents_of(pa.record_batch([broken], ["x"])) == [{"x": "a\ufffd"}, {"x": "b"}]


def events_in(path: Path) -> list[Event]:
    found = list(read_parquet_events(path, "x"))
    assert all(isinstance(item, Event) for item in found), found
    return found  # type: ignore[return-value]


def test_rows_are_documents_and_names_come_from_them(tmp_path: Path) -> None:
    stream = {"type": "logs", "dataset": "d", "namespace": "n"}
    path = write_rows(tmp_path / "x.parquet", {"data_stream": [stream, None], "process.name": ["a", "b"]})
    first, second = events_in(path)
    assert (first.index, first.source["process.name"], first.origin.line) == (("logs-d-n",), "a", 1)
    assert (second.index, second.source, second.origin.line) == (("besra-events",), {"process.name": "b"}, 2)
    assert first.position < second.position
    assert len({first.id, second.id}) == 2


def test_rows_with_a_source_are_hits(tmp_path: Path) -> None:
    columns = {"_index": ["i", None, "j"], "_id": ["1", "2", "3"], "_source": ['{"a": [1]}', '{"b": ', "[]"]}
    path = write_rows(tmp_path / "x.parquet", columns)
    first, cut, other = read_parquet_events(path, "x")
    assert isinstance(first, Event) and isinstance(cut, Problem) and isinstance(other, Problem)
    assert (first.id, first.index, first.source) == ("1", ("i",), {"a": [1]})
    assert (cut.code, cut.place.line) == ("record-not-json", 2)
    assert (other.code, other.place.line) == ("record-not-document", 3)
    structs = write_rows(tmp_path / "y.parquet", {"_id": ["1"], "_source": [{"a": 1, "b": None}]})
    (event,) = events_in(structs)
    assert (event.id, event.source) == ("1", {"a": 1})


MEMBERS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), TEXTS),
    "number": (pa.float64(), st.floats() | st.just(-0.0)),
    "whole": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "small": (pa.int16(), st.integers(-5, 5)),
    "huge": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "flag": (pa.bool_(), st.booleans()),
    "time": (pa.timestamp("ns", "UTC"), st.integers(0, 2**60)),
    "category": (pa.dictionary(pa.int32(), pa.string()), TEXTS),
    "texts": (pa.list_(pa.string()), st.lists(st.none() | TEXTS, max_size=3)),
    "numbers": (pa.list_(pa.float64()), st.lists(st.none() | st.floats(), max_size=3)),
    "struct": (
        pa.struct({"a": pa.string(), "b": pa.struct({"c": pa.list_(pa.int64())})}),
        st.fixed_dictionaries({"a": st.none() | TEXTS, "b": st.none() | st.fixed_dictionaries({"c": st.just([1, 2])})}),
    ),
    "struct.a": (pa.string(), TEXTS),
    "objects": (
        pa.list_(pa.struct({"a": pa.string(), "b": pa.int8()})),
        st.lists(st.none() | st.fixed_dictionaries({"a": st.none() | TEXTS, "b": st.integers(0, 3)}), max_size=3),
    ),
    "map": (
        pa.map_(pa.string(), pa.string()),
        st.dictionaries(TEXTS, st.none() | TEXTS, max_size=2).map(lambda d: list(d.items())),
    ),
    "event.dataset": (pa.string(), st.sampled_from(["", "d", "e"])),
    "_index": (pa.string(), st.sampled_from(["", "i", ".ds-logs-x-1-000001"])),
}


@st.composite
def tables(draw: st.DrawFn) -> dict[str, pa.Array]:
    names = draw(st.lists(st.sampled_from(sorted(MEMBERS)), min_size=1, unique=True))
    rows = draw(st.integers(1, 6))
    columns = {}
    for name in names:
        kind, values = MEMBERS[name]
        columns[name] = pa.array(draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), kind)
    return columns


@settings(deadline=None)
@given(tables(), st.integers(1, 4))
def test_cells_are_those_of_the_documents(tmp_path_factory: pytest.TempPathFactory, columns: Any, group: int) -> None:
    path = write_rows(tmp_path_factory.mktemp("foreign") / "x.parquet", columns, row_group_size=group)
    events = events_in(path)
    expected = told_of([event.source for event in events])
    start = 0
    for part in read_parts(path, "x", frozenset(expected) | {"absent"}):
        assert isinstance(part, TablePart)
        mine = events[start : start + part.size]
        assert told(part.cells) == told_of([event.source for event in mine])
        assert [part.index_names[number] for number in part.index] == [event.index for event in mine]
        assert part.events(range(part.size)) == mine
        start += part.size
    assert start == len(events)


def test_rows_that_may_be_envelopes_come_as_events(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "x.parquet", {"Records": [[{"a": 1}, {"a": 2}]]})
    found = list(read_parts(path, "x", frozenset(["a"])))
    assert [item.source for item in found if isinstance(item, Event)] == [{"a": 1}, {"a": 2}]


def test_no_note_no_layout(tmp_path: Path) -> None:
    file = ParquetFile(write_rows(tmp_path / "x.parquet", {"a": [1]}), "x")
    assert file.layout is None
