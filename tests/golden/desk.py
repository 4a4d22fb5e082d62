"""A small folder of rules and events, written by hand, that the golden files show."""

import json
from pathlib import Path
from typing import Any

HEAD = """\
[metadata]
creation_date = "2026/01/01"
integration = ["endpoint"]
maturity = "production"
updated_date = "2026/02/01"

[rule]
author = ["besra"]
"""
THREAT = """
[[rule.threat]]
framework = "MITRE ATT&CK"

[rule.threat.tactic]
id = "TA0002"
name = "Execution"
reference = "https://attack.mitre.org/tactics/TA0002/"

[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
reference = "https://attack.mitre.org/techniques/T1059/"

[[rule.threat.technique.subtechnique]]
id = "T1059.003"
name = "Windows Command Shell"
reference = "https://attack.mitre.org/techniques/T1059/003/"
"""

SHELL = (
    HEAD
    + '''description = """
A text editor starts a command shell. Editors have no business with shells.
"""
false_positives = ["Plugins of editors that build software."]
index = ["logs-endpoint.events.process-*"]
interval = "5m"
from = "now-9m"
language = "eql"
license = "Apache-2.0"
name = "Text Editor Starts a Shell"
note = """## Triage

1. Look at `process.command_line`.
   $investigate_0

- **Known plugin?** Make an exception.
"""
references = ["https://example.org/editors"]
risk_score = 73
rule_id = "5e1f0000-0000-4000-8000-000000000001"
severity = "high"
tags = ["OS: Windows", "Tactic: Execution"]
timestamp_override = "event.ingested"
type = "eql"

query = """
process where event.type == "start" and
  process.parent.name : ("notepad.exe", "write.exe") and process.name : "cmd.exe"
"""

[[transform.investigate]]
label = "What the shell did"
description = "Children of the shell"
providers = [
  [{field = "process.pid", queryType = "phrase", value = "{{process.pid}}", valueType = "string", excluded = false}]
]
'''
    + THREAT
)
CALL = (
    HEAD
    + '''description = "A shell that an editor started opens a connection."
index = ["logs-endpoint.events.*"]
language = "eql"
license = "Apache-2.0"
name = "Shell of a Text Editor Connects to the Internet and the Name of This Rule Is Long"
risk_score = 99
rule_id = "5e1f0000-0000-4000-8000-000000000002"
severity = "critical"
type = "eql"

query = """
sequence by process.entity_id with maxspan=1m
  [process where process.parent.name : "notepad.exe"]
  [network where destination.port == 443]
"""
'''
)
JOB = (
    HEAD
    + """anomaly_threshold = 50
description = "Needs a machine learning job."
machine_learning_job_id = ["odd_shells"]
name = "Odd Shells"
risk_score = 21
rule_id = "5e1f0000-0000-4000-8000-000000000003"
severity = "low"
type = "machine_learning"
"""
)
BAD = (
    HEAD
    + '''description = "The query has one equals sign too few."
index = ["logs-*"]
language = "eql"
name = "One Equals Sign"
risk_score = 21
rule_id = "5e1f0000-0000-4000-8000-000000000004"
severity = "low"
tagz = ["OS: Windows"]
type = "eql"

query = """
process where event.type == "start" and
  process.name = "cmd.exe"
"""
'''
)
BURST = (
    HEAD
    + """description = "One host starts many shells, by several users."
from = "now-9m"
index = ["logs-endpoint.events.process-*", "winlogbeat-*"]
language = "kuery"
name = "Burst of Shells"
query = "process.name : cmd.exe"
risk_score = 47
rule_id = "5e1f0000-0000-4000-8000-000000000005"
severity = "medium"
type = "threshold"

[rule.threshold]
field = ["host.name", "process.name"]
value = 2

[[rule.threshold.cardinality]]
field = "process.pid"
value = 2
"""
)
NEWCOMER = (
    HEAD
    + """description = "A host that no shell has been seen on."
from = "now-9m"
index = ["logs-endpoint.events.process-*"]
language = "kuery"
name = "First Shell on a Host"
query = "process.name : cmd.exe"
risk_score = 21
rule_id = "5e1f0000-0000-4000-8000-000000000006"
severity = "low"
type = "new_terms"

[rule.new_terms]
field = "new_terms_fields"
value = ["host.name", "user.name"]

[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-7d"
"""
)
COUNTING = {"burst.toml": BURST, "newcomer.toml": NEWCOMER}
"""Rules that count or compare events; `write_desk` leaves them out."""
QUIET = (
    HEAD
    + '''description = "Shells of editors, told once for each user."
index = ["logs-endpoint.events.process-*"]
language = "eql"
license = "Apache-2.0"
name = "Shells of Text Editors"
risk_score = 21
rule_id = "5e1f0000-0000-4000-8000-000000000005"
rule_name_override = "process.command_line"
severity = "low"
type = "eql"

query = """
process where process.parent.name : "notepad.exe"
"""

[rule.alert_suppression]
group_by = ["user.name", "host.ip"]
duration = {value = 30, unit = "s"}

[[rule.risk_score_mapping]]
field = "process.pid"
operator = "equals"
value = "701"
risk_score = 60

[[rule.severity_mapping]]
field = "process.pid"
operator = "equals"
value = "701"
severity = "medium"
'''
)
"""Suppresses and overrides; not among the rules of the folder."""
WHISPER = (
    HEAD
    + """building_block_type = "default"
description = "A shell starts. Alone that says nothing."
index = ["logs-endpoint.events.process-*"]
language = "eql"
name = "Shell Starts"
risk_score = 21
rule_id = "5e1f0000-0000-4000-8000-000000000005"
severity = "low"
type = "eql"
query = 'process where process.name : "cmd.exe"'
"""
)
CHORUS = (
    HEAD
    + """description = "An alert on a shell, and a connection to the Internet of the same process."
index = ["logs-endpoint.events.network-*", ".alerts-security.*"]
language = "eql"
name = "Shell Starts and Connects"
risk_score = 73
rule_id = "5e1f0000-0000-4000-8000-000000000006"
severity = "high"
type = "eql"
query = '''
sequence by process.entity_id with maxspan=1m
  [any where kibana.alert.rule.rule_id == "5e1f0000-0000-4000-8000-000000000005"]
  [network where destination.port == 443]
'''
"""
)
ECHO = (
    HEAD
    + """description = "Whatever that rule says."
index = [".alerts-security.*"]
language = "kuery"
name = "Echo {name}"
risk_score = 47
rule_id = "5e1f0000-0000-4000-8000-00000000000{number}"
severity = "medium"
type = "query"
query = "kibana.alert.rule.name : \\"{other}\\""
"""
)
RULES = {"shell.toml": SHELL, "call.toml": CALL, "job.toml": JOB, "bad.toml": BAD}


