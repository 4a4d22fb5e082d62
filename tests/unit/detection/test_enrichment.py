"""What alerts tell of indicators."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.detection.conftest import MakeRules
from tests.unit.detection.indicators import IP, NAME, URL, event, indicator

from besra import api
from besra.detection.enrichment import object_at

Json = dict[str, Any]


def only(alerts: list[Json]) -> Json:
    [alert] = alerts
    return alert


def enrichments(alert: Json) -> list[Json]:
    told: list[Json] = alert["threat"]["enrichments"]
    return told


def test_an_enrichment(make_indicator_rule: MakeRules) -> None:
    known = {
        "_id": "ind-7",
        "_index": "logs-ti_demo-1",
        "_source": {
            "threat": {"indicator": {"ip": "203.0.113.9", "type": "ipv4-addr"}, "feed": {"name": "demo", "x": 1}}
        },
    }
    alert = only(api.detect(make_indicator_rule(), [event(source_ip="203.0.113.9")], indicators=[known]))
    assert enrichments(alert) == [
        {
            "indicator": {"ip": "203.0.113.9", "type": "ipv4-addr"},
            "feed": {"name": "demo"},
            "matched": {
                "atomic": "203.0.113.9",
                "field": "source.ip",
                "id": "ind-7",
                "index": "logs-ti_demo-1",
                "type": "indicator_match_rule",
            },
        }
    ]
    assert alert["besra"]["total_indicators"] == 1
    assert alert["besra"]["indicators"] == [{"id": "ind-7", "index": "logs-ti_demo-1", "file": "(document)", "line": 1}]


@pytest.mark.parametrize(
    "known", [[{"matched": {"id": "old"}}], {"matched": {"id": "old"}}], ids=["a list", "a single one"]
)
@pytest.mark.parametrize("form", ["nested", "dotted", "half"])
def test_it_stands_behind_those_the_event_has(known: object, form: str, make_indicator_rule: MakeRules) -> None:
    source: Json = {"source.ip": "10.0.0.1"}
    match form:
        case "nested":
            source["threat"] = {"enrichments": known, "framework": "f"}
        case "dotted":
            source["threat.enrichments"] = known
        case _:
            source |= {"threat.enrichments": known, "threat": {"framework": "f"}}
    alert = only(api.detect(make_indicator_rule(index=...), [source], indicators=[indicator(ip="10.0.0.1")]))
    assert [told["matched"]["id"] for told in enrichments(alert)] == ["old", "i"]
    assert "threat.enrichments" not in alert
    assert alert["threat"].get("framework") == (None if form == "dotted" else "f")


def test_beside_a_threat_that_is_no_object(make_indicator_rule: MakeRules) -> None:
    source = {"source.ip": "10.0.0.1", "threat": "none"}
    alert = only(api.detect(make_indicator_rule(index=...), [source], indicators=[indicator(ip="10.0.0.1")]))
    assert [told["matched"]["id"] for told in alert["threat.enrichments"]] == ["i"]


def test_every_field_that_was_compared_is_told_once(make_indicator_rule: MakeRules) -> None:
    rules = make_indicator_rule([IP, NAME], [NAME], [URL])
    mine = event(source_ip=["10.0.0.9", "::ffff:10.0.0.1"], user_name=["m", "n"], url_full="http://a/b")
    known = [
        indicator("i1", ip="10.0.0.1", name="n"),
        indicator("i2", ip="10.0.0.9", name="x", url_full=["http://c", "http://*"]),
    ]
    told = enrichments(only(api.detect(rules, [mine], indicators=known)))
    assert [(t["matched"]["id"], t["matched"]["field"], t["matched"]["atomic"]) for t in told] == [
        ("i1", "source.ip", "::ffff:10.0.0.1"),
        ("i1", "user.name", "n"),
        ("i2", "url.full", "http://a/b"),
    ]


def test_two_hundred_indicators_are_told(make_indicator_rule: MakeRules) -> None:
    known = [indicator(f"i{number}", ip="10.0.0.1") for number in range(250)]
    alert = only(api.detect(make_indicator_rule(), [event(source_ip="10.0.0.1")], indicators=known))
    assert len(enrichments(alert)) == len(alert["besra"]["indicators"]) == 200
    assert alert["besra"]["total_indicators"] == 250


def test_what_an_alert_cannot_hold_is_left_out_and_told(make_indicator_rule: MakeRules) -> None:
    known = indicator(name="n", ip="no address", type="x")
    alert = only(api.detect(make_indicator_rule([NAME]), [event(user_name="n")], indicators=[known]))
    assert enrichments(alert)[0]["indicator"] == {"name": "n", "type": "x"}
    assert alert["besra"]["removed_fields"] == ["threat.enrichments.indicator.ip"]


def test_the_path_of_a_rule(make_indicator_rule: MakeRules) -> None:
    rules = make_indicator_rule(threat_indicator_path="my.ioc")
    known = indicator(ip="10.0.0.1")
    known["_source"]["my.ioc.kind"] = "address"
    assert enrichments(only(api.detect(rules, [event(source_ip="10.0.0.1")], indicators=[known])))[0]["indicator"] == {
        "kind": "address"
    }


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"a": {"b": {"c": 1}}}, {"c": 1}),
        ({"a.b": {"c": 1}}, {"c": 1}),
        ({"a.b.c": 1}, {"c": 1}),
        ({"a": {"b.c": 1}}, {"c": 1}),
        ({"a.b.c.d": 1, "a": {"b": {"e": 2}}}, {"c.d": 1, "e": 2}),
        ({"a": {"b": [{"c": 1}, {"c": 2}]}}, {"c": 1}),
        ({"a": [{"b": {"c": 1}}]}, {"c": 1}),
        ({"a": {"b": "text"}}, {}),
        ({"a": {"b": []}}, {}),
        ({"a": None, "ab": {"c": 1}}, {}),
        ({}, {}),
    ],
)
def test_object_at(source: Json, expected: Json) -> None:
    assert object_at(source, "a.b") == expected


KEYS = st.sampled_from(["a", "b", "a.b", "a.b.c", "b.c", "c"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_object_at_takes_any_document(source: Json) -> None:
    assert isinstance(object_at(source, "a.b"), dict)
