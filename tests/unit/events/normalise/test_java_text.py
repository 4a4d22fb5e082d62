"""Objects as Java writes them."""

from typing import Any

import pytest

from besra.events.normalise.java_text import DEPTH, java_order, java_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": True, "b": None, "c": ""}, "{a=true}"),
        ({"a": {"b": []}, "c": [None, {}]}, None),
        ({"a": [1, 2.5, {"b": "x, y"}]}, "{a=[1, 2.5, {b=x, y}]}"),
        ("text", "text"),
        ([], None),
    ],
)
def test_texts(value: Any, text: str | None) -> None:
    assert java_text(value) == text


def test_names_stand_in_the_order_of_a_hash_table() -> None:
    # Hashes of single letters are their code points, modulo the 16 buckets of a small table.
    assert java_order("abcp") == ["p", "a", "b", "c"]
    assert java_order(["Aa", "BB"]) == ["Aa", "BB"]
    assert java_order(["BB", "Aa"]) == ["BB", "Aa"]


def test_a_table_grows_with_its_names() -> None:
    few, many = [chr(ord("a") + number) for number in range(12)], [chr(ord("a") + number) for number in range(20)]
    assert java_order(few) == few
    # In 32 buckets the letters from "a" stand by their own order; in 16 "p" would be the first.
    assert java_order(many) == many
    assert java_order([*few, "p"]) == [*few, "p"]


def test_what_lies_too_deep_is_left_out() -> None:
    deep: Any = "x"
    for _ in range(3 * DEPTH):
        deep = {"a": deep}
    assert java_text(deep) == "{a=" * DEPTH + "{…}" + "}" * DEPTH


def test_any_text_may_be_a_name() -> None:
    assert java_text({"\ud800": 1, "𐍈": 2}) is not None
