import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.samples import RULE_FILE, TYPES, parsed, rule_of

from besra.problems import Severity
from besra.rules.document import ParsedRule
from besra.rules.rule import Rule, RuleSeverity, RuleType
from besra.rules.toml import parse_toml, rule_to_toml


def rule_in(parsed_rule: ParsedRule) -> Rule:
    assert parsed_rule.rule, [problem.render() for problem in parsed_rule.problems]
    return parsed_rule.rule


def test_a_rule_file_becomes_a_rule() -> None:
    rule = rule_in(parse_toml(RULE_FILE, "rules/notepad.toml"))

    assert (rule.rule_id, rule.name) == ("11111111-2222-4333-8444-555555555555", "Notepad starts a shell")
    assert (rule.type, rule.severity, rule.risk_score) == (RuleType.EQL, RuleSeverity.HIGH, 73)
    assert (rule.schedule.interval, rule.schedule.start, rule.schedule.end) == ("10m", "now-9m", "now")
    assert (rule.max_signals, rule.version, rule.enabled, rule.building_block) == (33, 1, True, False)
    assert (rule.timestamp_field, rule.tiebreaker_field) == ("@timestamp", "event.sequence")
    assert (rule.timestamp_override, rule.event_category_field) == ("event.ingested", "event.category")
    assert rule.index == ("logs-endpoint.events.process-*",)
    assert rule.tags == ("OS: Windows",)
    assert rule.path == "rules/notepad.toml"
    assert rule.metadata["reviewed"] == "2026-02-03"


def test_the_query_keeps_its_place_in_the_file() -> None:
    query = rule_in(parse_toml(RULE_FILE, "x.toml")).query

    assert query is not None
    assert (query.language, query.line, query.column, query.line_by_line) == ("eql", 40, 1, True)
    assert query.text.startswith("process where process.parent.name")
    assert "?:\\\\Windows" in query.text


def test_a_query_with_escapes_is_not_line_by_line() -> None:
    text = RULE_FILE.replace("'''\nprocess where", '"""process where').replace("'''", '"""')
    query = rule_in(parse_toml(text)).query

    assert query is not None
    assert (query.line, query.column, query.line_by_line) == (39, 12, False)


def test_toml_becomes_the_api_form() -> None:
    parameters = rule_in(parse_toml(RULE_FILE)).parameters

    assert parameters["setup"] == "Install the sensor."
    assert "## Setup" not in parameters["note"]
    assert '!{investigate{"label":"Same host"' in parameters["note"]
    assert parameters["threat"][0]["technique"] == []
    assert parameters["threat"][0]["tactic"]["reference"] == "https://attack.mitre.org/tactics/TA0002/"
    assert "metadata" not in parameters


def test_new_terms_are_flattened() -> None:
    text = rule_to_toml(rule_in(parsed("new_terms")))
    nested = tomllib.loads(text)["rule"]["new_terms"]
    parameters = rule_in(parse_toml(text)).parameters

    assert nested == {
        "field": "new_terms_fields",
        "value": ["user.name"],
        "history_window_start": [{"field": "history_window_start", "value": "now-7d"}],
    }
    assert parameters["new_terms_fields"] == ["user.name"]
    assert parameters["history_window_start"] == "now-7d"
    assert "new_terms" not in parameters


def test_problems_of_flattened_fields_point_at_the_nested_ones() -> None:
    text = rule_to_toml(rule_in(parsed("new_terms"))).replace("now-7d", "now-1s")
    (problem,) = parse_toml(text, "x.toml").problems

    assert problem.code == "rule-history-window"
    assert problem.place.line == text[: text.index("now-1s")].count("\n") + 1


def test_a_given_setup_is_not_replaced() -> None:
    text = RULE_FILE.replace('severity = "high"', 'severity = "high"\nsetup = "Mine."')
    parameters = rule_in(parse_toml(text)).parameters

    assert parameters["setup"] == "Mine."
    assert "## Setup" in parameters["note"]


def test_writing_loses_nothing() -> None:
    first = rule_in(parse_toml(RULE_FILE + '[extra]\nmine = 1\n[[rule.threat_mappings]]\nversion = "18"\n'))
    text = rule_to_toml(first)
    second = rule_in(parse_toml(text))

    assert second.parameters == first.parameters
    assert second.metadata == first.metadata
    assert second.toml_only == first.toml_only
    assert second.toml_only["extra"] == {"mine": 1}
    assert second.toml_only["threat_mappings"] == [{"version": "18"}]
    assert rule_to_toml(second) == text
    assert "$investigate_0" in text
    assert "query = '''\nprocess where" in text


