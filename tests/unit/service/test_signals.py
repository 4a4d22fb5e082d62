"""The routes over alerts in Kibana's shape: searched as Elasticsearch does it, changed by ids and by queries."""

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.asked import asked
from tests.stores import spaces_of
from tests.unit.storage.samples import NOW, SECOND, alert, run

import besra.service.signal_routes as signal_routes_module
from besra.errors import QueryError
from besra.service import answering
from besra.service.answering import LARGEST_BODY, LARGEST_SEARCH, SMALL_BODY, RequestError
from besra.service.routing import routes_of, unrouted
from besra.service.search_error import SearchError
from besra.service.search_params import LONGEST_QUERY
from besra.service.searching import Searching
from besra.service.signal_routes import PREFIX, signal_routes
from besra.service.signals import names_change, signal_search, status_change
from besra.storage.alert_store import AlertStore
from besra.storage.database import AlertStoreError
from besra.storage.event_rows import EventReader
from besra.storage.outcome import Outcome
from besra.storage.workflow import Names

SEVERITY = "kibana.alert.severity"
MANY = [
    *(alert(number, **{SEVERITY: "high"}, host={"name": "web"}) for number in range(3)),
    *(alert(number, **{"kibana.alert.rule.name": "Rule Two"}) for number in range(3, 12)),
]


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[AlertStore]:
    with AlertStore(tmp_path / "alerts.sqlite") as opened:
        opened.commit(Outcome(run(), MANY))
        yield opened


@pytest.fixture
def app(alerts: AlertStore, tmp_path: Path) -> Starlette:
    searching = Searching(EventReader(tmp_path / "events", tmp_path))
    routes = routes_of(signal_routes(searching, spaces_of(alerts), lambda: NOW + 100 * SECOND))
    return Starlette(routes=routes, exception_handlers={HTTPException: unrouted})


def post(app: Starlette, what: str, body: object, **headers: str) -> Any:
    """The answer to a request that is right."""
    status, answer = asked(app, "POST", f"{PREFIX}/{what}", body, {"kbn-xsrf": "x", **headers})
    assert status == 200, answer
    return answer


def refused(app: Starlette, what: str, body: object, **headers: str) -> str:
    """Why a request is not."""
    status, answer = asked(app, "POST", f"{PREFIX}/{what}", body, {"kbn-xsrf": "x", **headers})
    assert (status, answer["status_code"]) == (400, 400)
    return str(answer["message"])


def ids(answer: Any) -> list[str]:
    return [hit["_id"] for hit in answer["hits"]["hits"]]


# --- searches ---------------------------------------------------------------------------------------------------------


def test_a_query_of_elasticsearch(app: Starlette) -> None:
    high = {"bool": {"filter": [{"term": {SEVERITY: "high"}}, {"range": {"@timestamp": {"lte": "now"}}}]}}
    answer = post(app, "search", {"query": high, "sort": [{"@timestamp": "asc"}], "_source": [SEVERITY], "size": 2})
    assert ids(answer) == ["a0", "a1"]
    assert answer["hits"]["total"] == {"value": 3, "relation": "eq"}
    hit = answer["hits"]["hits"][0]
    assert (hit["_index"], hit["_source"]) == (".alerts-security.alerts-default", {SEVERITY: "high"})
    rest = {"query": high, "sort": [{"@timestamp": "asc"}], "search_after": answer["hits"]["hits"][1]["sort"]}
    assert ids(post(app, "search", rest)) == ["a2"]
    shown = post(app, "search", {"query": {"ids": {"values": ["a2"]}}, "fields": [SEVERITY], "_source": False})
    assert shown["hits"]["hits"][0]["fields"] == {SEVERITY: ["high"]}
    assert len(ids(post(app, "search", {"query": {"match_all": {}}, "track_total_hits": True}))) == 10


def test_a_query_in_kql(app: Starlette) -> None:
    assert ids(post(app, "search", {"query": f"{SEVERITY}: high", "size": 1, "from": 1})) == ["a1"]
    for body in ({}, {"query": ""}, None):
        assert len(ids(post(app, "search", body))) == 12


