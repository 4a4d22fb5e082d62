import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.problems import Place
from besra.rules.location import FieldPath, Locations, locate_json, locate_toml, source_offset

TOML = '''# a comment with [brackets] and "quotes"
title = "a # b"
"odd key".inner = 'c:\\d'

[rule]  # the rule
tags = [ # first
  "one, [two]",
  'x',
  { a = 1, b = ["y"] },
]
when = 2025-01-01 10:00:00
query = """
process where true
  and false"""
empty = ""
none = []

[[rule.threat]]
framework = "A"
[rule.threat.tactic]
id = "TA0001"
[[rule.threat.technique]]
id = "T1"
[[rule.threat.technique]]
id = "T2"

[[rule.threat]]
framework = "B"
[[rule.threat.technique]]
id = "T3"
'''


def at_line(field: FieldPath) -> tuple[int | None, int | None]:
    place = Locations(TOML, "rule.toml", locate_toml(TOML)).place(field)
    return place.line, place.column


@pytest.mark.parametrize(
    ("field", "line", "column"),
    [
        (("title",), 2, 1),
        (("odd key", "inner"), 3, 1),
        (("rule",), 5, 1),
        (("rule", "tags"), 6, 1),
        (("rule", "tags", 0), 7, 3),
        (("rule", "tags", 2, "a"), 9, 5),
        (("rule", "tags", 2, "b", 0), 9, 17),
        (("rule", "when"), 11, 1),
        (("rule", "query"), 12, 1),
        (("rule", "none"), 16, 1),
        (("rule", "threat", 0, "framework"), 19, 1),
        (("rule", "threat", 0, "tactic", "id"), 21, 1),
        (("rule", "threat", 0, "technique", 1, "id"), 25, 1),
        (("rule", "threat", 1, "technique", 0, "id"), 30, 1),
    ],
)
def test_toml_keys_and_items_are_found(field: FieldPath, line: int, column: int) -> None:
    assert at_line(field) == (line, column)


def test_a_field_that_is_not_there_is_placed_at_what_holds_it() -> None:
    assert at_line(("rule", "threat", 1, "tactic", "id")) == (27, 1)
    assert at_line(("rule", "missing")) == (5, 1)
    assert at_line(("nothing",)) == (1, None)


def test_values_have_their_quotes() -> None:
    found = locate_toml(TOML)[("rule", "tags", 1)].value

    assert TOML[found.start : found.end] == "'x'"


def leaves(value: Any, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Any]]:
    match value:
        case dict() if value:
            for key, item in value.items():
                yield from leaves(item, (*path, key))
        case list() if value:
            for number, item in enumerate(value):
                yield from leaves(item, (*path, number))
        case _:
            yield path, value


def test_every_toml_value_is_located() -> None:
    found = locate_toml(TOML)

    for path, _ in leaves(tomllib.loads(TOML)):
        assert path in found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.sampled_from([None, 1]))
def test_located_json_values_are_the_values(value: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    found = locate_json(text)

    for path, leaf in leaves(value):
        span = found[path].value
        assert json.loads(text[span.start : span.end]) == leaf


def test_deep_nesting_is_walked() -> None:
    assert len(locate_json("[" * 5000 + "]" * 5000)) == 5000


@pytest.mark.parametrize(
    "literal",
    [
        '"ab\\"c\\\\d\\u00e9 \\U0001F600 x"',
        "'plain \\n stays'",
        "'''\nfirst\nsecond 'quoted'\n'''",
        '"""\nfirst \\\n   joined\nsecond \\t tab\n"""',
        '"""no newline \\"first\\"\nsecond"""',
    ],
)
def test_a_position_in_a_value_is_found_in_the_text_as_written(literal: str) -> None:
    value = tomllib.loads(f"x = {literal}")["x"]
    for number, line in enumerate(value.split("\n"), 1):
        for column, char in enumerate(line, 1):
            written = literal[source_offset(literal, number, column)]
            assert written in (char, "\\")


def test_a_query_place_becomes_a_place_in_the_file() -> None:
    locations = Locations(TOML, "rule.toml", locate_toml(TOML), ("rule",))

    place = locations.place_in(("query",), Place(line=2, column=7, width=5))

    assert (place.path, place.line, place.column) == ("rule.toml", 14, 7)
    assert place.excerpt == '  and false"""'
    assert place.width == 5


def test_lines_count_from_where_the_text_begins_in_its_file() -> None:
    text = '{"rule_id": "a"}'

    assert str(Locations(text, "x.ndjson", locate_json(text), first_line=7).place(("rule_id",))) == "x.ndjson:7:2"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a = [1,2 , \"x\" , 'y'  ]", ["1", "2", '"x"', "'y'"]),
        ('a = [ "x", # one, "not this"\n "y" # two ]\n , "z"\n]', ['"x"', '"y"', '"z"']),
        ('a = [ "x", [ "y" ], "z", ]', ['"x"', '[ "y" ]', '"z"']),
        ('a = [ { b = 1 }, "z" ]', ["{ b = 1 }", '"z"']),
        ('a = ["""x""y""""", "z"]', ['"""x""y"""""', '"z"']),
        ("a = [2025-01-01 10:00:00,-1.5e3]", ["2025-01-01 10:00:00", "-1.5e3"]),
        ("a = []", []),
    ],
)
def test_items_of_lists(text: str, values: list[str]) -> None:
    assert tomllib.loads(text)
    found = locate_toml(text)
    shown = [text[found["a", n].value.start : found["a", n].value.end] for n in range(len(values))]
    assert shown == values
    assert ("a", len(values)) not in found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", "1"),
        ("a\t= \ttrue # b = 2", "true"),
        ('a = "x # \\" y" # z', '"x # \\" y"'),
        ('a = """x\n"y" ""z""\\""""""', '"""x\n"y" ""z""\\""""""'),
        ("a = '''x\\'''", "'''x\\'''"),
        ("a = 2025-01-01 10:00:00Z", "2025-01-01 10:00:00Z"),
    ],
)
def test_values_without_brackets(text: str, value: str) -> None:
    assert tomllib.loads(text)
    span = locate_toml(f"[t]\n{text}\nlast = 1")["t", "a"].value
    assert f"[t]\n{text}\nlast = 1"[span.start : span.end] == value
    assert ("t", "last") in locate_toml(f"[t]\n{text}\nlast = 1")
