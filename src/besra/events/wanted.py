"""What somebody looks for in events, for readers of formats that can pass over the rest."""

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: events of a closed range of times, in nanoseconds since 1970, and of some categories.

    None is all. Of a bounded range, events without a time are no part.
    """

    start: int | None = None
    end: int | None = None
    categories: Set[str] | None = None


EVERYTHING = Wanted()
