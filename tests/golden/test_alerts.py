"""Whole alert documents: one event; the blocks and shell of a sequence; alerts with suppression and overrides."""

import json
from pathlib import Path

import pytest
from tests.golden.compare import check
from tests.golden.desk import DOCUMENTS, QUIET, write_desk

import besra
from besra.schema.timestamp import parse_timestamp

NOW = parse_timestamp("2026-03-18T12:00:00Z")


@pytest.mark.parametrize(("name", "rule"), [("single", "shell.toml"), ("sequence", "call.toml")])
def test_alerts(name: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    write_desk(tmp_path)
    monkeypatch.chdir(tmp_path)
    alerts = besra.detect(besra.load_rules(f"rules/{rule}"), DOCUMENTS[:2], now=NOW)
    text = json.dumps(alerts, indent=2, ensure_ascii=False) + "\n"
    check(text, f"alerts/{name}.json", update=update_golden)


def test_suppressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    (tmp_path / "quiet.toml").write_text(QUIET, "utf-8")
    monkeypatch.chdir(tmp_path)
    alerts = besra.detect(besra.load_rules("quiet.toml"), DOCUMENTS, now=NOW)
    assert len(alerts) == 2
    text = json.dumps(alerts, indent=2, ensure_ascii=False) + "\n"
    check(text, "alerts/suppressed.json", update=update_golden)
