import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.rules.tomltext import toml_string, toml_table

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"'\\\n\t\r\x00\x7f"), max_size=40)
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


@given(TEXT)
def test_a_string_reads_back(text: str) -> None:
    assert tomllib.loads(f"x = {toml_string(text)}")["x"] == text


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_a_table_reads_back(values: dict[str, Any]) -> None:
    assert tomllib.loads(toml_table(values)) == values


@pytest.mark.parametrize(
    "text",
    ['ends in a quote\n"', 'ends in two\n""', 'three\n"""', 'four\n""""', "mixed\n'''\"\"\"", "\n\nblank", "x\n'"],
)
def test_quotes_at_the_end_of_several_lines_read_back(text: str) -> None:
    assert tomllib.loads(f"x = {toml_string(text)}")["x"] == text


def test_the_form_with_the_fewest_escapes_is_chosen() -> None:
    assert toml_string("plain") == '"plain"'
    assert toml_string("c:\\x") == "'c:\\x'"
    assert toml_string("it's c:\\x") == '"it\'s c:\\\\x"'
    assert toml_string('a\n"?:\\\\x"') == "'''\na\n\"?:\\\\x\"'''"
    assert toml_string("a'''\nb") == '"""\na\'\'\'\nb"""'


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert tomllib.loads(f"x = {toml_string(chr(0xD800))}")["x"] == "\ufffd"


def test_nulls_are_left_out() -> None:
    assert tomllib.loads(toml_table({"a": None, "b": {"c": None, "d": [1, None]}})) == {"b": {"d": [1]}}


def test_tables_come_after_values_and_long_lists_take_a_line_an_item() -> None:
    text = toml_table({"t": {"x": 1}, "many": ["word" * 10] * 3, "nested": [["word" * 10] * 3] * 2, "few": [1, 2]})

    word = '"' + "word" * 10 + '"'
    assert text.startswith(f"many = [\n    {word},\n")
    assert f"nested = [\n    [\n        {word},\n" in text
    assert text.endswith("few = [1, 2]\n\n[t]\nx = 1")


def test_lists_of_objects_become_array_tables() -> None:
    text = toml_table({"rule": {"threat": [{"framework": "A", "tactic": {"id": "T"}}, {}]}})

    assert text == '[[rule.threat]]\nframework = "A"\n\n[rule.threat.tactic]\nid = "T"\n\n[[rule.threat]]'