@pytest.mark.parametrize("type_name", TYPES)
def test_each_rule_type_survives_toml(type_name: str) -> None:
    first = rule_in(parsed(type_name, mystery={"a": [1, {"b": "c"}], "d": {}}))

    assert rule_in(parse_toml(rule_to_toml(first))).parameters == first.parameters


TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"'\\\n\t`#"), max_size=60)


@given(query=TEXT.filter(str.strip), note=TEXT, name=TEXT.filter(str.strip), tags=st.lists(TEXT, max_size=3))
def test_texts_survive_toml(query: str, note: str, name: str, tags: list[str]) -> None:
    changes: dict[str, Any] = {"query": query, "note": note, "name": name, "tags": tags, "setup": "given"}
    first = rule_in(parsed(**changes))

    assert rule_in(parse_toml(rule_to_toml(first))).parameters == first.parameters


def test_syntax_errors_have_a_place() -> None:
    (problem,) = parse_toml('[rule]\nname = "x"\nseverity high\n', "bad.toml").problems

    assert (problem.code, str(problem.place)) == ("toml-syntax", "bad.toml:3:10")
    assert problem.place.excerpt == "severity high"
    assert "(at line" not in problem.message


def test_an_unfinished_file_is_a_problem_at_its_end() -> None:
    (problem,) = parse_toml('[rule]\nname = "x', "bad.toml").problems

    assert problem.code == "toml-syntax"
    assert problem.place.line == 2


def test_brackets_without_end_are_a_problem() -> None:
    result = parse_toml("x = " + "[" * 100_000, "deep.toml")

    assert result.rule is None
    assert result.problems[0].code == "toml-syntax"


def test_other_toml_files_are_named_as_such() -> None:
    result = parse_toml('[project]\nname = "x"\n', "pyproject.toml")

    assert result.rule is None
    assert result.problems[0].code == "rule-not-a-rule"


def test_line_ends_and_byte_order_mark_do_not_matter() -> None:
    unix, windows = parse_toml(RULE_FILE), parse_toml("\ufeff" + RULE_FILE.replace("\n", "\r\n"))

    assert rule_in(windows).parameters == rule_in(unix).parameters
    assert rule_in(windows).query == rule_in(unix).query


def test_a_placeholder_without_entry_is_a_warning_at_its_place() -> None:
    text = RULE_FILE.replace("$investigate_0", "see $osquery_3")
    result = parse_toml(text, "x.toml")
    (problem,) = result.problems

    assert result.rule is not None
    assert (problem.code, problem.severity) == ("rule-note-placeholder", Severity.WARNING)
    assert (problem.place.line, problem.place.column) == (text[: text.index("$osq")].count("\n") + 1, 5)


def test_an_unknown_table_is_kept_and_reported() -> None:
    result = parse_toml(RULE_FILE + "[ruel]\nx = 1\n", "x.toml")

    assert [problem.code for problem in result.problems] == ["rule-unknown-field"]
    assert result.problems[0].place.excerpt == "[ruel]"
    assert rule_in(result).toml_only["ruel"] == {"x": 1}


def test_dates_and_infinities_become_text() -> None:
    rule = rule_in(parse_toml(RULE_FILE + "[rule.meta]\nday = 2026-01-02\nmuch = inf\n"))

    assert rule.parameters["meta"] == {"day": "2026-01-02", "much": "inf"}


def test_metadata_under_meta_becomes_metadata_again() -> None:
    metadata = {"creation_date": "2026/01/02", "updated_date": "2026/01/03", "maturity": "production"}
    rule = Rule(**{**_fields(rule_in(parsed(meta={**metadata, "mine": 1}))), "metadata": metadata})

    content = tomllib.loads(rule_to_toml(rule))

    assert content["metadata"] == metadata
    assert content["rule"]["meta"] == {"mine": 1}


def _fields(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in rule.__dataclass_fields__}


def test_api_form_is_accepted_in_a_rule_table() -> None:
    fields = rule_of("new_terms")
    body = "\n".join(f"{name} = {value!r}" for name, value in fields.items() if isinstance(value, (str, int)))
    text = f"[rule]\n{body}\nindex = ['a']\nnew_terms_fields = ['user.name']\n"

    assert rule_in(parse_toml(text)).parameters["new_terms_fields"] == ["user.name"]
