"""Whole alert documents: one event; blocks and shell; a bucket; a new term; suppressed, overridden; over an alert."""

import json
from pathlib import Path

import pytest
from tests.golden.compare import check
from tests.golden.desk import COUNTING, DOCUMENTS, OVER_ALERTS, QUIET, shell, write_desk, write_rules

import besra
from besra.schema.timestamp import parse_timestamp

NOW = parse_timestamp("2026-03-18T12:00:00Z")


def test_an_alert_over_an_alert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    rules = {name: OVER_ALERTS[name] for name in ("whisper.toml", "chorus.toml")}
    write_rules(tmp_path / "over", rules)
    monkeypatch.chdir(tmp_path)
    *alerts, _ = besra.detect(besra.load_rules("over"), DOCUMENTS[:2], now=NOW)
    text = json.dumps(alerts, indent=2, ensure_ascii=False) + "\n"
    check(text, "alerts/over_alert.json", update=update_golden)


@pytest.mark.parametrize(("name", "rule"), [("single", "shell.toml"), ("sequence", "call.toml")])
def test_alerts(name: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    write_desk(tmp_path)
    monkeypatch.chdir(tmp_path)
    alerts = besra.detect(besra.load_rules(f"rules/{rule}"), DOCUMENTS[:2], now=NOW)
    text = json.dumps(alerts, indent=2, ensure_ascii=False) + "\n"
    check(text, f"alerts/{name}.json", update=update_golden)


@pytest.mark.parametrize(("name", "rule"), [("threshold", "burst.toml"), ("new_terms", "newcomer.toml")])
def test_alerts_on_several_events(
    name: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    (tmp_path / rule).write_text(COUNTING[rule], "utf-8")
    monkeypatch.chdir(tmp_path)
    rules = besra.load_rules(rule)
    assert not rules.problems
    alerts = besra.detect(rules, [shell(number) for number in (4, 2, 8, 15, 5, 7, 3, 1, 9, 6, 0, 14)], now=NOW)
    text = json.dumps(alerts, indent=2, ensure_ascii=False) + "\n"
    check(text, f"alerts/{name}.json", update=update_golden)


def test_suppressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    (tmp_path / "quiet.toml").write_text(QUIET, "utf-8")
    monkeypatch.chdir(tmp_path)
    alerts = besra.detect(besra.load_rules("quiet.toml"), DOCUMENTS, now=NOW)
    assert len(alerts) == 2
    text = json.dumps(alerts, indent=2, ensure_ascii=False) + "\n"
    check(text, "alerts/suppressed.json", update=update_golden)
