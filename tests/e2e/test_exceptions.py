"""`besra scan --exceptions` and `--value-list` as an analyst uses them, and what is said where they cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.command import inside
from tests.exceptions import container, item, match, rule

HOST = match("host.name", "a")
EVENTS = [{"@timestamp": "2026-03-01T00:00:00Z", "host": {"name": name}, "_id": name} for name in "abc"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files(folder: Path, **contents: Any) -> None:
    """JSON lines for lists, text for texts; `.` in a file's name is written `_`."""
    for name, content in contents.items():
        text = content if isinstance(content, str) else "".join(f"{json.dumps(line)}\n" for line in content)
        (folder / name.replace("_", ".")).write_text(text, "utf-8")


def hosts(printed: str) -> list[str]:
    return [json.loads(line)["host"]["name"] for line in printed.splitlines()]


def in_list(kind: str = "keyword") -> dict[str, Any]:
    return {"field": "host.name", "type": "list", "list": {"id": "known", "type": kind}}


def test_exceptions_take_effect_and_are_counted(tmp_path: Path) -> None:
    files(tmp_path, r_ndjson=[rule(lists=())], e_ndjson=[container(), item(HOST)], ev_ndjson=EVENTS)
    done = inside("scan", "ev.ndjson", "--rules", "r.ndjson", "--exceptions", "e.ndjson", "--format", "ndjson")
    assert done.code == 0
    assert hosts(done.out) == ["b", "c"]
    assert "exceptions: 1 item applied to 1 rule\n" in done.err


def test_exceptions_in_an_export_need_no_option(tmp_path: Path) -> None:
    files(tmp_path, r_ndjson=[rule(), container(), item(HOST)], ev_ndjson=EVENTS)
    done = inside("scan", "ev.ndjson", "--rules", "r.ndjson", "--format", "ndjson")
    again = inside("scan", "ev.ndjson", "--rules", "r.ndjson", "--format", "ndjson", "-q")
    assert hosts(done.out) == hosts(again.out) == ["b", "c"]


def test_expiry_goes_by_now(tmp_path: Path) -> None:
    expiring = item(HOST, expire_time="2026-06-01T00:00:00Z")
    files(tmp_path, r_ndjson=[rule(), container(), expiring], ev_ndjson=EVENTS)
    scan = ("scan", "ev.ndjson", "--rules", "r.ndjson", "--format", "ndjson", "--now")
    before, after = inside(*scan, "2026-05-01"), inside(*scan, "2026-07-01")
    assert hosts(before.out) == ["b", "c"]
    assert hosts(after.out) == ["a", "b", "c"]
    assert "exceptions: 0 items applied to 0 rules; 1 item expired" in after.err
    assert "[exception-expired]" in after.err
    assert after.code == 0


def test_value_lists_by_id_and_by_the_name_of_their_file(tmp_path: Path) -> None:
    files(tmp_path, r_ndjson=[rule()], e_ndjson=[item(in_list())], ev_ndjson=EVENTS, known="a\nb\n", other_txt="c\n")
    scan = (
        "scan",
        "ev.ndjson",
        "--rules",
        "r.ndjson",
        "--exceptions",
        "e.ndjson",
        "--format",
        "ndjson",
        "--value-list",
    )
    by_name, by_id = inside(*scan, "known"), inside(*scan, "known=other.txt")
    unused = inside(*scan, "known", "--value-list", "other.txt")
    assert hosts(by_name.out) == hosts(unused.out) == ["c"]
    assert hosts(by_id.out) == ["a", "b"]
    assert "[value-list-unused]" in unused.err


def test_a_value_list_that_is_not_there_is_an_error_and_the_scan_goes_on(tmp_path: Path) -> None:
    files(tmp_path, r_ndjson=[rule()], e_ndjson=[item(in_list()), item(HOST)], ev_ndjson=EVENTS)
    done = inside("scan", "ev.ndjson", "--rules", "r.ndjson", "--exceptions", "e.ndjson", "--format", "ndjson")
    assert hosts(done.out) == ["b", "c"]
    assert done.code == 2
    assert "e.ndjson:1:" in done.err
    assert "[exception-not-applied]" in done.err
    assert "--value-list known=FILE" in done.err


def test_files_that_are_not_there(tmp_path: Path) -> None:
    files(tmp_path, r_ndjson=[rule()], e_ndjson=[item(in_list())], ev_ndjson=EVENTS)
    scan = ("scan", "ev.ndjson", "--rules", "r.ndjson", "--exceptions")
    no_exceptions = inside(*scan, "gone.ndjson")
    no_list = inside(*scan, "e.ndjson", "--value-list", "known=gone.txt")
    assert no_exceptions.code == no_list.code == 3
    assert "[path-not-found]" in no_exceptions.err
    assert "[value-list-unreadable]" in no_list.err
    assert "Traceback" not in no_exceptions.err + no_list.err


def test_check_says_it_without_a_scan(tmp_path: Path) -> None:
    files(tmp_path, r_ndjson=[rule()], e_ndjson=[item(HOST)])
    missing = inside("rules", "check", "r.ndjson", "--format", "json")
    there = inside("rules", "check", "r.ndjson", "--exceptions", "e.ndjson", "--format", "json")
    assert json.loads(missing.out)["summary"]["codes"] == {"rule-exceptions-not-applied": 1}
    assert json.loads(there.out)["summary"]["codes"] == {}
