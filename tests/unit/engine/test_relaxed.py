"""Conditions on one object of a list: what they imply for the event, and that documents decide, wherever they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.unit.events.parquet.parquet_files import write_events

from besra import api
from besra.detection.batches import in_batches
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.pack import Entry, RulePack
from besra.engine.programs import clause_programs
from besra.engine.reference import evaluate
from besra.engine.relaxed import relaxed
from besra.events.event import Event
from besra.events.file_read import FileRead, ReadOptions
from besra.events.reader import read_events
from besra.language.expr import Nested, Not
from besra.problems import Problem
from besra.schema.catalogue import EMPTY

CATALOGUE = EMPTY.with_types({"o.k": "keyword", "o.n": "long", "o.p.q": "keyword"})


def predicate(query: str) -> Any:
    return api.plan_query(query, CATALOGUE, language="kuery").clauses[0].predicate


def pack_of(*queries: str) -> RulePack:
    return RulePack.of([Entry(api.plan_query(query, CATALOGUE, language="kuery")) for query in queries])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("o: { k: x and n > 3 }", "o.k: x and o.n > 3"),
        ("o: { k: x and not n: 4 }", "o.k: x"),
        ("o: { k: x and (n: 4 or not n: 5) }", "o.k: x"),
        ("o: { k: x and p: { q: y and not q: z } }", "o.k: x and o.p.q: y"),
        ("o: { not k: x }", "*"),
        ("o: { k.caseless: x and n: 4 }", "o.n: 4"),
    ],
)
def test_what_the_event_of_such_an_object_satisfies(query: str, expected: str) -> None:
    nested = predicate(query)
    assert isinstance(nested, Nested)
    assert relaxed(nested) == predicate(expected)


def test_what_it_implies_is_tested_by_column() -> None:
    pack = pack_of("o: { k: x and n > 3 }", "not o: { k: x and n > 3 }", "o.k: x")
    assert list(map(len, pack.groups)) == [2, 0, 1]
    assert len(pack.leaves) == 2
    assert clause_programs(pack).exact == (False, False, True)
    assert isinstance(pack.clauses[1].clause.predicate, Not)


DOCUMENTS = [
    {"o": [{"k": "x", "n": 5}, {"k": "y"}]},
    {"o": [{"k": "x"}, {"n": 5}]},
    {"o": {"k": "x", "n": [1, 5]}},
    {"o.k": "x", "o.n": 5},
    {"o": [{"k": "x", "n": 3}, {"k": "y", "n": 5}]},
    {"o": []},
    {"other": 1},
]


def as_lines(folder: Path) -> Path:
    path = folder / "x.ndjson"
    path.write_bytes(b"\n".join(map(orjson.dumps, DOCUMENTS)))
    return path


def as_parquet(folder: Path) -> Path:
    return write_events(folder / "x.parquet", [e for e in read_events([as_lines(folder)]) if isinstance(e, Event)])


@pytest.mark.parametrize("kernels", [True, False], ids=["kernels", "plain"])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("written", [as_lines, as_parquet])
def test_documents_decide_wherever_they_are(
    written: Callable[[Path], Path], workers: int, kernels: bool, tmp_path: Path
) -> None:
    pack = pack_of("o: { k: x and n > 3 }", "not o: { k: x and n > 3 }", "o: { not k: x }")
    path = written(tmp_path)
    with ColumnarEvaluator(pack, kernels=kernels, workers=workers) as columnar:
        items = read_events([path], ReadOptions(decoder=columnar))
        for batch in in_batches(item for item in items if not isinstance(item, Problem | FileRead)):
            columnar.add(batch)
        found = [{hit.event.origin.line for hit in hits} for hits in columnar.hits().by_entry]
    assert found == [{1, 3, 4}, {2, 5, 6, 7}, {1, 2, 5}]
    events = [item for item in read_events([path]) if isinstance(item, Event)]
    assert found == [{hit.event.origin.line for hit in hits} for hits in evaluate(pack, events).by_entry]
