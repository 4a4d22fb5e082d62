"""A Parquet file scanned by column gives the matches and counts of its events read one by one, whatever is skipped."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_kept_hits import CATALOGUE, PACKS, TIEBREAKERS, documents, shown
from tests.unit.events.parquet.parquet_files import events_of, write_events, write_rows
from tests.unit.events.readers.test_parquet import damage

from besra import api
from besra.detection.batches import in_batches
from besra.detection.correlate import correlate
from besra.detection.window import EVERYTHING, Window
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.hits import Hits
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate
from besra.events import row_store
from besra.events.event import Event
from besra.events.event_time import event_time
from besra.events.file_read import FileRead, ReadOptions
from besra.events.parquet import slices, survey, writing
from besra.events.reader import read_events
from besra.events.table_part import TablePart
from besra.problems import Problem

WINDOWS = (EVERYTHING, Window(1740787201_000000000, None), Window(None, 1740787202_000000000), Window(1, 2))

CATEGORIES = RulePack(
    tuple(
        Entry(api.plan_query(query, CATALOGUE))
        for query in (
            "process where true",
            "sequence by k [process where true] [file where n == 1] until [dns where true]",
            "sequence with maxspan=2s [file where not stage == null] ![dns where true]",
        )
    )
)

VALUES = ["process", "file", "dns", "other", ["file", "other"], "Process", None]

Scanned = tuple[Hits, list[Problem], FileRead, int]


def scanned(pack: RulePack, path: Path, window: Window = EVERYTHING, *, kernels: bool = True) -> Scanned:
    columnar = ColumnarEvaluator(pack, max_values=30, memory_limit=400, kernels=kernels)
    columnar.look_between(window.start, window.end)
    problems, marks = [], []

    def items() -> Any:
        for item in read_events([path], ReadOptions(decoder=columnar)):
            match item:
                case Problem():
                    problems.append(item)
                case FileRead():
                    marks.append(item)
                case _:
                    yield item

    for batch in in_batches(items()):
        columnar.add(batch)
    (mark,) = marks
    return columnar.hits(), problems, mark, columnar.newest


def told(path: Path) -> tuple[list[Event], list[Problem], FileRead]:
    items = list(read_events([path]))
    events = [item for item in items if isinstance(item, Event)]
    (mark,) = (item for item in items if isinstance(item, FileRead))
    return events, [item for item in items if isinstance(item, Problem)], mark


def agree(pack: RulePack, events: Sequence[Event], hits: Hits, window: Window = EVERYTHING) -> None:
    for entry, mine, theirs in zip(pack.entries, hits.by_entry, evaluate(pack, events).by_entry, strict=True):
        assert shown(correlate(entry.plan, mine, window)) == shown(correlate(entry.plan, theirs, window))


def own_file(folder: Path, found: Sequence[dict[str, Any]]) -> Path:
    # As a reader would give them: integers beyond 64 bits are numbers.
    return write_events(folder / "x.parquet", events_of(orjson.loads(json.dumps(document)) for document in found))


@given(
    found=st.lists(documents(), min_size=1, max_size=12),
    tiebreaker=st.sampled_from(TIEBREAKERS),
    window=st.sampled_from(WINDOWS),
    fields=st.integers(0, 20),
    kernels=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_matches_in_every_window(
    found: list[dict[str, Any]],
    tiebreaker: str | None,
    window: Window,
    fields: int,
    kernels: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pack = PACKS[tiebreaker]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_store, "MAX_LOADED", 2)
        patch.setattr(row_store, "KEPT_TOGETHER", 2)
        patch.setattr(survey, "MAX_FIELDS", fields)
        for module, name, value in ((slices, "ROWS", 2), (writing, "ROWS", 3), (writing, "FEW", 1)):
            patch.setattr(module, name, value)
        path = own_file(tmp_path_factory.mktemp("scan"), found)
        events, _, mark = told(path)
        hits, _, mine, _ = scanned(pack, path, window, kernels=kernels)
        agree(pack, events, hits, window)
        assert mine.events + mine.passed_over == mark.events == len(found)
        assert window is not EVERYTHING or mine.passed_over == 0


@given(
    found=st.lists(
        st.tuples(documents(), st.sampled_from(VALUES)),
        min_size=1,
        max_size=12,
    ),
    kernels=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_matches_and_counts_where_categories_are_skipped(
    found: list[tuple[dict[str, Any], Any]], kernels: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in ((slices, "ROWS", 1), (writing, "ROWS", 2), (writing, "FEW", 1)):
            patch.setattr(module, name, value)
        documents_ = [{**document, "event": {"category": category}} for document, category in found]
        path = own_file(tmp_path_factory.mktemp("scan"), documents_)
        events, problems, mark = told(path)
        hits, mine, counts, _ = scanned(CATEGORIES, path, kernels=kernels)
        agree(CATEGORIES, events, hits)
        assert counts.events == mark.events
        # By column, a time beyond 64 bits is none.
        if all(abs(event_time(event.source) or 0) < 2**63 for event in events):
            assert (mine, counts) == (problems, mark)


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two row groups of three processes, one of three files, the last event of all being a file."""
    for module, name, value in ((slices, "ROWS", 3), (writing, "ROWS", 3), (writing, "FEW", 3)):
        monkeypatch.setattr(module, name, value)
    found = [
        {"@timestamp": f"2026-03-17T09:00:0{n}Z", "event.category": "file" if n > 5 else "process", "k": "x", "n": n}
        for n in range(9)
    ]
    return own_file(tmp_path, found)