def test_counts(app: Starlette) -> None:
    wanted = {
        "severities": {"terms": {"field": SEVERITY}},
        "rules": {"terms": {"field": "kibana.alert.rule.name", "size": 1, "order": {"_key": "asc"}}},
        "hosts": {"terms": {"field": "host.name", "order": [{"_count": "asc"}, {"_key": "asc"}]}},
    }
    found = post(app, "search", {"size": 0, "aggs": wanted})
    assert found["hits"]["hits"] == []
    buckets = {
        name: [(b["key"], b["doc_count"]) for b in told["buckets"]] for name, told in found["aggregations"].items()
    }
    assert buckets == {
        "severities": [("low", 9), ("high", 3)],
        "rules": [("Rule One", 3)],
        "hosts": [("web", 3), ("h", 9)],
    }
    assert found["aggregations"]["rules"]["sum_other_doc_count"] == 9
    narrowed = post(app, "search", {"query": {"term": {SEVERITY: "high"}}, "aggs": {"s": wanted["severities"]}})
    assert [b["key"] for b in narrowed["aggregations"]["s"]["buckets"]] == ["high"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"nonsense", "no JSON"),
        (b"[]", "no JSON object"),
        ({"query": "a :"}, ""),
        ({"query": {}}, "a clause is an object with one member"),
        ({"query": {"script": {}}}, "not supported"),
        ({"query": ["a"]}, "a clause is"),
        ({"size": -1}, "`size`"),
        ({"size": 20_000}, "10,000"),
        ({"sort": ["process.name"]}, "sort by one of"),
        ({"runtime_mappings": {"a": {"type": "keyword"}}}, "[search-not-supported]"),
        ({"sized": 3}, "unknown parameter [sized]"),
        ({"aggs": {"a": {"avg": {"field": "x"}}}}, "the aggregation `a` (avg)"),
        ({"aggs": {"a": {"terms": {"field": "process.pid"}}}}, "kibana.alert.severity"),
        ({"aggs": {"a": {"terms": {"field": SEVERITY}, "aggs": {}}}}, "(aggs)"),
        ({"aggs": {"a": {"terms": {"field": SEVERITY, "order": {"sub": "asc"}}}}}, "`order`"),
        ({"aggs": {"a": {"terms": {"field": SEVERITY, "missing": "x"}}}}, "[missing]"),
        ({"aggs": {"a": {"terms": {"field": SEVERITY, "size": 0}}}}, "`size`"),
        ({"aggs": [1]}, "an object"),
    ],
)
def test_searches_that_are_not_answered(app: Starlette, body: object, said: str) -> None:
    told = refused(app, "search", body)
    assert said in told
    assert "error: " not in told


# --- changes ----------------------------------------------------------------------------------------------------------


def test_a_status_by_ids(app: Starlette, alerts: AlertStore) -> None:
    body = {"signal_ids": ["a1", "a2", "none", "none"], "status": "closed", "reason": "false_positive"}
    done = post(app, "status", body)
    assert (done["total"], done["updated"], done["noops"], done["besra"]) == (2, 2, 0, {"unknown": 1})
    assert (done["failures"], done["version_conflicts"], done["timed_out"]) == ([], 0, False)
    closed = alerts.alerts(["a1"])["a1"]
    assert closed["kibana.alert.workflow_status"] == "closed"
    assert (closed["kibana.alert.workflow_reason"], closed["kibana.alert.workflow_user"]) == (
        "false_positive",
        "unknown",
    )
    again = post(app, "status", body)
    assert (again["updated"], again["noops"]) == (0, 2)
    assert post(app, "status", {"signal_ids": [], "status": "open"})["total"] == 0


def test_a_status_by_a_query(app: Starlette, alerts: AlertStore) -> None:
    legacy = {"query": {"term": {SEVERITY: "high"}}, "status": "in-progress", "conflicts": "proceed"}
    assert post(app, "status", legacy)["updated"] == 3
    done = post(app, "status", {"query": "kibana.alert.workflow_status: acknowledged", "status": "closed"})
    assert (done["total"], done["updated"], done["besra"]) == (3, 3, {"unknown": 0})
    assert [change.new["status"] for change in alerts.history("a0")] == ["acknowledged", "closed"]


