"""The reference evaluator over many batches, its hits held as they are: slow, plain, to check the other engine."""

from collections.abc import Collection, Sequence

from besra.engine.hits import Hit, Hits
from besra.engine.indicator_pack import indicator_pack
from besra.engine.pack import RulePack
from besra.engine.reference import evaluate
from besra.events.event import Event
from besra.events.event_time import event_time


class PlainEvaluator:
    """Evaluates events with one pack and holds the hits."""

    def __init__(self, pack: RulePack) -> None:
        self.pack = pack
        self._hits: list[list[Hit]] = [[] for _ in pack.entries]
        self._awaiting: Collection[int] = range(len(pack.entries))
        self.newest = 0
        """The newest time of all events, in nanoseconds since 1970."""
        self.oldest: int | None = None
        """The oldest, None if no event has one."""

    def add(self, events: Sequence[Event]) -> None:
        """Evaluate some events."""
        open_entries = RulePack(tuple(self.pack.entries[number] for number in self._awaiting))
        for number, found in zip(self._awaiting, evaluate(open_entries, events).by_entry, strict=True):
            self._hits[number].extend(found)
        known = [time for event in events if (time := event_time(event.source)) is not None and abs(time) < 2**63]
        self.newest = max([self.newest, *known])
        self.oldest = min(known if self.oldest is None else [self.oldest, *known], default=None)

    def add_indicators(self, documents: Sequence[Event]) -> None:
        """Evaluate documents that are indicators and no events."""
        for hits, found in zip(self._hits, evaluate(indicator_pack(self.pack), documents).by_entry, strict=True):
            hits.extend(found)

    def hits(self, awaiting: Collection[int] = ()) -> Hits:
        """The hits of everything added so far. From here on, only entries that are `awaiting` more get any."""
        self._awaiting = [number for number in self._awaiting if number in awaiting]
        return Hits(tuple(tuple(found) for found in self._hits))
