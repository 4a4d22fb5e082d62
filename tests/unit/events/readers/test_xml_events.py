"""Event logs exported as XML."""

import gzip
import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.shared import SHARED, needs_shared
from tests.unit.events.readers.evtx_file import event, evtx_file
from tests.unit.events.readers.text_events import codes, read_text

from besra.events.event import Event
from besra.events.readers.evtx import read_evtx_events
from besra.events.readers.xml_events import declared_encoding

SYSTEM = (
    "<System><Provider Name='Microsoft-Windows-Security-Auditing' Guid='{{54849625-5478-4994-A5BA-3E3B0328C30D}}'/>"
    "<EventID>{code}</EventID><Level>0</Level><Keywords>0x8020000000000000</Keywords>"
    "<TimeCreated SystemTime='2025-03-01T10:00:00.1234567Z'/><EventRecordID>{number}</EventRecordID>"
    "<Channel>Security</Channel><Computer>ws-1.example.com</Computer></System>"
)


def element(number: int = 7, data: str = "", *, code: int = 4688, more: str = "") -> str:
    system = SYSTEM.format(code=code, number=number)
    schema = "http://schemas.microsoft.com/win/2004/08/events/event"
    return f"<Event xmlns='{schema}'>{system}<EventData>{data}</EventData>{more}</Event>"


COMMAND = "<Data Name='NewProcessName'>C:\\Tools\\a.exe</Data><Data Name='CommandLine'>a.exe &lt;x&gt; &amp; y</Data>"


def test_elements_without_a_root() -> None:
    events, problems = read_text((element(1, COMMAND) + "\n" + element(2) + element(3)).encode())
    assert problems == []
    assert [str(item.origin) for item in events] == ["f#1", "f#2", "f#3"]
    assert [item.origin.line for item in events] == [1, 2, 2]
    assert sorted({item.position for item in events}) == [item.position for item in events]
    first = events[0]
    assert first.index == ("logs-system.security-default", "winlogbeat-besra")
    assert first.source["process"]["name"] == "a.exe"
    assert first.source["process"]["command_line"] == "a.exe <x> & y"
    assert first.source["winlog"]["provider_guid"] == "{54849625-5478-4994-a5ba-3e3b0328c30d}"


def test_event_viewer_writes_a_root_and_what_it_rendered() -> None:
    rendered = "<RenderingInfo Culture='en-US'><Message>A word.</Message><Task>Process Creation</Task></RenderingInfo>"
    raw = f"<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<Events>{element(1, more=rendered)}</Events>\n"
    for text in (raw.encode(), b"\xef\xbb\xbf" + raw.encode(), raw.encode("utf-16"), gzip.compress(raw.encode())):
        (item,), problems = read_text(text)
        assert problems == []
        assert item.source["message"] == "A word."
        assert item.source["winlog"]["task"] == "Process Creation"


def test_prefixes_of_names_do_not_matter() -> None:
    raw = re.sub(r"<(/?)(?=\w)", r"<\1e:", element(5, COMMAND))
    (plain,), _ = read_text(element(5, COMMAND).encode())
    (prefixed,), problems = read_text(f"<e:Events xmlns:e='x'>{raw}</e:Events>".encode())
    assert (prefixed.source, prefixed.id, problems) == (plain.source, plain.id, [])


def test_a_damaged_element_costs_itself() -> None:
    unclosed = element(2).removesuffix("</Event>")
    wrong = element(3).replace("</System>", "</system>")
    raw = "\n".join([element(1), unclosed, wrong, "<Event><a/></Event>", "text", element(4)])
    events, problems = read_text(raw.encode())
    assert [item.origin.record for item in events] == ["1", "4"]
    assert codes(problems) == [("xml-damaged-record", line) for line in (2, 3, 4, 5)]
    assert problems[1].place.column
    assert "no event id" in problems[2].message


def test_a_file_that_ends_early() -> None:
    events, problems = read_text((element(1) + "\n" + element(2)[:150]).encode())
    assert [item.origin.record for item in events] == ["1"]
    assert codes(problems) == [("xml-damaged-record", 2)]
    events, problems = read_text(gzip.compress((element(1) + "\n" + element(2)).encode())[:-12])
    assert [problem.code for problem in problems] == ["input-truncated"]


def test_entities_of_a_document_type_are_never_expanded() -> None:
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a0 "0">{bomb}]>\n'
    raw = doctype + element(1, "<Data Name='CommandLine'>&a9;</Data>") + "\n" + element(2)
    events, problems = read_text(raw.encode())
    assert [item.origin.record for item in events] == ["2"]
    assert codes(problems) == [("xml-doctype", 2), ("xml-damaged-record", 3)]
    assert "undefined entity" in problems[1].message


