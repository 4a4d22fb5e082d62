"""Parquet files that are damaged, streamed or odd: located problems, and everything else is read."""

import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from tests.unit.events.parquet.parquet_files import events_of, write_rows, written

from besra.events.compression import Compression
from besra.events.event import Event
from besra.events.file_read import FileRead, ReadOptions
from besra.events.format import Format
from besra.events.parquet.part import read_parts
from besra.events.reader import read_events
from besra.events.table_part import TablePart
from besra.problems import Problem, Severity

Read = tuple[list[Event], list[Problem], FileRead]


def read(path: Path | str, stdin: bytes = b"", options: ReadOptions | None = None) -> Read:
    items = list(read_events([path], options or ReadOptions(), stdin=io.BytesIO(stdin)))
    events = [item for item in items if isinstance(item, Event)]
    problems = [item for item in items if isinstance(item, Problem)]
    assert isinstance(items[-1], FileRead)
    assert all(problem.place.path and problem.render() for problem in problems)
    return events, problems, items[-1]


RAW = written(events_of([{"@timestamp": f"2026-03-17T09:00:0{number}Z", "n": number} for number in range(3)]))


@pytest.mark.parametrize("compression", [None, Compression.GZIP, Compression.ZSTD])
def test_file_and_stream_plain_and_compressed(tmp_path: Path, compression: Compression | None) -> None:
    pack = {None: bytes, Compression.GZIP: gzip.compress, Compression.ZSTD: zstandard.compress}[compression]
    path = tmp_path / "x.log"
    path.write_bytes(pack(RAW))
    for name, stdin in ((path, b""), ("-", pack(RAW))):
        events, problems, mark = read(name, stdin)
        assert [event.source["n"] for event in events] == [0, 1, 2]
        assert [str(event.origin) for event in events] == [f"{name}:{line}" for line in (1, 2, 3)]
        assert (problems, mark.format, mark.compression, mark.events) == ([], Format.PARQUET, compression, 3)


@pytest.mark.parametrize("cut", [4, 7, 100, len(RAW) // 2, len(RAW) - 1])
def test_a_file_cut_short_is_one_problem(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(RAW[:cut])
    events, (problem,), mark = read(path)
    assert (events, mark.problems, mark.format) == ([], 1, Format.PARQUET)
    assert (problem.code, problem.severity, problem.place.path) == ("parquet-unreadable", Severity.ERROR, str(path))
    assert problem.hint


def test_a_compressed_stream_cut_short_says_both() -> None:
    packed = gzip.compress(RAW)
    _, problems, _ = read("-", packed[: len(packed) // 2])
    assert [problem.code for problem in problems] == ["parquet-unreadable", "input-truncated"]


def test_an_encrypted_index_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PARE" + bytes(100) + (50).to_bytes(4, "little") + b"PARE")
    events, (problem,), _ = read(path)
    assert (events, problem.code) == ([], "parquet-unreadable")
    assert "encrypt" in problem.message.lower() or "decrypt" in problem.message.lower()


def damage(path: Path, group: int, column: str) -> None:
    """Overwrite the pages of a column of a row group."""
    metadata = pq.read_metadata(path)
    number = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).path == column)
    chunk = metadata.row_group(group).column(number)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    raw = bytearray(path.read_bytes())
    raw[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(raw)


def test_a_damaged_row_group_costs_its_rows(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "x.parquet", {"n": list(range(9)), "@timestamp": [0] * 9}, row_group_size=3)
    damage(path, 1, "n")
    events, (problem,), mark = read(path)
    assert [event.source["n"] for event in events] == [0, 1, 2, 6, 7, 8]
    assert [event.origin.line for event in events] == [1, 2, 3, 7, 8, 9]
    assert (problem.code, problem.place.line, problem.severity) == ("parquet-damaged", 4, Severity.WARNING)
    assert "rows 4 to 6" in problem.message
    assert mark.problems == 1


def test_a_damaged_field_costs_nothing_where_documents_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(RAW)
    damage(path, 0, "n")
    items = list(read_parts(path, "x", frozenset(["n"])))
    assert [item.source["n"] for item in items if isinstance(item, Event)] == [0, 1, 2]
    (part,) = read_parts(path, "x", frozenset(["@timestamp"]))
    assert isinstance(part, TablePart)


def test_parts_of_a_damaged_file(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "x.parquet", {"n": list(range(6))}, row_group_size=3)
    damage(path, 0, "n")
    problem, part = read_parts(path, "x", frozenset(["n"]))
    assert isinstance(problem, Problem) and problem.code == "parquet-damaged"
    assert isinstance(part, TablePart) and part.first_line == 4
    path.write_bytes(b"PAR1")
    (problem,) = read_parts(path, "x", frozenset(["n"]))
    assert isinstance(problem, Problem) and problem.code == "parquet-unreadable"


def test_no_rows_and_no_columns(tmp_path: Path) -> None:
    for columns in ({"n": pa.array([], pa.int8())}, {}):
        events, problems, mark = read(write_rows(tmp_path / "x.parquet", columns))
        assert (events, problems, mark.events, mark.format) == ([], [], 0, Format.PARQUET)


def test_index_of_the_caller_names_what_has_no_home(tmp_path: Path) -> None:
    foreign = write_rows(tmp_path / "x.parquet", {"n": [1]})
    own = tmp_path / "y.parquet"
    own.write_bytes(RAW)
    for path in (foreign, own):
        events, _, _ = read(path, options=ReadOptions(index="mine"))
        assert {event.index for event in events} == {("mine",)}
