"""Row groups that are passed over, and those that must not be."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.events.parquet.parquet_files import events_of, write_events, write_rows

from besra.events.event import Event
from besra.events.parquet import slices, writing
from besra.events.parquet.field_columns import field_columns
from besra.events.parquet.file import ParquetFile
from besra.events.parquet.part import read_parts
from besra.events.parquet.pruning import may_hold_category, may_hold_time
from besra.events.table_part import PassedOver, TablePart
from besra.events.wanted import Wanted
from besra.schema.timestamp import parse_timestamp


def kept(path: Path, wanted: Wanted) -> list[int]:
    file = ParquetFile(path, "x")
    columns = field_columns(file.schema, file.layout)
    assert columns is not None
    groups = [group for group in range(file.groups) if may_hold_time(file, group, wanted)]
    return [group for group in groups if may_hold_category(file, group, columns, wanted)]


def at(text: str) -> int:
    nanos = parse_timestamp(text)
    assert nanos is not None
    return nanos


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two row groups of category a, at 1 and 2 o'clock, one of category c at 3, and one of both without times."""
    monkeypatch.setattr(slices, "ROWS", 2)
    monkeypatch.setattr(writing, "ROWS", 2)
    monkeypatch.setattr(writing, "FEW", 2)
    documents: list[dict[str, Any]] = [
        {"@timestamp": f"2026-03-17T0{hour}:00:0{second}Z", "event.category": category}
        for hour, category in ((2, "a"), (1, "a"), (3, "c"))
        for second in (0, 5)
    ]
    documents += [{"event": {"category": ["a"]}}, {"event.category": "c", "@timestamp": "?"}]
    return write_events(tmp_path / "x.parquet", events_of(documents))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), [0, 1, 2, 3]),
        (Wanted(start=at("2026-03-17T02:00:05Z")), [1, 2, 3]),
        (Wanted(start=at("2026-03-17T02:00:05Z") + 1), [2, 3]),
        (Wanted(end=at("2026-03-17T01:00:00Z")), [0, 3]),
        (Wanted(end=at("2026-03-17T01:00:00Z") - 1), [3]),
        (Wanted(categories=frozenset(["a"])), [0, 1, 3]),
        (Wanted(categories=frozenset(["c", "x"])), [2, 3]),
        (Wanted(categories=frozenset(["A"])), []),
    ],
)
def test_row_groups_by_time_and_category(groups: Path, wanted: Wanted, expected: list[int]) -> None:
    # A group without any time has no statistics to go by.
    assert kept(groups, wanted) == expected
    parts = list(read_parts(groups, "x", frozenset(["event.category"]), wanted))
    assert [group for group, part in enumerate(parts) if isinstance(part, TablePart) and part.cells] == expected
    assert [part.rows if isinstance(part, PassedOver) else part.size for part in parts] == [2, 2, 2, 2]  # type: ignore[union-attr]


def test_nothing_that_is_wanted_is_passed_over(groups: Path) -> None:
    events = [event for part in read_parts(groups, "x", frozenset()) for event in _events(part)]
    assert len(events) == 8
    start = at("2026-03-17T02:00:00Z")
    parts = read_parts(groups, "x", frozenset(), Wanted(start=start))
    found = [event for part in parts if not isinstance(part, PassedOver) for event in _events(part)]
    late = {event.id for event in events if str(event.source.get("@timestamp")) >= "2026-03-17T02"}
    assert late <= {event.id for event in found}


def _events(part: object) -> list[Event]:
    assert isinstance(part, TablePart)
    return part.events(range(part.size))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_other_files_in_any_unit(tmp_path: Path, unit: str) -> None:
    times = [dt.datetime(2026, 3, 17, hour) for hour in (1, 2)]
    columns = {"@timestamp": pa.array(times, pa.timestamp(unit)), "event.category": ["a", "b"]}
    path = write_rows(tmp_path / "x.parquet", columns, row_group_size=1)
    assert kept(path, Wanted(start=at("2026-03-17T01:00:01Z"))) == [1]
    assert kept(path, Wanted(end=at("2026-03-17T01:00:00Z"))) == [0]
    assert kept(path, Wanted(categories=frozenset("b"))) == [1]


def test_what_statistics_do_not_tell_is_read(tmp_path: Path) -> None:
    late = Wanted(start=at("2030-01-01"), categories=frozenset(["none"]))
    texts = write_rows(tmp_path / "texts.parquet", {"@timestamp": ["2026-01-01T00:00:00Z"], "n": [1]})
    assert kept(texts, late) == [0]
    times = pa.array([dt.datetime(2026, 1, 1), None], pa.timestamp("ms"))
    assert kept(write_rows(tmp_path / "null.parquet", {"@timestamp": times}), Wanted(start=at("2030-01-01"))) == [0]
    plain = write_rows(tmp_path / "plain.parquet", {"event.category": ["a"]}, write_statistics=False)
    assert kept(plain, late) == [0]
    mixed = write_events(tmp_path / "mixed.parquet", events_of([{"event.category": 1}, {"event.category": "b"}]))
    assert kept(mixed, Wanted(categories=frozenset("b"))) == [0]
    far = write_events(tmp_path / "far.parquet", events_of([{"@timestamp": "9999-01-01T00:00:00Z"}, {"@timestamp": 0}]))
    assert kept(far, Wanted(start=at("2030-01-01"))) == [0]


def test_of_a_category_nobody_wants_the_times_are_read(groups: Path) -> None:
    parts = list(read_parts(groups, "x", frozenset(["event.category"]), Wanted(categories=frozenset("c"))))
    assert all(isinstance(part, TablePart) for part in parts)
    assert [len(part.cells) for part in parts if isinstance(part, TablePart)] == [0, 0, 1, 1]
    times = [part.times.tolist() for part in read_parts(groups, "x", frozenset()) if isinstance(part, TablePart)]
    assert [part.times.tolist() for part in parts if isinstance(part, TablePart)] == times


def test_a_category_in_two_columns_and_rows_of_envelopes_are_read(tmp_path: Path) -> None:
    both = {"event.category": ["a"], "event": [{"category": "b"}]}
    assert kept(write_rows(tmp_path / "both.parquet", both), Wanted(categories=frozenset("b"))) == [0]
    times = pa.array([dt.datetime(2026, 1, 1)], pa.timestamp("ms"))
    hits = {"_source": ['{"event.category": "b"}'], "event.category": ["a"], "@timestamp": times}
    path = write_rows(tmp_path / "hits.parquet", hits)
    wanted = Wanted(start=at("2030-01-01"), categories=frozenset("b"))
    assert [type(item) for item in read_parts(path, "x", frozenset(["event.category"]), wanted)] == [Event]
