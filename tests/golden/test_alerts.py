"""Whole alert documents: one event; the blocks and shell of a sequence; those over an alert and an event."""

import json
from pathlib import Path

import pytest
from tests.golden.compare import check
from tests.golden.desk import DOCUMENTS, OVER_ALERTS, write_desk, write_rules

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
