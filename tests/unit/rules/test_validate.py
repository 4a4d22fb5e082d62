from typing import Any

import pytest
from tests.unit.rules.samples import QUERY, TYPES, parsed, rule_of

from besra.problems import Severity
from besra.rules.fields import BY_TYPE, COMMON, specs_of, with_defaults
from besra.rules.rule import RuleType

TACTIC = {"id": "TA0002", "name": "Execution", "reference": "https://attack.mitre.org/tactics/TA0002/"}
THREAT = {"framework": "MITRE ATT&CK", "tactic": TACTIC, "technique": []}
PAIR = {"field": "source.ip", "type": "mapping", "value": "threat.indicator.ip"}


@pytest.mark.parametrize("type_name", TYPES)
def test_a_rule_of_each_type_is_valid(type_name: str) -> None:
    result = parsed(type_name)

    assert result.problems == ()
    assert result.rule and result.rule.type == type_name


def test_every_rule_type_has_its_fields() -> None:
    assert set(BY_TYPE) == set(RuleType) == set(TYPES)


REQUIRED = [
    (type_name, field)
    for type_name in TYPES
    for field, spec in specs_of(RuleType(type_name)).items()
    if spec.required and field != "type"
]


@pytest.mark.parametrize(("type_name", "field"), REQUIRED)
def test_each_required_field_is_missed(type_name: str, field: str) -> None:
    for absent in (..., None):
        result = parsed(type_name, **{field: absent})
        (problem,) = result.problems

        assert result.rule is None
        assert (problem.code, problem.severity) == ("rule-missing-field", Severity.ERROR)
        assert problem.message.startswith(field)
        assert problem.hint


def test_required_fields_are_those_of_the_specification() -> None:
    assert {name for name, spec in COMMON.items() if spec.required} == {
        "name", "description", "type", "risk_score", "severity",
    }  # fmt: skip
    assert set(REQUIRED) >= {
        ("eql", "query"), ("eql", "language"), ("saved_query", "saved_id"), ("threshold", "threshold"),
        ("new_terms", "new_terms_fields"), ("new_terms", "history_window_start"), ("threat_match", "threat_query"),
        ("threat_match", "threat_mapping"), ("threat_match", "threat_index"), ("esql", "language"),
        ("machine_learning", "anomaly_threshold"), ("machine_learning", "machine_learning_job_id"),
    }  # fmt: skip
    assert ("query", "query") not in REQUIRED


