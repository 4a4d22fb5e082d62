"""Coverage: every rule is counted where its author put it, and only those that run as running."""

from pathlib import Path
from typing import Any

from tests.rules_api import api, rule

from besra.service.coverage import Coverage, coverage, navigator_layer


def threat(tactic: str, *techniques: str, below: str = "", framework: str = "MITRE ATT&CK") -> dict[str, Any]:
    inner = [{"id": below, "name": f"name of {below}", "reference": "x"}] if below else []
    return {
        "framework": framework,
        "tactic": {"id": tactic, "name": f"Tactic {tactic}", "reference": "x"},
        "technique": [
            {"id": id_, "name": f"name of {id_}", "reference": "x", "subtechnique": inner} for id_ in techniques
        ],
    }


RULES = [
    rule("runs", threat=[threat("TA1", "T1", below="T1.001"), threat("TA2", "T1")]),
    rule("off", enabled=False, threat=[threat("TA1", "T1")]),
    rule("cannot", type="esql", language="esql", query="from x", threat=[threat("TA1", "T2")]),
    rule("untagged"),
    rule("other", threat=[threat("TA9", "AML.T1", framework="MITRE ATLAS"), threat("TA1")]),
]


def covered(tmp_path: Path, *, only_running: bool = False) -> Coverage:
    with api(tmp_path / "alerts.sqlite") as served:
        for one in RULES:
            served.ask("POST", "/api/detection_engine/rules", one)
        return coverage(served.book.entries, only_running=only_running)


def told(found: Coverage) -> dict[str, Any]:
    return {
        tactic.id: (
            tactic.rules,
            tactic.running,
            {technique.id: [(one.rule_id, one.state) for one in technique.rules] for technique in tactic.techniques},
        )
        for tactic in found.tactics
    }


def test_rules_by_tactic_and_technique(tmp_path: Path) -> None:
    found = covered(tmp_path)
    counts = found.rules
    assert (counts.total, counts.running, counts.off, counts.unsupported) == (5, 3, 1, 1)
    assert (counts.invalid, counts.untagged) == (0, 1)
    assert told(found) == {
        "TA1": (
            4,
            2,
            {
                "T1": [("runs", "running"), ("off", "off")],
                "T1.001": [("runs", "running")],
                "T2": [("cannot", "unsupported")],
            },
        ),
        "TA2": (1, 1, {"T1": [("runs", "running")]}),
        "TA9": (1, 1, {"AML.T1": [("other", "running")]}),
    }
    assert {tactic.framework for tactic in found.tactics} == {"MITRE ATT&CK", "MITRE ATLAS"}


def test_only_rules_that_run(tmp_path: Path) -> None:
    found = told(covered(tmp_path, only_running=True))
    assert found["TA1"] == (2, 2, {"T1": [("runs", "running")], "T1.001": [("runs", "running")]})


def test_a_layer_of_the_navigator(tmp_path: Path) -> None:
    layer = navigator_layer(covered(tmp_path))
    cells = {(cell["tactic"], cell["techniqueID"]): cell["score"] for cell in layer["techniques"]}
    assert cells == {
        ("tactic-ta1", "T1"): 1,
        ("tactic-ta1", "T1.001"): 1,
        ("tactic-ta1", "T2"): 0,
        ("tactic-ta2", "T1"): 1,
    }
    assert (layer["domain"], layer["versions"]["layer"], layer["gradient"]["maxValue"]) == (
        "enterprise-attack",
        "4.5",
        1,
    )
    comments = {cell["techniqueID"]: cell["comment"] for cell in layer["techniques"] if cell["tactic"] == "tactic-ta1"}
    assert comments["T2"] == "rule cannot (unsupported)"
