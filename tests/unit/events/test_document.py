"""Dotted names to values, whatever the shape of the document."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.document import Fields, field_values, flatten, objects_at
from besra.schema.fieldtype import FieldType, Scalar

KEYS = st.sampled_from(["a", "b", "c", "a.b", "b.c", "a.b.c", "a.", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["", "x", "é"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)


def naive(source: Any, name: str) -> list[tuple[str, Scalar]]:
    """Leaves by definition: walk the document, joining keys with dots."""
    if isinstance(source, dict):
        return [leaf for key, value in source.items() for leaf in naive(value, f"{name}.{key}" if name else key)]
    if isinstance(source, list):
        return [leaf for value in source for leaf in naive(value, name)]
    return [] if source is None else [(name, source)]


def nested(flat: dict[str, list[Scalar]]) -> dict[str, Any]:
    """The nested form of a document whose names do not collide."""
    document: dict[str, Any] = {}
    for name, values in flat.items():
        *parents, last = name.split(".")
        inner = document
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = values
    return document


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3))
def test_flatten_is_the_naive_definition(document: dict[str, Any]) -> None:
    grouped: dict[str, list[Scalar]] = {}
    for name, value in naive(document, ""):
        grouped.setdefault(name, []).append(value)
    assert repr(flatten(document)) == repr(grouped)


@given(st.dictionaries(st.sampled_from(["p.x", "p.y", "p.q.x", "z", "r.s.t"]), st.lists(st.integers(), min_size=1)))
def test_nested_and_dotted_forms_are_one_document(flat: dict[str, list[Scalar]]) -> None:
    assert flatten(nested(flat)) == flatten(flat) == flat


@given(DOCUMENTS, st.sampled_from(["a", "b", "a.b", "a.b.c", "b.c", "c.a.b", "a..b", "a.", ".a", ""]))
def test_one_field_agrees_with_flatten(document: dict[str, Any], name: str) -> None:
    assert repr(field_values(document, name)) == repr(flatten(document).get(name, []))


def test_shapes_of_one_field() -> None:
    for document in (
        {"process": {"parent": {"name": "a"}}},
        {"process.parent.name": "a"},
        {"process.parent": {"name": "a"}},
        {"process": {"parent.name": "a"}},
        {"process": [{"parent": {"name": ["a"]}}]},
    ):
        assert flatten(document) == {"process.parent.name": ["a"]}


def test_array_of_objects_gives_multi_values() -> None:
    document = {"dns": {"answers": [{"data": "1.1.1.1", "ttl": 5}, {"data": "2.2.2.2"}]}}
    assert flatten(document) == {"dns.answers.data": ["1.1.1.1", "2.2.2.2"], "dns.answers.ttl": [5]}


def test_missing_is_absent_null_or_empty_and_empty_text_is_a_value() -> None:
    assert flatten({"a": None, "b": [], "c": [None], "d": {}, "e": "", "f": [[], [None]]}) == {"e": [""]}


def test_colliding_fields_stay_readable() -> None:
    assert flatten({"a": 1, "a.b": 2}) == {"a": [1], "a.b": [2]}
    assert flatten({"a": {"b": 1}, "a.b": 2}) == {"a.b": [1, 2]}
    assert field_values({"a": {"b": 1}, "a.b": 2}, "a.b") == [1, 2]
    assert flatten({"a": [1, {"b": 2}]}) == {"a": [1], "a.b": [2]}


def test_depth_is_no_limit() -> None:
    document: dict[str, Any] = {"x": 1}
    for _ in range(10_000):
        document = {"x": [document]}
    ((name, values),) = flatten(document).items()
    assert (len(name.split(".")), values) == (10_001, [1])


def test_python_values_count_as_the_json_they_would_be() -> None:
    class Name(str):
        pass

    when = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    document = {"@timestamp": when, "name": Name("x"), "args": ("a", "b"), 7: True}
    expected = {"@timestamp": ["2025-01-02T03:04:05+00:00"], "name": ["x"], "args": ["a", "b"], "7": [True]}
    assert flatten(document) == expected  # type: ignore[arg-type]


def test_typed_values_leave_out_what_does_not_fit() -> None:
    fields = Fields({"process": {"pid": ["12", 13, "abc"]}, "source.ip": "::ffff:10.0.0.1"})
    assert fields.values("process.pid", FieldType.LONG) == (12, 13)
    assert fields.values("process.pid", FieldType.KEYWORD) == ("12", "13", "abc")
    assert fields.values("source.ip", FieldType.IP) == (0xFFFF_0A00_0001,)
    assert fields.values("user.name", FieldType.KEYWORD) == ()


def test_multi_fields_are_derived_where_absent() -> None:
    fields = Fields({"process": {"name": ["CMD.exe", "Ä"]}, "file": {"name": "A", "name.caseless": "kept"}})
    assert fields.values("process.name.caseless", FieldType.KEYWORD) == ("cmd.exe", "ä")
    assert fields.values("process.name.text", FieldType.TEXT) == ("CMD.exe", "Ä")
    assert fields.values("file.name.caseless", FieldType.KEYWORD) == ("kept",)
    assert fields.values("user.name.caseless", FieldType.KEYWORD) == ()


# --- objects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "objects"),
    [
        ({"a": {"b": {"c": 1}}}, [{"c": 1}]),
        ({"a.b": {"c": 1}}, [{"c": 1}]),
        ({"a": [{"b": {"c": 1}}, {"b": [{"c": 2}, [[{"c": 3}]]]}]}, [{"c": 1}, {"c": 2}, {"c": 3}]),
        ({"a.b.c": 1, "a.b.d": [2]}, [{"c": 1, "d": [2]}]),
        ({"a": [{"b.c": 1, "b.d": 2}, {"b.c": 3}]}, [{"c": 1, "d": 2}, {"c": 3}]),
        ({"a": {"b": {"c": 1}}, "a.b.d": 2}, [{"c": 1}, {"d": 2}]),
        ({"a": {"b": {}}}, [{}]),
        ({"a": {"b": ["text", 1, None, []]}}, []),
        ({"a": "text"}, []),
        ({"ab": {"c": 1}, "a.bc": {"d": 1}}, []),
        ({}, []),
    ],
)
def test_objects_at_a_path(source: dict[str, Any], objects: list[dict[str, Any]]) -> None:
    found = list(objects_at(source, "a.b"))
    assert sorted(found, key=str) == sorted(objects, key=str)


def test_the_objects_of_fields_keep_their_full_names() -> None:
    found = Fields({"a": [{"b": [{"c": 1}, {"c": 2}]}], "d": 3}).objects("a.b")
    shown = sorted((fields.scalars("a.b.c"), fields.scalars("d")) for fields in found)
    assert shown == [([1], []), ([2], [])]


@given(DOCUMENTS, KEYS)
def test_every_value_below_a_path_is_in_one_of_its_objects(source: dict[str, Any], path: str) -> None:
    below = Counter(
        (name, value) for name, values in flatten(source).items() if name.startswith(f"{path}.") for value in values
    )
    held = Counter(
        (f"{path}.{name}", value)
        for found in objects_at(source, path)
        for name, values in flatten(found).items()
        for value in values
    )
    assert held == below


def test_objects_are_found_at_any_depth() -> None:
    source: Any = {"c": 1}
    for _ in range(1500):
        source = {"a": [source]}
    assert list(objects_at(source, ".".join(["a"] * 1500))) == [{"c": 1}]
