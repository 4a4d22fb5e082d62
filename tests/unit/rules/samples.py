"""Small rules written for the tests, one of each type."""

import json
from typing import Any

from besra.rules.build import parse_rule
from besra.rules.document import ParsedRule, RuleDocument
from besra.rules.location import Locations, locate_json

COMMON: dict[str, Any] = {
    "rule_id": "11111111-2222-4333-8444-555555555555",
    "name": "Notepad starts a shell",
    "description": "A text editor has no business with shells.",
    "risk_score": 47,
    "severity": "medium",
}
EQL = {"type": "eql", "language": "eql", "query": 'process where process.name == "cmd.exe"', "index": ["logs-*"]}
QUERY = {"type": "query", "query": "process.name : cmd.exe", "language": "kuery", "index": ["logs-*"]}
TYPES: dict[str, dict[str, Any]] = {
    "eql": EQL,
    "query": QUERY,
    "saved_query": {"type": "saved_query", "saved_id": "my-query"},
    "threshold": QUERY | {"type": "threshold", "threshold": {"field": ["host.name"], "value": 5}},
    "new_terms": QUERY | {"type": "new_terms", "new_terms_fields": ["user.name"], "history_window_start": "now-7d"},
    "threat_match": QUERY
    | {
        "type": "threat_match",
        "threat_query": "*:*",
        "threat_index": ["logs-ti_*"],
        "threat_mapping": [
            {"entries": [{"field": "source.ip", "type": "mapping", "value": "threat.indicator.ip"}]},
        ],
    },
    "esql": {
        "type": "esql",
        "language": "esql",
        "query": "from logs-* metadata _id, _index, _version | where process.pid == 1",
    },
    "machine_learning": {
        "type": "machine_learning",
        "anomaly_threshold": 50,
        "machine_learning_job_id": ["job_one"],
    },
}

RULE_FILE = '''
[metadata]
creation_date = "2026/01/02"
maturity = "production"
integration = ["endpoint"]
reviewed = 2026-02-03

[transform]
[[transform.investigate]]
label = "Same host"
providers = [[{ field = "host.id", value = "{{host.id}}", excluded = false }]]

[rule]
author = ["Us"]
description = "Notepad starts a shell."
from = "now-9m"
index = ["logs-endpoint.events.process-*"]
interval = "10m"
language = "eql"
max_signals = 33
name = "Notepad starts a shell"
note = """## Triage

Look at the host.
$investigate_0

## Setup

Install the sensor.
"""
risk_score = 73
rule_id = "11111111-2222-4333-8444-555555555555"
severity = "high"
tags = ["OS: Windows"]
tiebreaker_field = "event.sequence"
timestamp_override = "event.ingested"
type = "eql"

query = \'\'\'
process where process.parent.name : "notepad.exe" and
  process.executable : "?:\\\\Windows\\\\*"
\'\'\'

[[rule.threat]]
framework = "MITRE ATT&CK"
[rule.threat.tactic]
id = "TA0002"
name = "Execution"
reference = "https://attack.mitre.org/tactics/TA0002"
'''
"""A rule as a TOML file, with everything that is written otherwise there than in the API form."""


def rule_of(type_name: str = "eql", **changes: Any) -> dict[str, Any]:
    """API parameters of a valid rule with some fields changed; `...` takes a field out."""
    parameters = COMMON | TYPES[type_name] | changes
    return {name: value for name, value in parameters.items() if value is not ...}


def parsed(type_name: str = "eql", **changes: Any) -> ParsedRule:
    """The rule of `rule_of`, read from JSON text so that problems have places."""
    text = json.dumps(rule_of(type_name, **changes), indent=1)
    return parse_rule(RuleDocument(json.loads(text), Locations(text, "rule.json", locate_json(text))))
