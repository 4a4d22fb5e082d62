"""What a scan keeps: the same whether taken at once, clause by clause, or from several workers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from besra import api
from besra.detection.correlate import correlate, first_matches
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.evaluate import ClauseRows
from besra.engine.event_order import FAR_FUTURE, FAR_PAST, NO_TIEBREAKER, NO_TIME, ODD_TIEBREAKER, ValueOrder, row_order
from besra.engine.gathering import Gathering
from besra.engine.hits import Hit
from besra.engine.kept_rows import ROW, ValueMemory, kept_rows
from besra.engine.pack import Entry, RulePack
from besra.engine.plain import PlainEvaluator
from besra.engine.reference import evaluate
from besra.events.batch import EventBatch, batch_of
from besra.events.columns import Projection, ValueTable
from besra.events.event import Event
from besra.events.row_store import RowStore
from besra.language.eql.lower import QueryFields
from besra.language.expr import FieldRef
from besra.language.plan import Cardinality, Comparison, IndicatorMapping, Ordering, ThreatMatch, Threshold
from besra.rules.plans.keys import keyed_clause
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType

CATALOGUE = bundled_catalogue()
QUERIES = (
    "any where process.pid > 0",
    "sequence by host.id [any where process.pid == 1] [any where process.pid == 2]",
    "sequence by host.id, user.name [any where true] [any where process.pid == 2]",
    "sequence [any where true] [any where false]",
    "sample by host.id [any where process.pid == 1] [any where process.pid == 2]",
)
PACK = RulePack(tuple(Entry(api.plan_query(query, CATALOGUE)) for query in QUERIES))


def document(number: int) -> dict[str, object]:
    return {
        "@timestamp": f"2025-03-01T00:00:{number % 7:02}Z",
        "process.pid": number % 3,
        "host.id": f"lone{number}" if number % 11 == 0 else f"h{number % 4}" if number % 10 else ["h0", "h1"],
        "user.name": "u" if number % 2 else None,
        "number": number,
    }


EVENTS = list(api.positional_events(document(number) for number in range(60)))


def batches(events: Sequence[Event], size: int) -> list[EventBatch]:
    """Batches that share no value ids, as workers make them."""
    projection = Projection(tuple(sorted(PACK.fields)))
    return [batch_of(events[start : start + size], projection, ValueTable()) for start in range(0, len(events), size)]


def shown(gathering: Gathering) -> list[list[tuple[object, ...]]]:
    by_entry = gathering.hits().by_entry
    return [
        [(tuple(hit and hit.event.id for hit in match.hits), match.key) for match in correlate(entry.plan, hits)]
        for entry, hits in zip(PACK.entries, by_entry, strict=True)
    ]


def expected() -> list[list[tuple[object, ...]]]:
    return [
        [(tuple(hit and hit.event.id for hit in match.hits), match.key) for match in correlate(entry.plan, hits)]
        for entry, hits in zip(PACK.entries, evaluate(PACK, EVENTS).by_entry, strict=True)
    ]


def found_in(batch: EventBatch, events: Sequence[Event]) -> list[ClauseRows]:
    """The rows of every clause, by the judge."""
    rows: dict[tuple[int, int], list[int]] = {}
    for row, event in enumerate(events):
        for entry, hits in enumerate(evaluate(PACK, [event]).by_entry):
            for hit in hits:
                rows.setdefault((entry, hit.clause), []).append(row)
    clauses = {(clause.entry, clause.position): clause for clause in PACK.clauses}
    return [ClauseRows(clauses[place], np.array(held, np.int32)) for place, held in sorted(rows.items())]


@pytest.mark.parametrize("limit", [0, 2**20])
@pytest.mark.parametrize("size", [7, 60])
def test_batches_taken_from_workers(size: int, limit: int) -> None:
    gathering = Gathering(PACK, memory_limit=limit)
    work = []
    for number, batch in enumerate(batches(EVENTS, size)):
        events = EVENTS[number * size : (number + 1) * size]
        work.append((events, kept_rows(PACK, found_in(batch, events), batch, ValueMemory())))
    for events, kept in work:
        gathering.take(kept, gathering.store.keep_events(events[row] for row in kept.rows.tolist()))
    assert shown(gathering) == expected()
    assert (gathering.store.spill.spilled > 0) == (limit == 0)


def test_rows_without_a_partner_are_dropped() -> None:
    columnar = ColumnarEvaluator(PACK)
    columnar.add(EVENTS)
    by_entry = columnar.hits().by_entry
    assert len(by_entry[0]) == 40
    assert not by_entry[3]
    keys = {hit.keys for hit in by_entry[2]}
    assert {key for held in keys for key in held} == {("h1", "u"), ("h3", "u"), ("lone11", "u")}
    assert all(isinstance(hit, Hit) and hit.event in EVENTS for hit in by_entry[2])
    assert len(by_entry[2]) < len(evaluate(PACK, EVENTS).by_entry[2])


def test_events_that_no_indicator_matches_are_dropped() -> None:
    by_host, by_user = (
        api.plan_query(f"sequence by {keys} [any where process.pid == 1] [any where number in (1, 2)]", CATALOGUE)
        for keys in ("host.id", "user.name")
    )
    groups = IndicatorMapping(Comparison(0, 1)), IndicatorMapping(Comparison(2, 3))
    clauses = (*by_host.clauses, *by_user.clauses)
    pack = RulePack.of([Entry(replace(by_host, clauses=clauses, correlation=ThreatMatch(groups)))])
    columnar = ColumnarEvaluator(pack)
    columnar.add(EVENTS)
    kept, whole = columnar.hits().by_entry[0], evaluate(pack, EVENTS).by_entry[0]
    assert 0 < len(kept) < len(whole)
    found, judged = (list(correlate(pack.entries[0].plan, hits)) for hits in (kept, whole))
    assert found == judged != []


def test_rows_of_keys_that_are_too_rare_are_dropped() -> None:
    plan = api.plan_query("any where true", CATALOGUE)
    host, pid = FieldRef("host.id", FieldType.KEYWORD), FieldRef("process.pid", FieldType.LONG)
    predicate = plan.clauses[0].predicate
    clauses = keyed_clause(predicate, [host]), keyed_clause(predicate, [host, pid])
    counting = [Threshold(count, (Cardinality(1, 1),)) for count in (8, 13, 19, 20)]
    pack = RulePack(tuple(Entry(replace(plan, clauses=clauses, correlation=found)) for found in counting))
    columnar = ColumnarEvaluator(pack)
    columnar.add(EVENTS)
    left = []
    for hits in columnar.hits().by_entry:
        left.append(Counter(key[0] for hit in hits if hit.clause == 0 for key in hit.keys))
        assert {hit.event.id for hit in hits if hit.clause == 1} == {hit.event.id for hit in hits if hit.clause == 0}
    # Five events have two hosts; such a hit tells both, also where it stays for one of them only.
    common = {"h0": 16, "h1": 19, "h2": 11, "h3": 13}
    everything = Counter(key[0] for hit in evaluate(pack, EVENTS).by_entry[0] if hit.clause == 0 for key in hit.keys)
    assert everything == common | {f"lone{number}": 1 for number in range(0, 60, 11)}
    assert left == [common, {"h0": 16, "h1": 19, "h3": 13}, {"h0": 5, "h1": 19}, {}]


@pytest.mark.parametrize("limit", [0, 2**20])
def test_entries_that_await_more_keep_all_and_the_others_take_no_more(limit: int) -> None:
    columnar = ColumnarEvaluator(PACK, memory_limit=limit)
    plain = PlainEvaluator(PACK)
    for awaiting, events in (([0, 2], EVENTS[:30]), ([2], EVENTS[30:45]), ([], EVENTS[45:])):
        for evaluator in (columnar, plain):
            evaluator.add(events)
            evaluator.hits(awaiting)
        halves = [len(hits) for hits in columnar.hits(awaiting).by_entry]
        for number in awaiting:
            judged = plain.hits(awaiting).by_entry[number]
            assert halves[number] == len(judged)
            assert columnar.hits(awaiting).by_entry[number].seen == {hit.clause for hit in judged}
    for number, end in ((0, 45), (1, 30), (2, 60), (4, 30)):
        plan = PACK.entries[number].plan
        expected = list(correlate(plan, evaluate(PACK, EVENTS[:end]).by_entry[number]))
        assert expected
        for evaluator in (columnar, plain):
            assert list(correlate(plan, evaluator.hits().by_entry[number])) == expected


def test_matches_beyond_the_limit_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    columnar = ColumnarEvaluator(PACK)
    columnar.add([*EVENTS])
    hits = columnar.hits().by_entry
    read: list[int] = []
    event = RowStore.event
    monkeypatch.setattr(RowStore, "event", lambda store, number: read.append(number) or event(store, number))
    matches, total = first_matches(PACK.entries[0].plan, hits[0], 3)
    assert (len(matches), total) == (3, 40)
    assert len(read) == 3


ROWS = [
    {"@timestamp": "2025-03-01T00:00:00Z", "n": 3},
    {"@timestamp": ["no time", 5], "n": ["x", 4]},
    {"n": 5},
    {"@timestamp": "9000-01-01T00:00:00Z", "n": 2**62},
    {"@timestamp": "0001-01-01T00:00:00Z"},
    {"@timestamp": "2025-03-01", "n": 2.5},
    {"@timestamp": 0, "n": "x"},
]


def test_order_in_numbers() -> None:
    plan = api.plan_query(
        "any where true", CATALOGUE.with_types({"n": "long"}), fields=QueryFields("event.category", "@timestamp", "n")
    )
    projection = Projection(("@timestamp", "n"))
    batch = batch_of(list(api.positional_events(ROWS)), projection, ValueTable())
    times, tiebreakers = row_order(plan.ordering, batch, batch.rows, ValueOrder())
    day = 1740787200_000000000
    assert times.tolist() == [day, 5_000000000, NO_TIME, FAR_FUTURE, FAR_PAST, day, 0]
    assert tiebreakers.tolist() == [3, 4, NO_TIEBREAKER, ODD_TIEBREAKER, NO_TIEBREAKER, 2, NO_TIEBREAKER]
    some = row_order(Ordering(), batch, np.array([2, 5], np.int32), ValueOrder())
    assert [line.tolist() for line in some] == [[NO_TIME, day], [NO_TIEBREAKER] * 2]


def test_rows_of_a_batch_are_kept_once() -> None:
    [batch] = batches(EVENTS, 60)
    kept = kept_rows(PACK, found_in(batch, EVENTS), batch, ValueMemory())
    assert kept.rows.tolist() == list(range(60))
    assert len(kept.groups) == 4  # single events, by host, by host and user, without key
    assert sum(len(group.places) for group in kept.groups) == 8
    assert all((group.table[ROW] < 60).all() for group in kept.groups)
