from typing import Any

import pytest

from besra.events.normalise.crowdstrike import recognises, to_ecs
from besra.events.normalise.crowdstrike_events import EVENTS, Kind, kind_of
from besra.events.normalise.crowdstrike_fields import moment
from besra.events.normalise.nested_document import Document

CATEGORIES = """authentication configuration driver file host iam library malware network package process registry
session threat web"""
TYPES = """access allowed change connection creation deletion denied end group indicator info installation protocol
start user"""


def document(name: str, **fields: Any) -> Document:
    return to_ecs({"event_simpleName": name, "event_platform": "Win", **fields})


def test_the_table_has_every_name_once_and_only_words_of_ecs() -> None:
    rows = [[cell.strip().split() for cell in row.split("|")] for row in EVENTS]
    names = [name for row in rows for name in row[4]]
    assert len(names) == len(set(names)) > 400
    for category, types, kind, outcome, _ in rows:
        assert set(category) <= set(CATEGORIES.split())
        assert set(types) <= set(TYPES.split())
        assert kind[0] in ("event", "alert", "state")
        assert outcome in ([], ["success"], ["failure"], ["unknown"])


def test_names_that_are_not_in_the_table() -> None:
    assert kind_of("QuayFileWritten") == Kind(("file",))
    assert kind_of("Quay") == Kind()


def test_the_system_is_at_the_field_that_rules_read() -> None:
    """`host.os.type`, as newer versions of the integration have it; `os.type` of older ones is read by no rule."""
    for platform, system in (("Win", "windows"), ("Lin", "linux"), ("Mac", "macos"), ("iOS", "ios")):
        made = document("ProcessRollup2", event_platform=platform)
        assert made["host"]["os"] == {"type": system}
        assert "os" not in made
    assert "host" not in document("ProcessRollup2", event_platform="Xyz")


def test_the_time_is_that_of_the_cloud_unless_there_is_none() -> None:
    times = {"timestamp": "1773741000123", "ContextTimeStamp": "1773740999.871"}
    assert document("DnsRequest", **times)["@timestamp"] == "2026-03-17T09:50:00.123Z"
    assert document("DnsRequest", ContextTimeStamp="1773740999.871")["@timestamp"] == "2026-03-17T09:49:59.871Z"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("133882149998710000", "2025-04-04T04:36:39.871Z"),
        ("1773740999", "2026-03-17T09:49:59.000Z"),
        ("9" * 19, None),
        ("x", None),
        ([], None),
    ],
)
def test_moments(value: Any, expected: str | None) -> None:
    assert moment(value) == expected


def test_operations_on_the_registry_decide_the_type() -> None:
    kinds = {str(number): document("RegGenericValueUpdate", RegOperationType=str(number)) for number in range(11)}
    types = {number: made["event"]["type"][0] for number, made in kinds.items()}
    assert (types["1"], types["2"], types["3"], types["8"]) == ("change", "deletion", "creation", "access")
    assert types["0"] == types["10"] == "change"


@pytest.mark.parametrize(
    ("name", "field"),
    [("ProcessRollup2", "process"), ("ServiceStarted", "process"), ("PeFileWritten", "file"), ("LoadImage", "dll")],
)
def test_whose_hashes(name: str, field: str) -> None:
    made = document(name, SHA256HashData="ab", MD5HashData="0" * 32)
    assert made[field]["hash"] == {"sha256": "ab"}
    assert made["crowdstrike"]["MD5HashData"] == "0" * 32


def test_hashes_of_nothing_in_particular_stay_raw() -> None:
    assert document("UserLogon", SHA256HashData="ab")["crowdstrike"]["SHA256HashData"] == "ab"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"ImageFileName": "\\Device\\HarddiskVolume1\\a.exe"}, "a.exe"),
        ({"ImageFileName": "/usr/bin/curl"}, "curl"),
        ({"ImageFileName": "/", "CommandLine": "/usr/bin/runc init"}, "runc"),
        ({"ImageFileName": "/"}, None),
    ],
)
def test_names_of_processes(fields: dict[str, str], name: str | None) -> None:
    assert document("ProcessRollup2", **fields)["process"].get("name") == name


def test_parents_and_actors() -> None:
    started = document("ProcessRollup2", TargetProcessId="2", ContextProcessId="1", ParentProcessId="1")["process"]
    assert (started["entity_id"], started["parent"]["entity_id"]) == ("2", "1")
    assert document("NetworkConnectIP4", ContextProcessId="2")["process"]["entity_id"] == "2"


@pytest.mark.parametrize("name", ["AsepValueUpdate", "FileDeleteInfo", "NetworkConnectIP4", "PeFileWritten"])
def test_who_acted(name: str) -> None:
    made = document(name, ContextImageFileName="\\Device\\HarddiskVolume1\\reg.exe", ContextBaseFileName="reg.exe")
    assert made["process"] == {"executable": "\\Device\\HarddiskVolume1\\reg.exe", "name": "reg.exe"}


@pytest.mark.parametrize(("way", "direction"), [("0", "outbound"), ("1", "inbound"), ("7", "unknown"), (None, None)])
def test_directions(way: str | None, direction: str | None) -> None:
    made = document("NetworkConnectIP4", ConnectionDirection=way, LocalPort="1", RemotePort="2", Protocol="17")
    assert made["network"].get("direction") == direction
    assert made["network"]["transport"] == "udp"
    assert made["source"]["port"] == (2 if way == "1" else 1)


def test_recognition() -> None:
    assert recognises({"event_simpleName": "ProcessRollup2"})
    assert recognises({"#event_simpleName": "ProcessRollup2"})
    assert not recognises({"event_simpleName": 5})
    assert not recognises({"event_simpleName": ""})
