"""The conformance cases: the shared ones where they are, our own always."""

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.conformance.__main__ import report, run_folder
from tests.conformance.cases import Outcome
from tests.shared import SHARED, needs_shared

OWN = Path(__file__).parents[1] / "conformance" / "own"
OWN_OUTCOMES = 113
SHARED_OUTCOMES = 344


def failures(outcomes: list[Outcome]) -> str:
    return "\n".join(f"{o.status} {o.id}: {o.detail}" for o in outcomes if o.status != "passed")


def test_our_own_cases() -> None:
    outcomes = run_folder(OWN)
    assert not failures(outcomes)
    assert len(outcomes) == OWN_OUTCOMES


@needs_shared
def test_the_shared_cases() -> None:
    outcomes = run_folder(SHARED / "conformance")
    assert not failures(outcomes)
    assert Counter(outcome.status for outcome in outcomes) == {"passed": SHARED_OUTCOMES}


def test_our_own_cases_name_their_rule_and_have_one_name_each() -> None:
    lines = [line for path in OWN.glob("cases-*.jsonl") for line in path.read_text("utf-8").splitlines()]
    cases = [json.loads(line) for line in lines]
    assert len({case["id"] for case in cases}) == len(cases)
    assert {case["rule"].split(".")[0] for case in cases} == {"1", "2", "3", "4", "5", "6"}


WRONG = {
    "id": "x/wrong",
    "kind": "expression",
    "semantics": "es",
    "dataset": [],
    "query": "1 + 1",
    "features": ["math"],
    "expected": {"value": 3},
}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "failed"),
        ({"expected": {"value": 2}}, "passed"),
        ({"expected": {"value": 2.0}}, "passed"),
        ({"expected": {"value": True}}, "failed"),
        ({"expected": {"value": None}}, "failed"),
        ({"query": "1 +"}, "refused"),
        ({"query": "1 +", "expected": {"error": ""}}, "passed"),
        ({"expected": {"error": ""}}, "failed"),
        ({"expected": {"any_of": [{"value": 1}, {"value": 2}]}}, "passed"),
        ({"kind": "eql"}, "crashed"),
    ],
)
def test_the_runner_tells_right_from_wrong(tmp_path: Path, change: dict[str, object], status: str) -> None:
    """A runner that passes everything would make all of the above worthless."""
    (tmp_path / "cases-x.jsonl").write_text(json.dumps({**WRONG, **change}), "utf-8")
    (outcome,) = run_folder(tmp_path)
    assert outcome.status == status
    assert report([outcome])["summary"] == {
        "cases": 1,
        **{name: int(name == status) for name in ("passed", "failed", "refused", "crashed")},
        "features": {"math": {name: int(name == status) for name in ("passed", "failed", "refused", "crashed")}},
    }
