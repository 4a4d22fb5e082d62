"""Pages of events that satisfy a condition, and how many there are: the `_search` of the event store.

What is on a page is kept, and nothing else: of all others a number each at most, so that an event that came twice
counts once. Of several documents with one id one that satisfies the condition is meant, the last if they are near.
"""

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from besra.events.event import Event
from besra.events.raw_event import RawEvent
from besra.language.expr import Predicate
from besra.language.plan import Clause, Each, Plan
from besra.language.simplify import TRUE
from besra.schema.indexpattern import matches
from besra.storage.event_lot import NO_TIME, Lot
from besra.storage.event_rows import RowQuery, Snapshot, Span
from besra.storage.event_search import Deadline, Matching, pack_of, row_query

MANY = 2
"""Times as many candidates as a page has that are looked through before they are read."""
MILLI = 1000
"""Microseconds of the milliseconds that events are sorted by, as Elasticsearch sorts dates."""

Key = tuple[int, int, int]
"""What events are sorted by: whether they have no time, the time, the position."""


class Order(Enum):
    """By time, or in the order of arrival. Events without a time come last, those of one millisecond as they came."""

    NEWEST = "desc"
    OLDEST = "asc"
    ARRIVAL = "_doc"


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which events of some indices, in which order, and which part of them.

    `after` are the sort values of the last event of the page before. `counts_to` is how far to count, None for all.
    """

    condition: Predicate = TRUE
    index: tuple[str, ...] = ()
    ids: frozenset[str] | None = None
    order: Order = Order.NEWEST
    size: int = 10
    offset: int = 0
    after: tuple[int | None, ...] | None = None
    counts_to: int | None = 10_000


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events with their sort values: milliseconds since 1970 and position, or the position alone.

    `total` is a lower bound unless it `is_exact`. If it is not `is_whole` there was no time to look at all events.
    """

    events: tuple[Event, ...]
    sort_values: tuple[tuple[int | None, ...], ...]
    total: int
    is_exact: bool = True
    is_whole: bool = True


def page_of(snapshot: Snapshot, query: PageQuery, deadline: Deadline) -> EventPage:
    """A page. Raises EventStoreError and JournalError."""
    if query.condition == TRUE and query.ids is None and query.counts_to != 0:
        return _page_of_all(snapshot, query, deadline)
    plan = Plan((Clause(query.condition),), Each())
    matching = Matching(pack_of(plan, query.index))
    count, page = _Count(query.counts_to), _Page(query)
    rows = replace(row_query(plan, query.index, newest_first=query.order is Order.NEWEST), ids=query.ids)
    for lot in snapshot.lots(rows, lambda span: count.is_full and page.skips(span)):
        if deadline.is_over:
            return page.result(count, is_whole=False)
        found = matching.rows(lot).tolist()
        if not count.is_full:
            count.add(lot, found)
        page.add(lot, found)
    return page.result(count)


def _page_of_all(snapshot: Snapshot, query: PageQuery, deadline: Deadline) -> EventPage:
    """A page of all events of some indices: to count them, nobody has to read them."""
    page = page_of(snapshot, replace(query, counts_to=0), deadline)
    count = _Count(query.counts_to)
    for lot in snapshot.lots(RowQuery(query.index, has_source=False), lambda _: count.is_full):
        if deadline.is_over:
            page = replace(page, is_whole=False)
            break
        named = {names: matches(query.index, names) for names in set(lot.names)}
        count.add(lot, [row for row, names in enumerate(lot.names) if named[names]])
    total, is_exact = count.result()
    return replace(page, total=total, is_exact=is_exact and page.is_whole)


