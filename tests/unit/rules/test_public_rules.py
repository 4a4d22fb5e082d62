"""The loader over a large public rule collection, read in place."""

from collections import Counter
from functools import cache

from tests.shared import SHARED, needs_shared

from besra.rules.document import ParsedRule
from besra.rules.ndjson import parse_ndjson, rule_to_json, rules_to_ndjson
from besra.rules.rule import Rule
from besra.rules.toml import parse_toml, rule_to_toml

RULES = SHARED / "data" / "rules"

pytestmark = needs_shared


@cache
def public_rules() -> tuple[ParsedRule, ...]:
    return tuple(parse_toml(file.read_text("utf-8"), str(file)) for file in sorted(RULES.rglob("*.toml")))


def test_all_load() -> None:
    invalid = [problem.render() for item in public_rules() if not item.rule for problem in item.problems]

    assert invalid == []
    assert len(public_rules()) > 1000
    codes = Counter(problem.code for item in public_rules() for problem in item.problems)
    assert set(codes) <= {"rule-note-placeholder"}


def test_every_query_is_where_its_rule_says() -> None:
    for item in public_rules():
        if item.rule and item.rule.query and item.rule.query.line_by_line:
            query = item.rule.query
            assert query.line is not None and query.column is not None
            lines = item.document.locations.text.split("\n")[query.line - 1 :]
            assert "\n".join(lines)[query.column - 1 :].startswith(query.text)


def test_every_form_keeps_every_field() -> None:
    rules = [item.rule for item in public_rules() if item.rule]
    for include_metadata in (False, True):
        export = parse_ndjson(rules_to_ndjson(rules, include_metadata=include_metadata))
        for first, item in zip(rules, export.rules, strict=True):
            assert item.rule and rule_to_json(item.rule) == rule_to_json(first, include_metadata=include_metadata)
            again: Rule | None = parse_toml(rule_to_toml(item.rule)).rule
            assert again and again.parameters == first.parameters
            assert again.metadata == (first.metadata if include_metadata else {})


def test_toml_to_toml_keeps_metadata_and_transform() -> None:
    for item in public_rules():
        assert item.rule
        again = parse_toml(rule_to_toml(item.rule)).rule
        assert again and again.parameters == item.rule.parameters
        assert (again.metadata, again.toml_only) == (item.rule.metadata, item.rule.toml_only)
