"""Records of the audit daemon: joined, decoded, and in the shape its normaliser asks for."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.events.readers.text_events import codes, read_text

from besra.events.readers import auditd
from besra.events.readers.auditd_line import parse_audit_line, parse_fields
from besra.events.readers.socket_address import socket_address


def line(text: str, serial: int = 1, *, kind: str = "SYSCALL", node: str = "") -> str:
    return f"{node}type={kind} msg=audit(1700000000.123:{serial}): {text}\n"


def records(*lines: str) -> list[dict[str, Any]]:
    events, problems = read_text("".join(lines).encode())
    assert problems == []
    return [dict(event.source) for event in events]


def fields(text: str, kind: str = "SYSCALL") -> dict[str, str]:
    parsed = parse_audit_line(line(text, kind=kind).strip())
    assert parsed is not None
    return parse_fields(parsed).values


def test_lines_of_one_event_become_one_record_though_others_stand_between() -> None:
    first, second = records(
        line('syscall=59 exe="/bin/sh" key="k"', 1),
        line("syscall=42", 2),
        line('cwd="/root"', 1, kind="CWD"),
        line("", 1, kind="EOE"),
        line('name="/bin/sh"', 1, kind="PATH"),
    )[:2]
    assert first == {
        "auditd_records": [
            {"type": "SYSCALL", "syscall": "59", "exe": "/bin/sh", "keys": ["k"]},
            {"type": "CWD", "cwd": "/root"},
        ],
        "sequence": 1,
        "timestamp": "2023-11-14T22:13:20.123Z",
    }
    assert second["sequence"] == 2


def test_events_come_in_the_order_in_which_they_begin_at_the_line_of_their_first() -> None:
    events, _ = read_text((line("a=1", 1) + line("a=2", 2) + line("", 2, kind="EOE") + line("a=3", 1)).encode())
    assert [(event.source["sequence"], event.origin.line) for event in events] == [(1, 1), (2, 2)]
    assert len(events[0].source["auditd_records"]) == 2


def test_equal_serials_of_two_nodes_are_two_events() -> None:
    found = records(line("a=1", node="node=web-1 "), line("a=2", node="node=web-2 "), line("a=3", node="node=web-1 "))
    assert [(record["node"], len(record["auditd_records"])) for record in found] == [("web-1", 2), ("web-2", 1)]


def test_lines_in_syslog() -> None:
    head = "2025-03-01T10:00:00Z web-1 audispd: "
    (record,) = records(head + line("a=1"), head + line("a=2", node="node=web-1 "))
    assert (record["node"], len(record["auditd_records"])) == ("web-1", 2)
    (record,) = records("Mar  1 2025 10:00:00 web-1 kernel: [ 12.5] audit: type=1300 audit(1700000000.123:7): a=1\n")
    assert record["auditd_records"] == [{"type": "SYSCALL", "a": "1"}]


def test_the_window_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditd, "WINDOW", 2)
    text = "".join(line("a=1", serial) for serial in (1, 2, 3, 1))
    assert [record["sequence"] for record in records(text)] == [1, 2, 3, 1]
    monkeypatch.setattr(auditd, "MOST_RECORDS", 3)
    assert [len(record["auditd_records"]) for record in records(line("a=1") * 7)] == [3, 3, 1]
    monkeypatch.setattr(auditd, "MOST_BYTES", 5)
    assert [record["sequence"] for record in records(*[line("a=1", serial) for serial in (1, 2, 1)])] == [1, 2, 1]


def test_values_in_quotes_and_in_hexadecimal() -> None:
    found = fields('comm="a b" exe=2F746D702F6120622078 name=(null) auid=? uid=0 cwd="" a0=2F74')
    assert found == {"comm": "a b", "exe": "/tmp/a b x", "uid": "0", "a0": "2F74"}
    assert fields("proctitle=6C73002D6C0000", "PROCTITLE") == {"proctitle": "ls -l"}
    assert fields("acct=ada cmd=c3", "USER_CMD") == {"acct": "ada", "cmd": "c3"}


def test_several_keys() -> None:
    (record,) = records(line("key=61016232"))
    assert record["auditd_records"][0]["keys"] == ["a", "b2"]


def test_what_auditd_resolved_stands_apart() -> None:
    (record,) = records(line('uid=0 auid=1000\x1dUID="root" AUID="ada" SADDR={ saddr_fam=inet laddr=192.0.2.7 } GID=?'))
    assert record["auditd_records"] == [
        {
            "type": "SYSCALL",
            "uid": "0",
            "auid": "1000",
            "enriched": {"uid": "root", "auid": "ada", "saddr": "{ saddr_fam=inet laddr=192.0.2.7 }"},
        }
    ]


def test_fields_of_user_space_stand_beside_the_others() -> None:
    text = 'pid=7 uid=0 msg=\'op=PAM:x acct="ada" exe="/bin/su" uid=5 hostname=? terminal=pts/0 res=success\''
    assert fields(text, "USER_AUTH") == {
        "pid": "7",
        "uid": "0",
        "op": "PAM:x",
        "acct": "ada",
        "exe": "/bin/su",
        "terminal": "pts/0",
        "res": "success",
    }


def test_words_are_kept() -> None:
    (record,) = records(line('avc:  denied  { read } for  pid=1 comm="x"', kind="AVC"))
    assert record["auditd_records"] == [{"type": "AVC", "pid": "1", "comm": "x", "text": "avc: denied { read } for"}]


def test_arguments_in_pieces_over_several_records() -> None:
    (record,) = records(
        line('argc=4 a0="sh" a1_len=6 a1[0]=616263', kind="EXECVE"),
        line('a1[1]="def" a2=""', kind="EXECVE"),
        line('cwd="/"', kind="CWD"),
    )
    assert record["auditd_records"] == [
        {"type": "EXECVE", "argc": "4", "args": ["sh", "abcdef", ""], "args_missing": 1},
        {"type": "CWD", "cwd": "/"},
    ]


@pytest.mark.parametrize(
    ("saddr", "address"),
    [
        ("02000050C00002070000000000000000", {"family": "ipv4", "address": "192.0.2.7", "port": 80}),
        ("00020050C0000207", {"family": "ipv4", "address": "192.0.2.7", "port": 80}),
        (
            "0A0001BB00000000" + "20010DB8" + "00" * 11 + "01" + "00000000",
            {"family": "ipv6", "address": "2001:db8::1", "port": 443},
        ),
        ("01002F72756E2F7800AA", {"family": "unix", "path": "/run/x"}),
        ("0100002F78", {"family": "unix", "path": "@/x"}),
        ("0100", {"family": "unix"}),
        ("0200", {"family": "ipv4"}),
        ("10000000", {"family": "netlink"}),
        ("6300", {"family": "99"}),
        ("", None),
        ("0", None),
        ("xyz", None),
    ],
)
def test_addresses(saddr: str, address: dict[str, Any] | None) -> None:
    assert socket_address(saddr) == address


def test_lines_between_events_are_no_problem_and_others_are() -> None:
    text = "----\ntime->Tue Nov 14 22:13:20 2023\n" + line("a=1") + "\nrubbish\n" + line("a=2", 2)
    events, problems = read_text(text.encode())
    assert len(events) == 2
    assert codes(problems) == [("record-not-log-line", 5)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["SYSCALL", "EXECVE", "EOE", "SOCKADDR", "PROCTITLE", "USER_CMD"]),
            st.lists(
                st.sampled_from(
                    ['a0="x"', "a1[999]=6162", "argc=99999999999", "saddr=02", "key=01", "msg='", "'", '"', "="]
                )
                | st.text(max_size=5),
                max_size=6,
            ).map(" ".join),
        ),
        max_size=12,
    )
)
def test_no_record_is_lost_and_none_too_much(lines: list[tuple[int, str, str]]) -> None:
    # Whatever ends a line would make two of one.
    clean = [(serial, kind, "".join(text.split("\n"))) for serial, kind, text in lines]
    raw = line("a=1", 9) + "".join(line(text, serial, kind=kind) for serial, kind, text in clean)
    events, problems = read_text(raw.encode("utf-8", "surrogatepass"))
    assert {code for code, _ in codes(problems)} <= {"record-repaired"}
    assert {event.source["sequence"] for event in events} == {9} | {
        serial for serial, kind, _ in clean if kind != "EOE"
    }
