"""The part of an alert that is the event: cleaned, with its `event.*` and `data_stream.*` copied aside.

Source: detection-engine.md 3.1. Elastic drops silently what contradicts a field's type; here it is listed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from besra.events.document import SCALARS
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import FieldType, to_typed

RESERVED = ("kibana", "signal", "threshold_result")
CHECKED = frozenset({FieldType.LONG, FieldType.DOUBLE, FieldType.IP, FieldType.DATE, FieldType.BOOLEAN})
WHOLE = frozenset({FieldType.KEYWORD, FieldType.TEXT, *CHECKED})
"""Types whose values are no objects; `flattened` fields, keywords to EQL, are the exception."""
COPIED = {"event": "kibana.alert.original_event", "data_stream": "kibana.alert.original_data_stream"}


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A cleaned event and the names of fields that lost values on the way."""

    body: dict[str, Any]
    removed: tuple[str, ...]


def clean(source: Mapping[str, Any], catalogue: Catalogue) -> SourceDocument:
    """The event without what an alert cannot hold. Unknown fields always stay."""
    removed: dict[str, None] = {}
    body = {
        key: kept
        for key, value in source.items()
        if key.partition(".")[0] not in RESERVED and (kept := _cleaned(value, key, catalogue, removed)) is not NOTHING
    }
    return SourceDocument(body, tuple(removed))


NOTHING = object()


def _cleaned(value: Any, name: str, catalogue: Catalogue, removed: dict[str, None]) -> Any:
    # Tests against the abstract Mapping cost more than all the rest: JSON only has dicts and lists.
    kind = type(value)
    if kind is dict or (kind not in SCALARS and isinstance(value, Mapping)):
        return _cleaned_object(value, name, catalogue, removed)
    if kind is list or (kind not in SCALARS and isinstance(value, (list, tuple))):
        if name not in catalogue.strict and all(type(part) in SCALARS for part in value):
            return list(value)
        kept = [item for part in value if (item := _cleaned(part, name, catalogue, removed)) is not NOTHING]
        return kept if kept or not value else NOTHING
    if value is None:
        return None
    info = catalogue.fields.get(name)
    if name in catalogue.objects or (info and info.type in CHECKED and not _fits(value, info.type)):
        removed[name] = None
        return NOTHING
    return value


def _cleaned_object(value: Mapping[str, Any], name: str, catalogue: Catalogue, removed: dict[str, None]) -> Any:
    info = catalogue.fields.get(name)
    if info and info.type in WHOLE and info.mapping != "flattened":
        removed[name] = None
        return NOTHING
    inner: dict[str, Any] = {}
    strict = catalogue.strict
    for key, part in value.items():
        inside = f"{name}.{key}"
        # Most values of an event: decided here, a call costs more than that.
        if type(part) in SCALARS and inside not in strict:
            inner[key] = part
        elif (kept := _cleaned(part, inside, catalogue, removed)) is not NOTHING:
            inner[key] = kept
    return inner if inner or not value else NOTHING


def _fits(value: Any, field_type: FieldType) -> bool:
    if field_type is FieldType.LONG and type(value) is int:
        return True
    # Addresses and years repeat; a text of any length would stay in memory.
    short = type(value) is str and len(value) < 50
    return _is_text_of(value, field_type) if short else to_typed(value, field_type) is not None


@lru_cache(maxsize=4096)
def _is_text_of(value: str, field_type: FieldType) -> bool:
    return to_typed(value, field_type) is not None


def originals(source: Mapping[str, Any]) -> dict[str, Any]:
    """`kibana.alert.original_event.*` and `kibana.alert.original_data_stream.*`, as flat keys, values as they were."""
    found: dict[str, Any] = {}
    for root, target in COPIED.items():
        part = {key: value for key, value in source.items() if key == root or key.startswith(f"{root}.")}
        for name, value in leaves(part):
            if name != root:
                found[f"{target}{name.removeprefix(root)}"] = value
    return found


def leaves(source: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values that are no objects; arrays stay whole."""
    for key, value in source.items():
        if type(value) is dict or isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def without_field(source: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The document without one field, wherever nested and dotted keys hold it."""
    out: dict[str, Any] = {}
    for key, value in source.items():
        if key == name:
            continue
        if not isinstance(value, Mapping) or not name.startswith(f"{key}."):
            out[key] = value
        elif rest := without_field(value, name.removeprefix(f"{key}.")):
            out[key] = rest
    return out


def intersection(first: Any, second: Any) -> Any:
    """What two documents agree on (detection-engine.md 3.5); NOTHING where they do not."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        shared = {
            key: kept
            for key in first
            if key in second and (kept := intersection(first[key], second[key])) is not NOTHING
        }
        return shared or NOTHING
    if isinstance(first, list) and isinstance(second, list):
        return [item for item in first if item in second]
    if isinstance(first, list) or isinstance(second, list):
        items, scalar = (first, second) if isinstance(first, list) else (second, first)
        return [scalar] if scalar in items else []
    return first if type(first) is type(second) and first == second else NOTHING


def common_fields(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all documents agree on, folded from the left."""
    shared: Any = documents[0]
    for document in documents[1:]:
        shared = intersection(shared, document)
        if shared is NOTHING:
            return {}
    return dict(shared)
