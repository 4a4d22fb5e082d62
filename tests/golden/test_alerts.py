"""Whole alert documents: an event; blocks and shell; a bucket; a new term; folded; over an alert; an indicator."""

import json
from pathlib import Path

import pytest
from tests.golden.compare import check
from tests.golden.desk import COUNTING, DOCUMENTS, HEAD, OVER_ALERTS, QUIET, shell, write_desk, write_rules

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


FEED = (
    HEAD
    + """description = "A connection to an address that somebody reported."
index = ["logs-*"]
language = "kuery"
license = "Apache-2.0"
name = "Connection to a Reported Address"
query = "destination.ip : *"
risk_score = 73
rule_id = "5e1f0000-0000-4000-8000-000000000005"
severity = "high"
threat_index = ["logs-ti_*"]
threat_query = "threat.indicator.ip : *"
type = "threat_match"

[[rule.threat_mapping]]

[[rule.threat_mapping.entries]]
field = "destination.ip"
type = "mapping"
value = "threat.indicator.ip"
"""
)
INDICATORS = [
    {
        "_id": "report-17",
        "_index": "logs-ti_made_up.reports-default",
        "_source": {
            "@timestamp": "2026-03-16T00:00:00Z",
            "threat.feed.name": "Made up",
            "threat": {"indicator": {"type": "ipv4-addr", "ip": "203.0.113.9", "confidence": "High"}},
            "threat.indicator.provider": "nobody",
        },
    },
    {"threat": {"indicator": {"ip": ["198.51.100.1", "203.0.113.9"]}}},
    {"threat": {"indicator": {"ip": "203.0.113.8"}}},
]


def test_indicator_alert(tmp_path: Path, update_golden: bool) -> None:
    (tmp_path / "feed.toml").write_text(FEED, "utf-8")
    rules = besra.load_rules(tmp_path / "feed.toml")
    alerts = besra.detect(rules, DOCUMENTS[:2], indicators=INDICATORS, now=NOW)
    check(json.dumps(alerts, indent=2, ensure_ascii=False) + "\n", "alerts/indicators.json", update=update_golden)
