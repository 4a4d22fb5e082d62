"""Field access on documents: dotted names to values, whatever the shape of the JSON.

`{"process": {"name": "a"}}`, `{"process.name": "a"}` and any mixture of the two, level by level, hold the same field.
An array of objects gives its leaves as multi-values: which sibling belonged to which is lost. A field is missing when
it is absent, null, `[]` or `[null]`; the empty string is a value. Source: eql.md 2.1, sources.md 2.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from besra.schema.fieldtype import FieldType, Scalar, Typed, to_text, to_typed

SCALARS = frozenset((str, int, float, bool))

CASELESS = ".caseless"
FEW = 6
"""Fields of one event looked up singly; flattening costs about as much as ten of them."""
TEXT = ".text"


def flatten(source: Mapping[str, Any]) -> dict[str, list[Scalar]]:
    """Every leaf under its dotted name, values in document order.

    Fields that collide (`a: 1` beside `a.b: 2`) are simply two names. Works with its own stack, so the depth of a
    document is limited by memory only.
    """
    leaves: dict[str, list[Scalar]] = {}
    stack: list[tuple[str, Iterator[tuple[str, Any]]]] = []
    prefix, items = "", iter(source.items())
    while True:
        for key, value in items:
            if type(value) in SCALARS:
                name = f"{prefix}{key}"
                if name in leaves:
                    leaves[name].append(value)
                else:
                    leaves[name] = [value]
            elif value is not None:
                # A test against the abstract Mapping costs more than all the rest: JSON only has dicts and lists.
                plain = value if type(value) is dict or type(value) is list else as_json(value)
                stack.append((prefix, items))
                if type(plain) is dict or isinstance(plain, Mapping):
                    prefix, items = f"{prefix}{key}.", iter(plain.items())
                else:
                    items = iter([(key, element) for element in plain])
                break
        else:
            if not stack:
                return leaves
            prefix, items = stack.pop()


def as_json(value: object) -> Mapping[str, Any] | list[Any] | tuple[Any, ...]:
    """A container as it is; any other Python value as a list of the one JSON scalar it would be written as.

    Only documents built in Python hold the others: dates, decimals, subclasses of `str`.
    """
    if isinstance(value, (Mapping, list, tuple)):
        return value
    for scalar in (str, bool, int, float):
        if isinstance(value, scalar):
            return [scalar(value)]
    return [value.isoformat() if isinstance(value, date) else str(value)]


def field_values(source: Mapping[str, Any], name: str) -> list[Scalar]:
    """The values of one field: `flatten(source).get(name, [])`, without flattening the rest where that can be had."""
    held = _towards(source, name)
    if not held:
        return []
    value, rest = held[0]
    if len(held) == 1 and rest is not None and isinstance(value, Mapping):
        return field_values(value, rest)
    if len(held) == 1 and rest is None:
        if type(value) in SCALARS:
            return [value]
        if type(value) is list and SCALARS.issuperset(map(type, value)):
            return list(value)
    return flatten(source).get(name, [])


def objects_at(source: Mapping[str, Any], path: str) -> Iterator[Mapping[str, Any]]:
    """Every object at a path, in whatever lists and whatever the arrangement of its name.

    Keys of one object that lead beyond the path (`a.b.c` and `a.b.d` for `a.b`) are one object together. Each value
    that `flatten` finds below the path is in one of them.
    """
    waiting: list[tuple[Any, str | None]] = [(source, path)]
    while waiting:
        value, rest = waiting.pop()
        if isinstance(value, (list, tuple)):
            waiting += [(element, rest) for element in value]
        elif not isinstance(value, Mapping):
            continue
        elif rest is None:
            yield value
        else:
            waiting += _towards(value, rest)
            beyond = {key[len(rest) + 1 :]: held for key, held in value.items() if key.startswith(f"{rest}.")}
            if beyond:
                yield beyond


def _towards(source: Mapping[str, Any], path: str) -> list[tuple[Any, str | None]]:
    """The values on the way to a path, each with the path from there on, None at its end."""
    held: list[tuple[Any, str | None]] = [(source[path], None)] if path in source else []
    dot = path.find(".")
    while dot >= 0:
        if path[:dot] in source:
            held.append((source[path[:dot]], path[dot + 1 :]))
        dot = path.find(".", dot + 1)
    return held


class Fields:
    """The typed fields of one event, flattened on first use and converted once per field and type."""

    __slots__ = ("_asked", "_flat", "_source", "_typed")

    def __init__(self, source: Mapping[str, Any]) -> None:
        self._source = source
        self._asked = 0
        self._flat: dict[str, list[Scalar]] | None = None
        self._typed: dict[tuple[str, FieldType], tuple[Typed, ...]] = {}

    def values(self, name: str, field_type: FieldType) -> tuple[Typed, ...]:
        """The values of a field as that type; those that do not fit are left out. Empty if the field is missing.

        A multi-field no document carries is derived: `X.caseless` is X in lower case, `X.text` is X (sources.md 2).
        """
        key = (name, field_type)
        found = self._typed.get(key)
        if found is None:
            typed = (to_typed(value, field_type) for value in self.scalars(name))
            found = self._typed[key] = tuple(value for value in typed if value is not None)
        return found

    def objects(self, path: str) -> "Iterator[Fields]":
        """The objects at a path, each as the fields of an event that has this object there and nothing else."""
        return (Fields({path: found}) for found in objects_at(self._source, path))

    def scalars(self, name: str) -> list[Scalar]:
        """The values of a field as the document has them, multi-fields derived as in `values`."""
        values = self._own(name)
        if values:
            return values
        if name.endswith(CASELESS):
            return [to_text(value).lower() for value in self._own(name.removesuffix(CASELESS))]
        if name.endswith(TEXT):
            return self._own(name.removesuffix(TEXT))
        return []

    def _own(self, name: str) -> list[Scalar]:
        """The values under exactly this name: the first few looked up singly, the others in the flattened document."""
        if self._flat is None:
            self._asked += 1
            if self._asked <= FEW:
                return field_values(self._source, name)
            self._flat = flatten(self._source)
        return self._flat.get(name, [])
