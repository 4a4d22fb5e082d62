"""Lines of syslog, and what is in their messages."""

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.events.readers.text_events import codes, read_text

from besra.events.event import POSITION_BITS
from besra.events.normalise.source import Source
from besra.events.recognise import Intake, Recogniser
from besra.schema.timestamp import parse_timestamp

HEAD = "2025-03-01T10:00:{:02d}Z web-1 app[7]: "
WRITTEN = parse_timestamp("2025-06-01")


def log(*messages: str) -> bytes:
    return "".join(HEAD.format(second) + message + "\n" for second, message in enumerate(messages)).encode()


def source(message: str) -> Any:
    (event,), problems = read_text(log(message))
    assert problems == []
    return event.source


def test_a_plain_line_is_an_event_of_what_its_header_tells() -> None:
    (event,), problems = read_text(b"<38>Mar  1 10:00:00 web-1 sshd[311]: Accepted key for ada\n", written=WRITTEN)
    assert codes(problems) == [("syslog-without-year", 1)]
    assert event.index == ("logs-system.syslog-default", "filebeat-besra")
    assert event.position == 1 << POSITION_BITS
    assert event.source["@timestamp"] == "2025-03-01T10:00:00.000Z"
    assert event.source["message"] == "Accepted key for ada"
    assert event.source["host"]["name"] == "web-1"
    assert event.source["process"] == {"name": "sshd", "pid": 311}
    assert event.source["log"]["syslog"]["facility"] == {"code": 4}
    assert "@timestamp" in event.source["besra"]["derived"]


def test_without_the_time_of_the_file_there_is_no_year() -> None:
    (event,), problems = read_text(b"Mar  1 10:00:00 web-1 app: x\n")
    assert "@timestamp" not in event.source
    assert codes(problems) == [("syslog-without-year", 1)]
    assert "not known" in problems[0].message


def test_equal_plain_lines_are_two_events() -> None:
    events, _ = read_text((HEAD.format(1) + "x\n").encode() * 2)
    assert len({event.id for event in events}) == 2


@pytest.mark.parametrize("before", ["", "@cee:", "@cee: "])
def test_json_in_a_message_is_the_document(before: str) -> None:
    document = source(before + '{"process.name": "a.exe", "host": {"name": "own"}, "@timestamp": "2025-01-01"}')
    assert document["process.name"] == "a.exe"
    assert document["host"] == {"name": "own"}
    assert document["@timestamp"] == "2025-01-01"
    assert document["log.syslog.appname"] == "app"
    assert document["besra.derived"] == ["log.syslog.appname", "log.syslog.procid", "log.syslog.hostname"]


def test_time_and_host_of_the_line_stand_in() -> None:
    document = source('{"event": {"category": "process"}}')
    assert document["@timestamp"] == "2025-03-01T10:00:00.000Z"
    assert document["host.name"] == "web-1"
    assert document["besra.derived"][:2] == ["@timestamp", "host.name"]
    assert "process" not in document, "the program that writes the line is not that of the event"


def test_equal_messages_without_a_time_of_their_own_are_two_events() -> None:
    events, _ = read_text(log('{"event.kind": "event"}', '{"event.kind": "event"}'))
    assert len({event.id for event in events}) == 2
    events, _ = read_text(log(*['{"event.kind": "event", "@timestamp": "2025-01-01"}'] * 2))
    assert len({event.id for event in events}) == 1, "one event, relayed twice"


def test_a_document_of_an_unknown_shape_stays_one() -> None:
    document = source('{"a": 1}')
    assert "host.name" not in document


