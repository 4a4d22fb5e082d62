import io
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.shared import SHARED, needs_shared
from tests.unit.events.readers.evtx_file import CHUNK_SIZE, Element, event, evtx_file

from besra.events.event import Event
from besra.events.normalise.winlog import RawRecord
from besra.events.readers.evtx import read_evtx, read_evtx_events
from besra.events.readers.log_record import event_id
from besra.problems import Problem, Severity

LOG = evtx_file([event(1, data={"Image": "C:\\a\\b.exe"}), event(2, 5)], [event(3, 11)])
CHUNK_1 = 0x1000
CHUNK_2 = CHUNK_1 + CHUNK_SIZE


def read(data: bytes) -> tuple[list[Event], list[Problem]]:
    items = list(read_evtx_events(io.BytesIO(data), "log.evtx"))
    events = [item for item in items if isinstance(item, Event)]
    return events, [item for item in items if isinstance(item, Problem)]


def codes(problems: list[Problem]) -> list[str]:
    return [problem.code for problem in problems]


def test_events_in_file_order() -> None:
    events, problems = read(LOG)
    assert problems == []
    assert [item.source["event"]["code"] for item in events] == ["1", "5", "11"]
    assert [item.position for item in events] == [0, 1, 2]
    first = events[0]
    assert first.source["process"]["name"] == "b.exe"
    assert first.source["@timestamp"] == "2024-05-01T10:00:00.1234567Z"
    assert first.index == ("logs-windows.sysmon_operational-default", "winlogbeat-besra")
    assert str(first.origin) == "log.evtx#1"


def test_path_and_stream_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "log.evtx"
    path.write_bytes(LOG)
    assert list(read_evtx_events(path, "log.evtx")) == list(read_evtx_events(io.BytesIO(LOG), "log.evtx"))


def test_index_can_be_overridden() -> None:
    items = list(read_evtx_events(io.BytesIO(LOG), "x", index_override="logs-mine-default"))
    assert {item.index for item in items if isinstance(item, Event)} == {("logs-mine-default",)}


def test_stream_that_cannot_seek() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert len(list(read_evtx(Pipe(LOG), "x"))) == 3


def test_identity_is_that_of_the_record_not_of_the_file() -> None:
    record = RawRecord(computer="a", channel="b", record_id=1, time="2024-05-01T10:00:00Z")
    assert event_id(record) == event_id(RawRecord(**{**_fields(record), "event_data": {"x": "y"}}))
    assert len(event_id(record)) == 40
    changes: list[dict[str, object]] = [
        {"computer": "c"},
        {"channel": "c"},
        {"record_id": 2},
        {"time": "2024-05-01T10:00:01Z"},
    ]
    others = {event_id(RawRecord(**{**_fields(record), **change})) for change in changes}  # type: ignore[arg-type]
    assert len(others | {event_id(record)}) == 5


def _fields(record: RawRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in RawRecord.__slots__}


def test_records_without_an_id_differ_by_their_data() -> None:
    ids = {event_id(RawRecord(event_data={"a": text})) for text in ("x", "y")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    "data", [b"", b"x" * 300, b"ElfFile\0", b"ElfFile\0" + b"x" * 5000, b"PK\x03\x04" + bytes(9000)]
)
def test_what_is_no_log_is_one_problem(data: bytes) -> None:
    events, problems = read(data)
    assert events == []
    assert [(problem.severity, problem.place.path) for problem in problems] == [(Severity.ERROR, "log.evtx")]
    assert codes(problems) == ["evtx-unreadable"]


def test_missing_file_is_a_problem(tmp_path: Path) -> None:
    (problem,) = read_evtx(tmp_path / "none.evtx", "none.evtx")
    assert isinstance(problem, Problem)
    assert "No such file" in problem.message


def test_damaged_chunk_is_told_and_the_others_are_read() -> None:
    data = bytearray(LOG)
    data[CHUNK_1 : CHUNK_1 + 4] = b"XXXX"
    events, problems = read(bytes(data))
    assert [item.source["event"]["code"] for item in events] == ["11"]
    assert codes(problems) == ["evtx-damaged"]
    assert "chunk 0 is damaged" in problems[0].message


