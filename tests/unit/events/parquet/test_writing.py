"""besra's Parquet layout: whatever is written is read back the same, as events and by column."""

import io
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.events.parquet.parquet_files import DOCUMENTS, events_of, told, told_of, write_events, written

from besra.events.document import flatten
from besra.events.event import Event, Origin
from besra.events.parquet import slices, survey, writing
from besra.events.parquet.field_columns import field_columns
from besra.events.parquet.file import ParquetFile
from besra.events.parquet.layout import KEY, Form, layout_of
from besra.events.parquet.part import read_part
from besra.events.readers.parquet import read_parquet_events
from besra.events.table_part import NO_TIME, TablePart


def parts_of(raw: bytes, names: frozenset[str]) -> list[TablePart]:
    file = ParquetFile(io.BytesIO(raw), "x")
    columns = field_columns(file.schema, file.layout)
    assert columns is not None
    return [read_part(file, group, columns, names) for group in range(file.groups)]


def events_in(raw: bytes) -> list[Event]:
    found = list(read_parquet_events(io.BytesIO(raw), "x"))
    assert all(isinstance(item, Event) for item in found)
    return found  # type: ignore[return-value]


@settings(deadline=None)
@given(st.lists(DOCUMENTS, max_size=6))
def test_events_and_cells_are_those_of_the_documents(documents: list[dict[str, object]]) -> None:
    # As a reader would give them: what JSON text makes of the values.
    documents = [orjson.loads(orjson.dumps(document)) for document in documents]
    events = events_of(documents)
    raw = written(events)
    found = {event.id: event for event in events_in(raw)}
    assert {key: (e.index, e.position, orjson.dumps(e.source)) for key, e in found.items()} == {
        e.id: (e.index, e.position, orjson.dumps(e.source)) for e in events
    }
    names = frozenset(name for document in documents for name in flatten(document))
    for part in parts_of(raw, names):
        sources = [event.source for event in part.events(range(part.size))]
        assert told(part.cells) == told_of(sources)


@settings(deadline=None, max_examples=30)
@given(st.lists(DOCUMENTS, min_size=1, max_size=12), st.integers(1, 4), st.integers(1, 5), st.integers(0, 6))
def test_however_rows_are_cut(documents: list[dict[str, object]], rows: int, group: int, fields: int) -> None:
    documents = [orjson.loads(orjson.dumps(document)) for document in documents]
    names = frozenset(name for document in documents for name in flatten(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "ROWS", rows)
        patch.setattr(slices, "MAX_CATEGORIES", 1)
        patch.setattr(writing, "ROWS", group)
        patch.setattr(writing, "FEW", 2)
        patch.setattr(survey, "MAX_FIELDS", fields)
        raw = written(events_of(documents))
    assert sorted(event.id for event in events_in(raw)) == sorted(event.id for event in events_of(documents))
    for part in parts_of(raw, names):
        sources = [event.source for event in part.events(range(part.size))]
        assert told(part.cells) == told_of(sources)


def test_columns_have_the_narrowest_form_and_the_file_says_so() -> None:
    documents = [
        {"@timestamp": "2026-03-17T09:00:00.123456789Z", "t": "x", "i": 1, "n": 1.5, "b": True, "m": 1, "l": "a"},
        {"@timestamp": "2026-03-17T08:00:00Z", "t": "y", "i": -2, "n": 2.0, "b": False, "m": "1", "l": ["a", "b"]},
    ]
    file = pq.ParquetFile(io.BytesIO(written(events_of(documents))))
    layout = layout_of(file.schema_arrow)
    assert layout is not None and KEY in file.metadata.metadata
    assert {column.column: (column.form, column.is_list) for column in layout.fields} == {
        "field:@timestamp": (Form.TEXT, False),
        "t": (Form.TEXT, False),
        "i": (Form.INTEGER, False),
        "n": (Form.NUMBER, False),
        "b": (Form.BOOLEAN, False),
        "m": (Form.TOKEN, False),
        "l": (Form.TEXT, True),
    }
    rows = file.read(columns=["t", "m", "l", "_id"]).to_pylist()
    # In order of time.
    assert rows == [
        {"_id": "id-1", "t": "y", "m": '"1"', "l": ["a", "b"]},
        {"_id": "id-0", "t": "x", "m": "1", "l": ["a"]},
    ]


def test_times_and_index_names_of_a_part() -> None:
    events = [
        Event("a", ("logs-x", "alias"), {"@timestamp": "2026-03-17T09:00:00.000000001Z"}, Origin("f", 1), 7),
        Event("b", ("logs-x",), {"@timestamp": "no time"}, Origin("f", 2), 8),
        Event("c", ("besra-events",), {}, Origin("f", 3), 9),
        Event("d", ("logs-x", "alias"), {"@timestamp": 0}, Origin("f", 4), 10),
    ]
    (part,) = parts_of(written(events), frozenset(["@timestamp"]))
    assert part.times.tolist() == [0, 1_773_738_000_000_000_001, NO_TIME, NO_TIME]
    assert [part.index_names[number] for number in part.index] == [
        ("logs-x", "alias"),
        ("logs-x", "alias"),
        ("logs-x",),
        ("besra-events",),
    ]
    assert [event.index for event in part.events([2, 0, 3])] == [("logs-x",), ("logs-x", "alias"), ("besra-events",)]
    assert [(event.position, event.origin) for event in part.events([3, 0])] == [
        (9, Origin("x", 4)),
        (10, Origin("x", 1)),
    ]


def test_a_time_beyond_the_column_is_looked_up_in_the_document() -> None:
    (part,) = parts_of(written(events_of([{"@timestamp": "9999-01-01T00:00:00Z"}])), frozenset(["@timestamp"]))
    assert part.times.tolist() == [NO_TIME]  # beyond 64 bits
    assert told(part.cells) == {"@timestamp": [(0, str, "'9999-01-01T00:00:00Z'")]}


def test_row_groups_hold_one_category(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "ROWS", 10)
    monkeypatch.setattr(writing, "ROWS", 20)
    monkeypatch.setattr(writing, "FEW", 10)
    documents = [
        {"@timestamp": 1_700_000_000_000 + number, "event": {"category": category}, f"only.{category}": number}
        for number in range(45)
        for category in ("process", "file")
    ]
    documents += [{"event": {"category": ["rare"]}}] * 3
    raw = written(events_of(documents))
    parts = parts_of(raw, frozenset(["event.category", "only.process", "only.file"]))
    held = [(part.size, sorted(part.cells["event.category"].distinct)) for part in parts]
    assert held == [
        (20, ["process"]),
        (20, ["process"]),
        (20, ["file"]),
        (20, ["file"]),
        (13, ["file", "process", "rare"]),
    ]
    assert "only.file" not in parts[0].cells
    assert [part.first_line for part in parts] == [1, 21, 41, 61, 81]


def test_no_events_are_a_file_too() -> None:
    raw = written([])
    assert events_in(raw) == []
    assert parts_of(raw, frozenset(["a"])) == []


def test_a_note_of_a_later_version_leaves_rows_of_hits(tmp_path: Path) -> None:
    path = write_events(tmp_path / "x.parquet", events_of([{"a": 1}]))
    table = pq.read_table(path)
    note = orjson.loads(table.schema.metadata[KEY])
    pq.write_table(table.replace_schema_metadata({KEY: orjson.dumps({**note, "version": 2})}), path)
    (event,) = read_parquet_events(path, "x")
    assert isinstance(event, Event)
    assert (event.id, event.source) == ("id-0", {"a": 1})
