import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.samples import parsed, rule_of

from besra.problems import Severity
from besra.rules.rule import Rule
from besra.rules.toml import parse_toml, rule_to_toml
from besra.rules.toml_exact import nulls_in, put_nulls, without_nulls

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.text(max_size=2), JSON))
def test_nulls_come_back_to_their_places(value: dict[str, Any]) -> None:
    plain = without_nulls(value)
    assert nulls_in(plain) == []
    assert put_nulls(plain, {"null": nulls_in(value)}) == []
    assert plain == value


def test_paths_are_names_and_positions_from_the_top() -> None:
    assert nulls_in({"b": [1, None, {"c": None}], "a": None}) == [["a"], ["b", 1], ["b", 2, "c"]]


@pytest.mark.parametrize(
    "path", [[], "a", 5, ["b", "c"], ["a", 9], ["a", -1], ["a", True], ["a", 0, "x"], [0], ["a", "0"], ["c", 0]]
)
def test_a_path_to_nowhere_is_told_and_changes_nothing(path: Any) -> None:
    value: dict[str, Any] = {"a": [1], "c": {}}
    assert put_nulls(value, {"null": [path, ["d"]]}) == [0]
    assert value == {"a": [1], "c": {}, "d": None}


def test_a_member_that_was_given_a_value_by_hand_keeps_it() -> None:
    value = {"a": 1}
    assert put_nulls(value, {"null": [["a"]]}) == []
    assert value == {"a": 1}


def test_paths_may_lead_among_the_paths() -> None:
    paths: list[Any] = [["null", 0], ["null", 0]]
    value = {"null": paths}
    assert put_nulls(value, value) == []
    assert paths[:2] == [None, None]


def rule(**changes: Any) -> Rule:
    found = parsed(**changes).rule
    assert found
    return found


def test_a_rule_that_toml_can_hold_has_no_such_table() -> None:
    assert "[besra]" not in rule_to_toml(rule(meta={"from": "4m"}, threat=[]))


TACTIC = {"id": "TA1", "name": "x", "reference": "https://example.org/"}


@pytest.mark.parametrize(
    "changes",
    [
        {"note": "# Guide\n\n## Setup\n\nInstall it."},
        {"threat": [{"framework": "MITRE ATT&CK", "tactic": TACTIC}]},
        {"threat": [{"framework": "MITRE ATT&CK", "tactic": TACTIC | {"reference": "x"}, "technique": []}]},
        {"new_terms": {"value": 1}},
        {"threat_mappings": [{"version": "18"}]},
    ],
)
def test_a_rule_that_reading_would_change_is_written_as_the_api_has_it(changes: dict[str, Any]) -> None:
    text = rule_to_toml(rule(**changes))
    result = parse_toml(text, "x.toml")

    assert '[besra]\nform = "api"' in text
    assert result.rule and result.rule.parameters == rule_of(**changes)
    assert [problem.code for problem in result.problems if problem.code != "rule-unknown-field"] == []


def test_what_only_the_repository_knows_stays_beside_a_rule_in_api_form() -> None:
    text = rule_to_toml(rule()) + '[[rule.threat_mappings]]\nversion = "18"\n[transform]\ninvestigate = []\n'
    first = parse_toml(text).rule
    assert first
    changed = parse_toml(rule_to_toml(rule(note="## Setup\n\nx")) + '[[threat_mappings]]\nversion = "18"\n')

    assert changed.problems == ()
    assert changed.rule and changed.rule.toml_only == {"threat_mappings": first.toml_only["threat_mappings"]}
    assert changed.rule.parameters["note"] == "## Setup\n\nx"
    assert rule_to_toml(changed.rule).count("[[threat_mappings]]") == 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[besra]\nnull = [['gone', 'x']]\n", "besra.null[0] leads to no place in this file"),
        ("[besra]\nnull = 'x'\n", "besra.null says nothing besra knows"),
        ("[besra]\nform = 'apis'\n", "besra.form says nothing besra knows"),
        ("[besra]\nfrom = 'api'\n", "besra.from says nothing besra knows"),
    ],
)
def test_what_cannot_be_applied_is_a_warning_at_its_place(table: str, message: str) -> None:
    text = rule_to_toml(rule()) + table
    result = parse_toml(text, "x.toml")
    (problem,) = result.problems

    assert result.rule and result.rule.parameters == rule_of()
    assert (problem.code, problem.severity) == ("toml-exact", Severity.WARNING)
    assert message in problem.message
    assert problem.place.line == text.count("\n")


def test_problems_of_new_terms_in_api_form_point_at_the_field() -> None:
    text = rule_to_toml(rule(type_name="new_terms", note="## Setup\n\nx")).replace("now-7d", "now-1s")
    (problem,) = parse_toml(text, "x.toml").problems

    assert problem.code == "rule-history-window"
    assert problem.place.line == text[: text.index("history_window_start")].count("\n") + 1


def test_json_text_of_half_a_surrogate_pair_is_one_for_utf8() -> None:
    text = rule_to_toml(rule(description=json.loads('"\\ud83d!"')))

    assert "\ufffd!" in text
    assert text.encode("utf-8")
