"""A match: the group of events that satisfied a rule, and what its correlation found out about them."""

from collections.abc import Callable
from dataclasses import dataclass

from besra.engine.hits import Hit, Key
from besra.language.plan import Plan
from besra.schema.fieldtype import typed_text


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a threshold counted: `count` events, from `first` to `last` (nanoseconds since 1970, None without times).

    Of the events the match has the first and last few. `cardinality` has the numbers of distinct values, in the order
    of the correlation's.
    """

    count: int
    cardinality: tuple[int, ...] = ()
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class NewTerm:
    """That no event had the match's key since `since`, a time in nanoseconds since 1970.

    `last_seen` is when one had it before that, None if none is known.
    """

    since: int
    last_seen: int | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator that matched, and by which groups of the mapping."""

    hit: Hit
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Indicators:
    """The indicators that matched an event: the first of them, and how many there are."""

    found: tuple[Indicator, ...]
    total: int


Finding = Bucket | NewTerm | Indicators


@dataclass(frozen=True, slots=True)
class Match:
    """The hits of one match in query order, None in the place of a missing event, and the join key they share.

    `finding` says what else there is to tell, where a correlation finds more than events.
    """

    hits: tuple[Hit | None, ...]
    key: Key = ()
    finding: Finding | None = None

    @property
    def present(self) -> tuple[Hit, ...]:
        """The hits without the empty places."""
        return tuple(hit for hit in self.hits if hit is not None)

    @property
    def time(self) -> int | None:
        """When it was complete: nanoseconds since 1970 of its last event, None if no event has a time."""
        return max((hit.time for hit in self.hits if hit is not None and hit.time is not None), default=None)

    @property
    def dated(self) -> int | None:
        """The time it keeps, whatever joins it: of a bucket that of its first event, else when it was complete."""
        return self.finding.first if isinstance(self.finding, Bucket) else self.time


UnreadMatch = Callable[[], Match]
"""A match whose events have not been read yet; calling it reads them. Of many matches most are only counted."""


def key_texts(plan: Plan, match: Match) -> list[tuple[str, str | None]]:
    """The fields that a match's events share with their values as text, None for a missing one; in query order."""
    keys = plan.clauses[match.present[0].clause].keys
    return [
        (key.field.name, None if value is None else typed_text(value, key.field.type))
        for key, value in zip(keys, match.key, strict=True)
    ]
