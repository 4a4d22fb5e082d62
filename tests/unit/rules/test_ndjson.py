import json
from typing import Any

import pytest
from tests.unit.rules.samples import TYPES, parsed, rule_of

from besra.problems import Severity
from besra.rules.ndjson import LineKind, kind_of, parse_ndjson, rule_to_json, rules_to_ndjson
from besra.rules.toml import parse_toml

SUMMARY = {"exported_count": 1, "exported_rules_count": 1, "missing_rules": []}
CONTAINER = {"list_id": "l1", "name": "List", "type": "detection", "namespace_type": "single"}
ITEM = {"list_id": "l1", "item_id": "i1", "type": "simple", "entries": []}
CONNECTOR = {"id": "c1", "type": "action", "attributes": {"name": "hook"}}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (rule_of(), LineKind.RULE),
        (rule_of(rule_id=...), LineKind.RULE),
        (rule_of(exceptions_list=[CONTAINER]), LineKind.RULE),
        (CONTAINER, LineKind.EXCEPTION_LIST),
        (ITEM, LineKind.EXCEPTION_ITEM),
        (CONNECTOR, LineKind.CONNECTOR),
        (SUMMARY, LineKind.SUMMARY),
        ({"@timestamp": "2026-01-01", "type": "x"}, LineKind.UNKNOWN),
        ([1], LineKind.UNKNOWN),
        (None, LineKind.UNKNOWN),
    ],
)
def test_lines_are_told_apart(value: Any, kind: LineKind) -> None:
    assert kind_of(value) is kind


def test_an_export_is_taken_apart() -> None:
    lines = [rule_of(), rule_of("query", rule_id="b"), CONTAINER, ITEM, CONNECTOR, SUMMARY]
    export = parse_ndjson("\n".join(map(json.dumps, lines)) + "\n", "e.ndjson")

    assert [item.rule.rule_id for item in export.rules if item.rule] == [rule_of()["rule_id"], "b"]
    assert export.exception_lists == (CONTAINER,)
    assert export.exception_items == (ITEM,)
    assert export.connectors == (CONNECTOR,)
    assert export.summary == SUMMARY
    assert export.unknown == ()


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", ["object", "list", "data"])
def test_json_documents_are_read(shape: str, indent: int | None) -> None:
    value: Any = {"object": rule_of(), "list": [rule_of()], "data": {"total": 1, "data": [rule_of()]}}[shape]
    export = parse_ndjson(json.dumps(value, indent=indent), "r.json")

    (item,) = export.rules
    assert item.rule and item.rule.parameters == rule_of()


def test_a_broken_line_does_not_stop_the_others() -> None:
    lines = [json.dumps(rule_of()), '{"rule_id": ', json.dumps(rule_of(rule_id="b")), ""]
    export = parse_ndjson("\n".join(lines), "e.ndjson")

    assert [item.rule is not None for item in export.rules] == [True, False, True]
    (problem,) = export.rules[1].problems
    assert (problem.code, problem.place.path, problem.place.line) == ("json-syntax", "e.ndjson", 2)


def test_broken_json_over_several_lines_is_one_problem() -> None:
    export = parse_ndjson('{\n "rule_id": "a",\n "name" "b"\n}', "r.json")

    (item,) = export.rules
    assert (item.problems[0].place.line, item.problems[0].place.column) == (3, 9)


def test_numbers_json_does_not_know_and_endless_nesting_are_problems() -> None:
    for text in ('{"rule_id": NaN}', "[" * 200_000):
        (item,) = parse_ndjson(text, "r.json").rules
        assert item.problems[0].code == "json-syntax"


def test_problems_point_at_the_member_in_its_line() -> None:
    lines = [json.dumps(rule_of()), json.dumps(rule_of(rule_id="b", severity="hihg"))]
    export = parse_ndjson("\n".join(lines), "e.ndjson")
    (problem,) = export.rules[1].problems

    assert (problem.code, problem.place.line) == ("rule-bad-enum", 2)
    assert problem.place.column == lines[1].index('"severity"') + 1


def test_the_query_keeps_its_place() -> None:
    text = json.dumps(rule_of())
    rule = parse_ndjson(text, "r.json").rules[0].rule

    assert rule and rule.query
    assert (rule.query.line, rule.query.column) == (1, text.index("process where") + 1)
    assert not rule.query.line_by_line


def test_other_objects_are_reported() -> None:
    export = parse_ndjson(json.dumps(rule_of()) + '\n{"event": 1}\n', "e.ndjson")

    (problem,) = export.unknown
    assert (problem.code, problem.severity) == ("ndjson-unknown-object", Severity.WARNING)
    assert str(problem.place) == "e.ndjson:2:1"


@pytest.mark.parametrize("type_name", TYPES)
def test_each_rule_type_survives_ndjson_with_unknown_fields(type_name: str) -> None:
    first = parsed(type_name, mystery={"n": None, "é": [1.5]}, throttle=None, execution_summary={"a": 1}).rule
    assert first
    export = parse_ndjson(rules_to_ndjson([first]))

    (item,) = export.rules
    assert item.rule and item.rule.parameters == first.parameters


def test_the_last_line_counts() -> None:
    rule = parsed().rule
    assert rule
    text = rules_to_ndjson(
        [rule, rule], exception_lists=[CONTAINER], exception_items=[ITEM, ITEM], connectors=[CONNECTOR]
    )
    lines = [json.loads(line) for line in text.splitlines()]

    assert len(lines) == 7
    assert lines[-1] == {
        "exported_count": 6,
        "exported_rules_count": 2,
        "missing_rules": [],
        "missing_rules_count": 0,
        "exported_exception_list_count": 1,
        "exported_exception_list_item_count": 2,
        "missing_exception_lists": [],
        "missing_exception_lists_count": 0,
        "missing_exception_list_items": [],
        "missing_exception_list_item_count": 0,
        "exported_action_connector_count": 1,
        "missing_action_connections": [],
        "missing_action_connection_count": 0,
        "excluded_action_connections": [],
        "excluded_action_connection_count": 0,
    }


METADATA = '[metadata]\ncreation_date = "2026/01/02"\nupdated_date = "2026/01/02"\nmaturity = "production"\n'
TOML = METADATA + "[rule]\n" + "\n".join(f"{name} = {value!r}" for name, value in rule_of().items())


def test_metadata_goes_along_only_on_request() -> None:
    rule = parse_toml(TOML).rule
    assert rule

    assert "meta" not in rule_to_json(rule)
    assert rule_to_json(rule, include_metadata=True)["meta"] == rule.metadata


def test_metadata_that_went_along_is_found_again() -> None:
    rule = parse_toml(TOML).rule
    assert rule
    again = parse_ndjson(rules_to_ndjson([rule], include_metadata=True)).rules[0].rule

    assert again and again.metadata == rule.metadata


def test_any_other_meta_is_no_metadata() -> None:
    again = parse_ndjson(json.dumps(rule_of(meta={"from": "4m"}))).rules[0].rule

    assert again and again.metadata == {}
