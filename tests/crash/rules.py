"""The rules of the crash tests: one of each kind, over events that `stories.py` tells."""

import json
from pathlib import Path
from typing import Any

import besra

INDEX = "logs-crash-default"
ALERTS = ".alerts-security.alerts-*"
INDICATORS = "logs-ti_crash-default"
MOST = 1_000_000
"""Alerts of one run: after an outage one run may see what else many would have seen."""


def _rule(number: int, name: str, type_: str, **given: Any) -> dict[str, Any]:
    language = "eql" if type_ == "eql" else "kuery"
    return {
        "rule_id": f"c4a54000-0000-4000-8000-{number:012}",
        "name": f"Crash {name}",
        "description": "A rule of the crash tests.",
        "type": type_,
        "language": language,
        "index": ["logs-crash-*"],
        "severity": "medium",
        "risk_score": 47,
        "author": ["besra"],
        "interval": "5m",
        "from": "now-9m",
        "max_signals": MOST,
        **given,
    }


RULES = (
    _rule(1, "Single", "query", query="event.action : single"),
    _rule(
        2,
        "Sequence",
        "eql",
        query="sequence by process.entity_id with maxspan=5m"
        ' [any where event.action == "start"] [any where event.action == "connect"]',
    ),
    _rule(
        3,
        "Sequence of Two Senders",
        "eql",
        query="sequence by host.id with maxspan=5m"
        ' [any where event.action == "left"] [any where event.action == "right"]',
    ),
    _rule(
        4,
        "Threshold",
        "threshold",
        query="event.action : counted",
        threshold={"field": ["user.name"], "value": 5},
    ),
    _rule(
        5,
        "New Term",
        "new_terms",
        query="event.action : visited",
        new_terms_fields=["destination.domain"],
        history_window_start="now-7d",
    ),
    _rule(
        6,
        "Suppressed",
        "query",
        query="event.action : denied",
        alert_suppression={
            "group_by": ["source.ip"],
            "duration": {"value": 1, "unit": "h"},
            "missing_fields_strategy": "suppress",
        },
    ),
    _rule(
        7,
        "Sample",
        "eql",
        query='sample by host.id [any where event.action == "one"] [any where event.action == "two"]'
        ' [any where event.action == "three"]',
    ),
    _rule(
        8,
        "Indicator",
        "threat_match",
        query="event.action : resolved",
        threat_index=["logs-ti_*"],
        threat_query="event.kind : enrichment",
        threat_mapping=[
            {"entries": [{"field": "dns.question.name", "type": "mapping", "value": "threat.indicator.url.domain"}]}
        ],
    ),
    _rule(
        9,
        "Over Alerts",
        "query",
        index=[ALERTS],
        query='kibana.alert.rule.name : ("Crash Single" or "Crash Sequence")',
    ),
    _rule(
        10,
        "Over Alerts on Alerts",
        "query",
        index=[ALERTS],
        query='kibana.alert.rule.name : "Crash Over Alerts"',
    ),
)


def write_rules(folder: Path) -> Path:
    """The file of the rules, in a folder."""
    path = folder / "crash.ndjson"
    path.write_text("".join(json.dumps(rule) + "\n" for rule in RULES), "utf-8")
    return path


def loaded(path: Path) -> besra.RuleSet:
    """The rules a service of the tests runs: those of the file, the bundled ones and the examples."""
    rules = besra.load_rules(path, "bundled", "examples")
    known = {rule["rule_id"] for rule in RULES}
    unready = known - {rule.rule_id for rule in rules.ready}
    assert not unready, (unready, [problem.render() for problem in rules.problems])
    return rules
