"""Raw records of endpoint products, as they lie in files, to alerts."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.command import inside

from besra.rules import examples

EXAMPLES = Path(examples.__file__).parent
BEGIN = 1_773_740_000_000


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def sentinel_one(second: int, kind: str, **fields: Any) -> dict[str, Any]:
    """A record of Cloud Funnel; underscores in names stand for dots."""
    common = {"event.time": BEGIN + second * 1_000, "event.type": kind, "agent.uuid": "7c", "endpoint.os": "windows"}
    return {**common, **{name.replace("_", "."): value for name, value in fields.items()}}


def installer_story() -> list[dict[str, Any]]:
    """The Windows Installer service starts a program in a user's folder, which connects to a server."""
    program = "C:\\Users\\nadia\\AppData\\Local\\Temp\\tide.exe"
    started = {
        "src_process_uid": "A1",
        "src_process_name": "msiexec.exe",
        "src_process_cmdline": "C:\\Windows\\system32\\msiexec.exe /V",
        "tgt_process_uid": "B2",
        "tgt_process_name": "tide.exe",
        "tgt_process_image_path": program,
        "tgt_process_cmdline": f'"{program}"',
    }
    connected = {
        "src_process_uid": "B2",
        "src_process_name": "tide.exe",
        "dst_ip_address": "198.51.100.23",
        "event_network_direction": "OUTGOING",
    }
    return [
        sentinel_one(0, "Process Creation", event_category="process", meta_event_name="PROCESSCREATION", **started),
        sentinel_one(4, "IP Connect", event_category="ip", meta_event_name="TCPV4", **connected),
    ]


def test_the_bundled_rule_fires_on_cloud_funnel(tmp_path: Path) -> None:
    scanned = inside("scan", write(tmp_path / "funnel.ndjson", installer_story()), "-q", "--format", "ndjson")
    assert scanned.rules == ["MsiExec Service Child Process With Network Connection"]


def test_another_process_that_connects_is_no_match(tmp_path: Path) -> None:
    started, connected = installer_story()
    path = write(tmp_path / "funnel.ndjson", [started, {**connected, "src.process.uid": "C3"}])
    assert inside("scan", path, "-q", "--format", "ndjson").documents == []


VSSADMIN = "vssadmin.exe delete shadows /all /quiet"
SHADOWS = {
    "sentinel_one": sentinel_one(
        1,
        "Process Creation",
        event_category="process",
        meta_event_name="PROCESSCREATION",
        tgt_process_name="vssadmin.exe",
        tgt_process_cmdline=VSSADMIN,
    ),
    "crowdstrike": {
        "event_simpleName": "ProcessRollup2",
        "timestamp": str(BEGIN),
        "event_platform": "Win",
        "ImageFileName": "\\Device\\HarddiskVolume2\\Windows\\System32\\vssadmin.exe",
        "CommandLine": VSSADMIN,
    },
    "defender_xdr": {
        "time": "2026-03-17T10:00:02Z",
        "category": "AdvancedHunting-DeviceProcessEvents",
        "properties": {
            "Timestamp": "2026-03-17T10:00:00.1234567Z",
            "ActionType": "ProcessCreated",
            "DeviceId": "0f1e",
            "FileName": "vssadmin.exe",
            "FolderPath": "C:\\Windows\\System32\\vssadmin.exe",
            "ProcessCommandLine": VSSADMIN,
            "InitiatingProcessAccountSid": "S-1-5-18",
        },
    },
}


@pytest.mark.parametrize("source", SHADOWS)
def test_an_example_rule_fires_on_every_product(source: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(json.dumps({"records": [SHADOWS[source]]}).encode()))
    rule = EXAMPLES / "eql_shadow_copies_deleted.toml"
    scanned = inside("scan", path, "--rules", rule, "-q", "--format", "ndjson")
    assert scanned.rules == ["Volume Shadow Copies Deleted"]


RUN = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"
TIDE = "C:\\ProgramData\\tide.exe"
RUN_VALUES = {
    "sentinel_one": sentinel_one(
        1,
        "Registry Value Modified",
        event_category="registry",
        meta_event_name="REGVALUEMODIFIED",
        src_process_name="reg.exe",
        registry_keyPath=f"MACHINE\\{RUN}\\Tide",
        registry_value=TIDE,
    ),
    "crowdstrike": {
        "event_simpleName": "AsepValueUpdate",
        "timestamp": str(BEGIN),
        "event_platform": "Win",
        "RegObjectName": f"\\REGISTRY\\MACHINE\\{RUN}",
        "RegValueName": "Tide",
        "RegStringValue": TIDE,
    },
    "defender_xdr": {
        "Timestamp": "2026-03-17T10:00:00Z",
        "ActionType": "RegistryValueSet",
        "DeviceId": "0f1e",
        "RegistryKey": f"HKEY_LOCAL_MACHINE\\{RUN}",
        "RegistryValueName": "Tide",
        "RegistryValueData": TIDE,
    },
}


@pytest.mark.parametrize("source", RUN_VALUES)
def test_registry_values_of_every_product(source: str, tmp_path: Path) -> None:
    path = write(tmp_path / "log.json", [RUN_VALUES[source]])
    rule = EXAMPLES / "eql_run_key_to_user_folder.toml"
    scanned = inside("scan", path, "--rules", rule, "-q", "--format", "ndjson")
    assert scanned.rules == ["Run Value Points into a Folder Users Can Write To"]


AUDIT_RECORD = {
    "auditd_records": [
        {
            "type": "SYSCALL",
            "arch": "c000003e",
            "syscall": "59",
            "success": "yes",
            "comm": "nc",
            "uid": "0",
            "pid": "9",
        },
        {"type": "EXECVE", "argc": "3", "args": ["nc", "-e", "/bin/sh"]},
    ],
    "sequence": 7,
    "timestamp": "2026-03-17T10:00:00.250Z",
    "node": "web-1",
}


@pytest.mark.parametrize("index", ["logs-auditd_manager.auditd-*", "auditbeat-*"])
def test_audit_events_answer_to_both_shippers(index: str, tmp_path: Path) -> None:
    rule = {
        "rule_id": "r",
        "name": "Shell given away",
        "type": "eql",
        "language": "eql",
        "index": [index],
        "query": 'process where host.os.type == "linux" and event.action == "executed" and process.args == "-e"',
        "risk_score": 47,
        "severity": "medium",
        "description": "d",
    }
    rules = write(tmp_path / "rules.ndjson", [rule])
    path = write(tmp_path / "audit.ndjson", [AUDIT_RECORD])
    assert inside("scan", path, "--rules", rules, "-q", "--format", "ndjson").rules == ["Shell given away"]


def test_documents_of_the_pipelines_stay_as_they_are(tmp_path: Path) -> None:
    """Also if their pipeline left raw names in them."""
    document = {
        "@timestamp": "2026-03-17T10:00:00Z",
        "data_stream": {"type": "logs", "dataset": "m365_defender.event", "namespace": "ours"},
        "event": {"category": ["process"], "type": ["start"]},
        "ActionType": "ProcessCreated",
        "Timestamp": "2026-03-17T09:00:00Z",
        "DeviceId": "0f1e",
    }
    path = write(tmp_path / "ecs.ndjson", [document])
    found = inside("search", "any where true", path, "-q", "--format", "ndjson").documents
    assert [hit["_source"] for hit in found] == [document]
