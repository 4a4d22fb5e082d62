"""Hits: which events satisfied which clause of which rule, with just what the correlations need."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from besra.events.event import Event
from besra.schema.fieldtype import Typed

Key = tuple[Typed | None, ...]
"""The values of a clause's join keys for one hit, in query order; None is a missing optional key."""

Ordinal = tuple[int, int, Any, int, str]
"""What orders events (eql.md 4.1): time, whether the tiebreaker is missing, tiebreaker, reading position, event id.

The last two stand for Elasticsearch's arrival number. The id makes the order total and independent of the order in
which files are given.
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that satisfied a clause (an index into the plan's clauses).

    `ordinal` is None for an event without a time: it can match alone, but has no place in a sequence. `keys` has one
    entry for each combination of join key values, `((),)` for a clause without keys.
    """

    clause: int
    event: Event
    ordinal: Ordinal | None
    keys: tuple[Key, ...] = ((),)

    @property
    def time(self) -> int | None:
        """Nanoseconds since 1970, None if the event has no time."""
        return None if self.ordinal is None else self.ordinal[0]


@dataclass(frozen=True, slots=True)
class Hits:
    """Hits of one batch or many: for every entry of the pack, in the order the events were read.

    Those of a scan are read when they are asked for (`engine.kept_hits`).
    """

    by_entry: tuple[Collection[Hit], ...]

    def __add__(self, other: "Hits") -> "Hits":
        """The hits of both, as if their events had been one batch."""
        return Hits(tuple((*mine, *theirs) for mine, theirs in zip(self.by_entry, other.by_entry, strict=True)))
