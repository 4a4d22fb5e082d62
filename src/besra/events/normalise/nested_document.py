"""Nested documents addressed by dotted field name: read, put, collect.

Every function takes whatever JSON can hold: a normaliser must not fail because a shipper put a number where an object
belongs. A value standing where an object is needed gives way to the object.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

Document = dict[str, Any]

OPAQUE = frozenset({"event_data", "user_data"})
"""Objects whose keys are names from the log, not fields: a dot in them separates nothing."""


DEEPEST = 100
"""Objects within objects whose keys are spelled out; no field has as many parts."""


def nested(document: Mapping[str, Any], levels: int = DEEPEST) -> Document:
    """A deep copy with dotted keys spelled out: `{"event.code": "1"}` becomes `{"event": {"code": "1"}}`."""
    result: Document = {}
    for key, value in document.items():
        *parents, last = str(key).split(".")
        inner = result
        for parent in parents:
            inner = _child(inner, parent)
        if isinstance(value, Mapping):
            copied = dict(value) if last in OPAQUE or levels == 0 else nested(value, levels - 1)
            _child(inner, last).update(copied)
        else:
            inner[last] = list(value) if isinstance(value, (list, tuple)) else value
    return result


def _child(document: Document, name: str) -> Document:
    child = document.get(name)
    if type(child) is dict:  # nearly always; the other test takes twice as long
        return child
    if not isinstance(child, dict):
        child = document[name] = {}
    return child


def field_value(document: Document, field: str) -> Any:
    """The value at a dotted field name, None where there is none."""
    parents, last = _split(field)
    for name in parents:
        found = document.get(name)
        if not isinstance(found, dict):
            return None
        document = found
    return document.get(last)


@lru_cache(maxsize=1024)
def _split(field: str) -> tuple[tuple[str, ...], str]:
    *parents, last = field.split(".")
    return tuple(parents), last


def field_text(document: Document, field: str) -> str | None:
    """The value at a dotted field name as text; None where there is none, or it is no scalar, or empty."""
    return text_of(field_value(document, field))


def _holder(document: Document, field: str) -> tuple[Document, str]:
    """The object a dotted field belongs in, made if need be, and the field's name there."""
    parents, last = _split(field)
    for name in parents:
        child = document.get(name)
        document = child if type(child) is dict else _child(document, name)
    return document, last


def put(document: Document, field: str, value: Any) -> None:
    """Set a dotted field. None is not stored: an absent field and a null one mean the same."""
    if value is not None:
        document, last = _holder(document, field)
        document[last] = value


def child_at(document: Document, field: str) -> Document:
    """The object at a dotted field, made if need be."""
    return _child(*_holder(document, field))


def collect(document: Document, field: str, value: Any) -> None:
    """Add a value to the list at a dotted field, once."""
    if value is None:
        return
    document, last = _holder(document, field)
    values = document.get(last)
    if not isinstance(values, list):
        document[last] = [value]
    elif value not in values:
        values.append(value)


def event_data(document: Document) -> Document:
    """`winlog.event_data` of a document, made if need be, free to change."""
    return _child(_child(document, "winlog"), "event_data")


def drop_empty_event_data(document: Document, empty: frozenset[str]) -> None:
    """Remove null members, and those whose text is in `empty`, from `winlog.event_data`; then the object if bare."""
    data = event_data(document)
    for name in [name for name, value in data.items() if value is None or (isinstance(value, str) and value in empty)]:
        del data[name]
    if not data:
        del document["winlog"]["event_data"]


def text_of(value: Any) -> str | None:
    """A scalar as the text a shipper would send; None for null, empty text, lists and objects."""
    if value is None:  # often: most records have few of the names they are asked for
        return None
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else None


def integer_of(text: str | None) -> int | None:
    """A 64-bit integer from decimal or `0x` hexadecimal text, or None."""
    if text is None or len(text) > 24:
        return None
    try:
        number = int(text, 16) if text[:2].lower() == "0x" else int(text)
    except ValueError:
        return None
    return number if -(1 << 63) <= number < 1 << 64 else None
