"""Searching events with one query: the answer of Elasticsearch's EQL search, over any events."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal

from besra.detection.batches import events_of, in_batches, unparsed
from besra.detection.correlate import correlate
from besra.detection.match import Match, key_texts
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate
from besra.events.event import Event
from besra.events.line_block import Decoder, LineBlock
from besra.events.recognise import Recogniser
from besra.events.table_part import TablePart
from besra.language.plan import Each, Head, Pipe, Plan, Sample, Tail

ResultPosition = Literal["head", "tail"]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Matches of a query in order. `join_keys` are texts, None for a null key."""

    plan: Plan
    matches: tuple[Match, ...]
    took: int = 0

    def join_keys(self, match: Match) -> list[str | None]:
        """The keys of a match in query order, as text."""
        return [text for _, text in key_texts(self.plan, match)]

    def to_dict(self) -> dict[str, Any]:
        """The body Elasticsearch's EQL search returns."""
        hits: dict[str, Any] = {"total": {"value": len(self.matches), "relation": "eq"}}
        if isinstance(self.plan.correlation, Each):
            hits["events"] = [_event(match.present[0].event) for match in self.matches]
        else:
            hits["sequences"] = [self._sequence(match) for match in self.matches]
        return {"is_partial": False, "is_running": False, "took": self.took, "timed_out": False, "hits": hits}

    def _sequence(self, match: Match) -> dict[str, Any]:
        events = [MISSING if hit is None else _event(hit.event) for hit in match.hits]
        keys = self.join_keys(match)
        return {**({"join_keys": keys} if keys else {}), "events": events}


MISSING: dict[str, Any] = {"_index": "", "_id": "", "_source": {}, "missing": True}


def _event(event: Event) -> dict[str, Any]:
    return {"_index": event.index[0] if event.index else "", "_id": event.id, "_source": event.source}


def search_events(
    plan: Plan,
    events: Iterable[Event | LineBlock | TablePart],
    *,
    size: int | None = None,
    position: ResultPosition = "tail",
) -> SearchResult:
    """Run a plan over events, judged one by one. `size` and `position` are those of `limited`."""
    plan = limited(plan, size, position)
    pack = RulePack((Entry(plan),))
    hits = chain.from_iterable(evaluate(pack, events_of(batch)).by_entry[0] for batch in in_batches(events))
    return SearchResult(plan, tuple(correlate(plan, hits)))


def search_read(
    plan: Plan, read: Callable[[Decoder], Iterable[Event | LineBlock | TablePart]], recogniser: Recogniser
) -> SearchResult:
    """The same over what is read with a decoder, by the columnar engine. `recogniser` is the one it is read with."""
    # numba and the kernels take half a second to import: a few documents do without them.
    from besra.engine.columnar import ColumnarEvaluator  # noqa: PLC0415

    with ColumnarEvaluator(RulePack((Entry(plan),))) as columnar:
        columnar.know_sources(recogniser)
        for batch in in_batches(unparsed(read(columnar))):
            columnar.add(batch)
        return SearchResult(plan, tuple(correlate(plan, columnar.hits().by_entry[0])))


def limited(plan: Plan, size: int | None, position: ResultPosition) -> Plan:
    """The plan of at most `size` matches: the last ones, or with the position "head" the first.

    In front of pipes it limits the first of them, in that pipe's direction (eql.md 4.5: a pipe never exceeds it).
    """
    return plan if size is None else replace(plan, pipes=_pipes(plan, size, position))


def _pipes(plan: Plan, size: int, position: ResultPosition) -> tuple[Pipe, ...]:
    if plan.pipes:
        first, *others = plan.pipes
        return (replace(first, count=min(first.count, size)), *others)
    is_head = position == "head" or isinstance(plan.correlation, Sample)
    return (Head(size) if is_head else Tail(size),)


def with_samples_per_key(plan: Plan, per_key: int) -> Plan:
    """The plan with up to so many samples a key; other plans unchanged."""
    if not isinstance(plan.correlation, Sample):
        return plan
    return replace(plan, correlation=replace(plan.correlation, per_key=per_key))
