"""The two bundled rules, field by field: their facts are fixed by the published rules they implement."""

import re
from typing import Any

import pytest

from besra.rules.rule import Rule, RuleStatus
from besra.rules.ruleset import load_rules
from besra.rules.shipped import shipped_texts
from besra.rules.toml import parse_toml, rule_to_toml
from besra.schema.catalogue import bundled_catalogue

NETWORK = "65432f4a-e716-4cc1-ab11-931c4966da2d"
PERSISTENCE = "1719ee47-89b8-4407-9d55-6dff2629dd4c"


def bundled(rule_id: str) -> Rule:
    loaded = load_rules("bundled").get(rule_id)
    assert loaded and loaded.rule
    return loaded.rule


def test_both_are_ready_without_a_word() -> None:
    rules = load_rules("bundled")

    assert {rule.rule_id for rule in rules} == {NETWORK, PERSISTENCE}
    assert [(rule.status, rule.problems) for rule in rules] == [(RuleStatus.READY, ())] * 2
    assert all(rule.path and rule.path.startswith("bundled/") for rule in rules)


SHARED_FACTS = {
    "type": "eql",
    "language": "eql",
    "severity": "medium",
    "risk_score": 47,
    "interval": "5m",
    "from": "now-9m",
    "max_signals": 100,
    "author": ["Elastic"],
    "license": "Elastic License v2",
}
FACTS: dict[str, dict[str, Any]] = {
    NETWORK: {
        "name": "MsiExec Service Child Process With Network Connection",
        "version": 202,
        "index": [
            "logs-endpoint.events.process-*",
            "logs-endpoint.events.network-*",
            "logs-windows.sysmon_operational-*",
            "logs-sentinel_one_cloud_funnel.*",
        ],
        "tags": [
            "Domain: Endpoint",
            "OS: Windows",
            "Use Case: Threat Detection",
            "Tactic: Defense Evasion",
            "Data Source: Elastic Defend",
            "Data Source: Sysmon",
            "Data Source: SentinelOne",
            "Resources: Investigation Guide",
        ],
    },
    PERSISTENCE: {
        "name": "Persistence via a Windows Installer",
        "version": 2,
        "index": ["logs-endpoint.events.registry-*", "logs-endpoint.events.file-*"],
        "tags": [
            "Domain: Endpoint",
            "OS: Windows",
            "Use Case: Threat Detection",
            "Tactic: Persistence",
            "Tactic: Defense Evasion",
            "Data Source: Elastic Defend",
            "Resources: Investigation Guide",
        ],
    },
}


@pytest.mark.parametrize("rule_id", FACTS)
def test_the_facts_are_those_of_the_published_rule(rule_id: str) -> None:
    parameters = bundled(rule_id).parameters
    expected = SHARED_FACTS | FACTS[rule_id]

    assert {name: parameters.get(name) for name in expected} == expected
    assert "references" not in parameters
    assert bundled(rule_id).version == expected["version"]


ATTACK = {
    NETWORK: {("TA0005", "Defense Evasion"): [("T1218", ["T1218.007"])]},
    PERSISTENCE: {
        ("TA0003", "Persistence"): [("T1053", ["T1053.005"])],
        ("TA0005", "Defense Evasion"): [("T1218", ["T1218.007"])],
    },
}


@pytest.mark.parametrize("rule_id", ATTACK)
def test_the_attack_mapping(rule_id: str) -> None:
    threat = bundled(rule_id).parameters["threat"]

    assert {
        (entry["tactic"]["id"], entry["tactic"]["name"]): [
            (technique["id"], [sub["id"] for sub in technique["subtechnique"]]) for technique in entry["technique"]
        ]
        for entry in threat
    } == ATTACK[rule_id]
    assert {entry["framework"] for entry in threat} == {"MITRE ATT&CK"}


def strings_in(rule_id: str) -> list[str]:
    query = bundled(rule_id).query
    assert query
    return re.findall(r'"((?:\\.|[^"\\])*)"', query.text)


def test_the_network_rule_excludes_what_the_published_one_does() -> None:
    assert strings_in(NETWORK) == [
        "windows",
        "start",
        "msiexec.exe",
        "/v",
        r"?:\\Windows\\System32\\msiexec.exe",
        r"?:\\Windows\\sysWOW64\\msiexec.exe",
        r"?:\\Windows\\system32\\srtasks.exe",
        r"?:\\Windows\\syswow64\\srtasks.exe",
        r"?:\\Windows\\sys*\\taskkill.exe",
        r"?:\\Program Files\\*.exe",
        r"?:\\Program Files (x86)\\*.exe",
        r"?:\\Windows\\Installer\\MSI*.tmp",
        r"?:\\Windows\\Microsoft.NET\\Framework*\\RegSvcs.exe",
        "rundll32.exe",
        "regsvr32.exe",
        r"?:\\Program Files\\*",
        r"?:\\Program Files (x86)\\*",
        "windows",
        "network",
        "dns",
    ]
    query = bundled(NETWORK).query
    assert query and query.text.startswith("sequence by process.entity_id with maxspan=1m\n")
    assert query.text.rstrip().endswith('event.category in ("network", "dns") and process.name != null]')


def test_the_persistence_rule_watches_what_the_published_one_does() -> None:
    paths = [text for text in strings_in(PERSISTENCE) if "\\" in text]

    assert paths == [
        r"?:\\Windows\\System32\\Tasks\\*",
        r"?:\\programdata\\microsoft\\windows\\start menu\\programs\\startup\\*",
        r"?:\\Users\\*\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup\\*",
        r"H*\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\*",
        r"H*\\Software\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Run\\*",
        r"H*\\Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\Explorer\\Run\\*",
        r"H*\\Software\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Policies\\Explorer\\Run\\*",
    ]
    assert bundled(PERSISTENCE).timestamp_override == "event.ingested"


@pytest.mark.parametrize("rule_id", FACTS)
def test_the_guide_names_real_fields_in_every_step(rule_id: str) -> None:
    note = bundled(rule_id).parameters["note"]
    steps = note.partition("### Possible investigation steps")[2].partition("### False positive")[0]
    named = set(re.findall(r"`([A-Za-z_]+(?:\.[A-Za-z_0-9]+)+)`", note)) - {"powershell.exe", "wscript.exe"}
    files = {name for name in named if name.endswith((".exe", ".tmp"))}
    unknown = {name for name in named - files if name not in bundled_catalogue()}

    assert unknown <= {"winlog.event_data.TaskContent"}
    numbered = re.split(r"^\d\. ", steps, flags=re.MULTILINE)[1:]
    assert len(numbered) >= 5
    assert all(re.search(r"`[a-z]+\.[a-z_.]+`", step) for step in numbered)
    assert note.count("!{investigate{") == 2
    for heading in ("## Triage and analysis", "### False positive analysis", "### Response and remediation"):
        assert heading in note


@pytest.mark.parametrize(("path", "text"), shipped_texts("bundled"))
def test_they_survive_conversion(path: str, text: str) -> None:
    first = parse_toml(text, path).rule
    assert first
    second = parse_toml(rule_to_toml(first), path).rule

    assert second
    assert (second.parameters, second.metadata, second.toml_only) == (
        first.parameters,
        first.metadata,
        first.toml_only,
    )
