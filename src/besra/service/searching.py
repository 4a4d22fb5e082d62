"""Searches of a running service: a few at once and each in bounded time, so that events go on being taken."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

from besra.service.ingest import BusyError
from besra.service.search_request import EqlRequest, SearchRequest
from besra.service.source_filter import Shown
from besra.storage.event_pages import EventPage, page_of
from besra.storage.event_rows import EventReader
from besra.storage.event_search import Deadline, search_store

RUNNING = 2
"""Searches that run at the same time."""
WAITING = 30
"""Searches that wait for those."""
SECONDS = 60.0
"""How long one may take."""

Answer = TypeVar("Answer")

SHARDS = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many searches run and wait at once, and the seconds one may take."""

    running: int = RUNNING
    waiting: int = WAITING
    seconds: float = SECONDS


DEFAULT_BOUNDS = Bounds()


class Searching:
    """Answers requests. One for a process; `run` is called by tasks of one event loop."""

    def __init__(self, reader: EventReader, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self.reader = reader
        self.answered = 0
        """Searches answered since the start."""
        self.refused = 0
        """Searches refused since too many were running."""
        self._bounds = bounds
        self._inside = 0
        self._turn = asyncio.Semaphore(bounds.running)

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Do the work of a search in a thread, when it is its turn. Raises BusyError."""
        if self._inside >= self._bounds.running + self._bounds.waiting:
            self.refused += 1
            raise BusyError("too many searches are running", 1)
        self._inside += 1
        try:
            async with self._turn:
                answer = await run_in_threadpool(work)
            self.answered += 1
            return answer
        finally:
            self._inside -= 1

    def metrics(self) -> dict[str, tuple[str, str, int]]:
        """How many searches there were: kind, meaning and value by name."""
        return {
            "besra_searches_total": ("counter", "Searches answered since the start.", self.answered),
            "besra_searches_refused_total": ("counter", "Searches refused as too many at once.", self.refused),
        }

    def eql(self, request: EqlRequest) -> dict[str, Any]:
        """The answer to an EQL search. Raises SearchError, SearchStoppedError, and errors of what is read."""
        started = time.perf_counter()
        with self.reader.snapshot() as snapshot:
            request.indices.check(snapshot)
            deadline = Deadline.after(self._bounds.seconds)
            found = search_store(snapshot, request.plan, request.indices.patterns, deadline)
        answer = found.to_dict()
        if request.fields is not None:
            _add_fields(answer["hits"], request.fields)
        return {**answer, "took": _millis(started)}

    def search(self, request: SearchRequest) -> dict[str, Any]:
        """The answer to a search of events. Raises as `eql`."""
        started = time.perf_counter()
        page = self._page(request)
        rows = [
            {
                "_index": event.index[0],
                "_id": event.id,
                "_score": None,
                **request.shown.of(event.source),
                **({"sort": list(values[: request.width])} if request.width else {}),
            }
            for event, values in zip(page.events, page.sort_values, strict=True)
        ]
        return search_answer(rows, page.total if request.is_counted else None, started, page)

    def count(self, request: SearchRequest) -> dict[str, Any]:
        """The answer to a count. Raises as `eql`."""
        page = self._page(request)
        if not page.is_whole:
            Deadline.after(-1).check()
        return {"count": page.total, "_shards": SHARDS}

    def _page(self, request: SearchRequest) -> EventPage:
        seconds = min(request.seconds or self._bounds.seconds, self._bounds.seconds)
        with self.reader.snapshot() as snapshot:
            request.indices.check(snapshot)
            return page_of(snapshot, request.query, Deadline.after(seconds))


def search_answer(
    rows: list[dict[str, Any]], total: int | None, started: float, page: EventPage | None = None
) -> dict[str, Any]:
    """The body of the answer to a search. Without a page the total is exact and nothing is missing."""
    relation = "eq" if page is None or page.is_exact else "gte"
    hits: dict[str, Any] = {} if total is None else {"total": {"value": total, "relation": relation}}
    return {
        "took": _millis(started),
        "timed_out": page is not None and not page.is_whole,
        "_shards": SHARDS,
        "hits": {**hits, "max_score": None, "hits": rows},
    }


def _millis(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)


def _add_fields(hits: dict[str, Any], fields: tuple[str, ...]) -> None:
    shown = Shown(has_source=False, fields=fields)
    rows = hits.get("events") or [event for sequence in hits.get("sequences", ()) for event in sequence["events"]]
    for row in rows:
        row.update(shown.of(row["_source"]))
