"""A search of the event store finds what `besra.search` finds in the same documents, stored or still in the journal."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("deltalake")

from tests.property.test_engines import CATALOGUE, QUERIES, documents

from besra import api
from besra.detection.search import limited, with_samples_per_key
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.events.event_time import event_time
from besra.language.query_dsl.clauses import lower_clause
from besra.language.query_dsl.scope import DslScope
from besra.schema.indexpattern import matches
from besra.storage.event_pages import Order, PageQuery, page_of
from besra.storage.event_rows import EventReader, Snapshot
from besra.storage.event_search import Deadline, search_store
from besra.storage.event_store import EventStore, StoredEvent
from besra.storage.event_upkeep import EventUpkeep
from besra.storage.journal import Journal, Record

INDICES = ("logs-a-default", "logs-b-default", ".ds-logs-c-default-2025.03.01-000001", "paris:logs-d-default")
PIPED = (
    "any where true",
    "process where true | tail 2",
    'any where @timestamp >= "2025-03-01T00:00:30Z" | head 3 | tail 2',
)
CONDITIONS = (
    {"match_all": {}},
    {"range": {"@timestamp": {"gte": "2025-03-01T00:00:10Z", "lt": "2025-03-01T00:01:00Z"}}},
    {"bool": {"should": [{"term": {"process.name": "cmd.exe"}}, {"range": {"process.pid": {"gt": 2}}}]}},
    {"bool": {"must_not": {"exists": {"field": "host.id"}}, "filter": {"term": {"event.category": "process"}}}},
)
FOREVER = Deadline.after(3600)


@st.composite
def streams(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """Batches of hits: each with an id of its own, in some index."""
    batches = draw(st.lists(st.lists(st.tuples(st.sampled_from(INDICES), documents()), max_size=5), max_size=5))
    return [
        [
            {"_index": index, "_id": f"{number}.{place}", "_source": source}
            for place, (index, source) in enumerate(batch)
        ]
        for number, batch in enumerate(batches, 1)
    ]


@contextmanager
def stored(batches: list[list[dict[str, Any]]], stored_up_to: int, compacts: bool) -> Iterator[Snapshot]:
    """A snapshot of a store that has the first batches, and of a journal that has all."""
    folder = Path(tempfile.mkdtemp())
    journal = Journal(folder)
    store = EventStore(folder / "events")
    try:
        for number, batch in enumerate(batches, 1):
            events = list(api.positional_events(batch))
            told = [(event, orjson.dumps(event.source), time_of(event.source)) for event in events]
            if number <= stored_up_to:
                rows = [
                    StoredEvent(number, place, event.index, event.id, line, time, number)
                    for place, (event, line, time) in enumerate(told)
                ]
                store.add(rows, number)
            records = [Record(line, event.index, event.id, time) for event, line, time in told]
            journal.submit(records or [Record(b"{}", ("none",), "none")], number).result()
        if compacts:
            upkeep = EventUpkeep(folder / "events")
            for part in upkeep.parts():
                upkeep.compact(part)
        with EventReader(folder / "events", folder).snapshot() as snapshot:
            yield snapshot
    finally:
        journal.close()
        shutil.rmtree(folder)


def time_of(source: dict[str, Any]) -> int | None:
    time = event_time(source)
    return None if time is None or abs(time) >= 1 << 63 else time


@given(
    streams(),
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from((*QUERIES, *PIPED)),
    st.tuples(st.sampled_from([1, 2, 5, 10_000]), st.sampled_from(["head", "tail"])),
    st.sampled_from([("logs-*",), ("logs-*", "-logs-a*"), ("logs-c-default", "paris:logs-d-default")]),
)
@settings(max_examples=15, deadline=None)
def test_eql(
    batches: list[list[dict[str, Any]]],
    stored_up_to: int,
    compacts: bool,
    query: str,
    limit: tuple[int, Any],
    index: tuple[str, ...],
) -> None:
    size, position = limit
    batches = [batch for batch in batches if batch]
    plan = with_samples_per_key(limited(api.plan_query(query, CATALOGUE), size, position), 2)
    every = [hit for batch in batches for hit in batch]
    chosen = [
        document
        for document, event in zip(every, api.positional_events(every), strict=True)
        if matches(index, event.index)
    ]
    expected = api.search(query, chosen, size=size, result_position=position, max_samples_per_key=2).to_dict()
    with stored(batches, stored_up_to, compacts) as snapshot:
        found = search_store(snapshot, plan, index, FOREVER).to_dict()
    assert found["hits"] == expected["hits"]


@given(
    streams(),
    st.integers(0, 5),
    st.sampled_from(CONDITIONS),
    st.sampled_from(list(Order)),
    st.integers(1, 4),
    st.sampled_from([None, 2, 100]),
)
@settings(max_examples=15, deadline=None)
def test_pages(
    batches: list[list[dict[str, Any]]],
    stored_up_to: int,
    clause: dict[str, Any],
    order: Order,
    size: int,
    counts_to: int | None,
) -> None:
    batches = [batch for batch in batches if batch]
    scope = DslScope(CATALOGUE)
    condition = lower_clause(scope, (), clause)
    assert not scope.problems
    events = [event for batch in batches for event in api.positional_events(batch)]
    wanted = [event for event in events if holds(condition, Fields(event.source))]

    def rank(number: int) -> tuple[bool, int, int]:
        time = time_of(dict(wanted[number].source))
        if order is Order.ARRIVAL:
            return False, 0, number
        return time is None, (time or 0) // 1_000_000 * (-1 if order is Order.NEWEST else 1), number

    expected = [wanted[number].id for number in sorted(range(len(wanted)), key=rank)]
    query = PageQuery(condition, ("*",), order=order, size=size, counts_to=counts_to)
    with stored(batches, stored_up_to, False) as snapshot:
        page = page_of(snapshot, query, FOREVER)
        if counts_to is None or len(expected) <= counts_to:
            assert (page.total, page.is_exact) == (len(expected), True)
        else:
            assert (page.total, page.is_exact) == (counts_to, False)
        found: list[str] = []
        while page.events:
            found += [event.id for event in page.events]
            page = page_of(snapshot, replace(query, after=page.sort_values[-1]), FOREVER)
        assert found == expected
        skipped = page_of(snapshot, replace(query, offset=2), FOREVER)
        assert [event.id for event in skipped.events] == expected[2 : 2 + size]
