"""Exclusions: conditions on a match as a whole, on which it is dropped."""

from collections.abc import Iterable, Iterator

from besra.detection.match import Match
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import Predicate
from besra.schema.fieldtype import FieldType, Typed


class JoinedFields:
    """The fields of all events of a match together: a field's values are those any of the events has."""

    def __init__(self, match: Match) -> None:
        self._events = tuple(Fields(hit.event.source) for hit in match.present)

    def values(self, name: str, field_type: FieldType, /) -> tuple[Typed, ...]:
        """The values of a field as that type; empty if no event has it."""
        return tuple(value for fields in self._events for value in fields.values(name, field_type))

    def objects(self, path: str, /) -> Iterator[Fields]:
        """The objects at a path of all events."""
        return (found for fields in self._events for found in fields.objects(path))


def is_excluded(match: Match, exclusions: Iterable[Predicate]) -> bool:
    """Whether one of the conditions holds of the match: one event may satisfy one part of it, another the rest."""
    joined = JoinedFields(match)
    return any(holds(exclusion, joined) for exclusion in exclusions)
