import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.rules.samples import parsed, rule_of

from besra.errors import RuleFileError
from besra.problems import Severity
from besra.rules.rule import RuleStatus
from besra.rules.ruleset import RuleSet, load_rules
from besra.rules.toml import rule_to_toml

MSIEXEC = "65432f4a-e716-4cc1-ab11-931c4966da2d"


def write_toml(path: Path, extra: str = "", **changes: Any) -> Path:
    rule = parsed(**changes).rule
    assert rule
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(extra + rule_to_toml(rule), "utf-8")
    return path


def write_json(path: Path, *values: Any) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), "utf-8")
    return path


def codes(rules: RuleSet) -> list[str]:
    return [problem.code for problem in rules.problems]


def test_folders_are_read_with_all_folders_in_them(tmp_path: Path) -> None:
    write_toml(tmp_path / "windows" / "a.toml", rule_id="a")
    write_json(tmp_path / "more.ndjson", rule_of(rule_id="b"), rule_of(rule_id="c"))
    write_json(tmp_path / "one.json", rule_of(rule_id="d"))
    (tmp_path / "README.md").write_text("no rule")
    write_toml(tmp_path / ".git" / "x.toml", rule_id="x")

    rules = load_rules(tmp_path)

    assert [rule.rule_id for rule in rules] == ["b", "c", "d", "a"]
    assert len(rules) == 4
    assert rules.problems == ()
    assert rules.get("a") is rules.rules[3]
    assert rules.get("x") is None
    assert [rule.status for rule in rules.ready] == [RuleStatus.READY] * 4


def test_one_broken_file_does_not_stop_the_others(tmp_path: Path) -> None:
    write_toml(tmp_path / "good.toml", rule_id="good")
    (tmp_path / "syntax.toml").write_text("[rule\n")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    write_json(tmp_path / "bad.ndjson", rule_of(rule_id="bad", severity="x", name="Bad one"))

    rules = load_rules(tmp_path)

    assert {(rule.rule_id, rule.status) for rule in rules} == {
        ("good", RuleStatus.READY),
        (None, RuleStatus.INVALID),
        ("bad", RuleStatus.INVALID),
    }
    assert sorted(codes(rules)) == ["file-not-text", "rule-bad-enum", "toml-syntax"]
    bad = next(rule for rule in rules if rule.rule_id == "bad")
    assert (bad.name, bad.type, bad.rule, bad.plan) == ("Bad one", "eql", None, None)
    assert bad.path == str(tmp_path / "bad.ndjson")
    assert rules.get("bad") is None


def test_a_rule_besra_cannot_run_is_unsupported_at_its_type(tmp_path: Path) -> None:
    rules = load_rules(write_json(tmp_path / "ml.json", rule_of("machine_learning")))
    (rule,) = rules

    assert (rule.status, rule.plan) == (RuleStatus.UNSUPPORTED, None)
    assert rule.rule is not None
    assert rule.problems[0].place.path == rule.path
    assert rule.problems[0].place.line == 1
    assert rules.ready == ()


def test_query_problems_point_into_the_file(tmp_path: Path) -> None:
    query = 'process where\n  process.name == "a" and and\n'
    file = write_toml(tmp_path / "q.toml", query=query)
    text = file.read_text("utf-8")
    (rule,) = load_rules(file)
    problem = rule.problems[0]

    assert rule.status is RuleStatus.INVALID
    assert problem.place.path == str(file)
    assert problem.place.line == text[: text.index("process.name ==")].count("\n") + 1
    assert problem.place.excerpt == '  process.name == "a" and and'
    assert problem.place.column == 27


def test_query_problems_point_through_escapes(tmp_path: Path) -> None:
    file = write_json(tmp_path / "q.ndjson", rule_of(), rule_of(rule_id="b", query='process where\n  a == "b" and and'))
    line = file.read_text("utf-8").splitlines()[1]
    place = load_rules(file).rules[1].problems[0].place

    assert place.line == 2
    assert place.column == line.index("and and") + 5


def test_deprecated_rules_are_counted_and_left_out(tmp_path: Path) -> None:
    write_toml(tmp_path / "a.toml", rule_id="a")
    write_toml(tmp_path / "_deprecated" / "b.toml", rule_id="b")
    retired = write_toml(tmp_path / "c.toml", '[metadata]\nmaturity = "deprecated"\n', rule_id="c")

    rules = load_rules(tmp_path)
    assert [rule.rule_id for rule in rules] == ["a"]
    assert rules.deprecated == 2
    assert [rule.rule_id for rule in load_rules(retired)] == ["c"]


