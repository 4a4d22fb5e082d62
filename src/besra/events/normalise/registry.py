"""Registry paths and values as Sysmon's events 12 to 14 record them (sources.md 4.2)."""

import re

from besra.events.normalise.nested_document import Document, put

HIVES = {
    "HKEY_CLASSES_ROOT": "HKCR",
    "HKEY_CURRENT_CONFIG": "HKCC",
    "HKEY_CURRENT_USER": "HKCU",
    "HKEY_DYN_DATA": "HKDD",
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKEY_PERFORMANCE_DATA": "HKPD",
    "HKEY_USERS": "HKU",
}
SHORT_HIVES = frozenset(HIVES.values())

DWORD = re.compile(r"DWORD \(0x([0-9A-F]{8})\)", re.IGNORECASE)
QWORD = re.compile(r"QWORD \(0x([0-9A-F]{8})-0x([0-9A-F]{8})\)", re.IGNORECASE)


def put_registry_path(document: Document, path: str) -> None:
    """Set `registry.path` verbatim, `.value` to its last component, and hive and key where it starts with a hive.

    The key is everything after the hive, the value name included. `\\REGISTRY\\MACHINE\\…` of old Sysmon versions
    names no hive. Backslashes at the end separate nothing: a path that ends in one has the component before as value.
    """
    components = path.rstrip("\\").split("\\")
    hive = HIVES.get(components[0], components[0])
    put(document, "registry.path", path)
    if hive in SHORT_HIVES:
        put(document, "registry.hive", hive)
        put(document, "registry.key", "\\".join(components[1:]) or None)
    put(document, "registry.value", components[-1] or None)


def put_registry_data(document: Document, details: str) -> None:
    """Set `registry.data.strings` and `.type` from `Details`; numbers become decimal text."""
    dword, qword = DWORD.fullmatch(details), QWORD.fullmatch(details)
    if dword:
        value, kind = str(int(dword[1], 16)), "SZ_DWORD"
    elif qword:
        # Shifting by 8 instead of 32 is how the pipelines do it; rules see their values, so these are the same.
        value, kind = str((int(qword[1], 16) << 8) + int(qword[2], 16)), "SZ_QWORD"
    else:
        value, kind = details, "REG_BINARY" if details == "Binary Data" else "REG_SZ"
    put(document, "registry.data", {"strings": [value], "type": kind})
