import json
from pathlib import Path

from tests.unit.rules.samples import rule_of

from besra.rules.convert import convert
from besra.rules.ruleset import load_rules
from besra.rules.toml import parse_toml

ITEM = {"list_id": "l", "item_id": "i", "entries": []}


def test_an_export_becomes_a_toml_file_a_rule(tmp_path: Path) -> None:
    lines = [rule_of(rule_id="A-1"), rule_of(rule_id="B-2"), rule_of(rule_id="c", name="Über: alles / nichts")]
    (tmp_path / "e.ndjson").write_text("\n".join(map(json.dumps, lines)), "utf-8")

    files = convert(load_rules(tmp_path), "toml")

    assert [file.file_name for file in files] == [
        "notepad_starts_a_shell.toml",
        "notepad_starts_a_shell_b_2.toml",
        "ber_alles_nichts.toml",
    ]
    for file, line in zip(files, lines, strict=True):
        rule = parse_toml(file.text).rule
        assert rule and rule.parameters == line


def test_rules_become_one_export_with_what_belongs_to_them(tmp_path: Path) -> None:
    lines = [rule_of(), ITEM, rule_of(rule_id="bad", severity="x")]
    (tmp_path / "e.ndjson").write_text("\n".join(map(json.dumps, lines)), "utf-8")

    (file,) = convert(load_rules(tmp_path), "ndjson")
    rule, item, summary = map(json.loads, file.text.splitlines())

    assert file.file_name == "rules_export.ndjson"
    assert (rule, item) == (rule_of(), ITEM)
    assert (summary["exported_rules_count"], summary["exported_exception_list_item_count"]) == (1, 1)


def test_a_list_in_json_holds_everything_but_the_count(tmp_path: Path) -> None:
    (tmp_path / "e.ndjson").write_text("\n".join(map(json.dumps, [rule_of(), ITEM, ITEM])), "utf-8")

    (file,) = convert(load_rules(tmp_path), "json")

    assert file.file_name == "rules.json"
    assert json.loads(file.text) == [rule_of(), ITEM]


def test_exception_lists_and_connectors_become_files_of_their_own(tmp_path: Path) -> None:
    connector = {"id": "c", "type": "action", "attributes": {}}
    lists = [{"list_id": name} for name in ("My list", "my-list", "action connectors")]
    (tmp_path / "e.ndjson").write_text("\n".join(map(json.dumps, [*lists, ITEM, connector])), "utf-8")

    files = convert(load_rules(tmp_path), "toml")

    assert [file.file_name for file in files] == [
        "exceptions/my_list.toml",
        "exceptions/my_list_exceptions.toml",
        "exceptions/action_connectors_exceptions.toml",
        "exceptions/l.toml",
        "exceptions/action_connectors.toml",
    ]


def test_rules_of_one_name_and_one_id_in_file_names_are_kept_apart(tmp_path: Path) -> None:
    lines = [rule_of(rule_id=text) for text in ("a", "b", "B", "b!")]
    (tmp_path / "e.ndjson").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    names = [file.file_name for file in convert(load_rules(tmp_path), "toml")]

    assert len(set(names)) == 4


def test_what_no_text_file_can_hold_is_said(tmp_path: Path) -> None:
    lines = [rule_of(note="\ud83d"), ITEM | {"name": "\ude00"}, ITEM | {"item_id": "j", "list_id": "m"}]
    (tmp_path / "e.ndjson").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    rules = load_rules(tmp_path)

    problems = [problem for file in convert(rules, "toml") for problem in file.problems]
    assert [(problem.code, str(problem.place)) for problem in problems] == [
        ("toml-surrogate", "notepad_starts_a_shell.toml"),
        ("toml-surrogate", "exceptions/l.toml"),
    ]
    (export,) = convert(rules, "ndjson")
    assert [json.loads(line) for line in export.text.encode().splitlines()][:3] == lines