BAD = [
    ("eql", {"name": 5}, "rule-bad-type", "name must be a string, not 5"),
    ("eql", {"index": "logs-*"}, "rule-bad-type", "index must be a list of strings"),
    ("eql", {"tags": ["a", 1]}, "rule-bad-type", "tags must be a list of strings"),
    ("eql", {"risk_score": "47"}, "rule-bad-type", 'risk_score must be an integer, not "47"'),
    ("eql", {"risk_score": True}, "rule-bad-type", "risk_score must be an integer, not true"),
    ("eql", {"risk_score": 47.5}, "rule-bad-type", "risk_score must be an integer, not 47.5"),
    ("eql", {"enabled": "yes"}, "rule-bad-type", "enabled must be true or false"),
    ("eql", {"meta": []}, "rule-bad-type", "meta must be an object"),
    ("eql", {"threat": THREAT}, "rule-bad-type", "threat must be a list of objects"),
    ("eql", {"interval": 5}, "rule-bad-type", "interval must be a string"),
    ("eql", {"threat": [{**THREAT, "tactic": "x"}]}, "rule-bad-type", "threat[0].tactic must be an object"),
    ("eql", {"type": "eqll"}, "rule-bad-enum", "type must be eql, query"),
    ("eql", {"severity": "urgent"}, "rule-bad-enum", "severity must be low, medium, high or critical"),
    ("eql", {"language": "kuery"}, "rule-bad-enum", "language must be eql"),
    ("query", {"language": "eql"}, "rule-bad-enum", "language must be kuery or lucene"),
    ("eql", {"building_block_type": "yes"}, "rule-bad-enum", "building_block_type must be default"),
    ("eql", {"name": "  "}, "rule-bad-value", "name is empty"),
    ("eql", {"query": ""}, "rule-bad-value", "query is empty"),
    ("eql", {"risk_score": 101}, "rule-bad-value", "risk_score is 101; the most is 100"),
    ("eql", {"risk_score": -1}, "rule-bad-value", "risk_score is -1; the least is 0"),
    ("eql", {"max_signals": 0}, "rule-bad-value", "max_signals is 0; the least is 1"),
    ("eql", {"version": 0}, "rule-bad-value", "version is 0"),
    ("eql", {"interval": "5 minutes"}, "rule-bad-value", "interval cannot be used"),
    ("eql", {"interval": "0m"}, "rule-bad-value", "interval is '0m'"),
    ("eql", {"interval": "500ms"}, "rule-bad-value", "interval is '500ms'"),
    ("eql", {"from": "9 minutes ago"}, "rule-bad-value", "from cannot be used"),
    ("eql", {"from": "now", "to": "now-5m"}, "rule-empty-window", "from (now) is not before to"),
    ("eql", {"timeline_id": "a"}, "rule-timeline", "timeline_id without timeline_title"),
    ("eql", {"timeline_title": "a"}, "rule-timeline", "timeline_title without timeline_id"),
    ("eql", {"threat": [{"framework": "MITRE ATT&CK"}]}, "rule-missing-field", "threat[0].tactic is missing"),
    ("eql", {"threat": [{**THREAT, "technique": [{"id": "T1", "name": "x"}]}]}, "rule-missing-field",
     "threat[0].technique[0].reference is missing"),
    ("eql", {"severity_mapping": [{"field": "f", "operator": "equals", "value": "1", "severity": "bad"}]},
     "rule-bad-enum", "severity_mapping[0].severity must be low"),
    ("eql", {"risk_score_mapping": [{"field": "f", "operator": "is", "value": ""}]},
     "rule-bad-enum", "risk_score_mapping[0].operator must be equals"),
    ("eql", {"exceptions_list": [{"id": "a", "list_id": "b", "type": "detection", "namespace_type": "x"}]},
     "rule-bad-enum", "exceptions_list[0].namespace_type must be single or agnostic"),
    ("eql", {"investigation_fields": {"field_names": []}}, "rule-investigation-fields", "investigation_fields"),
    ("eql", {"alert_suppression": {}}, "rule-suppression-group-by", "takes 1 to 3 field names; this holds 0"),
    ("eql", {"alert_suppression": {"group_by": list("abcd")}}, "rule-suppression-group-by", "this holds 4"),
    ("eql", {"alert_suppression": {"group_by": ["a", ""]}}, "rule-suppression-group-by", "group_by[1] is empty"),
    ("eql", {"alert_suppression": {"group_by": ["a"], "duration": {"value": 1, "unit": "d"}}},
     "rule-suppression-duration", "must be s, m or h, not 'd'"),
    ("eql", {"alert_suppression": {"group_by": ["a"], "duration": {"value": 0, "unit": "m"}}},
     "rule-bad-value", "alert_suppression.duration.value is 0; the least is 1"),
    ("eql", {"alert_suppression": {"group_by": ["a"], "missing_fields_strategy": "drop"}},
     "rule-suppression-strategy", "must be suppress or doNotSuppress"),
    ("threshold", {"alert_suppression": {"group_by": ["a"], "duration": {"value": 1, "unit": "m"}}},
     "rule-suppression-threshold", "group_by is not possible in a threshold rule"),
    ("threshold", {"alert_suppression": {}}, "rule-suppression-threshold", "needs duration"),
    ("threshold", {"threshold": {"field": list("abcdef"), "value": 1}}, "rule-threshold-field", "holds 6 fields"),
    ("threshold", {"threshold": {"field": "a", "value": 0}}, "rule-bad-value", "threshold.value is 0"),
    ("threshold", {"threshold": {"value": 1}}, "rule-missing-field", "threshold.field is missing"),
    ("threshold", {"threshold": {"field": [], "value": 1, "cardinality": [{"field": "a", "value": 0}]}},
     "rule-bad-value", "threshold.cardinality[0].value is 0"),
    ("new_terms", {"new_terms_fields": []}, "rule-new-terms-fields", "holds 0 fields; it takes 1 to 3"),
    ("new_terms", {"new_terms_fields": list("abcd")}, "rule-new-terms-fields", "holds 4 fields"),
    ("new_terms", {"history_window_start": "now-5m"}, "rule-history-window", "must lie before from (now-6m)"),
    ("new_terms", {"history_window_start": "last week"}, "rule-bad-value", "history_window_start cannot be used"),
    ("new_terms", {"new_terms_fields": ["a", " "]}, "rule-new-terms-fields", "new_terms_fields[1] is empty"),
    ("threshold", {"threshold": {"field": ["", "a"], "value": 1}}, "rule-threshold-field", "field[0] is empty"),
    ("threat_match", {"threat_mapping": []}, "rule-threat-mapping", "threat_mapping is empty"),
    ("threat_match", {"threat_index": []}, "rule-threat-mapping", "threat_index is empty"),
    ("threat_match", {"threat_mapping": [{"entries": []}]}, "rule-threat-mapping", "threat_mapping[0] has no entry"),
    ("threat_match", {"threat_mapping": [{"entries": [{**PAIR, "negate": True}]}]}, "rule-threat-mapping",
     "threat_mapping[0] has no entry that is not negated"),
    ("threat_match", {"threat_mapping": [{"entries": [PAIR, {**PAIR, "negate": True}]}]}, "rule-threat-mapping",
     "both matches and negates source.ip"),
    ("threat_match", {"threat_mapping": [{"entries": [{**PAIR, "type": "map"}]}]}, "rule-bad-enum",
     "threat_mapping[0].entries[0].type must be mapping"),
    ("machine_learning", {"anomaly_threshold": 101}, "rule-bad-value", "anomaly_threshold is 101"),
    ("machine_learning", {"machine_learning_job_id": 1}, "rule-bad-type", "a string or a list of strings"),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "changes", "code", "message"), BAD)
