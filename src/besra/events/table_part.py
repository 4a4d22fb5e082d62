"""A row group of a table by column: events that exist as rows until somebody asks for some.

Here without what reads them: whoever passes parts on need not load a library for it (`events.parquet.part`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from besra.events.event import Event
from besra.events.index_name import homes_of
from besra.events.raw_event import RawEvent

if TYPE_CHECKING:
    from besra.events.parquet.cells import Cells

NO_TIME = -(2**63)
"""Stands in `TablePart.times` for an event without one."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """So many rows that were not read, since nothing that is wanted can be among them."""

    rows: int


@dataclass(eq=False)
class TablePart:
    """A row group: `size` rows, and of the fields asked for the `cells` of those that occur.

    `index` (int32) holds for each row the position of its names in `index_names`. `times` (int64) are the events' times
    in nanoseconds since 1970, `NO_TIME` for none. `first_line` is the number of its first row in the file, from 1: the
    line of that event. `read` gives the events of rows, which ascend; it raises InputError where they cannot be read.
    """

    size: int
    cells: dict[str, "Cells"]
    index: NDArray[np.int32]
    index_names: tuple[tuple[str, ...], ...]
    times: NDArray[np.int64]
    first_line: int
    read: Callable[[Sequence[int]], Iterator[Event | RawEvent]] = field(repr=False)
    is_given_up: bool = False
    """Set by whoever could not read an event of it and has not used the part: its rows come as events instead."""

    @property
    def homes(self) -> dict[str, int]:
        """How many events are at home in which index."""
        return homes_of(self.index, self.index_names)

    @property
    def untimed(self) -> NDArray[np.int64]:
        """The rows without a usable time."""
        return np.flatnonzero(self.times == NO_TIME)

    def event(self, row: int) -> Event:
        """The event of a row. Each call reads: ask for many at once with `read`."""
        return self.events([row])[0]

    def events(self, rows: Sequence[int]) -> list[Event]:
        """The events of these rows, in the order asked for. Raises InputError if they cannot be read."""
        wanted = sorted(set(rows))
        found = dict(zip(wanted, self.read(wanted), strict=True))
        events = {row: event.event() if isinstance(event, RawEvent) else event for row, event in found.items()}
        return [events[row] for row in rows]
