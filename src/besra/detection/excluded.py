"""Exclusions: conditions on a match as a whole, on which it is dropped."""

from collections.abc import Iterable

from besra.detection.match import Match
from besra.detection.match_fields import JoinedFields
from besra.engine.reference import holds
from besra.language.expr import Predicate


def is_excluded(match: Match, exclusions: Iterable[Predicate]) -> bool:
    """Whether one of the conditions holds of the match: one event may satisfy one part of it, another the rest."""
    joined = JoinedFields(match)
    return any(holds(exclusion, joined) for exclusion in exclusions)