def test_chunk_of_zeros_before_records_is_a_hole() -> None:
    data = bytearray(LOG)
    data[CHUNK_1:CHUNK_2] = bytes(CHUNK_SIZE)
    events, problems = read(bytes(data))
    assert len(events) == 1
    assert codes(problems) == ["evtx-damaged"]


def test_free_space_at_the_end_is_no_damage() -> None:
    events, problems = read(LOG + bytes(3 * CHUNK_SIZE))
    assert len(events) == 3
    assert problems == []


def test_damaged_record_is_counted() -> None:
    data = bytearray(evtx_file([event(number) for number in range(1, 6)]))
    second = data.index(b"\x2a\x2a\0\0", CHUNK_1 + 520)
    data[second : second + 4] = b"\0\0\0\0"
    events, problems = read(bytes(data))
    assert len(events) < 5
    assert f"{5 - len(events)} of 5 records could not be read" in problems[-1].message


def test_truncated_file_gives_the_records_before_the_cut() -> None:
    events, problems = read(LOG[: CHUNK_2 + 600])
    assert [item.source["event"]["code"] for item in events][:2] == ["1", "5"]
    assert codes(problems)[0] == "evtx-truncated"
    assert f"{CHUNK_SIZE - 600:,} bytes" in problems[0].message


def test_records_of_an_incomplete_chunk_are_read() -> None:
    cut = LOG.rstrip(b"\0")
    events, problems = read(cut + bytes(40))
    assert len(events) == 3
    assert codes(problems) == ["evtx-truncated"]


def test_whole_chunks_missing_are_told() -> None:
    events, problems = read(LOG[:CHUNK_2])
    assert len(events) == 2
    assert codes(problems) == ["evtx-truncated"]


def test_record_that_names_nothing_is_a_problem_with_its_number() -> None:
    nothing = Element("Event", [Element("System", [Element("Computer", "host1")])])
    events, problems = read(evtx_file([event(1), nothing]))
    assert len(events) == 1
    assert codes(problems) == ["evtx-damaged-record"]
    assert problems[0].place.path == "log.evtx#2"


@given(st.binary(max_size=600))
def test_random_bytes_never_raise(data: bytes) -> None:
    for start in (b"", b"ElfFile\0", LOG[:CHUNK_1], LOG[: CHUNK_1 + 512]):
        events, problems = read(start + data)
        assert events or problems


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, CHUNK_1 + 1500), st.integers(0, 255)), min_size=1, max_size=30))
def test_random_damage_never_raises_and_never_drops_silently(changes: list[tuple[int, int]]) -> None:
    data = bytearray(LOG)
    for position, value in changes:
        data[position] = value
    events, problems = read(bytes(data))
    assert problems or len(events) == 3


@needs_shared
@pytest.mark.parametrize("path", sorted((SHARED / "data" / "evtx").glob("*.evtx")), ids=lambda path: path.name)
def test_every_shared_log_is_read(path: Path) -> None:
    items = list(read_evtx_events(path, path.name))
    events = [item for item in items if isinstance(item, Event)]
    assert events
    assert len({item.id for item in events}) == len(events)
    for item in events:
        assert item.source["event"]["code"]
        assert item.source["@timestamp"]
        assert item.source["host"]["os"]["type"] == "windows"
    damaged = path.name in ("mit_bad_chunk_magic.evtx", "mit_benign_workstation_sysmon.evtx")
    assert any(isinstance(item, Problem) for item in items) == damaged


def test_the_last_part_of_a_script_has_the_whole_text() -> None:
    parts = [
        {"MessageNumber": str(n), "MessageTotal": "2", "ScriptBlockText": text, "ScriptBlockId": "b"}
        for n, text in ((1, "Get-"), (2, "Process"))
    ]
    channel = "Microsoft-Windows-PowerShell/Operational"
    log = evtx_file([event(n, 4104, data=data, Channel=channel) for n, data in enumerate(parts, start=1)])
    events, problems = read(log)
    assert problems == []
    assert "script_block" not in events[0].source["besra"]
    assert events[1].source["besra"]["script_block"] == {"text": "Get-Process", "parts": 2}


def test_events_are_written_as_they_are() -> None:
    events, _ = read(LOG)
    assert all(item.written is not None and orjson.loads(item.written) == item.source for item in events)
