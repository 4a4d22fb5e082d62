"""Sources, kinds, fields, hosts and times of events, within bounds."""

from typing import Any

import pytest

from besra import api
from besra.events import field_names, inventory
from besra.events.event_kind import EventKind, told_by
from besra.events.inventory import OTHERS, Inventory, SourceFound, Span, host_of

SECOND = 1_000_000_000


def taken(*documents: dict[str, Any]) -> Inventory:
    found = Inventory()
    for event in api.positional_events(documents):
        found.add(event)
    return found


def start(**fields: Any) -> dict[str, Any]:
    return {"event": {"category": ["process"], "type": "start"}, "data_stream.dataset": "made.up", **fields}


def test_sources_come_with_their_kinds_and_fields_the_most_frequent_first() -> None:
    found = taken(
        {"event": {"category": "file"}, "data_stream": {"dataset": "other"}, "file": {"path": "/tmp/a"}},
        start(process={"name": "a"}),
        start(process={"pid": 4, "args": [], "name": None}),
        {**start(), "event": {"category": ["process"], "type": "end"}},
    )
    first, second = found.sources()
    assert (first.home, first.events, len(first.kinds)) == ("logs-made.up-default", 3, 2)
    assert {"process.name", "process.pid", "data_stream.dataset", "event.type"} <= first.fields
    assert "process.args" not in first.fields
    assert "file.path" not in first.fields
    assert (second.home, second.events) == ("logs-other-default", 1)


@pytest.mark.parametrize(
    ("document", "name", "values"),
    [
        ({"event": {"category": "a"}}, "event.category", ("a",)),
        ({"event": {"category": ["a", "b"]}}, "event.category", ("a", "b")),
        ({"event": {"category": ["a", 4]}}, "event.category", ("a", 4)),
        ({"event": {"category": [["a"], None]}}, "event.category", ("a",)),
        ({"event.category": "a", "event": {"category": "b"}}, "event.category", ("a", "b")),
        ({"event": [{"category": "a"}, {"category": "b"}]}, "event.category", ("a", "b")),
        ({"event": {"category": None}}, "event.category", ()),
        ({"host": {"os.type": "linux"}}, "host.os.type", ("linux",)),
        ({"host": {"os": {"type": "linux"}}}, "host.os.type", ("linux",)),
        ({"event": {"code": 4}}, "event.code", (4,)),
        ({"event": {"code": 4, "action": "x"}}, "event.action", ("x",)),
    ],
)
def test_what_documents_tell_of_their_kind(document: dict[str, Any], name: str, values: tuple[Any, ...]) -> None:
    assert dict(told_by(document))[name] == values


def test_actions_tell_a_kind_only_beside_a_number() -> None:
    assert "event.action" not in dict(told_by({"event": {"action": "x"}}))


@pytest.mark.parametrize(
    ("document", "host"),
    [
        ({"host": {"name": "a", "hostname": "b"}}, "a"),
        ({"host": {"hostname": "b", "id": "c"}}, "b"),
        ({"winlog": {"computer_name": "d"}, "host": {"id": "c"}}, "d"),
        ({"host": {"id": 7}}, "7"),
        ({"host": "flat"}, None),
        ({}, None),
    ],
)
def test_the_host_of_an_event(document: dict[str, Any], host: str | None) -> None:
    assert host_of(document) == host


def test_hosts_have_the_times_of_their_first_and_last_event() -> None:
    found = taken(
        {"@timestamp": "1970-01-01T00:00:09Z", "host.name": "a"},
        {"@timestamp": "1970-01-01T00:00:03Z", "host.name": "a"},
        {"@timestamp": "no time", "host.name": "a"},
        {"host.name": "b"},
    )
    assert found.hosts == {"a": Span(3, 3 * SECOND, 9 * SECOND), "b": Span(1)}


def test_hosts_beyond_the_bound_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MOST_HOSTS", 2)
    found = taken(*({"host.name": name} for name in "abcda"))
    assert {name: span.events for name, span in found.hosts.items()} == {"a": 2, "b": 1, OTHERS: 2}


def test_of_kinds_beyond_the_bound_index_and_category_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MOST_KINDS", 1)
    found = taken(*({"event": {"code": str(code), "category": "x"}, "f": {str(code): 1}} for code in range(4)))
    (source,) = found.sources()
    assert [dict(kind.told).get("event.code") for kind in source.kinds] == [("0",), None]
    assert {"f.1", "f.2", "f.3"} <= source.kinds[1].fields
    assert source.events == 4


def test_names_beyond_the_bound_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field_names, "MOST", 3)
    names = field_names.FieldNames()
    names.add({"a": {str(number): 1 for number in range(5)}})
    assert names.names() == {"a.0", "a.1"}
    assert not names.is_complete
    (source,) = taken({"a": {str(number): 1 for number in range(5)}}).sources()
    assert source.kinds[0].has("a.4")
    assert not EventKind(("i",), (), frozenset({"a.0"})).has("a.4")


def test_documents_of_any_depth_have_names() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = {"a": deep}
    names = field_names.FieldNames()
    names.add(deep)
    assert len(names.names()) == 1


def test_no_events_have_no_source() -> None:
    assert Inventory().sources() == ()
    assert SourceFound("x", 0, ()).fields == frozenset()