def test_a_category_nobody_wants_is_not_looked_at_and_counts(processes: Path) -> None:
    pack = RulePack((Entry(api.plan_query("process where true", CATALOGUE)),))
    hits, problems, mark, newest = scanned(pack, processes)
    assert (len(hits.by_entry[0]), problems, mark.events, mark.passed_over) == (6, [], 9, 0)
    assert newest == 1_773_738_008_000_000_000  # the time of a file


def test_a_window_passes_over_row_groups_and_says_so(processes: Path) -> None:
    pack = RulePack((Entry(api.plan_query("any where true", CATALOGUE)),))
    hits, problems, mark, _ = scanned(pack, processes, Window(1_773_738_004_000_000_000, None))
    assert (len(hits.by_entry[0]), problems, mark.events, mark.passed_over) == (6, [], 6, 3)


@pytest.mark.parametrize("column", ["_source", "_id", "n", "@timestamp"])
@pytest.mark.parametrize("query", ["any where true", 'any where k == "none"', "any where n == 4"])
def test_a_damaged_column_costs_no_more_than_reading_events_would(processes: Path, column: str, query: str) -> None:
    pack = RulePack((Entry(api.plan_query(query, CATALOGUE)),))
    damage(processes, 1, column)
    events, problems, mark = told(processes)
    hits, mine, counts, _ = scanned(pack, processes)
    agree(pack, events, hits)
    if "none" not in query or column not in ("_source", "_id"):  # columns that nobody needed
        assert (mine, counts) == (problems, mark)


def test_documents_that_are_no_json_are_told(processes: Path, tmp_path: Path) -> None:
    table = pq.read_table(processes)
    texts = [*table.column("_source").to_pylist()[:-1], "{"]
    table = table.set_column(table.schema.names.index("_source"), "_source", pa.array(texts))
    path = tmp_path / "cut.parquet"
    pq.write_table(table, path, row_group_size=3)
    pack = RulePack((Entry(api.plan_query("any where true", CATALOGUE)),))
    events, problems, mark = told(path)
    hits, mine, counts, _ = scanned(pack, path)
    agree(pack, events, hits)
    assert [problem.code for problem in mine] == ["record-not-json"]
    assert (mine, counts) == (problems, mark)


def foreign(folder: Path, columns: dict[str, Any]) -> Path:
    return write_rows(folder / "x.parquet", columns, row_group_size=2)


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: foreign(folder, {"@timestamp": ["2026-01-01", None, "?", "2026-01-02"], "n": [1, 2, 3, None]}),
        lambda folder: foreign(folder, {"@timestamp": pa.array([1, None, 3], pa.timestamp("ms")), "stage": ["A"] * 3}),
        lambda folder: foreign(folder, {"_source": ['{"stage": "A", "n": 1}', "{", "[]"], "_id": ["a", "b", "c"]}),
        lambda folder: foreign(folder, {"Records": [[{"stage": "A"}, {"n": 2}]]}),
        lambda folder: foreign(folder, {"n": [float("nan"), 1.0, -0.0], "stage": [["A", "B"], [], None]}),
    ],
)
@pytest.mark.parametrize("kernels", [False, True])
def test_files_of_others(make: Callable[[Path], Path], kernels: bool, tmp_path: Path) -> None:
    path = make(tmp_path)
    events, problems, mark = told(path)
    hits, mine, counts, _ = scanned(PACKS[None], path, kernels=kernels)
    agree(PACKS[None], events, hits)
    assert (mine, counts) == (problems, mark)


def test_a_part_is_what_a_plain_file_gives(processes: Path) -> None:
    columnar = ColumnarEvaluator(PACKS[None])
    kinds = [type(item) for item in read_events([processes], ReadOptions(decoder=columnar))]
    assert kinds == [TablePart, TablePart, TablePart, FileRead]