def test_of_equal_ids_the_first_path_counts(tmp_path: Path) -> None:
    write_toml(tmp_path / "b.toml", name="Second")
    write_toml(tmp_path / "a.toml", name="First", version=3)

    rules = load_rules(tmp_path / "b.toml", tmp_path)
    (rule,) = rules

    assert rule.name == "First"
    assert rules.superseded == 1
    (problem,) = rules.problems
    assert (problem.code, problem.severity) == ("rule-duplicate", Severity.WARNING)
    assert f"{tmp_path / 'a.toml'} counts (version 3)" in problem.message
    assert str(tmp_path / "b.toml") in problem.message
    assert "no version stated" in problem.message
    assert rule.status is RuleStatus.READY


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    file = write_toml(tmp_path / "a.toml")

    rules = load_rules(tmp_path, file, tmp_path / "." / "a.toml")

    assert len(rules) == 1
    assert rules.problems == ()


def test_an_invalid_copy_does_not_hide_a_valid_one(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", rule_of(severity="x"))
    write_toml(tmp_path / "b.toml")

    rules = load_rules(tmp_path)

    assert [rule.status for rule in rules] == [RuleStatus.INVALID, RuleStatus.READY]
    assert rules.superseded == 0


def test_a_users_rule_wins_over_the_bundled_one_and_it_is_said(tmp_path: Path) -> None:
    file = write_toml(tmp_path / "zzz.toml", rule_id=MSIEXEC, name="Mine")

    rules = load_rules("bundled", file)

    assert len(rules) == 2
    rule = rules.get(MSIEXEC)
    assert rule and rule.name == "Mine"
    (problem,) = rule.problems
    assert problem.code == "rule-duplicate"
    assert "bundled/" in problem.message and "version 202" in problem.message
    assert f"{file} counts" in problem.message


def test_no_path_means_the_bundled_rules() -> None:
    assert [rule.rule_id for rule in load_rules()] == [rule.rule_id for rule in load_rules("bundled")]


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="no file or folder"):
        load_rules(tmp_path / "nothing")


def test_other_files_in_a_folder_are_a_warning_and_named_ones_an_error(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    events = write_json(tmp_path / "events.ndjson", {"event": 1}, {"event": 2})

    in_folder = load_rules(tmp_path)
    assert len(in_folder) == 0
    assert [(p.code, p.severity) for p in in_folder.problems] == [("rule-file-skipped", Severity.WARNING)] * 2

    named = load_rules(events, tmp_path / "pyproject.toml")
    assert [(p.code, p.severity) for p in named.file_problems] == [("rule-file-skipped", Severity.ERROR)]
    assert [rule.problems[0].code for rule in named] == ["rule-not-a-rule"]


def test_a_file_without_a_known_ending_is_read_by_its_content(tmp_path: Path) -> None:
    toml = write_toml(tmp_path / "rule.txt", rule_id="t")
    export = write_json(tmp_path / "export", rule_of(rule_id="j"))

    assert {rule.rule_id for rule in load_rules(toml, export)} == {"t", "j"}


def test_exceptions_and_connectors_are_kept(tmp_path: Path) -> None:
    container = {"list_id": "l", "type": "detection"}
    item = {"list_id": "l", "item_id": "i", "entries": []}
    connector = {"type": "action", "attributes": {}}
    rules = load_rules(write_json(tmp_path / "e.ndjson", rule_of(), container, item, connector))

    assert (rules.exception_lists, rules.exception_items, rules.connectors) == ((container,), (item,), (connector,))


EXCEPTIONS = """
[[exceptions]]
[exceptions.container]
list_id = "trusted"

[[exceptions.items]]
item_id = "i"
entries = [{ field = "a", type = "exists", operator = "included" }]

[[action_connectors]]
id = "c"
type = "action"
attributes = {}
"""


def test_exceptions_beside_rules_belong_to_the_set(tmp_path: Path) -> None:
    write_toml(tmp_path / "a.toml", rule_id="a")
    (tmp_path / "exceptions").mkdir()
    (tmp_path / "exceptions" / "trusted.toml").write_text(EXCEPTIONS, "utf-8")
    write_json(tmp_path / "e.ndjson", rule_of(rule_id="b"), {"list_id": "more"}, {"item_id": "j", "entries": []})

    for rules in (load_rules(tmp_path), load_rules(*tmp_path.rglob("*.*"))):
        assert sorted(str(container.key) for container in rules.exceptions.lists) == ["more", "trusted"]
        assert [item.item_id for item in rules.exceptions.items] == ["i"]
        assert (len(rules), len(rules.exception_lists), len(rules.exception_items), len(rules.connectors)) == (
            2,
            2,
            2,
            1,
        )
        # The item that cannot be used is said and kept.
        assert codes(rules) == ["exception-missing-field", "exception-empty"]


def test_a_file_of_connectors_or_lists_alone_is_no_error(tmp_path: Path) -> None:
    connector = {"id": "c", "type": "action", "attributes": {}}
    for values in ([connector], [{"list_id": "l"}]):
        assert load_rules(write_json(tmp_path / "x.ndjson", *values)).problems == ()


def test_exception_toml_that_cannot_be_read_is_a_problem_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("exceptions = 1\n", "utf-8")
    (problem,) = load_rules(path).problems

    assert (problem.code, problem.severity, problem.place.line) == ("exception-bad-field", Severity.ERROR, 1)
