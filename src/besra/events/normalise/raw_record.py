"""A raw record taken apart: fields go to the document one by one, and what no table names stays with its vendor.

A normaliser works on `opened(record)`, takes out of it what has a field of its own, and in the end `keep`s the rest
under the namespace of the vendor, in its spelling. So nothing of a record is lost, whatever is in it: a value of a type
its field cannot have is not taken either.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from besra.events.document import SCALARS, field_values
from besra.events.normalise.nested_document import Document, field_value, put, text_of
from besra.schema.timestamp import format_timestamp, parse_timestamp

DEPTH = 100
"""Levels of a record that are looked into; what lies deeper is kept as it is."""

LIMIT = 1 << 63
"""Nanoseconds since 1970 a time must stay below: later than 2262 no log is written."""

CAPITALS = re.compile(r"([a-z])([A-Z]+)")

Table = Iterable[tuple[str, str]]
"""Rows of a name in the record and a field of the document, both dotted."""


def opened(record: Mapping[str, Any]) -> Document:
    """A copy of a record that may be taken apart, its dotted names spelled out: `{"a.b": 1}` is `{"a": {"b": 1}}`.

    Only names at the top are: a dot within an object of a record belongs to the name. Where two arrangements meet
    (`a` beside `a.b`), the longer name stays as it is.
    """
    result: Document = {}
    for name in sorted(map(str, record), key=lambda name: name.count(".")):
        value = copied(record[name])
        *parents, last = name.split(".")
        holder: Any = result
        for parent in parents:
            holder = holder.setdefault(parent, {}) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and last not in holder:
            holder[last] = value
        else:
            result[name] = value
    return result


def copied(value: Any, depth: int = DEPTH) -> Any:
    """A copy of a JSON value."""
    if type(value) in SCALARS or not depth:
        return value
    if isinstance(value, Mapping):
        return {str(name): copied(member, depth - 1) for name, member in value.items()}
    return [copied(member, depth - 1) for member in value] if isinstance(value, (list, tuple)) else value


def without_empty(value: Any, depth: int = DEPTH) -> Any:
    """A JSON value without members that hold nothing: null, empty texts, and lists and objects of nothing else.

    Objects in lists keep their places: Azure's audit log is known by them.
    """
    if type(value) in SCALARS or not depth:
        return value
    if isinstance(value, dict):
        held = {name: without_empty(member, depth - 1) for name, member in value.items()}
        return {name: member for name, member in held.items() if not is_empty(member)}
    if isinstance(value, list):
        members = [without_empty(member, depth - 1) for member in value]
        return [member for member in members if isinstance(member, dict) or not is_empty(member)]
    return value


def is_empty(value: Any) -> bool:
    """Whether a value is null, an empty text, list or object."""
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def text_at(record: Mapping[str, Any], name: str) -> str | None:
    """The one scalar at a dotted name of a record of any arrangement, as text; None if there is none, or several."""
    values = field_values(record, name)
    return text_of(values[0]) if len(values) == 1 else None


def json_in(text: Any) -> Any:
    """The list or object that a text is the JSON of; None for any other text or value."""
    if not isinstance(text, str) or text[:1] not in ("{", "["):
        return None
    try:
        return copied(orjson.loads(text))
    except ValueError:
        return None


def peek(rest: Document, name: str) -> Any:
    """The value at a dotted name of an opened record."""
    return field_value(rest, name)


def take(rest: Document, name: str) -> Any:
    """The value at a dotted name, taken out of the opened record; None where there is none."""
    *parents, last = name.split(".")
    holder: Any = rest
    for parent in parents:
        holder = holder.get(parent) if isinstance(holder, dict) else None
    return holder.pop(last, None) if isinstance(holder, dict) else None


def take_text(rest: Document, name: str) -> str | None:
    """A scalar at a dotted name as text, taken out; None where there is none, and any other value stays."""
    text = text_of(peek(rest, name))
    if text is not None:
        take(rest, name)
    return text


def move_texts(rest: Document, document: Document, table: Table) -> None:
    """Move scalars, as texts, to fields that have no value yet. Of several names for a field the first counts."""
    for name, field in table:
        if field_value(document, field) is None:
            put(document, field, take_text(rest, name))


def move(rest: Document, document: Document, table: Table) -> None:
    """Move values of whatever type to fields that have no value yet."""
    for name, field in table:
        if field_value(document, field) is None:
            put(document, field, take(rest, name))


def move_numbers(rest: Document, document: Document, table: Table) -> None:
    """Move numbers to fields that have no value yet."""
    for name, field in table:
        value = peek(rest, name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and field_value(document, field) is None:
            put(document, field, take(rest, name))


def move_times(rest: Document, document: Document, table: Table) -> None:
    """Move what says a time to fields that have no value yet, as ISO 8601 text."""
    for name, field in table:
        time = time_of(peek(rest, name))
        if time is not None and field_value(document, field) is None:
            take(rest, name)
            put(document, field, time)


def time_of(value: Any) -> str | None:
    """ISO 8601 text of ISO 8601 text or of a number of milliseconds since 1970; None if it is neither."""
    if not isinstance(value, (str, int, float)):
        return None
    nanos = parse_timestamp(value)
    return format_timestamp(nanos) if nanos is not None and abs(nanos) < LIMIT else None


@lru_cache(maxsize=4096)
def snake_case(name: str) -> str:
    """`riskLevelDuringSignIn` as `risk_level_during_sign_in`."""
    return CAPITALS.sub(r"\1_\2", name).lower()


def renamed(value: Any, spell: Callable[[str], str] = snake_case, depth: int = DEPTH) -> Any:
    """A JSON value with the names of its members spelled otherwise, at all levels."""
    if type(value) in SCALARS or not depth:
        return value
    if isinstance(value, dict):
        result: Document = {}
        merge(result, value, spell, depth)
        return result
    return [renamed(member, spell, depth - 1) for member in value] if isinstance(value, list) else value


def keep(document: Document, namespace: str, rest: Any, spell: Callable[[str], str] = snake_case) -> None:
    """Put what is left of a record under a namespace, beside what is there; objects that hold nothing are left out."""
    held = field_value(document, namespace)
    if not isinstance(held, dict):
        held = {}
    merge(held, rest, spell, DEPTH)
    if held:
        put(document, namespace, held)


def merge(target: Document, source: Mapping[str, Any], spell: Callable[[str], str], depth: int) -> None:
    """Put the members of an object into another. None replaces another: it gets its own spelling, then underscores."""
    for name, value in source.items():
        own = spell(name)
        held = target.get(own)
        if isinstance(value, dict) and isinstance(held, dict) and depth:
            merge(held, value, spell, depth - 1)
            continue
        if value == {}:
            continue
        if own in target:
            own = name
        while own in target:
            own += "_"
        target[own] = renamed(value, spell, depth - 1) if depth else value
