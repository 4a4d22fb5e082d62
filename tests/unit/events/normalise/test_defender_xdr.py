from typing import Any

import pytest

from besra.events.normalise.defender_xdr import recognises, to_ecs
from besra.events.normalise.nested_document import Document


def document(table: str = "", **columns: Any) -> Document:
    """Of a streamed row, or of an exported one where no table is given."""
    row = {"Timestamp": "2026-03-17T10:00:00Z", **columns}
    return to_ecs({"category": f"AdvancedHunting-{table}", "properties": row} if table else row)


@pytest.mark.parametrize(
    ("table", "action", "expected"),
    [
        ("DeviceProcessEvents", "ProcessCreated", ("process", ["start"], "start")),
        ("DeviceProcessEvents", "OpenProcess", ("process", None, "openprocess")),
        ("DeviceFileEvents", "FileModified", ("file", ["change"], "modification")),
        ("DeviceFileEvents", "SensitiveFileRead", ("file", ["info"], "sensitivefileread")),
        ("DeviceRegistryEvents", "RegistryKeyRenamed", ("registry", ["change"], "registrykeyrenamed")),
        ("DeviceNetworkEvents", "ConnectionSuccess", ("network", ["start"], "connectionsuccess")),
        ("DeviceNetworkEvents", "ConnectionFailed", ("network", ["denied"], "connectionfailed")),
        ("DeviceNetworkEvents", "NetworkSignatureInspected", ("network", ["info"], "networksignatureinspected")),
        ("DeviceImageLoadEvents", "ImageLoaded", ("library", ["start"], "load")),
        ("DeviceLogonEvents", "LogonSuccess", ("authentication", ["info"], "logonsuccess")),
        ("DeviceEvents", "OpenProcessApiCall", ("api", ["access"], "openprocessapicall")),
        ("DeviceEvents", "WriteToLsassProcessMemory", ("host", ["info"], "writetolsassprocessmemory")),
        ("DeviceEvents", "ProcessCreatedUsingWmiQuery", ("host", ["info", "start"], "processcreatedusingwmiquery")),
        ("DeviceEvents", "DriverLoad", ("driver", ["start"], "load")),
        ("CloudAppEvents", "Add member to role.", (None, ["info"], "add-member-to-role.")),
        ("EmailEvents", None, ("email", ["info"], None)),
    ],
)
def test_kinds(table: str, action: str | None, expected: tuple[Any, ...]) -> None:
    event = document(table, ActionType=action)["event"]
    category = event.get("category")
    assert (category[0] if category else None, event.get("type"), event.get("action")) == expected


@pytest.mark.parametrize(
    ("columns", "category"),
    [
        ({"ActionType": "ProcessCreated"}, "process"),
        ({"ActionType": "RegistryValueSet"}, "registry"),
        ({"ActionType": "InboundConnectionAccepted"}, "network"),
        ({"ActionType": "LogonFailed"}, "authentication"),
        ({"ActionType": "FileDeleted"}, "file"),
        ({"ActionType": "ScheduledTaskCreated"}, "host"),
        ({"RegistryKey": "HKEY_USERS\\a"}, "registry"),
        ({"NetworkMessageId": "1"}, "email"),
        ({"OSPlatform": "Windows11"}, "host"),
        ({"Type": "DeviceImageLoadEvents", "ActionType": "x"}, "library"),
    ],
)
def test_the_table_of_an_exported_row(columns: dict[str, str], category: str) -> None:
    assert document(**columns)["event"]["category"] == [category]


def test_created_and_acting_processes() -> None:
    """Of the actions of `DeviceEvents` some are about a process that was created, most about who acted."""
    columns = {"FileName": "b", "InitiatingProcessFileName": "a", "InitiatingProcessParentFileName": "p"}
    created = document("DeviceEvents", ActionType="ProcessCreatedUsingWmiQuery", **columns)["process"]
    assert (created["name"], created["parent"]["name"], created["parent"]["group_leader"]["name"]) == ("b", "a", "p")
    acting = document("DeviceEvents", ActionType="DpapiAccessed", **columns)["process"]
    assert (acting["name"], acting["parent"]["name"]) == ("a", "p")


