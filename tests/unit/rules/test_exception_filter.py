"""What events an exception item silences."""

from typing import Any

import pytest
from tests.exceptions import item, match, value_list

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.rules.exception_build import exceptions_of
from besra.rules.exception_filter import LoweredItem, lower_item
from besra.schema.catalogue import bundled_catalogue

LISTS = [
    value_list("hosts", "keyword", "build-1", "build-2", "4624"),
    value_list("scanners", "ip", "192.0.2.1", "2001:db8::1"),
    value_list("office", "ip_range", "10.0.0.0/8", "192.0.2.0/25"),
    value_list("mixed", "keyword", "10.1.2.3", "10.9.0.0/16", "nobody"),
    value_list("phrases", "text", "backup done", "nightly", "*.example.com", "a?c"),
    value_list("none", "keyword"),
]
VALUE_LISTS = {(values.id, str(values.type)): values for values in LISTS}


def lowered(*entries: dict[str, Any], **changes: Any) -> LoweredItem:
    known = exceptions_of([item(*entries, **changes)])
    assert not known.problems, known.problems
    return lower_item(known.items[0], VALUE_LISTS, bundled_catalogue())


def silences(document: dict[str, Any], *entries: dict[str, Any], **changes: Any) -> bool:
    found = lowered(*entries, **changes)
    assert not found.problems, found.problems
    assert found.predicate is not None
    return holds(found.predicate, Fields(document))


NAME, TEXT, IP, PID = "process.name", "message", "source.ip", "process.pid"


def any_of(field: str, *values: str) -> dict[str, Any]:
    return {"field": field, "type": "match_any", "value": list(values)}


def like(field: str, pattern: str) -> dict[str, Any]:
    return {"field": field, "type": "wildcard", "value": pattern}


def exists(field: str) -> dict[str, Any]:
    return {"field": field, "type": "exists"}


def in_list(field: str, list_id: str, kind: str) -> dict[str, Any]:
    return {"field": field, "type": "list", "list": {"id": list_id, "type": kind}}


@pytest.mark.parametrize(
    ("entry", "values", "expected"),
    [
        (match(NAME, "cmd.exe"), {NAME: "cmd.exe"}, True),
        (match(NAME, "cmd.exe"), {NAME: "CMD.exe"}, False),
        (match(NAME, "cmd.exe"), {NAME: ["a", "cmd.exe"]}, True),
        (match(NAME, "cmd*"), {NAME: "cmd.exe"}, False),
        (match(NAME, "cmd.exe"), {}, False),
        (match("process.name.caseless", "cmd.exe"), {NAME: "CMD.exe"}, True),
        (match(PID, "4"), {PID: 4}, True),
        (match(IP, "10.0.0.1"), {IP: "10.0.0.1"}, True),
        (match(IP, "10.0.0.0/8"), {IP: "10.0.0.1"}, True),
        (match("made.up", "4624"), {"made.up": 4624}, True),
        (match(TEXT, "two words"), {TEXT: "Just Two words."}, True),
        (match(TEXT, "two words"), {TEXT: "words two"}, False),
        (any_of(NAME, "a", "b"), {NAME: "b"}, True),
        (any_of(NAME, "a", "b"), {NAME: "c"}, False),
        (like(NAME, "c?d*"), {NAME: "cmd.exe"}, True),
        (like(NAME, "c?d*"), {NAME: "Cmd.exe"}, False),
        (like("process.executable", "C:\\\\Tools\\\\*"), {"process.executable": "C:\\Tools\\a.exe"}, True),
        (like(TEXT, "wor*"), {TEXT: "two words"}, True),
        (exists(NAME), {NAME: ""}, True),
        (exists(NAME), {}, False),
        (in_list("host.name", "hosts", "keyword"), {"host.name": "build-2"}, True),
        (in_list("host.name", "hosts", "keyword"), {"host.name": "Build-2"}, False),
        (in_list("made.up", "hosts", "keyword"), {"made.up": 4624}, True),
        (in_list("host.name", "none", "keyword"), {"host.name": "build-1"}, False),
        (in_list(IP, "scanners", "ip"), {IP: "192.0.2.1"}, True),
        (in_list(IP, "scanners", "ip"), {IP: "2001:DB8:0::1"}, True),
        (in_list(IP, "scanners", "ip"), {IP: "192.0.2.2"}, False),
        (in_list("destination.address", "scanners", "ip"), {"destination.address": "192.0.2.1"}, True),
        (in_list("destination.address", "scanners", "ip"), {"destination.address": "a.example"}, False),
        (in_list(IP, "office", "ip_range"), {IP: "10.255.0.1"}, True),
        (in_list(IP, "office", "ip_range"), {IP: "192.0.2.128"}, False),
        (in_list(TEXT, "phrases", "text"), {TEXT: "Done: the backup"}, True),
        (in_list(TEXT, "phrases", "text"), {TEXT: "the backup failed"}, False),
        (in_list(TEXT, "phrases", "text"), {TEXT: "see www.example.com now"}, True),
        (in_list("host.name", "phrases", "text"), {"host.name": "a.example.com"}, True),
        (in_list("host.name", "phrases", "text"), {"host.name": "abc"}, True),
        (in_list("host.name", "phrases", "text"), {"host.name": "backup done"}, True),
        (in_list("host.name", "phrases", "text"), {"host.name": "backup"}, False),
    ],
)
@pytest.mark.parametrize("operator", ["included", "excluded"])
def test_what_an_entry_holds_of(entry: dict[str, Any], values: dict[str, Any], expected: bool, operator: str) -> None:
    assert silences(values, {**entry, "operator": operator}) is (expected if operator == "included" else not expected)


