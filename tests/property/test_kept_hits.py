"""Matches of a scan, whose hits are kept as numbers, are those of hits that are held with their events.

The streams are made of what numbers do not decide: one instant for many events, tiebreakers that are texts, times that
64 bits do not hold, documents read twice, ids that documents bring along, keys with several values.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from besra import api
from besra.detection.batches import in_batches
from besra.detection.correlate import correlate, first_matches
from besra.detection.correlate import sequence as sequence_module
from besra.detection.match import Match
from besra.detection.search import with_samples_per_key
from besra.detection.window import EVERYTHING, Window
from besra.engine import row_keys
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.hits import Hit
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate
from besra.events import row_store
from besra.events.event import Event
from besra.events.file_read import ReadOptions
from besra.events.line_block import LineBlock
from besra.events.reader import read_events
from besra.events.readers import json_blocks
from besra.language.eql.lower import QueryFields
from besra.language.expr import FieldRef
from besra.language.plan import Cardinality, NewTerms, Plan, Threshold
from besra.rules.plans.keys import keyed_clause
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType

CATALOGUE = bundled_catalogue().with_types({"k": "keyword", "n": "long", "word": "keyword", "when": "date"})
QUERIES = (
    "any where true",
    'any where stage == "A"',
    "sequence [any where true] [any where true]",
    'sequence by k [any where stage == "A"] [any where stage == "B"]',
    "sequence by k with maxspan=2s [any where true] with runs=2 ![any where n == 1] [any where true]",
    'sequence by ?k, dyn with maxspan=3s [any where true] [any where true] until [any where stage == "A"]',
    'sequence by n [any where stage == "A"] by k [any where true] by stage',
    "sequence with maxspan=2s ![any where n == 2] [any where true] ![any where n == 3]",
    'sample by k [any where stage == "A"] [any where true]',
    "sample by ?dyn [any where true] [any where n > 0] [any where true]",
    "any where n > 0 | head 3 | tail 2",
    "sequence by k [any where true] [any where true] | tail 3",
)
TIEBREAKERS = (None, "n", "word", "dyn", "event.sequence", "when")


def plan_of(query: str, tiebreaker: str | None) -> Plan:
    plan = api.plan_query(query, CATALOGUE, fields=QueryFields("event.category", "@timestamp", tiebreaker))
    return with_samples_per_key(plan, 2)


def counting(tiebreaker: str | None) -> Iterator[Plan]:
    """Plans that count events, and that look for new keys."""
    plan = plan_of("any where true", tiebreaker)
    k, n, dyn = FieldRef("k", FieldType.KEYWORD), FieldRef("n", FieldType.LONG), FieldRef("dyn", FieldType.DYNAMIC)
    predicate = plan.clauses[0].predicate
    by_k, by_all, numbers = (keyed_clause(predicate, fields) for fields in ((k,), (), (n,)))
    yield replace(plan, clauses=(by_k,), correlation=Threshold(2))
    yield replace(plan, clauses=(by_k, numbers), correlation=Threshold(1, (Cardinality(1, 2),)))
    yield replace(
        plan, clauses=(by_all, numbers, by_k), correlation=Threshold(3, (Cardinality(1, 1), Cardinality(2, 2)))
    )
    for length in (timedelta(seconds=2), timedelta(days=20), timedelta(days=400_000)):
        yield replace(plan, clauses=(keyed_clause(predicate, (k, dyn)),), correlation=NewTerms(length))
        yield replace(plan, clauses=(by_k,), correlation=NewTerms(length))


def pack_of(tiebreaker: str | None) -> RulePack:
    plans = [plan_of(query, tiebreaker) for query in QUERIES]
    return RulePack(tuple(map(Entry, [*plans, *counting(tiebreaker)])))


PACKS = {name: pack_of(name) for name in TIEBREAKERS}

TIMES = st.one_of(
    st.integers(0, 3).map(lambda second: f"2025-03-01T00:00:0{second}Z"),
    st.sampled_from(["2025-03-01T00:00:01.5+00:00", "9000-01-01T00:00:00Z", "9000-01-02T00:00:00Z", "no time", None]),
    st.sampled_from(["0003-01-01T00:00:00Z", "0002-01-01T00:00:00Z", 95_000_000_000, 94_000_000_000]),
    st.just("1677-09-21T00:12:43.2Z"),
)
NUMBERS = st.sampled_from([0, 1, 2, 3, -1, 2**62, 2**70, [2, 1], "3", "x", True])
WORDS = st.sampled_from(["a", "b", "", ["b", "a"], 3])
FREE = st.sampled_from([1, 1.0, "1", 2.5, True, "z", [1, "z"], None])
FIELDS = {
    "stage": st.sampled_from(["A", "B", ["A", "B"]]),
    "k": st.sampled_from(["x", "y", ["x", "y"], ["x", "x"], None]),
    "n": NUMBERS,
    "word": WORDS,
    "dyn": FREE,
    "event.sequence": NUMBERS,
    "when": st.sampled_from([1, 2, "2025-01-01", "never"]),
}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    document: dict[str, Any] = {"@timestamp": draw(TIMES)}
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=5)):
        document[name] = draw(FIELDS[name])
    return document


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A document, as it may stand in a file: bare, with its keys in another order, or as an exported hit."""
    document = draw(documents())
    if draw(st.booleans()):
        document = dict(reversed(document.items()))
    if draw(st.integers(0, 3)) == 0:
        document = {"_id": draw(st.sampled_from("pq")), **document}
    if draw(st.integers(0, 3)) == 0:
        document = {"_index": draw(st.sampled_from(["i", "j"])), "_source": document}
    return json.dumps(document).encode()


