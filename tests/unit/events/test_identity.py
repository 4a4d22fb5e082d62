"""Which events are the same event."""

from typing import Any

from besra.events.event import Event
from besra.events.identity import document_id, event_key


def test_order_of_keys_does_not_count_and_content_does() -> None:
    assert document_id({"a": 1, "b": {"c": [1, 2]}}) == document_id({"b": {"c": [1, 2]}, "a": 1})
    different = [{"a": 1}, {"a": "1"}, {"a": [1]}, {"a": None}, {}, {"a": {"b": 1}}, {"a.b": 1}]
    assert len({document_id(document) for document in different}) == len(different)


def test_id_is_forty_hexadecimal_digits() -> None:
    found = document_id({"a": 1})
    assert len(found) == 40
    assert int(found, 16) > 0


def test_documents_json_cannot_write_have_an_id_too() -> None:
    deep: dict[str, Any] = {"x": 1}
    for _ in range(2_000):
        deep = {"x": deep}
    odd = [deep, {"a": 10**30}, {"a": "\ud800"}, {"a": "\ud801"}, {"a": 10**30 + 1}]
    assert len({document_id(document) for document in odd}) == len(odd)
    assert document_id({"a": 10**30, "b": 1}) == document_id({"b": 1, "a": 10**30})


def test_one_id_in_two_indices_is_two_events() -> None:
    keys = {event_key(Event("1", (index,), {})) for index in ("logs-a-default", "logs-b-default")}
    assert len(keys) == 2