OVER_ALERTS = {
    "whisper.toml": WHISPER,
    "chorus.toml": CHORUS,
    "first_echo.toml": ECHO.format(name="One", number=7, other="Echo Two"),
    "second_echo.toml": ECHO.format(name="Two", number=8, other="Echo One"),
    "deaf_echo.toml": ECHO.format(name="Three", number=9, other="No Such Rule"),
}
"""Rules of which some are over the alerts of others."""


def document(number: int, category: str, **fields: Any) -> dict[str, Any]:
    """One event, seconds apart from the others."""
    return {
        "@timestamp": f"2026-03-17T09:41:{number:02}.25Z",
        "event": {"category": [category], "type": ["start"], "kind": "event", "id": f"event-{number}"},
        "data_stream": {"type": "logs", "dataset": f"endpoint.events.{category}", "namespace": "default"},
        "host": {"name": f"wks-{number // 10:04}", "os": {"type": "windows"}},
        "user": {"name": "jdoe"},
        **fields,
    }


def shell(number: int, **more: Any) -> dict[str, Any]:
    """A shell started by an editor."""
    process = {"name": "cmd.exe", "pid": 700 + number, "entity_id": f"E{number}", "parent": {"name": "notepad.exe"}}
    command_line = f"cmd.exe /c echo {number}"
    return document(number, "process", process={**process, "command_line": command_line, **more})


DOCUMENTS = [
    shell(1, code_signature={"trusted": "perhaps"}),
    document(
        3,
        "network",
        process={"name": "cmd.exe", "pid": 701, "entity_id": "E1"},
        source={"ip": "10.0.0.5", "port": 50123},
        destination={"ip": "203.0.113.9", "port": 443},
    ),
    shell(12),
    shell(25),
    shell(38),
    shell(49),
]


def write_desk(folder: Path) -> None:
    """`rules/`, `events.ndjson` (with two bad lines) and `notes.txt`."""
    write_rules(folder / "rules", RULES)
    lines = [json.dumps(found) for found in DOCUMENTS]
    lines[2:2] = ['{"process": {"name": "cmd.exe"', "[1, 2]"]
    (folder / "events.ndjson").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "notes.txt").write_text("Nothing to see here.\n" * 25, "utf-8")


def write_rules(folder: Path, rules: dict[str, str]) -> None:
    """A folder of rules."""
    folder.mkdir()
    for name, text in rules.items():
        (folder / name).write_text(text, "utf-8")