def test_the_source_of_a_message_is_recognised() -> None:
    class Normaliser:
        def recognises(self, record: Any) -> bool:
            return "mark" in record

        def to_ecs(self, record: Any) -> Any:
            return {"event": {"kind": "event", "dataset": "made.up"}, "made": {"mark": record["mark"]}}

    class MadeUp(Source):
        normaliser = Normaliser()  # type: ignore[assignment]

    made_up = MadeUp("made_up", "Made up", "made_up", ("mark",))
    (event,), _ = read_text(log('{"mark": "x"}'), intake=Intake(None, Recogniser((made_up,))))
    assert event.index[0] == "logs-made.up-default"
    assert event.source["made"] == {"mark": "x"}
    assert event.source["host.name"] == "web-1"


def test_json_that_is_cut_off_is_located_within_the_line() -> None:
    events, problems = read_text(log('{"a": 1}', '{"a": tru', '{"a": 2}'))
    assert len(events) == 2
    assert codes(problems) == [("record-not-json", 2)]
    assert problems[0].place.column is not None
    assert problems[0].place.column > len(HEAD)


@pytest.mark.parametrize("deep", ['{"a":' * 1000 + "1" + "}" * 1000, '{"a":' + "[" * 1000 + "]" * 1000 + "}"])
def test_json_as_deep_as_it_is_read(deep: str) -> None:
    assert source(deep)["@timestamp"] == "2025-03-01T10:00:00.000Z"


def test_braces_that_are_no_json_are_text() -> None:
    assert source("{braces} of a program")["message"] == "{braces} of a program"


LINUX = (
    "<Event><System><Provider Name='Linux-Sysmon'/><EventID>1</EventID>"
    "<TimeCreated SystemTime='2025-03-01T10:00:05.000000000Z'/><EventRecordID>42</EventRecordID>"
    "<Channel>Linux-Sysmon/Operational</Channel><Computer>web-1</Computer></System><EventData>"
    "<Data Name='Image'>/usr/bin/curl</Data></EventData></Event>"
)


def test_sysmon_for_linux() -> None:
    (event,), problems = read_text(log(LINUX))
    assert problems == []
    assert event.index == ("logs-sysmon_linux.log-default",)
    assert event.source["process"]["name"] == "curl"
    (bare,), _ = read_text(LINUX.encode() + b"\n")
    assert (bare.id, bare.source) == (event.id, event.source)
    _, problems = read_text(log(LINUX.replace("</System>", "")))
    assert codes(problems) == [("xml-damaged-record", 1)]


def test_lines_that_are_nothing_are_counted() -> None:
    events, problems = read_text(log("x", "y") + b"  went on\n\n" + log("z"))
    assert len(events) == 3
    assert codes(problems) == [("record-not-log-line", 3)]


def test_bytes_that_are_no_utf_8() -> None:
    (event,), problems = read_text(log("caf@").replace(b"@", b"\xe9"))
    assert event.source["message"] == "caf\ufffd"
    assert codes(problems) == [("record-repaired", 1)]


def test_a_stream_that_is_cut_off() -> None:
    events, problems = read_text(gzip.compress(log("x", "y", '{"a": 1}'))[:-9])
    assert [problem.code for problem in problems] == ["input-truncated"]
    assert len(events) <= 3


def test_a_line_longer_than_the_limit() -> None:
    events, problems = read_text(log("x", "y" * 5_000, "z"), limit=1_000)
    assert len(events) == 2
    assert codes(problems) == [("record-too-long", 2)]


PIECES = st.sampled_from(
    [
        "<34>1 ",
        "2025-03-01T10:00:00Z ",
        "Mar  1 10:00:00 ",
        "host ",
        "app[1]: ",
        "- ",
        '[a b="c"] ',
        "@cee:",
        '{"a":',
        "}",
        "type=SYSCALL msg=audit(1700000000.123:4): ",
        "<Event>",
        "</Event>",
        "\n",
        "\x00",
        "audit: ",
        "node=x ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=15), st.sampled_from([None, 0, -1, 1 << 62]))
def test_no_line_is_too_much(pieces: list[str], written: int | None) -> None:
    read_text(log(*"x" * 20) + "".join(pieces).encode("utf-8", "surrogatepass"), written=written)
