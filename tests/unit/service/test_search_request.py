"""Requests to search: what is understood, and that nothing else is passed over."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.engine.wanted import times_of
from besra.language.plan import Head, Tail
from besra.schema.timestamp import NANOS
from besra.service.search_error import SearchError
from besra.service.search_request import count_request, eql_request, search_request
from besra.storage.event_pages import Order

NOW = 1_740_823_200 * NANOS
EQL = {"query": "process where true"}


def eql(body: Any, index: str = "logs-*", **address: str) -> Any:
    return eql_request(index, body, address, NOW)


def search(body: Any = None, index: str | None = "logs-*", **address: str) -> Any:
    return search_request(index, {} if body is None else body, address, NOW)


# --- EQL --------------------------------------------------------------------------------------------------------------


def test_an_eql_search_is_limited_as_elasticsearch_limits_it() -> None:
    assert eql(EQL).plan.pipes == (Tail(10),)
    assert eql({**EQL, "size": 3, "result_position": "head"}).plan.pipes == (Head(3),)


def test_a_filter_narrows_every_clause_at_the_time_of_the_request() -> None:
    query = "sequence by host.id [process where true] [network where true]"
    found = eql({"query": query, "filter": {"range": {"@timestamp": {"gte": "now-9m", "lt": "now"}}}})
    assert [times_of(clause.predicate) for clause in found.plan.clauses] == [(NOW - 540 * NANOS, NOW)] * 2
    several = eql({"query": query, "filter": [{"exists": {"field": "a"}}, {"exists": {"field": "b"}}]})
    assert len(several.plan.clauses) == 2


def test_fields_an_eql_query_stands_on() -> None:
    found = eql(
        {"query": "cat where true", "event_category_field": "kind", "timestamp_field": "t", "tiebreaker_field": "n"}
    )
    assert (found.plan.ordering.timestamp.name, found.plan.ordering.tiebreaker.name) == ("t", "n")


def test_what_changes_no_answer_is_taken() -> None:
    body = {
        **EQL,
        "fetch_size": 500,
        "case_sensitive": True,
        "keep_alive": "5d",
        "keep_on_completion": False,
        "runtime_mappings": {},
        "wait_for_completion_timeout": "1s",
    }
    assert eql(body, pretty="true", ignore_unavailable="true").indices.ignores_unavailable


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "parsing_exception"),
        ([], "parsing_exception"),
        ({"query": 5}, "parsing_exception"),
        ({"query": "process where"}, "parsing_exception"),
        ({"query": "process where nothing(1)"}, "verification_exception"),
        ({**EQL, "size": -1}, "parsing_exception"),
        ({**EQL, "size": 10_001}, "illegal_argument_exception"),
        ({**EQL, "size": True}, "parsing_exception"),
        ({**EQL, "result_position": "middle"}, "parsing_exception"),
        ({**EQL, "filter": {"fuzzy": {"a": "b"}}}, "parsing_exception"),
        ({**EQL, "filter": {"term": {"_id": "1"}}}, "illegal_argument_exception"),
        ({**EQL, "case_sensitive": False}, "illegal_argument_exception"),
        ({**EQL, "runtime_mappings": {"a": {"type": "keyword"}}}, "illegal_argument_exception"),
        ({**EQL, "keep_on_completion": True}, "illegal_argument_exception"),
        ({**EQL, "fields": [{"field": "@timestamp", "format": "epoch_millis"}]}, "illegal_argument_exception"),
        ({**EQL, "querry": "x"}, "parsing_exception"),
    ],
)
def test_an_eql_search_that_is_refused(body: Any, kind: str) -> None:
    with pytest.raises(SearchError) as refused:
        eql(body)
    assert (refused.value.status, refused.value.type) == (400, kind)
    assert "[" in str(refused.value)


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sort", "order", "width"),
    [
        (None, Order.NEWEST, 0),
        ("@timestamp", Order.OLDEST, 1),
        ("@timestamp:desc", Order.NEWEST, 1),
        ([{"@timestamp": "desc"}], Order.NEWEST, 1),
        ([{"@timestamp": {"order": "asc", "unmapped_type": "date"}}, "_doc"], Order.OLDEST, 2),
        ([{"@timestamp": {"order": "desc"}}, {"_shard_doc": "asc"}], Order.NEWEST, 2),
        (["_doc"], Order.ARRIVAL, 1),
    ],
)
def test_orders(sort: Any, order: Order, width: int) -> None:
    found = search({"sort": sort})
    assert (found.query.order, found.width) == (order, width)


def test_parts_of_the_whole() -> None:
    found = search({"size": 5, "search_after": [17.0, 3], "sort": [{"@timestamp": "asc"}, "_doc"]}).query
    assert (found.size, found.after) == (5, (17, 3))
    found = search(size="7", **{"from": "3"}).query
    assert (found.size, found.offset) == (7, 3)


@pytest.mark.parametrize(
    ("given", "counts_to", "is_counted"),
    [(None, 10_000, True), (True, None, True), (False, 0, False), ("77", 77, True)],
)
def test_how_far_it_counts(given: Any, counts_to: int | None, is_counted: bool) -> None:
    found = search({} if given is None else {"track_total_hits": given})
    assert (found.query.counts_to, found.is_counted) == (counts_to, is_counted)


def test_ids_are_taken_apart() -> None:
    assert search({"query": {"ids": {"values": ["a", "b"]}}}).query.ids == {"a", "b"}
    both = {
        "bool": {
            "filter": [{"ids": {"values": ["a", "b"]}}, {"exists": {"field": "x"}}],
            "must": {"ids": {"values": ["b"]}},
        }
    }
    found = search({"query": both}).query
    assert found.ids == {"b"}
    assert "x" in repr(found.condition)


def test_words_in_the_address() -> None:
    found = search(q="host.name:a AND event.code:(1 2)", default_operator="OR")
    assert "host.name" in repr(found.query.condition)
    assert (
        search(q="x", df="host.name").query.condition
        == search({"query": {"match": {"host.name": "x"}}}).query.condition
    )


def test_a_condition_that_never_holds_is_told() -> None:
    assert search({"query": {"term": {"process.pid": "abc"}}}).warnings


@pytest.mark.parametrize(
    "body",
    [
        {"aggs": {"a": {"terms": {"field": "x"}}}},
        {"sort": ["host.name"]},
        {"sort": [{"@timestamp": {"order": "asc", "missing": "_first"}}]},
        {"sort": [{"@timestamp": {"order": "up"}}]},
        {"sort": 5},
        {"from": 9_999, "size": 2},
        {"search_after": [1]},
        {"search_after": ["x"], "sort": ["@timestamp"]},
        {"search_after": [1], "sort": ["@timestamp"], "from": 1},
        {"query": {"ids": {"values": [1]}}},
        {"query": {"bool": {"must": {"ids": None}}}},
        {"query": []},
        {"query": {"match_all": {}, "term": {}}},
        {"_source": 5},
        {"_source": {"only": []}},
        {"fields": "x"},
        {"track_total_hits": -1},
        {"timeout": "soon"},
        {"highlight": {"fields": {}}},
        {"version": True},
    ],
)
def test_a_search_that_is_refused(body: Any) -> None:
    with pytest.raises(SearchError) as refused:
        search(body)
    assert refused.value.status == 400


@pytest.mark.parametrize("address", [{"scroll": "1m"}, {"explain": "true"}, {"expand_wildcards": "none"}, {"x": "y"}])
def test_an_address_that_is_refused(address: dict[str, str]) -> None:
    with pytest.raises(SearchError):
        search(**address)


def test_indices() -> None:
    assert search(index="logs-*,-logs-a*,metrics").query.index == ("logs-*", "-logs-a*", "metrics")
    assert search(index="_all").query.index == search(index="*").query.index == ("*",)
    assert search(index=None).query.index == ()
    assert search(index=".alerts-security.alerts-default").indices.are_alerts
    for wrong in ("<logs-{now/d}>", ",", ".alerts-security.alerts-default,logs-*"):
        with pytest.raises(SearchError):
            search(index=wrong).indices.are_alerts  # noqa: B018


NAMES = ["query", "filter", "bool", "must", "ids", "values", "term", "range", "sort", "size", "from", "fields", "x"]
NAMES += ["@timestamp", "gte", "search_after", "_source", "includes", "order", "track_total_hits", "_id"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    JSON,
    st.text(max_size=10),
    st.dictionaries(st.sampled_from(["q", "sort", "size", "from", "df"]), st.text(max_size=8)),
)
def test_any_request_is_read_or_refused(body: Any, index: str, address: dict[str, str]) -> None:
    body = orjson.loads(orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS)) if _fits(body) else {}
    for read in (eql_request, search_request, count_request):
        try:
            found = read(index, body, address, NOW)
            assert isinstance(found.indices.are_alerts, bool)
        except SearchError as error:
            assert error.status == 400


def _fits(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True
