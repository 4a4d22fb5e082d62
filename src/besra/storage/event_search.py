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
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.hits import Hit
from besra.engine.lane import Lane
from besra.engine.pack import Entry, RulePack
from besra.engine.pack_memory import remembered_pack
from besra.engine.reference import ordinal_of
from besra.engine.wanted import times_of
from besra.errors import InputError
from besra.events.columns import Projection
from besra.events.document import Fields
from besra.events.event_time import TIMESTAMP
from besra.events.index_name import INDEX_FIELDS
from besra.events.raw_event import RawEvent
from besra.events.recognise import Recogniser
from besra.language.plan import Each, Head, Plan, Tail
from besra.language.simplify import any_of
from besra.storage.event_rows import NO_TIME, Lot, RowQuery, Snapshot, Span
from besra.storage.event_store import MICRO

ECS_ONLY = Recogniser(())
"""What is stored has been made ECS before."""
MEMORY = 128 << 20
"""Bytes that the rows kept for a sequence may take before they go to disk."""

Rows = NDArray[np.int64]


class SearchStoppedError(InputError):
    """A search took longer than it may (`search-timeout`)."""


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


class Matching:
    """Says which rows of a lot satisfy one condition, those of indices by these patterns only."""

    def __init__(self, plan: Plan, index: tuple[str, ...]) -> None:
        pack = pack_of(plan, index)
        fields = {*pack.fields, *INDEX_FIELDS, TIMESTAMP}
        projection = Projection(tuple(sorted(fields)))
        self._lane = Lane(pack, projection, ECS_ONLY, remembered_pack(pack, projection))

    def rows(self, lot: Lot) -> Rows:
        """The rows, ascending."""
        kept = self._lane.events(lot.events).kept
        return np.empty(0, np.int64) if kept is None else np.asarray(kept.rows, np.int64)


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
    with ColumnarEvaluator(pack_of(plan, index), memory_limit=MEMORY, kernels=True) as columnar:
        columnar.know_sources(ECS_ONLY)
        for lot in _lots(snapshot, row_query(plan, index, newest_first=False), deadline):
            columnar.add(lot.events)
        return SearchResult(plan, tuple(correlate(plan, columnar.hits().by_entry[0])))


def _lots(snapshot: Snapshot, query: RowQuery, deadline: Deadline) -> Iterator[Lot]:
    for lot in snapshot.lots(query):
        deadline.check()
        yield lot


def _best(snapshot: Snapshot, plan: Plan, index: tuple[str, ...], deadline: Deadline) -> list[Hit]:
    """The hits that the first pipe of a plan lets pass."""
    pipe = plan.pipes[0]
    first_pipe = replace(plan, pipes=(pipe,))
    matching = Matching(plan, index)
    best = _Best(pipe, is_timed=plan.ordering.timestamp.name == TIMESTAMP)
    for lot in snapshot.lots(row_query(plan, index, newest_first=isinstance(pipe, Tail)), best.skips):
        deadline.check()
        rows = matching.rows(lot)
        better = rows[best.may_be_better(lot.times[rows])].tolist()
        if better:
            hits = [*best.hits, *(_hit(plan, lot.events[row]) for row in better)]
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

    def may_be_better(self, times: Rows) -> NDArray[np.bool_]:
        """Which of some times are."""
        bounds = self._bounds()
        if bounds is None:
            return np.ones(len(times), np.bool_)
        start, end = bounds
        better: NDArray[np.bool_] = times == NO_TIME
        better |= (times >= (NO_TIME if start is None else start)) & (times <= (1 << 62 if end is None else end))
        return better
