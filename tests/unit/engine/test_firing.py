"""Clauses over bitmaps: any predicate, any number of rows, as the reference has them."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besra import api
from besra.engine import firing as module
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate as judge
from besra.events.event import Event
from besra.schema.catalogue import bundled_catalogue

pytest.importorskip("numba")

LEAVES = (
    'process.name == "a"',
    'process.name : "b*"',
    "process.pid > 3",
    "process.pid == null",
    "process.args != null",
    "true",
    "false",
    "length(process.name) == 1",
    'concat(process.name, user.name) == "ab"',
    "not startsWith(process.name, user.name)",
)


def joined(parts: Sequence[str], word: str) -> str:
    return f"({f' {word} '.join(parts)})"


EXPRESSIONS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(st.lists(inner, min_size=2, max_size=4), st.sampled_from(["and", "or"])).map(lambda it: joined(*it)),
    ),
    max_leaves=10,
)
CATEGORIES = st.sampled_from(["any", "any", "process", "file"])
INDEX = st.sampled_from([(), ("logs-a*",), ("logs-b",), ("logs-*", "-logs-b"), ("nothing",)])
CLAUSES = st.tuples(CATEGORIES, EXPRESSIONS, INDEX)

DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "process.name": st.sampled_from(["a", "b", "bb", "", ["a", "bb"], None, 4, "İ", "😀"]),
        "process.pid": st.sampled_from([3, 4, [1, 9], "5", "x", 3.5, -0.0, 2**63, True]),
        "process.args": st.sampled_from([[], ["a"], "b", [None]]),
        "user.name": st.sampled_from(["a", "b", ["a", "b"], None]),
        "event.category": st.sampled_from(["process", "file", ["process", "file"]]),
        "_index": st.sampled_from(["logs-a", "logs-ab", "logs-b", "other"]),
    },
)


def pack_of(clauses: Sequence[tuple[str, str, tuple[str, ...]]]) -> RulePack:
    catalogue = bundled_catalogue()
    queries = ((f"{category} where {text}", index) for category, text, index in clauses)
    return RulePack.of([Entry(api.plan_query(query, catalogue), index) for query, index in queries])


def rows_of(pack: RulePack, events: Sequence[Event], cut: int) -> list[list[str]]:
    evaluator = ColumnarEvaluator(pack, kernels=True)
    for start in range(0, len(events), cut):
        evaluator.add(events[start : start + cut])
    return [[hit.event.id for hit in hits] for hits in evaluator.hits().by_entry]


def judged(pack: RulePack, events: Sequence[Event]) -> list[list[str]]:
    return [[hit.event.id for hit in hits] for hits in judge(pack, events).by_entry]


@given(st.lists(CLAUSES, min_size=1, max_size=5), st.lists(DOCUMENTS, max_size=8), st.integers(1, 8))
@settings(max_examples=150, deadline=None)
def test_any_predicate(
    clauses: list[tuple[str, str, tuple[str, ...]]], documents: list[dict[str, Any]], cut: int
) -> None:
    pack = pack_of(clauses)
    events = list(api.positional_events(documents))
    assert rows_of(pack, events, cut) == judged(pack, events)


COUNTED = pack_of(
    [
        ("any", text, ())
        for text in (
            "process.pid > 3",
            "not process.pid > 3",
            "true",
            "false",
            "not (process.pid > 3 and true)",
            'not (process.pid == 0 or length(process.name) == 1) and not process.name : "c"',
        )
    ]
)


@pytest.mark.parametrize("size", [1, 2, 31, 63, 64, 65, 127, 128, 129, 191, 192, 1000])
@pytest.mark.parametrize("cut", [1000, 64, 65, 7])
def test_any_number_of_rows(size: int, cut: int) -> None:
    documents = [{"process.pid": row * 7 % 9, "process.name": "abc"[row % 3]} for row in range(size)]
    events = list(api.positional_events(documents))
    assert rows_of(COUNTED, events, cut) == judged(COUNTED, events)


def test_room_for_rows_grows_in_the_midst_of_clauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "USUAL_ROWS", 1)
    events = list(api.positional_events([{"process.pid": row % 7} for row in range(300)]))
    assert rows_of(COUNTED, events, 300) == judged(COUNTED, events)


@pytest.mark.parametrize("kernels", [True, False])
def test_no_rows(kernels: bool) -> None:
    evaluator = ColumnarEvaluator(COUNTED, kernels=kernels)
    evaluator.add([])
    assert [len(hits) for hits in evaluator.hits().by_entry] == [0] * len(COUNTED.entries)


def test_no_clauses() -> None:
    nothing = RulePack.of([])
    assert rows_of(nothing, list(api.positional_events([{"process.pid": 1}])), 1) == []
