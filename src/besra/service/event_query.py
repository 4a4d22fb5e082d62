"""Searching events for people's scripts: KQL or EQL over a stretch of time, with what was passed over.

What is stored is searched, and what was acknowledged and is not stored yet.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from besra.detection.search import SearchResult, limited
from besra.errors import QueryError
from besra.events.event import Event
from besra.events.event_time import event_time
from besra.language.eql.lower import lower_query
from besra.language.eql.parser import parse_query
from besra.language.expr import Predicate, fields_of
from besra.language.kuery.lower import lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.language.plan import Each
from besra.language.relative import at, resolved
from besra.language.simplify import all_of
from besra.problems import Problem
from besra.rules.plans.narrowing import narrowed
from besra.schema.catalogue import bundled_catalogue
from besra.schema.timestamp import format_timestamp
from besra.service.answering import RequestError
from besra.service.search_params import LONGEST_QUERY
from besra.service.source_filter import Shown
from besra.service.stretch import stretch_of
from besra.storage.event_find import Stretch
from besra.storage.event_pages import Order, PageQuery, page_of
from besra.storage.event_rows import EventReader
from besra.storage.event_search import Deadline, SearchStoppedError, search_store

MOST = 1000
"""Events of a page."""
NOT_FIELDS = frozenset({"_id", "_index"})

Name = Annotated[str, Meta(min_length=1, max_length=1000)]
Position = tuple[Annotated[int, Meta(ge=-(1 << 61), le=1 << 61)] | None, Annotated[int, Meta(ge=0, le=1 << 61)]]


class EventSearch(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events, in which order, and what of them."""

    query: Annotated[str, Meta(max_length=LONGEST_QUERY, description="KQL or EQL; nothing for all events")] = ""
    language: Annotated[Literal["kuery", "eql"], Meta(description="the language of the query")] = "kuery"
    start: Annotated[Name | None, Meta(description="from when on: a date, or date math such as now-2d")] = None
    end: Annotated[Name | None, Meta(description="until when, as `start`; both ends count")] = None
    index: Annotated[tuple[Name, ...], Meta(max_length=100, description="index patterns; none for all")] = ()
    size: Annotated[int, Meta(ge=0, le=MOST, description="events, sequences or samples of a page")] = 100
    sort: Annotated[Literal["newest", "oldest"], Meta(description="which ones come first")] = "newest"
    after: Annotated[Position | None, Meta(description="`next` of the page before; only with KQL")] = None
    fields: Annotated[
        tuple[Name, ...], Meta(max_length=1000, description="the fields to show, with * for any; none for all")
    ] = ()
    count: Annotated[int, Meta(ge=0, le=1_000_000, description="how far to count; only with KQL")] = 10_000


class FoundEvent(Struct, frozen=True, omit_defaults=True):
    """An event; of one that did not happen, as a sequence may ask for, only `missing`."""

    index: str = ""
    id: str = ""
    time: str | None = None
    source: dict[str, Any] = {}
    missing: bool = False


class FoundGroup(Struct, frozen=True):
    """A sequence, or a sample: its events, and the values of the join keys as text."""

    join_keys: tuple[str | None, ...]
    events: tuple[FoundEvent, ...]


class EventsFound(Struct, frozen=True):
    """What a search of events has found.

    `total` is how many there are, at least if it is not `total_is_exact`. Without `is_whole` there was no time to look
    at all of them. `passed_over` says what of the query can never hold, and why.
    """

    took_ms: int
    total: int
    total_is_exact: bool
    is_whole: bool
    passed_over: tuple[str, ...]
    events: tuple[FoundEvent, ...] = ()
    groups: tuple[FoundGroup, ...] = ()
    next: Position | None = None