def test_tags_and_assignees(app: Starlette, alerts: AlertStore) -> None:
    post(app, "tags", {"ids": ["a1"], "tags": {"tags_to_add": ["one", "two"], "tags_to_remove": []}})
    done = post(app, "tags", {"ids": ["a1", "a2"], "tags": {"tags_to_remove": ["one"]}})
    assert (done["total"], done["updated"], done["noops"]) == (2, 1, 1)
    post(app, "assignees", {"ids": ["a1"], "assignees": {"add": ["ann"], "remove": ["bob"]}})
    found = alerts.alerts(["a1"])["a1"]
    assert (found["kibana.alert.workflow_tags"], found["kibana.alert.workflow_assignee_ids"]) == (["two"], ["ann"])


STATUS_BODIES: list[tuple[object, str]] = [
    ({}, "give one of them"),
    ({"status": "open"}, "give one of them"),
    ({"signal_ids": ["a1"], "query": "*", "status": "closed"}, "give one of them"),
    ({"signal_ids": "a1", "status": "closed"}, "list of texts"),
    ({"signal_ids": ["a1"], "status": "shut"}, "no status 'shut'"),
    ({"signal_ids": ["a1"], "status": ["closed"]}, "`status` is one of"),
    ({"signal_ids": ["a1"], "status": "closed", "reason": "bored"}, "no reason 'bored'"),
    ({"signal_ids": ["a1"], "status": "open", "reason": "duplicate"}, "closed alerts only"),
    ({"signal_ids": ["a1"], "status": "closed", "conflicts": "ignore"}, "`conflicts`"),
    ({"signal_ids": ["a1"], "status": "closed", "why": "x"}, "[why]"),
    ({"query": "", "status": "closed"}, "`query` is empty"),
    ({"query": {}, "status": "closed"}, "a clause is"),
]
TAG_BODIES: list[tuple[object, str]] = [
    ({"ids": ["a1"]}, "`tags` is an object"),
    ({"tags": {"tags_to_add": ["x"]}}, "`ids`"),
    ({"ids": ["a1"], "tags": {}}, "adds nothing"),
    ({"ids": ["a1"], "tags": {"add": ["x"]}}, "[add]"),
    ({"ids": ["a1"], "tags": {"tags_to_add": [1]}}, "list of texts"),
    ({"ids": ["a1"], "tags": {"tags_to_add": ["x"], "tags_to_remove": ["x"]}}, "added and removed"),
    ({"ids": ["a1"], "tags": {"tags_to_add": ["\u0000"]}}, "printable"),
]


@pytest.mark.parametrize(
    ("what", "body", "said"),
    [("status", *case) for case in STATUS_BODIES] + [("tags", *case) for case in TAG_BODIES],
)
def test_changes_that_are_not_made(app: Starlette, alerts: AlertStore, what: str, body: object, said: str) -> None:
    told = refused(app, what, body)
    assert said in told
    assert not any(layout in told for layout in ("error: ", "\n", "[alert-"))
    assert alerts.history("a1") == ()


def test_a_body_that_is_too_large(app: Starlette) -> None:
    status, answer = asked(app, "POST", f"{PREFIX}/status", b" " * (LARGEST_BODY + 1), {"kbn-xsrf": "x"})
    assert (status, answer["status_code"]) == (413, 413)


def test_a_search_that_is_too_large(app: Starlette) -> None:
    status, _ = asked(app, "POST", f"{PREFIX}/search", b" " * (LARGEST_SEARCH + 1), {"kbn-xsrf": "x"})
    assert status == 413
    long = "a" * (LONGEST_QUERY + 1)
    assert "65,536 characters" in refused(app, "search", {"query": long})
    assert "65,536 characters" in refused(app, "status", {"query": long, "status": "closed"})
    assert "kql-limit" in refused(app, "search", {"query": " and ".join(["*:x"] * 100)})


