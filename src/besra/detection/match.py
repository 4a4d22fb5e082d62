"""A match: the group of events that satisfied a rule, and what its correlation found out about them."""

from collections.abc import Callable
from dataclasses import dataclass

from besra.engine.hits import Hit, Key


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a threshold counted: `count` events, from `first` to `last` (nanoseconds since 1970, None without times).

    `cardinality` has the numbers of distinct values, in the order of the correlation's.
    """

    count: int
    cardinality: tuple[int, ...] = ()
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class NewTerm:
    """That the match's key had not been seen before. `seen_from`: the oldest time the history holds."""

    seen_from: int | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator that matched, and by which group of the mapping."""

    hit: Hit
    group: int


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


UnreadMatch = Callable[[], Match]
"""A match whose events have not been read yet; calling it reads them. Of many matches most are only counted."""
