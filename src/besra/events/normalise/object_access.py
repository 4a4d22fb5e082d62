"""Security events of access to objects to ECS: handles, deletions, links, and registry values that were changed.

Handles and links are as newer versions of the System integration make them. What becomes of event 4657 is besra's own:
its registry fields are those that rules ask of other sources.
"""

from besra.events.normalise.nested_document import Document, event_data, integer_of, put, text_of
from besra.events.normalise.path_name import put_file_parts

FILE_NAMES = {"4659": "ObjectName", "4664": "FileName"}
VALUE_TYPES = {
    "%%1872": "REG_NONE",
    "%%1873": "REG_SZ",
    "%%1874": "REG_EXPAND_SZ",
    "%%1875": "REG_BINARY",
    "%%1876": "REG_DWORD",
    "%%1877": "REG_DWORD_BIG_ENDIAN",
    "%%1878": "REG_LINK",
    "%%1879": "REG_MULTI_SZ",
    "%%1880": "REG_RESOURCE_LIST",
    "%%1883": "REG_QWORD",
}
HIVES = (("\\REGISTRY\\MACHINE\\", "HKLM"), ("\\REGISTRY\\USER\\", "HKU"))


def put_file(document: Document, data: Document, code: str) -> None:
    """The file of events that name one."""
    path = text_of(data.get(FILE_NAMES.get(code, "")))
    if path and text_of(data.get("ObjectType")) in (None, "File"):
        put(document, "file.path", path)
        put_file_parts(document, path)


def put_registry_value(document: Document) -> None:
    """The value event 4657 tells of: `registry.path` with the hive's short name, what it was set to, and its type."""
    data = event_data(document)
    key, value = text_of(data.get("ObjectName")), text_of(data.get("ObjectValueName"))
    if not key:
        return
    hive = next(((short, key[len(prefix) :]) for prefix, short in HIVES if key.upper().startswith(prefix)), None)
    path = "\\".join(hive) if hive else key
    if hive:
        put(document, "registry.hive", hive[0])
        put(document, "registry.key", hive[1])
    put(document, "registry.path", f"{path}\\{value}" if value else path)
    put(document, "registry.value", value)
    kind = VALUE_TYPES.get(text_of(data.get("NewValueType")) or "")
    written = text_of(data.get("NewValue"))
    if kind and written and written != "-":
        number = integer_of(written) if kind in ("REG_DWORD", "REG_QWORD") else None
        put(document, "registry.data", {"type": kind, "strings": [written if number is None else str(number)]})
