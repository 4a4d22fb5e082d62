"""A match: the group of events that satisfied a rule."""

from collections.abc import Callable
from dataclasses import dataclass

from besra.engine.hits import Hit, Key


@dataclass(frozen=True, slots=True)
class Match:
    """The hits of one match in query order, None in the place of a missing event, and the join key they share."""

    hits: tuple[Hit | None, ...]
    key: Key = ()

    @property
    def present(self) -> tuple[Hit, ...]:
        """The hits without the empty places."""
        return tuple(hit for hit in self.hits if hit is not None)


UnreadMatch = Callable[[], Match]
"""A match whose events have not been read yet; calling it reads them. Of many matches most are only counted."""
