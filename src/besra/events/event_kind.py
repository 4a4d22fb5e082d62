"""Kinds of events: what ECS calls their categorisation, the index they are at home in, and the fields they have.

Which kind an event is of follows from fields whose values its source fixes, whatever happened: the category, the number
Windows gives a kind of record, the operating system. All other values say what happened, and are not looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from besra.events.document import CASELESS, TEXT, Fields, field_values
from besra.schema.fieldtype import Scalar

TELLING = (
    "event.kind",
    "event.category",
    "event.type",
    "event.dataset",
    "event.module",
    "data_stream.dataset",
    "host.os.type",
)
"""Fields whose values tell kinds of events apart."""

NUMBER = "event.code"
NUMBERED = ("event.action", "event.provider")
"""Where events have numbers, the number settles these too; elsewhere they say what happened, such as an API call."""

Told = tuple[tuple[str, tuple[Scalar, ...]], ...]


@dataclass(frozen=True, slots=True)
class EventKind:
    """Events that answer to `names` and have in common what `told` says: fields with all their values, none if missing.

    `fields` are the names of all fields that some of these events have; if there are more, `is_complete` is false.
    """

    names: tuple[str, ...]
    told: Told
    fields: frozenset[str]
    is_complete: bool = True
    known: Fields = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", Fields(dict(self.told)))

    def has_told(self, name: str) -> bool:
        """Whether all events of the kind have the same values of a field, and some."""
        return any(name == told and values for told, values in self.told)

    def has(self, name: str) -> bool:
        """Whether some event of the kind has the field, or one it is derived from (`events.document`), or may have."""
        return not self.is_complete or any(
            own in self.fields for own in (name, name.removesuffix(CASELESS), name.removesuffix(TEXT))
        )


def told_by(source: Mapping[str, Any]) -> Told:
    """What a document says of its kind."""
    told = [(name, _values(source, name)) for name in (*TELLING, NUMBER)]
    if told[-1][1]:
        told += [(name, _values(source, name)) for name in NUMBERED]
    return tuple(told)


def _values(source: Mapping[str, Any], name: str) -> tuple[Scalar, ...]:
    # Nearly every document is nested here, and this is asked of every document.
    parent, _, key = name.partition(".")
    inner = source.get(parent)
    if type(inner) is dict and name not in source and "." not in key:
        value = inner.get(key)
        if value is None:
            return ()
        if type(value) is str:
            return (value,)
        if type(value) is list and all(type(element) is str for element in value):
            return tuple(value)
    return tuple(field_values(source, name))