def search_events(reader: EventReader, asked: EventSearch, now: int, seconds: float) -> EventsFound:
    """The answer to a search, `now` being what dates mean (nanoseconds since 1970), in so many seconds.

    Raises RequestError, and errors of stores.
    """
    time = stretch_of(asked.start, asked.end, now)
    try:
        return (_by_eql if asked.language == "eql" else _by_kql)(reader, asked, time, now, Deadline.after(seconds))
    except QueryError as error:
        raise RequestError(400, error.in_words()) from error
    except SearchStoppedError as error:
        raise RequestError(408, str(error)) from error


def _by_kql(reader: EventReader, asked: EventSearch, time: Stretch, now: int, deadline: Deadline) -> EventsFound:
    started = _clock()
    lowered = lower_kuery_expression(parse_kuery(asked.query), bundled_catalogue(), now=now)
    _check(lowered.predicate)
    page_query = PageQuery(
        all_of([at(lowered.predicate, now), time.condition]),
        asked.index,
        order=Order.NEWEST if asked.sort == "newest" else Order.OLDEST,
        size=asked.size,
        after=asked.after,
        counts_to=asked.count,
    )
    with reader.snapshot() as snapshot:
        page = page_of(snapshot, page_query, deadline)
    is_full = 0 < len(page.events) == asked.size
    return EventsFound(
        _millis(started),
        page.total,
        page.is_exact,
        page.is_whole,
        _told(lowered.warnings),
        tuple(map(_shown_by(asked.fields), page.events)),
        next=page.sort_values[-1] if is_full else None,  # type: ignore[arg-type]  # of two values in these orders
    )


def _by_eql(reader: EventReader, asked: EventSearch, time: Stretch, now: int, deadline: Deadline) -> EventsFound:
    started = _clock()
    if asked.after is not None:
        raise RequestError(400, "after: EQL has no pages; narrow the stretch of time")
    lowered = lower_query(parse_query(asked.query), bundled_catalogue())
    for clause in lowered.plan.clauses:
        _check(clause.predicate)
    plan = limited(lowered.plan, asked.size, "tail" if asked.sort == "newest" else "head")
    plan = resolved(narrowed(plan, time.condition), now)
    with reader.snapshot() as snapshot:
        found = search_store(snapshot, plan, asked.index, deadline)
    shown = _shown_by(asked.fields)
    matches = found.matches if asked.sort == "oldest" else found.matches[::-1]
    events: Sequence[FoundEvent] = ()
    groups: Sequence[FoundGroup] = ()
    if isinstance(plan.correlation, Each):
        events = [shown(match.present[0].event) for match in matches]
    else:
        groups = _groups(replace(found, matches=matches), shown)
    is_exact = len(matches) < asked.size
    return EventsFound(
        _millis(started), len(matches), is_exact, True, _told(lowered.warnings), tuple(events), tuple(groups)
    )


def _groups(found: SearchResult, shown: Callable[[Event], FoundEvent]) -> list[FoundGroup]:
    return [
        FoundGroup(
            tuple(found.join_keys(match)),
            tuple(FoundEvent(missing=True) if hit is None else shown(hit.event) for hit in match.hits),
        )
        for match in found.matches
    ]


def _check(predicate: Predicate) -> None:
    if odd := sorted({field.name for field in fields_of(predicate)} & NOT_FIELDS):
        raise RequestError(400, f"query: `{odd[0]}` is no field of events; name indices in `index`")


def _shown_by(fields: tuple[str, ...]) -> Callable[[Event], FoundEvent]:
    shown = Shown(includes=fields)

    def of(event: Event) -> FoundEvent:
        return told_event(event, shown)

    return of


def told_event(event: Event, shown: Shown = Shown()) -> FoundEvent:  # noqa: B008  a frozen value
    """An event as it is told."""
    time = event_time(event.source)
    told = None if time is None else format_timestamp(time)
    return FoundEvent(event.index[0] if event.index else "", event.id, told, shown.of(event.source)["_source"])


def _told(problems: Sequence[Problem]) -> tuple[str, ...]:
    return tuple(problem.message for problem in problems)


def _clock() -> float:
    return time.perf_counter()


def _millis(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
