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