def test_characters_xml_does_not_allow_are_replaced() -> None:
    raw = element(1, "<Data Name='CommandLine'>a\x1b[0m&#x0;&#65;&#xD800;&#1114112;</Data>").encode()
    (item,), problems = read_text(raw.replace(b"a\x1b", b"a\xff\x1b"))
    assert codes(problems) == [("record-repaired", 1)]
    assert item.source["process"]["command_line"] == "a\ufffd\ufffd[0m\ufffdA\ufffd\ufffd"


def test_the_encoding_of_a_declaration_is_used_for_what_is_no_utf_8() -> None:
    raw = "<?xml version='1.0' encoding='windows-1252'?>" + element(1, "<Data Name='CommandLine'>é</Data>")
    for text in (raw.encode("cp1252"), raw.encode()):
        (item,), problems = read_text(text)
        assert (item.source["process"]["command_line"], problems) == ("é", [])
    assert declared_encoding(b"<?xml encoding='utf-16' ?>") == "utf-8"
    assert declared_encoding(b"<?xml version='1' encoding='no-such'?>") == "utf-8"
    assert declared_encoding(b"<?xml version='1' encoding='cp037'?>") == "utf-8"


def test_no_element_is_longer_than_the_limit() -> None:
    big = element(2, "<Data Name='CommandLine'>" + "x" * 4_000_000 + "</Data>")
    raw = "\n".join([element(1), big, element(3)]).encode()
    events, problems = read_text(raw, limit=10_000)
    assert [item.origin.record for item in events] == ["1", "3"]
    assert codes(problems) == [("record-too-long", 2)]


def test_elements_nested_without_end() -> None:
    deep = "<a>" * 100_000 + "</a>" * 100_000
    events, problems = read_text((element(1, deep) + element(2)).encode())
    assert [item.origin.record for item in events] == ["2"]
    assert codes(problems) == [("xml-damaged-record", 1)]


def test_long_text_between_elements_is_reported_once() -> None:
    raw = (element(1) + "\n" + "words \n" * 500_000 + element(2)).encode()
    events, problems = read_text(raw, limit=100_000)
    assert len(events) == 2
    assert codes(problems) == [("xml-damaged-record", 2)]


def test_cutting_the_stream_anywhere_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = "\n".join([element(1, COMMAND), "<!-- <a> -->", element(2)[:-8], "x", element(3)]).encode()
    whole = read_text(raw)
    for size in (1, 2, 7, 64, 65):
        monkeypatch.setattr("besra.events.readers.xml_elements.CHUNK", size)
        assert read_text(raw) == whole


NAMES = st.from_regex(r"[A-Z][A-Za-z]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FFF), max_size=20)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.dictionaries(NAMES, TEXTS, max_size=4), min_size=1, max_size=4), st.integers(1, 29))
def test_a_log_and_its_export_are_the_same_events(data: list[dict[str, str]], code: int) -> None:
    log = evtx_file([event(number, code, data=item) for number, item in enumerate(data, start=1)])
    assert_same(log)


def assert_same(log: bytes) -> None:
    """The events of a log are those of its export by the evtx package."""
    from evtx import PyEvtxParser  # noqa: PLC0415

    records, texts = PyEvtxParser(io.BytesIO(log)).records(), []
    while True:
        try:
            found = next(records, None)
        except (OSError, RuntimeError):
            continue
        if found is None:
            break
        texts.append(str(found["data"]).partition("?>")[2])
    expected = [item for item in read_evtx_events(io.BytesIO(log), "f") if isinstance(item, Event)]
    if not texts:
        assert expected == []
        return
    events, _ = read_text("\n".join(texts).encode("utf-8", "surrogatepass"))
    assert [(item.id, item.index, item.source) for item in events] == [
        (item.id, item.index, item.source) for item in expected
    ]


@needs_shared
@pytest.mark.parametrize("name", sorted(path.name for path in (SHARED / "data/evtx").glob("*.evtx")))
def test_real_logs_and_their_exports_are_the_same_events(name: str) -> None:
    if name == "mit_bad_chunk_magic.evtx":
        pytest.skip("the package exports one of its records in two ways, of which one names no event")
    assert_same((SHARED / "data/evtx" / name).read_bytes())


PIECES = st.sampled_from(
    [
        b"<Event>",
        b"</Event>",
        b"<Events>",
        b"<System>",
        b"</System>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?",
        b"?>",
        b"<!DOCTYPE",
        b"&#x41;",
        b"&a;",
        b"\x00",
        b"\xff",
        b"<EventID>1",
        b"<Event",
        element(9).encode(),
        b" x='",
        b"\n",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=5), max_size=12))
def test_no_bytes_are_too_much(pieces: list[bytes]) -> None:
    read_text(b"<Events>" + b"".join(pieces), limit=2_000)
