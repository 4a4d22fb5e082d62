from typing import Any

import pytest

from besra.events.normalise.nested_document import Document
from besra.events.normalise.raw_values import (
    Move,
    RawValues,
    address,
    boolean,
    integer,
    listed_text,
    lower,
    put_moves,
    time_of,
    time_of_seconds,
)


def rest_of(record: dict[str, Any], *taken: str) -> Document:
    values = RawValues(record)
    values.take(*taken)
    document: Document = {}
    values.put_rest(document, "v")
    return document


def test_all_arrangements_are_one() -> None:
    record = {"a": {"b": {"c": 1}, "d": 2}, "a.e": 3, "f.g": {"h.i": 4}}
    values = RawValues(record)
    assert {name: values.value(name) for name in values} == {"a.b.c": 1, "a.d": 2, "a.e": 3, "f.g.h.i": 4}


def test_null_and_empty_are_no_values() -> None:
    assert list(RawValues({"a": None, "b": "", "c": [], "d": {}, "e": 0, "f": False})) == ["e", "f"]


def test_a_name_with_two_values_has_both() -> None:
    assert RawValues({"a": {"b": 1}, "a.b": [2, 3]}).value("a.b") in ([1, 2, 3], [2, 3, 1])
    assert RawValues({"p.a": 1, "a": 2}, without="p.").value("a") == [1, 2]


def test_what_is_taken_is_not_put_twice() -> None:
    assert rest_of({"a": 1, "b": 2}, "a") == {"v": {"b": 2}}
    assert rest_of({"a": 1}, "a") == {}


def test_a_name_that_others_go_on_behind() -> None:
    assert rest_of({"image": "x", "image.sha256": "y"}) == {"v": {"image": {"value": "x", "sha256": "y"}}}
    both = rest_of({"a": 1, "a.b": 2, "a.value": 3})
    assert both == {"v": {"a": {"value": [1, 3], "b": 2}}}


def test_an_object_in_the_place_of_its_text() -> None:
    values = RawValues({"more": '{"a": 1}', "b": 2})
    values.open("more", {"a": {"c": 1}})
    assert {name: values.value(name) for name in values} == {"b": 2, "more.a.c": 1}


def test_a_list_of_the_record_is_not_shared() -> None:
    record = {"a": [1]}
    rest_of(record)["v"]["a"].append(2)
    assert record == {"a": [1]}


def test_the_first_row_that_has_a_value_wins_and_the_other_stays() -> None:
    values = RawValues({"a": "x", "b": "1", "c": "2"})
    document: Document = {}
    put_moves(document, values, [Move("a", "n", integer), Move("b", "n", integer), Move("c", "n", integer)])
    values.put_rest(document, "v")
    assert document == {"n": 1, "v": {"a": "x", "c": "2"}}


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (integer, "443", 443),
        (integer, 443.0, 443),
        (integer, "0x1bb", 443),
        (integer, True, None),
        (integer, 0.5, None),
        (integer, float("inf"), None),
        (integer, [1], None),
        (boolean, "TRUE", True),
        (boolean, 0, False),
        (boolean, "yes", None),
        (address, "::ffff:192.0.2.7", "192.0.2.7"),
        (address, "2001:db8::1", "2001:db8::1"),
        (address, "host", None),
        (address, 7, None),
        (lower, "ABC", "abc"),
        (lower, {}, None),
        (listed_text, 5, ["5"]),
        (listed_text, [], None),
        (time_of, 1_773_740_531_204, "2026-03-17T09:42:11.204Z"),
        (time_of, "1773740531204", "2026-03-17T09:42:11.204Z"),
        (time_of, "2026-03-17T10:02:11.7654321Z", "2026-03-17T10:02:11.765432100Z"),
        (time_of, 10**30, None),
        (time_of, "soon", None),
        (time_of, ["2026-03-17"], None),
        (time_of_seconds, "1773740531.204", "2026-03-17T09:42:11.204Z"),
        (time_of_seconds, 1773740531, "2026-03-17T09:42:11.000Z"),
        (time_of_seconds, "-1", None),
        (time_of_seconds, "1.x", None),
        (time_of_seconds, "9" * 13, None),
    ],
)
def test_conversions(convert: Any, value: Any, expected: Any) -> None:
    assert convert(value) == expected
