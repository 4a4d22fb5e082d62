"""Tables of values: rows of every kind, and what is wrong with them."""

import csv
import gzip
import io
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.events.readers.test_xml_events import COMMAND, element
from tests.unit.events.readers.text_events import codes, read_text

from besra.events.event import POSITION_BITS
from besra.events.text_format import TextFormat, text_format_of

HEADER = b"name,size,kind\n"


def rows(raw: bytes) -> list[Any]:
    events, problems = read_text(raw)
    assert problems == []
    return [event.source for event in events]


def table(*lines: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


@pytest.mark.parametrize("delimiter", [b",", b"\t", b";", b"|"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rows_become_records_without_their_empty_cells(delimiter: bytes, end: bytes) -> None:
    raw = end.join([b"name,size,kind", b"a,1,", b"", b'"x, ""y""\nz",2,k']) + end
    raw = raw.replace(b",", delimiter)
    value = 'x, "y"\nz'.replace(",", delimiter.decode())
    assert rows(raw) == [{"name": "a", "size": "1"}, {"name": value, "size": "2", "kind": "k"}]
    assert rows(raw.decode().encode("utf-16")) == rows(raw)
    assert rows(b"\xef\xbb\xbf" + raw) == rows(raw)


def test_lines_and_positions() -> None:
    events, _ = read_text(b'\n#TYPE x\nname,size,kind\na,"1\n2",k\nb,2,k\n')
    assert [event.origin.line for event in events] == [4, 6]
    assert [event.position for event in events] == [4 << POSITION_BITS, 6 << POSITION_BITS]


def test_a_table_that_names_its_separator() -> None:
    assert rows(b"sep=:\na:b\n1:2\n") == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    "raw",
    [
        b"Words, more of them, and again\nof a text.\n",
        b"One sentence, with commas, in it.\nAnother, with commas, in it.\n",
        b'exported, by, a tool\n{"a":1}\n',
        b"a,b\n1,2\n",
        b"1,2,3\n4,5,6\n",
        b"sep=,\n",
        b"x = 1, y = 2, z = 3\n",
    ],
)
def test_what_is_no_table(raw: bytes) -> None:
    assert text_format_of(raw) is None


def test_a_header_alone() -> None:
    for raw in (HEADER, HEADER[:-1]):
        assert text_format_of(raw) is TextFormat.CSV
        assert rows(raw) == []


def test_ragged_rows_are_kept_as_far_as_they_fit() -> None:
    events, problems = read_text(HEADER + b"a,1\nb,2,k,more,\nc,3,k,,\nd,4,k\n")
    assert [event.source for event in events] == [
        {"name": "a", "size": "1"},
        {"name": "b", "size": "2", "kind": "k", "extra_cells": ["more", ""]},
        {"name": "c", "size": "3", "kind": "k"},
        {"name": "d", "size": "4", "kind": "k"},
    ]
    assert codes(problems) == [("csv-ragged-row", 2), ("csv-ragged-row", 3)]


def test_names_that_occur_twice_or_not_at_all() -> None:
    events, problems = read_text(b"a,a,,a_2,b,\n1,2,3,4,5,\n")
    assert [event.source for event in events] == [{"a": "1", "a_2": "2", "column_3": "3", "a_2_2": "4", "b": "5"}]
    assert codes(problems) == [("csv-header", 1)]
    assert rows(b"a,b,c,\n1,2,3,\n") == [{"a": "1", "b": "2", "c": "3"}]


def test_a_quote_that_is_never_closed_costs_its_line() -> None:
    events, problems = read_text(HEADER + b'a,"1,k\nb,2,k\nc,3,k\n')
    assert [event.source["name"] for event in events] == ["b", "c"]
    assert [event.origin.line for event in events] == [3, 4]
    assert codes(problems) == [("csv-damaged-row", 2)]


def test_a_row_that_is_cut_off_within_a_quoted_cell_makes_no_others() -> None:
    events, problems = read_text(HEADER + b'a,1,k\nb,2,"first\nsecond\nthird')
    assert [event.source["name"] for event in events] == ["a"]
    assert codes(problems) == [("csv-damaged-row", 3)]
    assert "lines 3 to 5" in problems[0].message


def test_quotes_that_open_again_and_again_take_no_longer_than_the_file() -> None:
    raw = HEADER + b'a",",k\n' * 20_000 + b'"'
    events, problems = read_text(raw, limit=1 << 16)
    assert len(events) + len(problems) > 0


def test_nul_bytes_and_bytes_that_are_no_utf_8() -> None:
    events, problems = read_text(HEADER + b"a\0b,1,k\nc\xff,2,k\nd,3,k\n")
    assert [event.source["name"] for event in events] == ["ab", "c\ufffd", "d"]
    assert codes(problems) == [("record-repaired", 2), ("record-repaired", 3)]


def test_a_row_longer_than_the_limit() -> None:
    long = b"x" * 300_000
    raw = HEADER + b"a,1,k\n" + long + b",2,k\nc,3,k\n"
    events, problems = read_text(raw, limit=1000)
    assert [event.source["name"] for event in events] == ["a", "c"]
    assert codes(problems) == [("record-too-long", 3)]
    assert len(rows(raw)) == 3, "cells are longer than the parser's own limit allows"
    assert csv.field_size_limit() == 131072, "which is as it was"


def test_many_lines_within_a_quoted_cell_longer_than_the_limit() -> None:
    raw = HEADER + b'a,1,"' + b"x\n" * 2_000 + b'"\nc,3,k\n'
    events, problems = read_text(raw, limit=1000)
    assert events[-1].source == {"name": "c", "size": "3", "kind": "k"}
    assert codes(problems)[0] == ("record-too-long", 2)


def test_a_stream_that_is_cut_off_loses_its_last_row() -> None:
    raw = HEADER + b"".join(b"%d,%d,k\n" % (number, number * 7919) for number in range(1000))
    events, problems = read_text(gzip.compress(raw)[:-200])
    assert [problem.code for problem in problems] == ["input-truncated"]
    assert 0 < len(events) < 1000
    assert f"after line {events[-1].origin.line}" in problems[0].message


# --- exports of event logs --------------------------------------------------------------------------------------------

EVTXECMD = (
    "RecordNumber,EventRecordId,TimeCreated,EventId,Level,Provider,Channel,ProcessId,ThreadId,Computer,UserId,"
    "MapDescription,Keywords,Payload"
)


def test_evtxecmd_gives_the_events_of_the_log() -> None:
    data = {"NewProcessName": "C:\\Tools\\a.exe", "CommandLine": "a.exe <x> & y"}
    payload = {"EventData": {"Data": [{"@Name": name, "#text": text} for name, text in data.items()]}}
    cells = ["7", "7", "2025-03-01 10:00:00.1234567", "4688", "LogAlways", "Microsoft-Windows-Security-Auditing"]
    cells += ["Security", "", "", "ws-1.example.com", "", "A process", "Audit success", orjson.dumps(payload).decode()]
    (event,), problems = read_text(table(EVTXECMD.split(","), cells))
    (expected,), _ = read_text(element(7, COMMAND).encode())
    assert problems == []
    assert (event.id, event.index, event.origin.record) == (expected.id, expected.index, "7")
    assert event.source["process"] == expected.source["process"]
    assert event.source["event"] == expected.source["event"]
    assert event.source["evtxecmd"] == {"RecordNumber": "7", "MapDescription": "A process"}


SYSMON = (
    "Process Create:\r\nRuleName: -\r\nUtcTime: 2025-03-01 10:00:00.123\r\nProcessGuid: "
    "{aaaa774d-8d1e-6175-0000-000000000000}\r\nProcessId: 17\r\nImage: C:\\Tools\\a.exe\r\nCommandLine: a.exe /x"
)


def test_get_winevent() -> None:
    header = ["Message", "Id", "Level", "Keywords", "RecordId", "ProviderName", "LogName", "MachineName", "TimeCreated"]
    provider, channel = "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational"
    cells = [SYSMON, "1", "4", "-9223372036854775808", "99", provider, channel, "ws-1", "3/13/2025 10:00:00 AM"]
    raw = b"#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n" + table(header, cells)
    (event,), problems = read_text(raw)
    assert problems == []
    assert event.index[0] == "logs-windows.sysmon_operational-default"
    assert str(event.origin) == "f#99"
    assert event.source["process"]["command_line"] == "a.exe /x"
    assert event.source["@timestamp"] == "2025-03-01T10:00:00.123Z"
    assert event.source["event"]["created"] == "2025-03-13T10:00:00.000Z"
    assert event.source["message"] == SYSMON


def test_event_viewer_leaves_its_last_column_without_a_name() -> None:
    header = ["Level", "Date and Time", "Source", "Event ID", "Task Category"]
    cells = ["Information", "13.03.2025 10:00:00", "Microsoft-Windows-Sysmon", "1", "Process Create", SYSMON]
    (event,), problems = read_text(table(header, cells))
    assert problems == []
    assert event.source["process"]["name"] == "a.exe"
    assert event.source["winlog"]["channel"] == "Microsoft-Windows-Sysmon/Operational"


def test_dates_that_could_be_read_two_ways_are_said_to_be() -> None:
    header = ["Level", "Date and Time", "Source", "Event ID", "Task Category"]
    (event,), problems = read_text(table(header, ["Information", "3/1/2025 10:00:00 AM", "Disk", "7", "None", "x"]))
    assert codes(problems) == [("csv-date-order", 1)]
    assert event.source["@timestamp"] == "2025-03-01T10:00:00.000Z"


def test_a_row_of_a_log_that_names_no_record_is_kept_as_it_is() -> None:
    (event,), _ = read_text(table(EVTXECMD.split(","), ["7", "7", "2025-03-01 10:00:00", *[""] * 11]))
    assert event.source["EventRecordId"] == "7"


# --- fields and timelines ---------------------------------------------------------------------------------------------


def test_an_export_of_kibana() -> None:
    header = ["@timestamp", "_id", "_index", "process.pid", "process.args", "process.args_count", "event.category"]
    cells = ["Mar 1, 2025 @ 10:00:00.123", "x1", "logs-a.b-default", "4,242", "a, b", "2", "process, file"]
    (event,), problems = read_text(table([*header, "user.name", "host.name"], [*cells, "-", "(empty)"]))
    assert problems == []
    assert (event.id, event.index) == ("x1", ("logs-a.b-default",))
    assert event.source == {
        "@timestamp": "2025-03-01T10:00:00.123Z",
        "process.pid": "4242",
        "process.args": ["a", "b"],
        "process.args_count": "2",
        "event.category": ["process", "file"],
    }


def test_arguments_are_parted_only_where_their_number_is_known() -> None:
    (row,) = rows(table(["@timestamp", "process.args", "process.args_count"], ["2025-03-01", "a, b, c", "2"]))
    assert row["process.args"] == "a, b, c"


def test_a_column_with_whole_documents() -> None:
    source = '{"event": {"kind": "event"}}'
    (event,), problems = read_text(table(["_id", "_index", "_source"], ["x1", "logs-a-b", source]))
    assert (problems, event.id, event.source) == ([], "x1", {"event": {"kind": "event"}})


def test_timesketch() -> None:
    header = ["message", "datetime", "timestamp", "timestamp_desc", "host.name"]
    first = ["words", "2025-03-01T10:00:00.5+00:00", "", "Written", "web-1"]
    second = ["words", "", "1740823200500000", "Written", ""]
    one, two = rows(table(header, first, second))
    assert one["@timestamp"] == two["@timestamp"] == "2025-03-01T10:00:00.500Z"
    assert (one["timestamp_desc"], one["host.name"], one["message"]) == ("Written", "web-1", "words")


def test_plaso_keeps_log_records_as_xml() -> None:
    header = ["datetime", "timestamp_desc", "message", "xml_string"]
    cells = ["2025-03-01T10:00:00+00:00", "Written", "[4688]", element(7, COMMAND)]
    (event,), problems = read_text(table(header, cells))
    (expected,), _ = read_text(element(7, COMMAND).encode())
    others = {"datetime": cells[0], "timestamp_desc": "Written", "message": "[4688]"}
    assert (event.id, event.source, problems) == (expected.id, {**expected.source, "plaso": others}, [])


def test_the_older_form_of_plaso() -> None:
    header = ["date", "time", "timezone", "MACB", "source", "type", "user", "host", "desc"]
    cells = ["03/01/2025", "10:00:00", "UTC", "M...", "LOG", "Written", "ada", "-", "words"]
    events, _ = read_text(table(header, cells))
    row = events[0].source
    assert (row["@timestamp"], row["message"], row["user.name"]) == ("2025-03-01T10:00:00.000Z", "words", "ada")
    assert "host.name" not in row
    assert "user" not in row


# --- fuzz -------------------------------------------------------------------------------------------------------------

CELLS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=("Cs",)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3).filter(any), max_size=6), st.sampled_from(",\t;|"))
def test_what_is_written_is_read(lines: list[list[str]], delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["one", "two", "three"], *lines])
    expected = [{n: v for n, v in zip(("one", "two", "three"), line, strict=True) if v} for line in lines]
    assert rows(out.getvalue().encode()) == expected


PIECES = st.sampled_from(
    [b'"', b",", b"\n", b"\r", b'""', b"\0", b"\xff", b"7,7,", b"{}", b"<Event", b"4688", b"3/1/2025 1:00"]
)
HEADERS = st.sampled_from(
    [
        EVTXECMD.encode(),
        b"Message,Id,ProviderName,TimeCreated",
        b"Level,Date and Time,Source,Event ID,Task Category",
        b"@timestamp,process.pid,_source",
        b"message,datetime,timestamp,timestamp_desc,xml_string",
        b"a,b,c",
    ]
)


@settings(max_examples=150, deadline=None)
@given(HEADERS, st.lists(PIECES | st.binary(max_size=4), max_size=15))
def test_no_bytes_are_too_much(header: bytes, pieces: list[bytes]) -> None:
    raw = header + b'\n"x",,,,,,,,,,,,,,\n' + b"".join(pieces)
    read_text(raw, limit=500)