def test_all_entries_have_to_hold() -> None:
    entries = match(NAME, "cmd.exe"), match("user.name", "svc", operator="excluded")
    assert silences({NAME: "cmd.exe"}, *entries)
    assert silences({NAME: "cmd.exe", "user.name": "eve"}, *entries)
    assert not silences({NAME: "cmd.exe", "user.name": "svc"}, *entries)


def test_entries_of_a_nested_one_hold_of_one_object() -> None:
    nested = {"field": "objects", "type": "nested", "entries": [match("a", "1"), match("b", "2")]}
    for entry in nested["entries"]:
        entry["operator"] = "included"
    nested.pop("operator", None)
    known = exceptions_of([{**item(), "entries": [nested]}])
    assert not known.problems
    predicate = lower_item(known.items[0], {}, bundled_catalogue()).predicate
    assert predicate is not None
    assert holds(predicate, Fields({"objects": [{"a": "x"}, {"a": "1", "b": "2"}]}))
    assert not holds(predicate, Fields({"objects": [{"a": "1"}, {"b": "2"}]}))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ({"os": {"type": "windows"}}, True),
        ({"os": {"type": "linux"}}, True),
        ({"os": {"type": "macos"}}, False),
        ({"os": {"name": "Windows"}}, True),
        ({"os": {"name": "Windows 11"}}, False),
        ({}, False),
    ],
)
def test_an_item_may_be_about_operating_systems(host: dict[str, Any], expected: bool) -> None:
    document = {"process": {"name": "cmd.exe"}, "host": host}
    assert silences(document, match(NAME, "cmd.exe"), os_types=["windows", "linux"]) is expected


# --- what cannot be applied, and what is hardly meant -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (in_list("host.name", "elsewhere", "keyword"), "the value list elsewhere (type keyword) is not there"),
        (in_list("host.name", "hosts", "ip"), "the value list hosts (type ip) is not there"),
        (in_list("host.name", "hosts", "date"), "value lists of type 'date' are not supported"),
        (exists("host.*"), "patterns for names"),
    ],
)
def test_what_cannot_be_applied_is_an_error(entry: dict[str, Any], message: str) -> None:
    found = lowered(match(NAME, "cmd.exe"), entry)
    assert found.predicate is None
    (problem,) = found.problems
    assert (problem.code, str(problem.severity)) == ("exception-not-applied", "error")
    assert message in problem.message
    assert "it silences nothing" in problem.message


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (match(PID, "four"), "exception-never"),
        (like(PID, "4*"), "exception-never"),
        (like(TEXT, "Wor*"), "exception-never"),
        (like("process.executable", "C:\\Tools\\*"), "exception-escape"),
        (in_list(PID, "hosts", "keyword"), "exception-never"),
        (in_list(PID, "office", "ip_range"), "exception-never"),
        (in_list(TEXT, "scanners", "ip"), "exception-never"),
        (in_list(IP, "mixed", "keyword"), "exception-never"),
    ],
)
def test_what_is_hardly_meant_is_said(entry: dict[str, Any], code: str) -> None:
    found = lowered(entry)
    assert found.predicate is not None
    assert [(problem.code, str(problem.severity)) for problem in found.problems] == [(code, "warning")]


def test_of_a_list_what_fits_the_field_counts() -> None:
    found = lowered(in_list(IP, "mixed", "keyword"))
    assert "1 of 3 values" in found.problems[0].message
    assert found.predicate is not None
    assert holds(found.predicate, Fields({IP: "10.1.2.3"}))
    assert holds(found.predicate, Fields({IP: "10.9.8.7"}))
    assert not holds(found.predicate, Fields({IP: "10.8.8.7"}))
    numbers = lowered(in_list(PID, "hosts", "keyword"))
    assert numbers.predicate is not None
    assert holds(numbers.predicate, Fields({PID: 4624}))
