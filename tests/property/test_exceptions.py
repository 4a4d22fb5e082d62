"""Alerts with an exception are the alerts over the events without the excepted ones, for every type of rule.

What an item excepts is said here once more, in the plainest way, over documents.
"""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.exceptions import NOW, excepted, item, rule, rule_set, value_list

import besra
from besra import api
from besra.events.document import flatten
from besra.rules.loaded import RuleSet

LISTS = [
    value_list("names", "keyword", "a", "b"),
    value_list("addresses", "ip", "10.0.0.1"),
    value_list("networks", "ip_range", "10.0.0.0/30"),
]
KQL = {"language": "kuery", "index": ["logs-*"], "query": "event.kind: event"}
RULES = {
    "eql": rule(query='any where event.kind == "event" and user.name != null'),
    "sequence": rule(
        query='sequence by host.id with maxspan=20s [any where user.name == "a"] [any where process.name != null]'
        ' until [any where process.name == "c"]'
    ),
    "runs": rule(query="sequence by host.id [any where process.name != null] with runs=2"),
    "missing": rule(
        query='sequence by host.id with maxspan=8s [any where user.name == "a"] ![any where process.name == "b"]'
    ),
    "sample": rule(query='sample by host.id [any where user.name == "a"] [any where process.name == "b"]'),
    "query": rule(**KQL, type="query"),
    "threshold": rule(
        **KQL,
        type="threshold",
        threshold={"field": ["host.id"], "value": 2, "cardinality": [{"field": "user.name", "value": 2}]},
    ),
    "new_terms": rule(
        **KQL, type="new_terms", new_terms_fields=["user.name"], history_window_start="now-7d", **{"from": "now-6m"}
    ),
    "threat_match": rule(
        **KQL,
        type="threat_match",
        threat_query="event.kind: enrichment",
        threat_index=["logs-*"],
        threat_mapping=[{"entries": [{"field": "source.ip", "type": "mapping", "value": "threat.indicator.ip"}]}],
    ),
}
NAMES = st.sampled_from(["a", "b", "c", "A", "a b"])
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.9"])
EVENTS = st.fixed_dictionaries(
    {"@timestamp": st.integers(0, 40).map(lambda second: f"2026-03-01T00:00:{second:02d}Z")},
    optional={
        "host.id": st.sampled_from(["h1", "h2"]),
        "host.os.type": st.sampled_from(["windows", "linux"]),
        "user.name": NAMES | st.lists(NAMES, max_size=2),
        "process.name": NAMES,
        "source.ip": ADDRESSES,
    },
)
INDICATORS = [
    {"@timestamp": "2026-02-01T00:00:00Z", "event.kind": "enrichment", "threat.indicator.ip": address}
    for address in ("10.0.0.1", "10.0.0.9")
]
NAMED = st.sampled_from(["user.name", "process.name", "host.id"])
LISTED = st.sampled_from(
    [("names", "keyword", "user.name"), ("addresses", "ip", "source.ip"), ("networks", "ip_range", "source.ip")]
)
ENTRIES = st.tuples(
    st.one_of(
        st.builds(lambda field, value: {"field": field, "type": "match", "value": value}, NAMED, NAMES),
        st.builds(
            lambda field, values: {"field": field, "type": "match_any", "value": values},
            NAMED,
            st.lists(NAMES, min_size=1, max_size=2),
        ),
        st.builds(
            lambda field, pattern: {"field": field, "type": "wildcard", "value": pattern},
            NAMED,
            st.sampled_from(["a*", "?", "*b", "h?"]),
        ),
        st.builds(lambda field: {"field": field, "type": "exists"}, NAMED),
        LISTED.map(lambda of: {"field": of[2], "type": "list", "list": {"id": of[0], "type": of[1]}}),
    ),
    st.sampled_from(["included", "included", "excluded"]),
).map(lambda made: {**made[0], "operator": made[1]})
ITEMS = st.lists(
    st.builds(
        lambda entries, systems: item(*entries, os_types=systems),
        st.lists(ENTRIES, min_size=1, max_size=2),
        st.sampled_from([[], [], ["windows"], ["windows", "linux"]]),
    ),
    min_size=1,
    max_size=3,
)


def is_excepted(document: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> bool:
    fields = flatten(document)
    return any(
        all(has(fields, entry) is (entry["operator"] == "included") for entry in silencing["entries"])
        and (not silencing["os_types"] or fields.get("host.os.type", [""])[0] in silencing["os_types"])
        for silencing in items
    )


def has(fields: Mapping[str, list[Any]], entry: Mapping[str, Any]) -> bool:
    values = fields.get(entry["field"], [])
    match entry["type"]:
        case "match":
            return entry["value"] in values
        case "match_any":
            return any(value in values for value in entry["value"])
        case "wildcard":
            pattern = entry["value"].replace("*", ".*").replace("?", ".")
            return any(re.fullmatch(pattern, value) for value in values)
        case "exists":
            return bool(values)
        case _:
            (listed,) = (values for values in LISTS if values.id == entry["list"]["id"])
            return any(value in listed for value in values)


def alerts_of(rules: RuleSet, documents: list[dict[str, Any]], *, columnar: bool) -> list[Any]:
    """The alerts, but for the places their events and indicators have among the documents.

    A step of a sequence shows the fields its conditions look at, and exceptions are conditions.
    """
    with patch.object(api, "FEW_EVENTS", 0 if columnar else 1_000):
        alerts = deepcopy(besra.detect(rules, documents, index="logs-test", now=NOW))
    for alert in alerts:
        for read in (*alert["besra"]["events"], *alert["besra"].get("indicators", ())):
            read.pop("line")
        for step in alert["besra"].get("sequence", ()):
            step.pop("fields", None)
    return alerts


def documents_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    numbered = [{"event.kind": "event", **event} for event in events]
    return [
        {"_id": str(number), "_index": "logs-test", "_source": found}
        for number, found in enumerate(numbered + INDICATORS)
    ]


SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", RULES)
@settings(SLOW, max_examples=50)
@given(st.lists(EVENTS, max_size=12), ITEMS)
def test_alerts_with_exceptions_are_those_over_the_other_events(
    name: str, events: list[dict[str, Any]], items: list[dict[str, Any]]
) -> None:
    check(name, events, items, columnar=False)


@pytest.mark.parametrize("name", RULES)
@settings(SLOW, max_examples=10)
@given(st.lists(EVENTS, min_size=6, max_size=12), ITEMS)
def test_so_it_is_by_column(name: str, events: list[dict[str, Any]], items: list[dict[str, Any]]) -> None:
    pytest.importorskip("numba")
    check(name, events, items, columnar=True)


def check(name: str, events: list[dict[str, Any]], items: list[dict[str, Any]], *, columnar: bool) -> None:
    rules = rule_set(RULES[name])
    assert [loaded.status for loaded in rules] == ["ready"], rules.problems
    documents = documents_of(events)
    # Exceptions are about events: an indicator is none.
    others = [
        document
        for document in documents
        if document["_source"]["event.kind"] == "enrichment" or not is_excepted(document["_source"], items)
    ]
    silenced = excepted(rules, *items, value_lists=LISTS)
    assert [problem.code for problem in silenced.rules.problems if problem.code != "exception-never"] == []
    assert alerts_of(silenced.rules, documents, columnar=columnar) == alerts_of(rules, others, columnar=columnar)
