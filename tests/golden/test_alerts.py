"""Whole alert documents: one event; and the blocks and shell of a sequence."""

import json
from pathlib import Path

import pytest
from tests.golden.compare import check
from tests.golden.desk import DOCUMENTS, write_desk

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
