"""A log read piece by piece as it grows gives the events of a scan of the whole file."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besra.events.content import Content
from besra.events.event import Event
from besra.events.format import Format
from besra.events.readers.followed import followed_format, read_lines, readable_size
from besra.events.readers.ndjson import read_json_events
from besra.events.readers.syslog import read_syslog_events
from besra.events.readers.text_options import TextOptions
from besra.problems import Problem

OPTIONS = TextOptions(1 << 20, written=1_773_000_000_000_000_000)

JSON = (
    b"".join(b'{"process":{"pid":%d}}\n%s' % (n, b"\n" * (n % 3)) for n in range(30)) + b'nonsense\n{"Records":[{}]}\n'
)
SYSLOG = b"Mar  1 10:00:00 host app[1]: the same\n" * 20 + b'Mar  1 10:00:00 host app[1]: @cee:{"a":1}\nnothing\n'

SECOND = 1_700_000_000


def audit(serial: int, *types: str) -> list[bytes]:
    return [f'type={type_} msg=audit({SECOND + serial}.123:{serial}): a="{type_}"\n'.encode() for type_ in types]


AUDITD = b"".join(
    line
    for n in range(0, 20, 2)
    for pair in zip(audit(n, "SYSCALL", "CWD", "PATH"), audit(n + 1, "SYSCALL", "CWD", "PATH"), strict=True)
    for line in pair
)
LOGS = {Format.JSON: JSON, Format.SYSLOG: SYSLOG, Format.AUDITD: AUDITD}


def scanned(found: Format, text: bytes) -> list[Event | Problem]:
    content = Content(io.BytesIO(text))
    if found is Format.JSON:
        return [item for item in read_json_events(content, "f") if isinstance(item, Event | Problem)]
    return list(read_syslog_events(content, "f", OPTIONS))


@pytest.mark.parametrize("found", LOGS)
@settings(max_examples=40)
@given(data=st.data())
def test_pieces_give_the_events_of_the_whole(found: Format, data: st.DataObject) -> None:
    text = LOGS[found]
    assert followed_format(text) is found
    grown = sorted({*data.draw(st.lists(st.integers(0, len(text)), max_size=8)), len(text)})
    items: list[Event | Problem] = []
    start = lines = 0
    for end in grown:
        size = readable_size(found, text[start:end], is_quiet=end == len(text))
        piece = text[start : start + size]
        options = TextOptions(OPTIONS.limit, written=OPTIONS.written, lines_before=lines)
        items += read_lines(found, piece, "f", options)
        start, lines = start + size, lines + piece.count(b"\n")
    assert start == len(text)
    whole = scanned(found, text)
    events = [(e.id, e.index, e.source, e.origin, e.position) for e in items if isinstance(e, Event)]
    assert events == [(e.id, e.index, e.source, e.origin, e.position) for e in whole if isinstance(e, Event)]
    told = [p for p in items if isinstance(p, Problem) and p.code != "syslog-without-year"]
    assert told == [p for p in whole if isinstance(p, Problem) and p.code != "syslog-without-year"]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x1f\x8b\x08\0",
        b"\xef\xbb\xbf{}\n",
        '{"a": 1}\n'.encode("utf-16"),
        b'{"a":\n1}\n',
        b'{"a":1}',
        b'{"create":{}}\n{}\n',
        b"[1]\n",
        b"a,b,c\n1,2,3\n4,5,6\n",
        b"ElfFile\0",
        b"<Event/>\n",
        b"some text\n",
    ],
)
def test_what_is_read_as_a_whole(head: bytes) -> None:
    assert followed_format(head) is None


def test_audit_events_that_may_go_on_are_left() -> None:
    one, two, late = audit(1, "SYSCALL", "PATH"), audit(2, "SYSCALL", "PATH"), audit(9, "SYSCALL")
    old = b"".join([one[0], two[0], one[1], two[1]])
    assert readable_size(Format.AUDITD, old, is_quiet=False) == 0
    assert readable_size(Format.AUDITD, old, is_quiet=True) == len(old)
    assert readable_size(Format.AUDITD, old + late[0] + b"type", is_quiet=False) == len(old)
    assert readable_size(Format.AUDITD, old + late[0] + audit(1, "EOE")[0], is_quiet=False) == 0
    assert readable_size(Format.AUDITD, b"x\n", is_quiet=False) == 2
