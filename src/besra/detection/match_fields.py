"""The fields of a match: what its events have together, or what a threshold counted them by."""

from collections.abc import Iterator
from typing import Protocol

from besra.detection.match import Match, key_texts
from besra.events.document import Fields
from besra.language.plan import Plan, Threshold
from besra.schema.fieldtype import FieldType, Scalar, Typed, to_typed


class MatchFields(Protocol):
    """The values of fields of a match."""

    def scalars(self, name: str, /) -> list[Scalar]:
        """The values of a field as the events have them; empty if none has it."""

    def values(self, name: str, field_type: FieldType, /) -> tuple[Typed, ...]:
        """The values of a field as that type; empty if the field is missing."""


def fields_of_match(plan: Plan, match: Match) -> MatchFields:
    """The fields of a match of a plan: those of a bucket are what it was counted by (detection-engine.md 5.7)."""
    return KeyFields(plan, match) if isinstance(plan.correlation, Threshold) else JoinedFields(match)


class JoinedFields:
    """The fields of all events of a match together: a field's values are those any of the events has."""

    def __init__(self, match: Match) -> None:
        self._events = tuple(Fields(hit.event.source) for hit in match.present)

    def scalars(self, name: str, /) -> list[Scalar]:
        """See MatchFields."""
        return [value for fields in self._events for value in fields.scalars(name)]

    def values(self, name: str, field_type: FieldType, /) -> tuple[Typed, ...]:
        """See MatchFields."""
        return tuple(value for fields in self._events for value in fields.values(name, field_type))

    def objects(self, path: str, /) -> Iterator[Fields]:
        """The objects at a path of all events."""
        return (found for fields in self._events for found in fields.objects(path))


class KeyFields:
    """The fields a match's key was made of, each with the one value that its events share."""

    def __init__(self, plan: Plan, match: Match) -> None:
        self._texts = {name: text for name, text in key_texts(plan, match) if text is not None}

    def scalars(self, name: str, /) -> list[Scalar]:
        """See MatchFields."""
        return [self._texts[name]] if name in self._texts else []

    def values(self, name: str, field_type: FieldType, /) -> tuple[Typed, ...]:
        """See MatchFields."""
        typed = (to_typed(text, field_type) for text in self.scalars(name))
        return tuple(value for value in typed if value is not None)
