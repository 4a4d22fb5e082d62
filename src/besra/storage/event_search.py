"""Searching the event store: the answer is that of `besra.search` over the same events.

Lots are evaluated by the columnar engine as they are read. Of a query about single events only the best so far are
kept, and files that cannot hold better ones are not opened; of sequences and samples the rows are kept as a scan keeps
them, on disk where they become many.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from besra.detection.correlate import correlate
from besra.detection.search import SearchResult
from besra.engine.gathering import Gathering
from besra.engine.hits import Hit
from besra.engine.kept_rows import KeptRows
from besra.engine.lane import Found, Lane
from besra.engine.pack import Entry, RulePack
from besra.engine.pack_memory import remembered_pack
from besra.engine.reference import ordinal_of
from besra.engine.wanted import times_of
from besra.errors import InputError
from besra.events.columns import Projection
from besra.events.document import Fields
from besra.events.event_time import TIMESTAMP
from besra.events.index_name import INDEX_FIELDS
from besra.events.line_block import RawLines
from besra.events.raw_event import RawEvent
from besra.events.recognise import Recogniser
from besra.language.plan import Each, Head, Plan, Tail
from besra.language.simplify import any_of
from besra.storage.event_lot import NO_TIME, Lot
from besra.storage.event_rows import RowQuery, Snapshot, Span
from besra.storage.event_store import MICRO

ECS_ONLY = Recogniser(())
"""What is stored has been made ECS before."""
MEMORY = 128 << 20
"""Bytes that the rows kept for a sequence may take before they go to disk."""

Rows = NDArray[np.int64]


class SearchStoppedError(InputError):
    """A search took longer than it may (`search-timeout`), or would have to look at too much (`search-too-many`)."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a search has to be done, by the clock that never goes back, in seconds; and how long that is."""

    until: float
    seconds: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """So many seconds from now."""
        return cls(time.monotonic() + seconds, seconds)

    @property
    def is_over(self) -> bool:
        """Whether it is past."""
        return time.monotonic() > self.until

    def check(self) -> None:
        """Raises SearchStoppedError if it is past."""
        if self.is_over:
            message = f"the search takes longer than {self.seconds:g} s"
            hint = "name fewer indices, or a shorter time: a range of @timestamp in `filter` or in the query"
            raise SearchStoppedError.of("search-timeout", message, hint=hint)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of some rows of a lot, whose numbers are `rows`: those of `held.rows`, in this order."""

    held: KeptRows
    rows: Rows


class Matching:
    """Says what is to be kept of lots, those rows only that are of indices by these patterns."""

    def __init__(self, pack: RulePack) -> None:
        projection = Projection(tuple(sorted({*pack.fields, *INDEX_FIELDS, TIMESTAMP})))
        self._lane = Lane(pack, projection, ECS_ONLY, remembered_pack(pack, projection))

    def kept(self, lot: Lot) -> Iterator[Kept]:
        """What is kept, in up to two parts."""
        lines = lot.lines()
        if lines is None:
            yield from self._singly(lot, np.arange(lot.size))
            return
        outcome = self._lane.lines(RawLines(lines, names=lot.names))
        found = outcome.kept
        if isinstance(found, Found) and found.kept is not None:
            yield Kept(found.kept, np.asarray(found.kept.rows, np.int64))
        # Lines the kernel does not vouch for are read one by one.
        yield from self._singly(lot, np.flatnonzero(outcome.decoded.slow))

    def _singly(self, lot: Lot, rows: Rows) -> Iterator[Kept]:
        if len(rows):
            found = self._lane.events([event.event() for event in lot.events(rows.tolist())])
            if found.kept is not None:
                yield Kept(found.kept, rows[found.kept.rows])

    def rows(self, lot: Lot) -> Rows:
        """The rows of which something is kept, ascending."""
        parts = [kept.rows for kept in self.kept(lot)]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def pack_of(plan: Plan, index: tuple[str, ...]) -> RulePack:
    """The pack of one plan over some indices."""
    return RulePack((Entry(plan, index),))


def row_query(plan: Plan, index: tuple[str, ...], *, newest_first: bool) -> RowQuery:
    """The rows that can matter to a plan at a time (`language.relative.resolved`)."""
    start, end = times_of(any_of(clause.predicate for clause in plan.clauses))
    return RowQuery(index, start, end, newest_first=newest_first)


def search_store(snapshot: Snapshot, plan: Plan, index: tuple[str, ...], deadline: Deadline) -> SearchResult:
    """The matches of a plan at a time, limited to what is wanted (`detection.search.limited`).

    Raises SearchStoppedError, and EventStoreError and JournalError for a store that cannot be read.
    """
    if isinstance(plan.correlation, Each) and plan.pipes:
        return SearchResult(plan, tuple(correlate(plan, _best(snapshot, plan, index, deadline))))
    pack = pack_of(plan, index)
    matching, gathering = Matching(pack), Gathering(pack, MEMORY)
    try:
        for lot in _lots(snapshot, row_query(plan, index, newest_first=False), deadline):
            for kept in matching.kept(lot):
                gathering.take(kept.held, gathering.store.keep_events(lot.events(kept.rows.tolist())))
        return SearchResult(plan, tuple(correlate(plan, gathering.hits().by_entry[0])))
    finally:
        gathering.store.close()


def _lots(snapshot: Snapshot, query: RowQuery, deadline: Deadline) -> Iterator[Lot]:
    for lot in snapshot.lots(query):
        deadline.check()
        yield lot


def _best(snapshot: Snapshot, plan: Plan, index: tuple[str, ...], deadline: Deadline) -> list[Hit]:
    """The hits that the first pipe of a plan lets pass."""
    pipe = plan.pipes[0]
    first_pipe = replace(plan, pipes=(pipe,))
    matching = Matching(pack_of(plan, index))
    best = _Best(pipe, is_timed=plan.ordering.timestamp.name == TIMESTAMP)
    for lot in snapshot.lots(row_query(plan, index, newest_first=isinstance(pipe, Tail)), best.skips):
        deadline.check()
        better = best.better(lot, matching.rows(lot))
        if len(better):
            hits = [*best.hits, *(_hit(plan, event) for event in lot.events(better.tolist()))]
            best.hits = [hit for match in correlate(first_pipe, hits) for hit in match.present]
    return best.hits


def _hit(plan: Plan, raw: RawEvent) -> Hit:
    event = raw.event()
    return Hit(0, event, ordinal_of(plan.ordering, event, Fields(event.source)))


class _Best:
    """The first or last hits so far, in their order; those without a time are behind all others."""

    def __init__(self, pipe: Head | Tail, *, is_timed: bool) -> None:
        self.hits: list[Hit] = []
        self._pipe = pipe
        self._is_timed = is_timed

    def _bounds(self) -> tuple[int | None, int | None] | None:
        """The times in microseconds outside of which nothing is better; None if anything may be."""
        if not self._is_timed or len(self.hits) < self._pipe.count:
            return None
        if not self.hits:
            return 1, 0  # nothing is wanted
        is_head = isinstance(self._pipe, Head)
        worst = self.hits[-1 if is_head else 0].time
        if is_head:
            return None if worst is None else (None, worst // MICRO)
        return (1 << 62, None) if worst is None else (worst // MICRO, None)

    def skips(self, span: Span) -> bool:
        """Whether rows of these times are no better."""
        bounds = self._bounds()
        return bounds is not None and not span.meets(*bounds)

    def better(self, lot: Lot, rows: Rows) -> Rows:
        """Which of some rows may be better than what there is."""
        bounds = self._bounds()
        if bounds is not None:
            start, end = bounds
            times = lot.times[rows]
            within = (times >= (NO_TIME if start is None else start)) & (times <= (1 << 62 if end is None else end))
            rows = rows[within | (times == NO_TIME)]
        count = self._pipe.count
        if not self._is_timed or len(rows) <= count:
            return rows
        # Not more of them than can stay: those behind the first so many different events are no better.
        ranks = np.where(lot.times[rows] == NO_TIME, 1 << 62, lot.times[rows])
        is_head = isinstance(self._pipe, Head)
        ranks = ranks if is_head else -ranks
        worst: dict[tuple[str, str], int] = {}
        for key, rank in zip(lot.keys(rows.tolist()), ranks.tolist(), strict=True):
            worst[key] = max(worst.get(key, rank), rank)
        if len(worst) <= count:
            return rows
        return rows[ranks <= sorted(worst.values())[count - 1]] if count else rows[:0]
