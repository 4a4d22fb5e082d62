"""Records taken apart."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.document import flatten
from besra.events.normalise.nested_document import Document
from besra.events.normalise.raw_record import (
    DEPTH,
    json_in,
    keep,
    move_texts,
    move_times,
    opened,
    renamed,
    snake_case,
    take,
    take_text,
    text_at,
    time_of,
    without_empty,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aB._", max_size=4), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text("aB._", max_size=4), JSON, max_size=5)


def test_dotted_names_are_spelled_out_at_the_top_and_kept_below() -> None:
    assert opened({"a.b": 1, "c": {"d.e": 2}}) == {"a": {"b": 1}, "c": {"d.e": 2}}


@pytest.mark.parametrize("record", [{"a": 1, "a.b": 2}, {"a.b": 2, "a": 1}])
def test_where_two_arrangements_meet_the_longer_name_stays(record: Document) -> None:
    assert opened(record) == {"a": 1, "a.b": 2}


@given(OBJECTS)
def test_opening_changes_no_field(record: dict[str, Any]) -> None:
    before = {name: sorted(map(repr, values)) for name, values in flatten(record).items()}
    assert {name: sorted(map(repr, values)) for name, values in flatten(opened(record)).items()} == before


@given(OBJECTS, OBJECTS)
def test_what_is_kept_replaces_nothing(first: dict[str, Any], second: dict[str, Any]) -> None:
    document: Document = {}
    keep(document, "v", first, str.lower)
    keep(document, "v", second, str.lower)
    kept = sorted(repr(value) for values in flatten(document).values() for value in values)
    given_values = [value for record in (first, second) for values in flatten(record).values() for value in values]
    assert kept == sorted(map(repr, given_values))


def test_names_that_would_be_the_same_get_another_spelling() -> None:
    document: Document = {"v": {"foo_bar": 1}}
    keep(document, "v", {"fooBar": 2, "foo_bar": 3})
    assert document == {"v": {"foo_bar": 1, "fooBar": 2, "foo_bar_": 3}}


def test_a_vendor_without_a_rest_has_no_object() -> None:
    document: Document = {}
    keep(document, "v.w", {"a": {}})
    assert document == {}


def test_what_lies_absurdly_deep_is_kept_as_it_is() -> None:
    deep: Any = {"fooBar": 1}
    for _ in range(5 * DEPTH):
        deep = {"fooBar": deep}
    document: Document = {}
    keep(document, "v", without_empty(opened({"fooBar": deep})))
    assert list(flatten(document).values()) == [[1]]


def test_what_holds_nothing_goes_and_objects_in_lists_keep_their_places() -> None:
    record = {"a": None, "b": "", "c": [None, "", {"d": None}, {"d": 0}], "e": {"f": {"g": []}}, "h": False}
    assert without_empty(record) == {"c": [{}, {"d": 0}], "h": False}


def test_taking_removes_and_a_value_of_another_type_stays() -> None:
    rest: Document = {"a": {"b": 1, "c": ["x"]}}
    assert (take_text(rest, "a.b"), take_text(rest, "a.c"), take(rest, "a.x.y")) == ("1", None, None)
    assert rest == {"a": {"c": ["x"]}}
    assert take(rest, "a.c") == ["x"]


def test_the_first_name_that_has_a_text_gives_the_field() -> None:
    rest, document = {"a": "", "b": "2", "c": "3"}, Document()
    move_texts(rest, document, (("a", "f.g"), ("b", "f.g"), ("c", "f.g")))
    assert (document, rest) == ({"f": {"g": "2"}}, {"a": "", "c": "3"})


def test_a_text_that_is_no_time_stays() -> None:
    rest, document = {"a": "soon", "b": 1_700_000_000_000}, Document()
    move_times(rest, document, (("a", "t"), ("b", "t")))
    assert (document, rest) == ({"t": "2023-11-14T22:13:20.000Z"}, {"a": "soon"})


@pytest.mark.parametrize("value", [None, True, [], {}, "", 10**30, -(10**30), 1e300, "12"])
def test_times_that_are_none_or_no_year_of_a_log(value: Any) -> None:
    assert time_of(value) in (None, "1970-01-01T00:00:00.012Z")


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("riskLevelDuringSignIn", "risk_level_during_sign_in"),
        ("requestID", "request_id"),
        ("ARN", "arn"),
        ("C_Idtyp", "c_idtyp"),
        ("riskEventTypes_v2", "risk_event_types_v2"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_names_change_at_all_levels() -> None:
    assert renamed({"fooBar": [{"barFoo": {"aB": 1}}, "cD"]}) == {"foo_bar": [{"bar_foo": {"a_b": 1}}, "cD"]}


def test_json_within_text() -> None:
    assert [json_in(text) for text in ('{"a": [1]}', "[1]", "1", "{a}", 5, None)] == [{"a": [1]}, [1], *[None] * 4]


def test_the_one_scalar_at_a_name() -> None:
    record = {"a": {"b": [7]}, "c": [1, 2]}
    assert [text_at(record, name) for name in ("a.b", "c", "d")] == ["7", None, None]