class _Count:
    """How many different events there are, exactly up to a limit."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._few: set[int] = set()
        self._all = array("q")

    @property
    def is_full(self) -> bool:
        return self._limit is not None and len(self._few) > self._limit

    def add(self, lot: Lot, rows: Sequence[int]) -> None:
        numbers = map(event_number, lot.keys(rows))
        if self._limit is None:
            self._all.extend(numbers)
        else:
            self._few.update(numbers)

    def result(self) -> tuple[int, bool]:
        """The number, and whether it is exact."""
        if self._limit is None:
            return len(np.unique(np.frombuffer(self._all, np.int64))) if self._all else 0, True
        return min(len(self._few), self._limit), not self.is_full


def event_number(key: tuple[str, str]) -> int:
    """64 bits that tell events apart."""
    told = f"{len(key[0])}:{key[0]}{key[1]}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "big", signed=True)


class _Page:
    """The best events so far, and a few more."""

    def __init__(self, query: PageQuery) -> None:
        self._query = query
        self._most = query.offset + query.size
        self._best: list[tuple[Key, RawEvent]] = []
        self._worst: Key | None = None
        self._after = None if query.after is None else self._key_after(query.after)

    def _key(self, micros: int, position: int) -> Key:
        order = self._query.order
        if order is Order.ARRIVAL:
            return 0, 0, position
        if micros == NO_TIME:
            return 1, 0, position
        milli = micros // MILLI
        return 0, -milli if order is Order.NEWEST else milli, position

    def _key_after(self, values: tuple[int | None, ...]) -> Key:
        """The key behind which those with greater ones come."""
        first, position = values[0], values[-1] if len(values) > 1 else None
        if self._query.order is Order.ARRIVAL:
            return 0, 0, first or 0
        micros = NO_TIME if first is None else first * MILLI
        # Without a position all events of that millisecond are on the page before.
        return self._key(micros, (1 << 63) if position is None else position)

    def skips(self, span: Span) -> bool:
        """Whether rows of these times are on no page that is asked for."""
        if self._most == 0:
            return True
        worst = self._worst
        if worst is None or worst[0] or self._query.order is Order.ARRIVAL or span.first is None or span.last is None:
            return False
        best = -(span.last // MILLI) if self._query.order is Order.NEWEST else span.first // MILLI
        return best > worst[1]

    def add(self, lot: Lot, rows: Sequence[int]) -> None:
        if not self._most:
            return
        times, positions = lot.times[rows].tolist(), lot.positions[rows].tolist()
        keys = [self._key(micros, position) for micros, position in zip(times, positions, strict=True)]
        chosen = [
            place
            for place, key in enumerate(keys)
            if (self._after is None or key > self._after) and (self._worst is None or key <= self._worst)
        ]
        if len(chosen) > MANY * self._most:
            # Those behind so many different events are on no page.
            chosen.sort(key=keys.__getitem__)
            names = lot.keys([rows[place] for place in chosen])
            seen = {name: number for number, name in reversed(list(enumerate(names)))}
            firsts = sorted(seen.values())[: self._most]
            chosen = chosen[: firsts[-1] + 1]
        events = lot.events([rows[place] for place in chosen])
        self._best += [(keys[place], event) for place, event in zip(chosen, events, strict=True)]
        if len(self._best) >= 2 * self._most:
            self._cut()

    def _cut(self) -> None:
        latest: dict[tuple[str, str], tuple[Key, RawEvent]] = {}
        for key, event in self._best:
            same = event.index[0], event.id
            if same not in latest or latest[same][1].position < event.position:
                latest[same] = key, event
        self._best = sorted(latest.values(), key=lambda held: held[0])[: self._most]
        self._worst = self._best[-1][0] if len(self._best) == self._most > 0 else None

    def result(self, count: _Count, *, is_whole: bool = True) -> EventPage:
        self._cut()
        shown = self._best[self._query.offset :]
        total, is_exact = count.result()
        values = tuple(self._values(key) for key, _ in shown)
        return EventPage(tuple(event.event() for _, event in shown), values, total, is_exact and is_whole, is_whole)

    def _values(self, key: Key) -> tuple[int | None, ...]:
        untimed, milli, position = key
        if self._query.order is Order.ARRIVAL:
            return (position,)
        return None if untimed else -milli if self._query.order is Order.NEWEST else milli, position
