"""`besra rules`: list, show, check, convert."""

import json
from pathlib import Path

import pytest
from tests.e2e.command import inside
from tests.e2e.test_scan import write_rule
from tests.unit.rules.exception_samples import CONTAINER, ITEM, item_of, ndjson

from besra.demo.variants import NETWORK, PERSISTENCE

IDS = {NETWORK: "65432f4a-e716-4cc1-ab11-931c4966da2d", PERSISTENCE: "1719ee47-89b8-4407-9d55-6dff2629dd4c"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rules good and bad, and other files."""
    write_rule(tmp_path / "good.toml")
    write_rule(tmp_path / "deep" / "query.toml", name="Bad query", number=2, query="process where\n  process.pid = 1")
    good = (tmp_path / "good.toml").read_text("utf-8").replace("000000000001", "000000000003")
    (tmp_path / "field.toml").write_text(good.replace("tags = ", "tagz = "), "utf-8")
    (tmp_path / "broken.toml").write_text('[rule]\nname = "x\n', "utf-8")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "broken.ndjson").write_text('{"rule_id": }\n', "utf-8")
    (tmp_path / "notes.json").write_text('{"about": "this folder"}', "utf-8")
    (tmp_path / "empty.toml").write_text("", "utf-8")
    (tmp_path / "README.md").write_text("# rules", "utf-8")
    return tmp_path


def test_check_finds_what_is_wrong_and_where(folder: Path) -> None:
    done = inside("rules", "check", folder)
    assert done.code == 2
    assert done.err == ""
    for wanted in (
        "deep/query.toml:19:15: error: `=` is not an operator [eql-syntax]",
        "field.toml:15:1: warning: tagz is not a field of a rule",
        "hint: did you mean tags?",
        "broken.toml:2:10: error: not valid TOML",
        "bytes.toml: error: not UTF-8 text",
        "broken.ndjson:1:",
        "notes.json: warning: no rules found",
        "empty.toml: warning: no rules found",
    ):
        assert wanted in done.out, wanted
    assert done.out.splitlines()[-1] == "6 rules: 2 ready, 0 unsupported, 4 invalid"


def test_check_as_json_is_what_scripts_read(folder: Path) -> None:
    done = inside("rules", "check", folder, "--format", "json")
    assert done.code == 2
    report = json.loads(done.out)
    assert {"rule_id", "name", "type", "path", "status", "problems"} <= report["rules"][0].keys()
    [bad] = [rule for rule in report["rules"] if rule["name"] == "Bad query"]
    assert bad["status"] == "invalid"
    [problem] = bad["problems"]
    assert {name: problem[name] for name in ("code", "severity", "line", "column")} == {
        "code": "eql-syntax",
        "severity": "error",
        "line": 19,
        "column": 15,
    }
    assert report["summary"]["status"] == {"ready": 2, "unsupported": 0, "invalid": 4}


def test_good_rules_check_with_0() -> None:
    for paths in ([], ["bundled"]):
        done = inside("rules", "check", *paths)
        assert done.code == 0
        assert done.out == "eql: 2 ready\n2 rules: 2 ready, 0 unsupported, 0 invalid\n"


def test_other_files_in_a_folder_of_rules_are_no_error(tmp_path: Path) -> None:
    write_rule(tmp_path / "good.toml")
    (tmp_path / "notes.json").write_text('{"about": "this folder"}', "utf-8")
    done = inside("rules", "check", tmp_path)
    assert done.code == 0
    assert "notes.json: warning" in done.out
    assert inside("rules", "check", tmp_path / "notes.json").code == 2


def test_list(folder: Path) -> None:
    done = inside("rules", "list", folder, "--format", "table")
    assert done.code == 2
    rows = [line.split() for line in done.out.splitlines()]
    assert rows[0] == ["STATUS", "TYPE", "SEVERITY", "NAME", "RULE", "ID"]
    assert ["ready", "eql", "high", "Process", "start", "10000000-0000-4000-8000-000000000001"] in rows
    assert ["invalid", "eql", "high", "Bad", "query", "10000000-0000-4000-8000-000000000002"] in rows
    assert ["invalid", "-", "-", str(folder / "broken.toml"), "-"] in rows
    assert len(inside("rules", "list", folder).documents) == 6
    assert len(json.loads(inside("rules", "list", folder, "--format", "json").out)) == 6


def test_list_of_the_bundled_rules() -> None:
    done = inside("rules", "list")
    assert done.code == 0
    assert {rule["rule_id"]: rule["status"] for rule in done.documents} == dict.fromkeys(IDS.values(), "ready")
    assert done.err == "2 rules: 2 ready, 0 unsupported, 0 invalid\n"
    assert inside("rules", "list", "-q").err == ""


@pytest.mark.parametrize("name", [IDS[NETWORK], "MSIEXEC service*", "*child process*"])
def test_show_a_bundled_rule_by_id_or_name(name: str) -> None:
    done = inside("rules", "show", name)
    assert done.code == 0
    assert done.out.count("Rule id:") == 1
    for part in (
        IDS[NETWORK],
        "medium (risk score 47)",
        "T1218.007",
        "every 5m over now-9m to now",
        "sequence by process.entity_id with maxspan=1m",
        "False positive:",
        "Triage and analysis",
        "process.parent.args",
    ):
        assert part in done.out, part
    assert "!{investigate" not in done.out
    assert "queryType" not in done.out


def test_show_as_json_is_the_whole_rule() -> None:
    [rule] = json.loads(inside("rules", "show", IDS[PERSISTENCE], "--format", "json").out)
    assert rule["status"] == "ready"
    assert rule["rule"]["version"] == 2
    assert rule["rule"]["query"].startswith("any where")


@pytest.mark.parametrize("form", ["table", "json"])
def test_show_of_a_folder_with_bad_rules_is_2(form: str, folder: Path) -> None:
    done = inside("rules", "show", folder, "--format", form)
    assert done.code == 2
    assert "Bad query" in done.out


def test_show_of_an_unknown_rule(folder: Path) -> None:
    done = inside("rules", "show", "no such rule", folder)
    assert done.code == 3
    assert "no rule is called no such rule" in done.err
    assert "hint: give its id or name" in done.err


def test_convert_there_and_back(tmp_path: Path) -> None:
    there = inside("rules", "convert", "bundled", "--to", "ndjson", "-o", tmp_path / "rules.ndjson")
    assert (there.code, there.err) == (0, "2 of 2 rules converted\n")
    lines = [json.loads(line) for line in (tmp_path / "rules.ndjson").read_text("utf-8").splitlines()]
    assert [line["rule_id"] for line in lines[:2]] == list(IDS.values())
    assert lines[2]["exported_rules_count"] == 2
    back = inside("rules", "convert", tmp_path / "rules.ndjson", "--to", "toml", "-o", tmp_path / "toml")
    assert back.code == 0
    assert len(list((tmp_path / "toml").iterdir())) == 2
    again = inside("rules", "convert", tmp_path / "toml", "--to", "ndjson")
    assert sorted(again.out.splitlines()) == sorted((tmp_path / "rules.ndjson").read_text("utf-8").splitlines())


def test_convert_takes_exceptions_along(tmp_path: Path) -> None:
    values = [CONTAINER, ITEM, {"id": "c", "type": "action", "attributes": {"secret": None}}]
    (tmp_path / "e.ndjson").write_text(ndjson(values), "utf-8")
    there = inside("rules", "convert", tmp_path / "e.ndjson", "bundled", "--to", "toml", "-o", tmp_path / "toml")
    assert (there.code, there.err) == (0, "2 of 2 rules converted\n")
    assert {path.name for path in (tmp_path / "toml" / "exceptions").iterdir()} == {
        "trusted.toml",
        "action_connectors.toml",
    }
    for form in ("json", "ndjson"):
        back = inside("rules", "convert", tmp_path / "toml", "--to", form)
        objects = json.loads(back.out) if form == "json" else back.documents[:-1]
        assert objects[2:] == values


def test_convert_names_exceptions_that_cannot_be_used_and_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "e.ndjson").write_text(ndjson([item_of(entries=[])]), "utf-8")
    done = inside("rules", "convert", tmp_path, "--to", "ndjson")
    assert done.code == 2
    assert "[exception-empty]" in done.err
    assert done.documents[0] == item_of(entries=[])


def test_convert_keeps_the_good_and_names_the_bad(folder: Path) -> None:
    done = inside("rules", "convert", folder, "--to", "ndjson")
    assert done.code == 2
    rules = [line for line in done.documents if "rule_id" in line]
    # A query that does not parse is still a rule that can be converted.
    assert [rule["name"] for rule in rules] == ["Bad query", "Process start", "Process start"]
    assert "broken.toml:2:10: error" in done.err
    assert "3 of 6 rules converted" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "no/such/folder"], "there is no file or folder no/such/folder"),
        (["list", "--format", "csv"], "'csv' is not one of"),
        (["show"], "Missing argument"),
        (["convert", "bundled"], "Missing option '--to'"),
        (["convert", "bundled", "--to", "yaml"], "'yaml' is not one of"),
        (["delete"], "No such command 'delete'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_arguments(arguments: list[str], words: str) -> None:
    done = inside("rules", *arguments)
    assert done.code == 3
    assert words in done.err