def test_a_bad_rule_is_invalid_for_one_named_reason(
    type_name: str, changes: dict[str, Any], code: str, message: str
) -> None:
    result = parsed(type_name, **changes)
    (problem,) = [problem for problem in result.problems if problem.severity is Severity.ERROR]

    assert result.rule is None
    assert problem.code == code
    assert message in problem.message
    assert problem.place.path == "rule.json"
    assert problem.place.line
    assert any(name in problem.message for name in changes) or code == "rule-empty-window"
    says_how = any(words in problem.message for words in (" must be ", "the least is", "the most is"))
    assert problem.hint or says_how


WARNED = [
    ("eql", {"nmae": "x"}, "rule-unknown-field", "nmae is not a field of a rule", "did you mean name?"),
    ("eql", {"zzz": 1}, "rule-unknown-field", "zzz", None),
    ("eql", {"threshold": {}}, "rule-field-not-used", "no effect in an eql rule", "rules of type threshold"),
    ("esql", {"index": ["logs-*"]}, "rule-field-not-used", "index has no effect in an esql rule", "remove it"),
    ("machine_learning", {"query": "*"}, "rule-field-not-used", "query has no effect", "remove it"),
    ("eql", {"data_view_id": "d", "index": ...}, "rule-data-view", "reads events of every index", "index ="),
    ("eql", {"severity": "low"}, "rule-risk-band", "risk_score 47 is not of severity low", '"medium"'),
    ("eql", {"risk_score": 100}, "rule-risk-band", "medium, which stands for 22 to 47", '"critical"'),
    ("eql", {"throttle": "hourly"}, "rule-throttle", "throttle is 'hourly'", "frequency"),
    ("eql", {"data_view_id": "d"}, "rule-index-and-data-view", "exclude each other", "remove one"),
    ("eql", {"threat": [{**THREAT, "framework": "Mine"}]}, "rule-threat-framework", "'Mine'", None),
    ("esql", {"query": "from logs-* | where a == 1"}, "rule-esql-metadata", "_id, _index, _version", "metadata"),
    ("esql", {"query": "FROM a METADATA _id, _version, _index | KEEP host.name"}, "rule-esql-metadata", "_id", "keep"),
    ("eql", {"history_window_start": 1}, "rule-field-not-used", "no effect in an eql rule", "type new_terms"),
    ("machine_learning", {"query": 5}, "rule-field-not-used", "query has no effect", "remove it"),
    ("eql", {"rule_id": ...}, "rule-no-id", "no rule_id", "add rule_id"),
]


