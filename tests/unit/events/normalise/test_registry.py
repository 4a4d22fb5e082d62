from typing import Any

import pytest

from besra.events.normalise.registry import put_registry_data, put_registry_path


@pytest.mark.parametrize(
    ("path", "registry"),
    [
        ("HKLM\\A\\B", {"hive": "HKLM", "key": "A\\B", "value": "B"}),
        ("HKU\\S-1-5-21-1\\Run\\x", {"hive": "HKU", "key": "S-1-5-21-1\\Run\\x", "value": "x"}),
        ("HKEY_USERS\\S-1\\x", {"hive": "HKU", "key": "S-1\\x", "value": "x"}),
        ("HKEY_LOCAL_MACHINE\\x", {"hive": "HKLM", "key": "x", "value": "x"}),
        ("HKLM", {"hive": "HKLM", "value": "HKLM"}),
        ("\\REGISTRY\\MACHINE\\SOFTWARE\\x", {"value": "x"}),
        ("MACHINE\\SOFTWARE\\x", {"value": "x"}),
        ("hklm\\x", {"value": "x"}),
        ("HKLM\\Run\\", {"hive": "HKLM", "key": "Run", "value": "Run"}),
        ("\\", {}),
    ],
)
def test_path(path: str, registry: dict[str, str]) -> None:
    document: dict[str, Any] = {}
    put_registry_path(document, path)
    assert document["registry"] == {"path": path, **registry}


@pytest.mark.parametrize(
    ("details", "value", "kind"),
    [
        ("DWORD (0x00000001)", "1", "SZ_DWORD"),
        ("DWORD (0xFFFFFFFF)", "4294967295", "SZ_DWORD"),
        ("QWORD (0x00000001-0x00000002)", "258", "SZ_QWORD"),
        ("Binary Data", "Binary Data", "REG_BINARY"),
        ("C:\\a.exe", "C:\\a.exe", "REG_SZ"),
        ("DWORD (0x1)", "DWORD (0x1)", "REG_SZ"),
        ("%%TEMP%%\\a", "%%TEMP%%\\a", "REG_SZ"),
    ],
)
def test_data(details: str, value: str, kind: str) -> None:
    document: dict[str, Any] = {}
    put_registry_data(document, details)
    assert document["registry"]["data"] == {"strings": [value], "type": kind}
