import json
from pathlib import Path

from tests.unit.rules.samples import rule_of

from besra.rules.check import check_report
from besra.rules.ruleset import load_rules


def test_the_report_names_every_rule_and_counts(tmp_path: Path) -> None:
    lines = [rule_of(rule_id="a"), rule_of("machine_learning", rule_id="b"), rule_of(rule_id="c", severity=None)]
    file = tmp_path / "r.ndjson"
    file.write_text("\n".join(map(json.dumps, [*lines, {"event": 1}])), "utf-8")

    report = check_report(load_rules(file))

    assert json.loads(json.dumps(report)) == report
    assert [(rule["rule_id"], rule["status"]) for rule in report["rules"]] == [
        ("a", "ready"),
        ("b", "unsupported"),
        ("c", "invalid"),
    ]
    good, _, bad = report["rules"]
    assert good == {
        "rule_id": "a",
        "name": "Notepad starts a shell",
        "type": "eql",
        "path": str(file),
        "status": "ready",
        "problems": [],
    }
    (problem,) = bad["problems"]
    assert (problem["code"], problem["severity"], problem["line"]) == ("rule-missing-field", "error", 3)
    assert problem["message"] and problem["column"]
    assert [entry["code"] for entry in report["files"]] == ["ndjson-unknown-object"]
    summary = report["summary"]
    assert summary["rules"] == 3
    assert summary["status"] == {"ready": 1, "unsupported": 1, "invalid": 1}
    assert summary["types"]["eql"] == {"ready": 1, "unsupported": 0, "invalid": 1}
    assert summary["types"]["machine_learning"] == {"ready": 0, "unsupported": 1, "invalid": 0}
    assert summary["codes"]["rule-missing-field"] == 1
    assert (summary["deprecated"], summary["superseded"], summary["warnings"]) == (0, 0, 1)
