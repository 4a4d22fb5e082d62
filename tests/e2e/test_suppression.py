"""Suppression, overrides and the rule's own clock as a user of `besra scan` meets them."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.command import Outcome, inside
from tests.unit.rules.samples import rule_of

from besra.detection.detect import Engine

ANY_PROCESS = {"query": "process where true", "name": "Any process", "severity": "low"}
BY_HOST = {"alert_suppression": {"group_by": ["host.name"]}}
MAPPED = {
    "severity_mapping": [
        {"field": "event.severity", "operator": "equals", "value": "99", "severity": "critical"},
        {"field": "event.severity", "operator": "equals", "value": "21", "severity": "low"},
    ]
}
PLAIN = {"name": "Plain", "severity": "medium", "rule_id": "plain", "query": 'process where host.name == "a"'}
HOSTS = "aabacb"


def document(second: int, host: str) -> dict[str, Any]:
    """One event a second; each arrives ten seconds late."""
    return {
        "@timestamp": f"2026-03-17T09:00:{second:02}Z",
        "event": {
            "category": "process",
            "ingested": f"2026-03-17T09:00:{second + 10:02}Z",
            "severity": 99 if host == "b" else 21,
        },
        "data_stream": {"type": "logs", "dataset": "made.up", "namespace": "default"},
        "host": {"name": host},
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lines = [json.dumps(document(second, host)) for second, host in enumerate(HOSTS)]
    (tmp_path / "events.ndjson").write_text("\n".join(lines), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def scan(*rules: dict[str, Any], options: tuple[str, ...] = (), events: str = "events.ndjson") -> Outcome:
    text = "\n".join(json.dumps(rule_of("eql", **rule)) for rule in rules)
    Path("rules.ndjson").write_text(text, "utf-8")
    return inside("scan", events, "--rules", "rules.ndjson", "--now", "2026-03-18", *options)


TABLE = ("--format", "table")


def test_the_table_and_the_summary_tell_what_is_suppressed(folder: Path) -> None:
    done = scan(ANY_PROCESS | BY_HOST, options=TABLE)
    assert "3 +3" in done.out
    assert done.err.splitlines()[-1] == "3 alerts of 1 rule: 3 low; 3 matches suppressed"
    limited = scan(ANY_PROCESS | BY_HOST, options=(*TABLE, "--max-alerts", "1"))
    assert "1 of 3 +2" in limited.out
    assert "[max-alerts-reached]" in limited.err
    assert "1 alert of 1 rule: 1 low; 2 matches suppressed" in limited.err


def test_a_row_has_the_severity_of_its_worst_alert_and_the_worst_comes_first(folder: Path) -> None:
    done = scan(ANY_PROCESS | MAPPED, PLAIN, options=TABLE)
    assert [line.split()[:2] for line in done.out.splitlines()[1:]] == [["critical", "Any"], ["medium", "Plain"]]
    assert done.err.splitlines()[-1] == "9 alerts of 2 rules: 2 critical, 3 medium, 4 low"


@pytest.mark.parametrize(("floor", "code"), [("low", 1), ("high", 1), ("critical", 1)])
def test_fail_on_goes_by_the_severity_of_alerts(floor: str, code: int, folder: Path) -> None:
    assert scan(ANY_PROCESS | MAPPED, options=("-q", "--fail-on", floor)).code == code


def test_fail_on_leaves_lowered_severities_alone(folder: Path) -> None:
    lowered = {"query": 'process where host.name == "a"', "severity": "critical"} | MAPPED
    assert scan(lowered, options=("-q", "--fail-on", "medium")).code == 0
    sequence = lowered | {"query": 'sequence [process where host.name == "a"] [process where host.name == "a"]'}
    assert scan(sequence, options=("-q", "--fail-on", "medium")).code == 0, "blocks keep what the rule says"


def test_severity_runs_the_rules_that_may_reach_it(folder: Path) -> None:
    options = ("--severity", "high", "-q", "--format", "ndjson")
    assert scan(ANY_PROCESS | MAPPED, options=options).rules == ["Any process"] * 6
    assert scan(ANY_PROCESS, options=options).rules == []


WINDOW = ("--from", "2026-03-17T09:00:12Z", "--to", "2026-03-17T09:00:14Z", "-q", "--format", "ndjson")
OVERRIDE = {"timestamp_override": "event.ingested"}


@pytest.mark.parametrize("engine", list(Engine))
@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_a_window_may_go_by_the_clock_of_the_rule(engine: Engine, form: str, folder: Path) -> None:
    file = f"events.{form}"
    if form == "parquet":
        assert inside("convert", "events.ndjson", "--to", "parquet", "-o", file, "-q").code == 0
    options = (*WINDOW, "--engine", str(engine))

    def hosts(rule: dict[str, Any], *more: str) -> list[str]:
        alerts = scan(rule, options=(*options, *more), events=file).documents
        return [alert["host"]["name"] for alert in alerts]

    assert hosts(ANY_PROCESS | OVERRIDE, "--window-by", "rule") == ["b", "a", "c"]
    assert hosts(ANY_PROCESS | OVERRIDE) == []
    assert hosts(ANY_PROCESS, "--window-by", "rule") == []


def test_a_window_by_the_rule_is_not_remembered_with_the_pack(folder: Path) -> None:
    by_rule = (*WINDOW, "--window-by", "rule")
    other = ("--from", "2026-03-17T09:00:14Z", *by_rule[2:])
    first, second = (scan(ANY_PROCESS | OVERRIDE, options=options).documents for options in (by_rule, other))
    assert (len(first), len(second)) == (3, 1)


@pytest.mark.parametrize("options", [("--engine", "reference"), ("--memory-limit", "1K")])
def test_what_a_scan_may_use_changes_nothing(options: tuple[str, ...], folder: Path) -> None:
    lines = [json.dumps(document(number % 50, f"h{number % 7}")) for number in range(3000)]
    Path("many.ndjson").write_text("\n".join(dict.fromkeys(lines)), "utf-8")
    rule = ANY_PROCESS | {"alert_suppression": {"group_by": ["host.name"], "duration": {"value": 20, "unit": "s"}}}
    usual, other = (scan(rule, options=("--workers", "1", "-q", *more), events="many.ndjson") for more in ((), options))
    assert usual.documents
    assert usual.out == other.out