def test_others_are_answered_while_a_large_body_is_read(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, before = [], orjson.loads

    def noted(raw: bytes) -> Any:
        reading.append(threading.current_thread())
        return before(raw)

    monkeypatch.setattr(answering.orjson, "loads", noted)
    post(app, "search", b"{}" + b" " * SMALL_BODY)
    assert reading
    assert threading.current_thread() not in reading  # which has the event loop


@pytest.mark.parametrize(
    ("what", "read", "body"),
    [("search", "signal_search", {"query": "*"}), ("status", "status_change", {"query": "*", "status": "closed"})],
)
def test_others_are_answered_while_a_query_is_read(
    app: Starlette, monkeypatch: pytest.MonkeyPatch, what: str, read: str, body: object
) -> None:
    reading, before = [], getattr(signal_routes_module, read)

    def noted(*given: Any) -> Any:
        reading.append(threading.current_thread())
        return before(*given)

    monkeypatch.setattr(signal_routes_module, read, noted)
    post(app, what, body)
    assert reading
    assert threading.current_thread() not in reading  # which has the event loop


def test_who_has_done_it(app: Starlette, alerts: AlertStore) -> None:
    basic = f"Basic {base64.b64encode('jürgen:secret'.encode()).decode()}"
    tag = {"ids": ["a1"], "tags": {"tags_to_add": ["t"]}}
    post(app, "tags", tag, Authorization=basic, **{"x-besra-user": "other"})
    post(app, "status", {"signal_ids": ["a1"], "status": "closed"}, **{"X-Besra-User": "zoë"})
    post(app, "status", {"signal_ids": ["a1"], "status": "open"}, Authorization="ApiKey eDp5")
    assert [change.by for change in alerts.history("a1")] == ["jürgen", "zoë", "unknown"]
    assert "Base64" in refused(app, "tags", tag, Authorization="Basic ???")
    assert "printable" in refused(app, "tags", tag, **{"x-besra-user": "x" * 1000})


def test_no_page_of_another_site_changes_anything(app: Starlette, alerts: AlertStore) -> None:
    for what, body in (
        ("status", {"query": "*", "status": "closed"}),
        ("tags", {"ids": ["a1"], "tags": {"tags_to_add": ["x"]}}),
        ("assignees", {"ids": ["a1"], "assignees": {"add": ["x"]}}),
    ):
        status, answer = asked(app, "POST", f"{PREFIX}/{what}", body, {"content-type": "text/plain"})
        assert (status, "kbn-xsrf" in answer["message"]) == (400, True)
    assert alerts.history("a1") == ()


def test_spaces(app: Starlette) -> None:
    assert asked(app, "POST", f"/s/default{PREFIX}/search", {})[0] == 200
    status, answer = asked(app, "POST", f"/s/other{PREFIX}/search", {})
    assert (status, answer["status_code"]) == (404, 404)
    assert "'other'" in answer["message"]
    assert asked(app, "GET", f"{PREFIX}/search")[0] == 405


def test_a_store_that_fails(app: Starlette, alerts: AlertStore, tmp_path: Path) -> None:
    alerts.close()
    for path in tmp_path.glob("alerts.sqlite*"):
        path.write_bytes(b"no database" * 1000)
    for what, body in (("search", {}), ("status", {"signal_ids": ["a1"], "status": "closed"})):
        status, answer = asked(app, "POST", f"{PREFIX}/{what}", body, {"kbn-xsrf": "x"})
        assert (status, answer["status_code"]) == (503, 503)


# --- anything ---------------------------------------------------------------------------------------------------------

WORDS = ["query", "aggs", "terms", "field", "size", "sort", "ids", "signal_ids", "status", "reason", "tags", "bool"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)
TOLD = (RequestError, SearchError, QueryError, AlertStoreError)


@given(st.dictionaries(st.sampled_from(WORDS), JSON, max_size=5))
def test_whatever_is_asked_is_read_or_refused(body: dict[str, Any]) -> None:
    for read in (
        lambda: signal_search(body, {}, NOW),
        lambda: status_change(body, NOW),
        lambda: names_change(body, Names.TAGS),
        lambda: names_change(body, Names.ASSIGNEES),
    ):
        try:
            read()
        except TOLD as error:
            assert str(error)
