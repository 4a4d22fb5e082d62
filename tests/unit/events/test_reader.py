"""Paths to events: every bad input gives one message, and the rest is read."""

import gzip
import io
import os
from pathlib import Path

import orjson
import pytest
from tests.shared import SHARED, needs_shared

from besra.events.compression import Compression
from besra.events.event import Event, Origin
from besra.events.file_read import FileRead, ReadOptions
from besra.events.files import InputFile
from besra.events.format import Format
from besra.events.index_name import LAST_NAME
from besra.events.reader import read_events, read_file
from besra.problems import Problem, Severity

TIME = "2025-01-01T00:00:00Z"
GOOD = orjson.dumps({"@timestamp": TIME, "n": 1}) + b"\n"

Read = tuple[list[Event], list[Problem], list[FileRead]]


def read(*paths: str | Path, options: ReadOptions | None = None, stdin: bytes = b"") -> Read:
    items = list(read_events(paths, options or ReadOptions(), stdin=io.BytesIO(stdin)))
    events = [item for item in items if isinstance(item, Event)]
    problems = [item for item in items if isinstance(item, Problem)]
    assert all(problem.place.path and problem.render() for problem in problems)
    return events, problems, [item for item in items if isinstance(item, FileRead)]


def write(folder: Path, name: str, raw: bytes) -> Path:
    (folder / name).write_bytes(raw)
    return folder / name


def test_marker_at_the_end_of_every_file_holds_the_counts(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", GOOD * 3 + b"[]\n" + b'{"n": 2}\n')
    packed = write(tmp_path, "b.json.gz", gzip.compress(GOOD))
    items = list(read_events([tmp_path]))
    assert items[5:7] and isinstance(items[-1], FileRead)
    _, problems, marks = read(tmp_path)
    assert marks == [
        FileRead(
            *(str(path), Format.JSON, None, 4, 1, 1, 2, path.stat().st_size),
            homes={LAST_NAME: 4},
            unknown=4,
            first_unknown=Origin(str(path), 1),
        ),
        FileRead(
            *(str(packed), Format.JSON, Compression.GZIP, 1, 0, 0, 0, packed.stat().st_size),
            homes={LAST_NAME: 1},
            unknown=1,
            first_unknown=Origin(str(packed), 1),
        ),
    ]
    assert [problem.place.line for problem in problems] == [4, 5]


def test_binary_file_called_ndjson(tmp_path: Path) -> None:
    path = write(tmp_path, "x.ndjson", bytes(range(256)) * 100)
    events, (problem,), (mark,) = read(path)
    assert (events, mark.format, mark.problems) == ([], None, 1)
    assert (problem.code, problem.severity) == ("input-unknown-format", Severity.ERROR)
    assert problem.hint


@pytest.mark.parametrize(
    ("raw", "word"),
    [(b"7z\xbc\xaf\x27\x1cabc", "7z"), (b"ARROW1abc", "Arrow"), (b"<?xml ?>", "XML")],
)
def test_known_format_that_is_not_read(tmp_path: Path, raw: bytes, word: str) -> None:
    path = write(tmp_path, "x.json", raw)
    _, (problem,), (mark,) = read(path)
    assert problem.code == "input-unsupported-format"
    assert word in problem.message
    assert mark.format is None


def test_text_beside_the_evidence_is_one_warning(tmp_path: Path) -> None:
    write(tmp_path, "LICENSE", b"Some words of a licence\n" * 5000)
    write(tmp_path, "README", b"Two lines\nof words\n")
    write(tmp_path, "events.json", GOOD)
    events, problems, marks = read(tmp_path)
    assert len(events) == 1
    assert [(problem.code, problem.severity) for problem in problems] == [("input-no-events", Severity.WARNING)] * 2
    assert [mark.format for mark in marks] == [None, None, Format.JSON]
    _, (named,), _ = read(tmp_path / "LICENSE")
    assert named.severity is Severity.ERROR


def test_file_with_bad_lines_first_is_read_if_events_follow_soon(tmp_path: Path) -> None:
    path = write(tmp_path, "x.json", b"exported by a tool\n" * 19 + GOOD)
    events, problems, _ = read(path)
    assert (len(events), len(problems)) == (1, 19)
    path = write(tmp_path, "x.json", b"exported by a tool\n" * 20 + GOOD)
    events, problems, _ = read(path)
    assert (len(events), len(problems)) == (0, 1)


def test_thousands_of_problems_are_summed_up(tmp_path: Path) -> None:
    path = write(tmp_path, "x.json", GOOD + b"oops\n" * 5000)
    _, problems, (mark,) = read(path)
    assert len(problems) == 101
    assert problems[-1].message.startswith("4900 more")
    assert (mark.skipped, mark.problems) == (5000, 5000)


def test_documents_without_time_are_events_and_one_warning(tmp_path: Path) -> None:
    path = write(tmp_path, "x.json", GOOD + b'{"n": 2}\n{"@timestamp": "soon"}\n')
    events, (problem,), (mark,) = read(path)
    assert (len(events), mark.without_time) == (3, 2)
    assert (problem.code, problem.place.line) == ("event-without-time", 2)
    assert "2 of 3 documents" in problem.message
    _, (problem,), _ = read(write(tmp_path, "y.json", b'{"@timestamp": "soon"}\n'))
    assert "'soon'" in problem.message
    options = ReadOptions(timestamp_field="event.created")
    assert read(write(tmp_path, "z.json", b'{"event": {"created": 1}}'), options=options)[1] == []


def test_line_of_a_hundred_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with path.open("wb") as file:
        file.write(GOOD)
        file.seek(100 * 2**20, os.SEEK_CUR)
        file.write(b"\n" + GOOD)
    events, (problem,), (mark,) = read(path)
    assert [event.origin.line for event in events] == [1, 3]
    assert (problem.code, problem.place.line, mark.skipped) == ("record-too-long", 2, 1)


def test_empty_file_is_counted(tmp_path: Path) -> None:
    empty, blank = write(tmp_path, "a.json", b""), write(tmp_path, "b.json", b" \n\n")
    assert read(empty, blank) == (
        [],
        [],
        [FileRead(str(empty), Format.EMPTY), FileRead(str(blank), Format.JSON, bytes=3)],
    )


def test_gzip_that_holds_nothing_readable(tmp_path: Path) -> None:
    path = write(tmp_path, "x.gz", gzip.compress(GOOD)[:12])
    events, (problem,), _ = read(path)
    assert events == []
    assert (problem.code, problem.severity) == ("input-truncated", Severity.ERROR)


def test_missing_file_does_not_stop_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, "x.json", GOOD)
    events, (problem,), (mark,) = read(tmp_path / "none.json", path)
    assert (len(events), problem.code, mark.path) == (1, "input-missing", str(path))


