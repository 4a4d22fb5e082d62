import pytest

from besra.events.normalise.nested_document import (
    collect,
    drop_empty_event_data,
    field_text,
    field_value,
    integer_of,
    nested,
    put,
    text_of,
)


def test_dotted_keys_are_spelled_out_but_event_data_is_left_alone() -> None:
    document = nested({"a.b": 1, "a": {"c.d": 2}, "winlog.event_data": {"x.y": "z"}})
    assert document == {"a": {"b": 1, "c": {"d": 2}}, "winlog": {"event_data": {"x.y": "z"}}}


def test_objects_win_over_scalars_in_their_place() -> None:
    assert nested({"a": 1, "a.b": 2}) == {"a": {"b": 2}}
    document = {"process": "not an object"}
    put(document, "process.name", "x")
    assert document == {"process": {"name": "x"}}


def test_null_is_not_stored() -> None:
    document: dict[str, object] = {}
    put(document, "a.b", None)
    collect(document, "c", None)
    assert document == {}


def test_lists_hold_a_value_once() -> None:
    document: dict[str, object] = {"related": {"user": "was text"}}
    for name in ("a", "b", "a"):
        collect(document, "related.user", name)
    assert field_value(document, "related.user") == ["a", "b"]


def test_reading_through_what_is_no_object_gives_nothing() -> None:
    assert field_value({"a": [1]}, "a.b.c") is None
    assert field_text({"a": {"b": 7}}, "a.b") == "7"
    assert field_text({"a": {"b": ""}}, "a.b") is None


def test_bare_event_data_is_removed() -> None:
    document = {"winlog": {"event_data": {"a": None, "b": "-", "c": ""}}}
    drop_empty_event_data(document, frozenset({"-"}))
    assert document == {"winlog": {"event_data": {"c": ""}}}
    drop_empty_event_data(document, frozenset({""}))
    assert document == {"winlog": {}}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("0x1F", 31),
        ("0X1f", 31),
        ("-1", -1),
        ("x", None),
        ("", None),
        ("0x", None),
        ("9" * 30, None),
        (None, None),
    ],
)
def test_integers(text: str | None, number: int | None) -> None:
    assert integer_of(text) == number


def test_text_of_scalars() -> None:
    assert [text_of(value) for value in ("a", 1, True, 1.5, "", None, [], {})] == [
        "a",
        "1",
        "true",
        "1.5",
        None,
        None,
        None,
        None,
    ]
