"""Small exception lists and items written for the tests."""

import json
from collections.abc import Sequence
from typing import Any

from besra.rules.exception_file import exceptions_in
from besra.rules.exception_list import ExceptionSet

CONTAINER: dict[str, Any] = {
    "list_id": "trusted",
    "type": "detection",
    "name": "Trusted tools",
    "description": "What our administrators run.",
    "namespace_type": "single",
}
MATCH: dict[str, Any] = {"field": "process.name", "type": "match", "operator": "included", "value": "backup.exe"}
ITEM: dict[str, Any] = {
    "item_id": "backup",
    "list_id": "trusted",
    "type": "simple",
    "name": "The nightly backup",
    "description": "Runs at two.",
    "namespace_type": "single",
    "entries": [MATCH],
}
ENTRIES: dict[str, dict[str, Any]] = {
    "match": MATCH,
    "match_any": {"field": "user.name", "type": "match_any", "operator": "excluded", "value": ["ann", "ben"]},
    "wildcard": {"field": "file.path", "type": "wildcard", "operator": "included", "value": "C:\\Tools\\*"},
    "exists": {"field": "dll.hash.sha256", "type": "exists", "operator": "excluded"},
    "list": {"field": "source.ip", "type": "list", "operator": "included", "list": {"id": "ips.txt", "type": "ip"}},
    "nested": {"field": "file.Ext", "type": "nested", "entries": [MATCH | {"field": "trusted", "value": "true"}]},
}


def item_of(**changes: Any) -> dict[str, Any]:
    """A valid item with some fields changed; `...` takes a field out."""
    return {name: value for name, value in (ITEM | changes).items() if value is not ...}


def entry_of(entry_type: str, **changes: Any) -> dict[str, Any]:
    """A valid entry of a type with some fields changed; `...` takes a field out."""
    return {name: value for name, value in (ENTRIES[entry_type] | changes).items() if value is not ...}


def ndjson(values: Sequence[object]) -> str:
    """Objects as an export has them, one a line."""
    return "".join(f"{json.dumps(value)}\n" for value in values)


def read(*values: object) -> ExceptionSet:
    """The exceptions of objects that stand in a file, one a line."""
    return exceptions_in(ndjson(values), "e.ndjson")
