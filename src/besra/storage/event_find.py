"""All events of which a condition holds, one after the other: for what counts and joins them by itself."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from besra.events.event import Event
from besra.events.event_time import TIMESTAMP
from besra.language.expr import FieldRef, Predicate, Range
from besra.language.plan import Clause, Each, Plan
from besra.language.simplify import all_of
from besra.schema.fieldtype import FieldType
from besra.storage.event_pages import event_number
from besra.storage.event_rows import Snapshot
from besra.storage.event_search import Deadline, Matching, SearchStoppedError, pack_of, row_query

MOST = 1_000_000
"""Events that are found: of each a few bytes are remembered."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A closed range of event times in nanoseconds since 1970; None is no bound."""

    start: int | None = None
    end: int | None = None

    @property
    def condition(self) -> Predicate:
        """That an event is within it. One without a time is not, unless there are no bounds."""
        time = FieldRef(TIMESTAMP, FieldType.DATE)
        bounds = ((">=", self.start), ("<=", self.end))
        return all_of(Range(time, operator, bound) for operator, bound in bounds if bound is not None)


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds events of some indices in a stretch of time, of some ids if those are said, until a deadline.

    Of more than `most` those of the lot in which there are too many are the last.
    """

    snapshot: Snapshot
    deadline: Deadline
    time: Stretch = Stretch()
    index: tuple[str, ...] = ()
    ids: frozenset[str] | None = None
    most: int = MOST

    def __call__(self, condition: Predicate) -> Iterator[Event]:
        """The events, each once, in no order.

        Raises SearchStoppedError, and EventStoreError and JournalError for a store that cannot be read.
        """
        plan = Plan((Clause(all_of([condition, self.time.condition])),), Each())
        matching, seen = Matching(pack_of(plan, self.index)), set[int]()
        query = replace(row_query(plan, self.index, newest_first=True), ids=self.ids)
        for lot in self.snapshot.lots(query):
            self.deadline.check()
            rows = matching.rows(lot).tolist()
            for key, event in zip(map(event_number, lot.keys(rows)), lot.events(rows), strict=True):
                if key not in seen:
                    seen.add(key)
                    yield event.event()
            if len(seen) > self.most:
                message = f"more than {self.most:,} events have to be looked at"
                raise SearchStoppedError.of("search-too-many", message, hint="name a shorter time")