@pytest.mark.parametrize(
    ("folder", "name", "path"),
    [
        ("C:\\a\\B.exe", "b.exe", "C:\\a\\B.exe"),
        ("C:\\a", "b.exe", "C:\\a\\b.exe"),
        ("C:\\a\\", "b.exe", "C:\\a\\b.exe"),
        ("/usr/bin", "curl", "/usr/bin/curl"),
        ("C:\\a", None, "C:\\a"),
    ],
)
def test_paths_with_and_without_the_name(folder: str, name: str | None, path: str) -> None:
    assert document("DeviceFileEvents", FolderPath=folder, FileName=name)["file"]["path"] == path


def test_what_a_value_was_before_counts_only_where_there_is_none_now() -> None:
    columns = {"RegistryKey": "HKEY_LOCAL_MACHINE\\a", "RegistryValueName": "v", "PreviousRegistryValueData": "0"}
    changed = document("DeviceRegistryEvents", RegistryValueData="1", **columns)
    assert changed["registry"]["data"]["strings"] == ["1"]
    assert document("DeviceRegistryEvents", **columns)["registry"]["data"]["strings"] == ["0"]


@pytest.mark.parametrize(
    ("key", "value", "registry"),
    [
        ("HKEY_LOCAL_MACHINE\\S\\k", "v", {"hive": "HKLM", "key": "S\\k", "value": "v", "path": "HKLM\\S\\k\\v"}),
        ("HKEY_USERS\\S-1-5-18\\k", None, {"hive": "HKU", "key": "S-1-5-18\\k", "path": "HKU\\S-1-5-18\\k"}),
        ("\\A\\k", "v", {"key": "\\A\\k", "value": "v", "path": "\\A\\k\\v"}),
    ],
)
def test_registry_paths(key: str, value: str | None, registry: dict[str, str]) -> None:
    assert document("DeviceRegistryEvents", RegistryKey=key, RegistryValueName=value)["registry"] == registry


@pytest.mark.parametrize(
    ("table", "columns", "system", "is_derived"),
    [
        ("DeviceInfo", {"OSPlatform": "WindowsServer2022"}, "windows", False),
        ("DeviceInfo", {"OSPlatform": "Linux"}, "linux", False),
        ("DeviceInfo", {"OSPlatform": "macOS"}, "macos", False),
        ("DeviceRegistryEvents", {}, "windows", False),
        ("DeviceProcessEvents", {"InitiatingProcessAccountSid": "S-1-5-18"}, "windows", False),
        ("DeviceProcessEvents", {"FolderPath": "C:\\a"}, "windows", True),
        ("DeviceProcessEvents", {"FolderPath": "/bin/a"}, None, False),
    ],
)
def test_systems(table: str, columns: dict[str, str], system: str | None, is_derived: bool) -> None:
    made = document(table, **columns)
    assert made.get("host", {}).get("os", {}).get("type") == system
    assert ("host.os.type" in made["besra"]["derived"]) == is_derived


def test_the_integrity_level_is_that_of_the_process_itself() -> None:
    levels = {"ProcessIntegrityLevel": "High", "InitiatingProcessIntegrityLevel": "Medium"}
    made = document("DeviceProcessEvents", **levels)["process"]
    assert made["Ext"]["token"]["integrity_level_name"] == "High"


@pytest.mark.parametrize("text", ["{", "[1]", "{}", "[" * 5_000, '"a"', "NaN"])
def test_additional_fields_that_are_no_object_stay_text(text: str) -> None:
    assert document("DeviceEvents", AdditionalFields=text)["m365_defender"]["event"]["additional_fields"] == text


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"properties": {"Timestamp": "x", "ActionType": "y"}}, True),
        ({"properties.Timestamp": "x", "properties.AlertId": "y"}, True),
        ({"Timestamp": "x", "DeviceName": "y", "ActionType": "z"}, True),
        ({"TimeGenerated": "x", "ActionType": "z"}, True),
        ({"ActionType": "z"}, False),
        ({"Timestamp": "x"}, False),
        ({"properties": {"createdDateTime": "x"}, "time": "y", "category": "SignInLogs"}, False),
    ],
)
def test_recognition(record: dict[str, Any], expected: bool) -> None:
    assert recognises(record) == expected