def files_in(folder: Path, parts: Sequence[Sequence[bytes]], packed: bool) -> list[Path]:
    paths = []
    for number, part in enumerate(parts):
        path = folder / (f"{number}.ndjson.gz" if packed else f"{number}.ndjson")
        raw = b"".join(line + b"\n" for line in part)
        path.write_bytes(gzip.compress(raw) if packed else raw)
        paths.append(path)
    return paths


def scanned(pack: RulePack, paths: Sequence[Path], limit: int) -> ColumnarEvaluator:
    columnar = ColumnarEvaluator(pack, max_values=30, memory_limit=limit, kernels=True, workers=2)
    items = read_events(paths, ReadOptions(decoder=columnar))
    for batch in in_batches(item for item in items if isinstance(item, (Event, LineBlock))):
        columnar.add(batch)
    return columnar


def shown(matches: Iterable[Match]) -> list[Any]:
    return [
        (tuple(hit and (hit.clause, hit.event, hit.ordinal, hit.keys) for hit in match.hits), match.key, match.finding)
        for match in matches
    ]


@given(
    parts=st.lists(st.lists(lines(), min_size=1, max_size=8), min_size=1, max_size=3),
    tiebreaker=st.sampled_from(TIEBREAKERS),
    limit=st.sampled_from([0, 400, 2**20]),
    most_keys=st.sampled_from([1, 2, 16]),
    form=st.sampled_from(["plain", "packed", "plain twice", "packed twice"]),
    window=st.sampled_from([EVERYTHING, Window(1740787201_000000000, None), Window(None, 1740787202_000000000)]),
)
@example(
    # Several documents under one id: under which clause an event is counted says when it was.
    parts=[
        [
            b'{"_id": "p", "@timestamp": "2025-03-01T00:00:00Z", "stage": "A", "n": [2, 1]}',
            b'{"_id": "p", "@timestamp": "2025-03-01T00:00:01Z", "dyn": 1, "event.sequence": 0, "k": "x"}',
        ]
    ],
    tiebreaker=None,
    limit=0,
    most_keys=1,
    form="plain",
    window=EVERYTHING,
)
@example(
    # A history that begins before the years that fit 64 bits.
    parts=[
        [
            b'{"@timestamp": "2025-03-01T00:00:01Z", "k": "x"}',
            b'{"@timestamp": "0003-01-01T00:00:00Z", "dyn": 1, "k": "x"}',
        ]
    ],
    tiebreaker=None,
    limit=0,
    most_keys=1,
    form="plain",
    window=Window(1740787201_000000000, None),
)
@settings(max_examples=60, deadline=None)
def test_matches_of_a_scan(
    *,
    parts: list[list[bytes]],
    tiebreaker: str | None,
    limit: int,
    most_keys: int,
    form: str,
    window: Window,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pack = PACKS[tiebreaker]
    paths = files_in(
        tmp_path_factory.mktemp("scan"), [*parts, parts[0]] if "twice" in form else parts, "packed" in form
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_store, "MAX_HELD", 2)
        patch.setattr(row_store, "MAX_LOADED", 2)
        patch.setattr(json_blocks, "BLOCK", 200)
        patch.setattr(row_keys, "MOST_KEYS", most_keys)
        patch.setattr(sequence_module, "SWEEP", 1)
        kept = scanned(pack, paths, limit).hits().by_entry
        held = evaluate(pack, [item for item in read_events(paths) if isinstance(item, Event)]).by_entry
        for entry, mine, theirs in zip(pack.entries, kept, held, strict=True):
            expected = shown(correlate(entry.plan, theirs, window))
            assert shown(correlate(entry.plan, mine, window)) == expected
            first, total = first_matches(entry.plan, mine, 2, window)
            assert (shown(first), total) == (expected[:2], len(expected))


def test_a_hit_that_is_kept_is_the_hit_that_was_found(tmp_path: Path) -> None:
    pack = PACKS["n"]
    paths = files_in(tmp_path, [[b'{"@timestamp":"2025-03-01T00:00:01Z","stage":"A","k":["x","y"],"n":4}']], False)
    [found, *_] = scanned(pack, paths, 2**20).hits().by_entry
    [event] = [item for item in read_events(paths) if isinstance(item, Event)]
    assert list(found) == [Hit(0, event, (1740787201_000000000, 0, 4, event.position, event.id))]
    assert len(found) == 1
    assert next(iter(found)) in found
    assert "a hit" not in found