def test_file_that_is_gone_when_its_turn_comes(tmp_path: Path) -> None:
    problem, mark = read_file(InputFile("gone", tmp_path / "gone"))
    assert isinstance(problem, Problem)
    assert problem.code == "input-unreadable"
    assert mark == FileRead("gone", None, problems=1)


def test_standard_input(tmp_path: Path) -> None:
    events, problems, (mark,) = read("-", stdin=gzip.compress(GOOD * 2))
    assert ([str(event.origin) for event in events], problems) == (["-:1", "-:2"], [])
    assert (mark.path, mark.compression, mark.events) == ("-", Compression.GZIP, 2)
    assert mark.bytes > 0


def test_order_of_arguments_never_changes_results(tmp_path: Path) -> None:
    one, two = write(tmp_path, "1.json", GOOD + b"x\n"), write(tmp_path, "2.json", b'{"n": 2}')
    assert list(read_events([one, two])) == list(read_events([two, one, one])) == list(read_events([tmp_path]))


def test_index_of_the_caller_is_the_last_choice(tmp_path: Path) -> None:
    path = write(tmp_path, "x.json", GOOD + b'{"@timestamp": 1, "event.dataset": "a.b"}\n')
    events, _, _ = read(path, options=ReadOptions(index="mine"))
    assert [event.index for event in events] == [("mine",), ("logs-a.b-default",)]


def test_damaged_event_log_is_no_exception(tmp_path: Path) -> None:
    raw = b"ElfFile\0" + bytes(5000)
    plain, packed = write(tmp_path, "x.evtx", raw), write(tmp_path, "y.evtx", gzip.compress(raw)[:-10])
    events, problems, marks = read(plain, packed)
    assert events == []
    assert [mark.format for mark in marks] == [Format.EVTX, Format.EVTX]
    assert {problem.place.path for problem in problems} >= {str(plain), str(packed)}
    assert problems[-1].code == "input-truncated"


@needs_shared
def test_shared_arrays_before_and_after_the_pipeline_hold_equally_many_events() -> None:
    raw, problems, _ = read(*(SHARED / "data" / "pipelines").glob("*/*.raw.json"))
    assert len(raw) > 100
    assert {problem.code for problem in problems} <= {"event-without-time"}
    ecs, problems, _ = read(*(SHARED / "data" / "pipelines").glob("*/*.ecs.json"))
    assert len(ecs) == len(raw)
    assert {problem.code for problem in problems} <= {"event-without-time"}


@needs_shared
def test_shared_compressed_events_all_name_their_stream() -> None:
    events, problems, (mark,) = read(SHARED / "data" / "ecs-events.ndjson.zst")
    assert (len(events), problems, mark.without_time) == (30_000, [], 0)
    assert all(event.index[0].startswith("logs-") for event in events)
    assert len({event.id for event in events}) > 29_000
