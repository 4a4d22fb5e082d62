"""What a pack can use at all: it may be told too widely, never too narrowly."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra import api
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import holds
from besra.engine.wanted import times_of, wanted_by
from besra.events.document import Fields
from besra.events.wanted import Wanted
from besra.language.eql.lower import QueryFields
from besra.language.expr import And, Equals, Exists, FieldRef, Not, Or, Range
from besra.language.plan import NewTerms
from besra.language.simplify import FALSE, TRUE
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType
from besra.schema.timestamp import parse_timestamp

CATALOGUE = bundled_catalogue()


def pack_of(*queries: str, timestamp: str = "@timestamp") -> RulePack:
    fields = QueryFields("event.category", timestamp)
    return RulePack(tuple(Entry(api.plan_query(query, CATALOGUE, fields=fields)) for query in queries))


@pytest.mark.parametrize(
    ("queries", "categories"),
    [
        (["process where true"], {"process"}),
        (["process where process.pid == 1", "file where true"], {"process", "file"}),
        (["sequence [process where true] [network where true]"], {"process", "network"}),
        (
            ["sequence [process where true] [file where true] until [network where true]"],
            {"process", "file", "network"},
        ),
        (
            ["sequence with maxspan=1s [process where true] ![dns where true] [file where true]"],
            {"process", "dns", "file"},
        ),
        (["sample by host.id [process where true] [file where true]"], {"process", "file"}),
        (['any where event.category == "file"'], {"file"}),
        (['any where event.category in ("file", "process") and process.pid == 1'], {"file", "process"}),
        (['any where event.category == "file" or event.category == "dns"'], {"file", "dns"}),
        (['any where event.category == "file" and event.category == "dns"'], 1),
        (["process where true", "any where true"], None),
        (['any where event.category : "FILE"'], None),
        (['any where event.category like "f*"'], None),
        (['any where event.category != "file"'], None),
        (['any where event.category == "file" or process.pid == 1'], None),
        (["sequence [process where true] [any where true]"], None),
        (["sequence [process where true] [file where true] until [any where true]"], None),
        ([], set()),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)
def test_categories(queries: list[str], categories: set[str] | int | None) -> None:
    found = wanted_by(pack_of(*queries)).categories
    if isinstance(categories, int):
        assert found is not None and len(found) == categories
    else:
        assert found == categories


def test_a_window_goes_by_the_timestamp_only() -> None:
    assert wanted_by(pack_of("any where true"), 1, 2) == Wanted(1, 2)
    assert wanted_by(pack_of("any where true", timestamp="event.ingested"), 1, 2) == Wanted()
    mixed = pack_of("any where true").entries + pack_of("file where true", timestamp="event.created").entries
    assert wanted_by(RulePack(mixed), 1, 2) == Wanted()


def test_history_lies_before_the_window() -> None:
    plan = api.plan_query("any where true", CATALOGUE)
    pack = RulePack((Entry(replace(plan, correlation=NewTerms(timedelta(microseconds=5)))), Entry(plan)))
    assert wanted_by(pack, 9_000, 12_000) == Wanted(4_000, 12_000)
    assert wanted_by(pack, None, 12_000) == Wanted(None, 12_000)


DAY = 86_400 * 10**9
TIMES = FieldRef("@timestamp", FieldType.DATE)
DATES = [f"2025-03-0{day}T00:00:00Z" for day in range(1, 8)]
LEAVES = st.one_of(
    st.builds(
        Range, st.just(TIMES), st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(DATES).map(parse_timestamp)
    ),
    st.builds(Equals, st.just(TIMES), st.frozensets(st.sampled_from(DATES).map(parse_timestamp), max_size=3)),
    st.just(Exists(FieldRef("host.name", FieldType.KEYWORD))),
    st.sampled_from([TRUE, FALSE]),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple).map(And)
        | st.lists(inner, max_size=3).map(tuple).map(Or)
        | inner.map(Not)
    ),
    max_leaves=8,
)


@given(CONDITIONS, st.sampled_from(DATES), st.booleans())
def test_an_event_that_satisfies_a_condition_is_within_its_times(condition: Any, date: str, named: bool) -> None:
    document = {"@timestamp": date, **({"host.name": "h"} if named else {})}
    start, end = times_of(condition)
    time = parse_timestamp(date)
    if holds(condition, Fields(document)):
        assert (start is None or start <= time) and (end is None or time <= end)


def test_times_are_as_narrow_as_can_be_told() -> None:
    first, last = (parse_timestamp(DATES[n]) for n in (1, 3))
    between = And((Range(TIMES, ">=", first), Range(TIMES, "<", last)))
    assert times_of(between) == (first, last)
    assert times_of(Or((between, Equals(TIMES, frozenset({last + DAY}))))) == (first, last + DAY)
    assert times_of(Or((between, Exists(TIMES)))) == (None, None)
    assert times_of(Not(between)) == (None, None)