@pytest.mark.parametrize(("type_name", "changes", "code", "message", "hint"), WARNED)
def test_a_doubtful_rule_is_used_with_a_warning(
    type_name: str, changes: dict[str, Any], code: str, message: str, hint: str | None
) -> None:
    result = parsed(type_name, **changes)
    (problem,) = result.problems

    assert result.rule is not None
    assert (problem.code, problem.severity) == (code, Severity.WARNING)
    assert message in problem.message
    assert (hint or "") in (problem.hint or "")


@pytest.mark.parametrize(
    "query",
    [
        "from a metadata _id, _version, _index | where b == 1 | keep *",
        "from a metadata _version, _id, _index | keep _*, host.name",
        "FROM a METADATA _id, _version, _index | KEEP _id, _index, _version, x",
        "from a | stats c = count(*) by host.name",
        'from a metadata _id, _index, _version | where m == "x | keep y"',
        "row a = 1",
    ],
)
def test_esql_queries_that_keep_the_identity_or_aggregate_are_fine(query: str) -> None:
    assert parsed("esql", query=query).problems == ()


@pytest.mark.parametrize(
    ("type_name", "changes"),
    [
        ("eql", {"risk_score": 47.0}),
        ("eql", {"throttle": None, "actions": [], "id": "x", "created_at": "2026-01-01T00:00:00Z"}),
        ("eql", {"from": "now-1d/d", "to": "now/d"}),
        ("eql", {"alert_suppression": {"group_by": ["a"], "duration": {"value": 5, "unit": "h"}}}),
        ("threshold", {"alert_suppression": {"duration": {"value": 5, "unit": "h"}}}),
        ("threshold", {"threshold": {"field": "host.name", "value": 1}}),
        ("threshold", {"threshold": {"field": [], "value": 1, "cardinality": []}}),
        ("machine_learning", {"machine_learning_job_id": "one"}),
        ("eql", {"threat": [THREAT]}),
        ("eql", {"timeline_id": "a", "timeline_title": "b"}),
        ("eql", {"severity_mapping": [{"field": "", "operator": "equals", "value": "", "severity": "low"}]}),
    ],
)
def test_unusual_but_valid_rules_pass(type_name: str, changes: dict[str, Any]) -> None:
    result = parsed(type_name, **changes)

    assert result.problems == ()
    assert result.rule is not None


def test_all_errors_are_reported_at_once_in_the_order_of_the_file() -> None:
    codes = [problem.code for problem in parsed(name=1, severity="x", query=...).problems]

    assert codes == ["rule-missing-field", "rule-bad-type", "rule-bad-enum"]


def test_a_missing_rule_id_is_derived_from_the_name_and_stays_the_same() -> None:
    first, second, other = (
        parsed(rule_id=...).rule,
        parsed(rule_id=..., risk_score=1).rule,
        parsed(rule_id=..., name="b"),
    )

    assert first and second and other.rule
    assert first.rule_id == second.rule_id == first.parameters["rule_id"]
    assert first.rule_id != other.rule.rule_id


def test_a_type_in_capitals_gets_a_hint() -> None:
    (problem, *_) = [p for p in parsed(type="EQL").problems if p.code == "rule-bad-enum"]

    assert problem.hint == "did you mean eql?"


def test_wrong_shapes_get_the_right_one_shown() -> None:
    assert parsed(index="logs-*").problems[0].hint == 'write ["logs-*"]'
    assert parsed(risk_score="47").problems[0].hint == "write 47 without quotes"


def test_defaults_are_those_of_the_specification() -> None:
    complete = with_defaults(rule_of("query", language=..., query=..., throttle=None, tags=["t"]))

    assert complete["tags"] == ["t"]
    assert complete["throttle"] is None
    expected = {
        "enabled": True, "version": 1, "revision": 0, "immutable": False, "interval": "5m", "from": "now-6m",
        "to": "now", "max_signals": 100, "risk_score_mapping": [], "severity_mapping": [], "author": [],
        "references": [], "false_positives": [], "setup": "", "threat": [], "related_integrations": [],
        "required_fields": [], "exceptions_list": [], "actions": [], "language": "kuery", "query": "",
    }  # fmt: skip
    assert {name: complete[name] for name in expected} == expected
    threat_match = with_defaults(QUERY | {"type": "threat_match"})
    assert threat_match["threat_indicator_path"] == "threat.indicator"
    assert (threat_match["concurrent_searches"], threat_match["items_per_search"]) == (1, 9000)
