"""Whatever stands in a rule file, reading it gives problems and never an exception."""

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.samples import TYPES, parsed, rule_of

from besra.rules.fields import BY_TYPE, COMMON
from besra.rules.ndjson import parse_ndjson, rules_to_ndjson
from besra.rules.toml import parse_toml, rule_to_toml

NAMES = sorted({*COMMON, *(name for specs in BY_TYPE.values() for name in specs)} - {"type"})
LEAF = st.none() | st.booleans() | st.integers(-2, 200) | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.sampled_from(
    ["", "eql", "now", "now-7d", "5m", "value", "field", "entries", "host.name", "*", "high", "\x00"]
)
KEYS = st.sampled_from(
    ["field", "value", "entries", "framework", "tactic", "technique", "group_by", "duration", "unit", "negate", "type"]
)
JSON = st.recursive(
    LEAF | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


@given(st.sampled_from(list(TYPES)), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_any_values_in_known_fields(type_name: str, changes: dict[str, Any]) -> None:
    result = parsed(type_name, **changes)

    assert (result.rule is None) == any(problem.severity == "error" for problem in result.problems)
    if result.rule:
        assert tomllib.loads(rule_to_toml(result.rule))
        assert parse_ndjson(rules_to_ndjson([result.rule])).rules[0].rule


@given(st.text("[]{}=\"'.\\\n# abrule\t0", max_size=60))
def test_any_text(text: str) -> None:
    assert parse_toml(text).problems
    parse_ndjson(text)


@given(st.integers(0, 400), st.integers(0, 30), st.characters())
def test_any_damage_to_a_rule_file(position: int, length: int, char: str) -> None:
    rule = parsed().rule
    assert rule
    text = rule_to_toml(rule)
    damaged = text[:position] + char + text[position + length :]
    result = parse_toml(damaged, "x.toml")

    assert result.rule or result.problems
    for problem in result.problems:
        assert problem.render()
    exported = json.dumps(rule_of())
    parse_ndjson(exported[:position] + char + exported[position + length :])


@pytest.mark.parametrize("depth", [150, 900, 5000])
def test_deep_nesting(depth: int) -> None:
    dotted = parse_toml(f"[rule]\n{'.'.join('a' * depth)} = 1\n")
    (nested,) = parse_ndjson(f'{{"rule_id": {"[" * depth}{"]" * depth}}}').rules

    assert dotted.problems[0].code == "toml-syntax"
    assert nested.problems[0].code == "json-syntax"
