"""What is wrapped around documents."""

from typing import Any

import pytest

from besra.events.envelope import (
    BulkAction,
    Document,
    NotADocument,
    bulk_action_of,
    documents_in,
    event_of,
)
from besra.events.event import Origin

DOC = {"process": {"name": "a"}}
HIT = {"_index": "logs-x-default", "_id": "1", "_score": None, "_source": DOC}


@pytest.mark.parametrize(
    ("value", "documents"),
    [
        (DOC, [Document(DOC)]),
        ({}, [Document({})]),
        (HIT, [Document(DOC, "logs-x-default", "1")]),
        ({"_source": DOC}, [Document(DOC)]),
        ({"_id": "1", "fields": DOC, "sort": [1]}, [Document(DOC, None, "1")]),
        ({"_id": "1", "_source": DOC, "fields": {"a": [1]}}, [Document(DOC, None, "1")]),
        ({"hits": {"total": 1, "hits": [HIT]}}, [Document(DOC, "logs-x-default", "1")]),
        ({"rawResponse": {"hits": {"hits": [HIT]}}}, [Document(DOC, "logs-x-default", "1")]),
        ({"hits": {"events": [HIT]}}, [Document(DOC, "logs-x-default", "1")]),
        (
            {"hits": {"sequences": [{"join_keys": ["k"], "events": [HIT, {"_source": {}, "missing": True}]}]}},
            [Document(DOC, "logs-x-default", "1")],
        ),
        ({"Records": [DOC, {"a": 1}]}, [Document(DOC), Document({"a": 1})]),
        ({"records": [DOC]}, [Document(DOC)]),
        ({"Records": []}, []),
        ({"Records": [DOC, 5]}, [Document(DOC), NotADocument("a number")]),
        ({"Events": [{"CloudTrailEvent": "{}"}]}, [Document({"CloudTrailEvent": "{}"})]),
        ({"Events": [{"CloudTrailEvent": "{}"}], "NextToken": "t"}, [Document({"CloudTrailEvent": "{}"})]),
        ({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [DOC, DOC]}, [Document(DOC), Document(DOC)]),
        ({"@odata.context": "https://graph.example.com/$metadata", "value": [DOC]}, [Document(DOC)]),
        (
            {"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": '{"a": 1}'}, {"message": "plain"}]},
            [Document({"a": 1}), Document({"message": "plain"})],
        ),
        ({"logGroup": "g", "logEvents": []}, []),
        ({"logGroup": "g", "logEvents": [{"message": "{cut"}]}, [Document({"message": "{cut"})]),
        ({"_index": "i", "_id": "7", "a": 1}, [Document({"_index": "i", "_id": "7", "a": 1}, "i", "7")]),
    ],
)
def test_documents_of_every_form(value: dict[str, Any], documents: list[Document | NotADocument]) -> None:
    assert list(documents_in(value)) == documents


@pytest.mark.parametrize(
    "value",
    [
        {"@timestamp": "2025-01-01", "fields": {"env": "prod"}},
        {"fields": "text"},
        {"hits": 5},
        {"hits": {"total": 3}},
        {"Records": "none"},
        {"Records": [1, 2]},
        {"Records": [DOC], "eventName": "x"},
        {"Events": [{"name": "party"}]},
        {"items": [DOC], "kind": "PodList"},
        {"@odata.context": "https://graph.example.com/$metadata", "value": "one"},
        {"logEvents": [1], "logGroup": "g"},
        {"_source": "syslog", "message": "m"},
    ],
)
def test_documents_that_only_look_wrapped(value: dict[str, Any]) -> None:
    assert list(documents_in(value)) == [Document(value)]


ALERT = {"kibana.alert.uuid": "u", "kibana.alert.rule.producer": "siem", **DOC, "data_stream": {"dataset": "x"}}


@pytest.mark.parametrize(
    ("alert", "index", "id_"),
    [
        (ALERT, ".alerts-security.alerts-default", "u"),
        (ALERT | {"kibana.space_ids": ["soc", "b"]}, ".alerts-security.alerts-soc", "u"),
        (ALERT | {"kibana.space_ids": "soc"}, ".alerts-security.alerts-soc", "u"),
        (ALERT | {"kibana.space_ids": []}, ".alerts-security.alerts-default", "u"),
        (ALERT | {"kibana.space_ids": [{"a": 1}]}, ".alerts-security.alerts-default", "u"),
        (ALERT | {"_index": "i", "_id": "7"}, "i", "7"),
        (ALERT | {"kibana.alert.rule.producer": "logs"}, None, None),
        (ALERT | {"kibana.alert.uuid": ["u"]}, None, None),
        (ALERT | {"kibana.alert.uuid": ""}, None, None),
    ],
)
def test_an_alert_knows_its_id_and_index(alert: dict[str, Any], index: str | None, id_: str | None) -> None:
    assert list(documents_in(alert)) == [Document(alert, index, id_)]


@pytest.mark.parametrize(
    ("value", "what"),
    [([1], "a list"), (1, "a number"), (1.5, "a number"), ("x", "a string"), (None, "null"), (True, "a boolean")],
)
def test_values_that_are_no_documents(value: object, what: str) -> None:
    assert list(documents_in(value)) == [NotADocument(what)]


def test_hit_without_its_document() -> None:
    (found,) = documents_in({"_index": "i", "_id": "1", "_source": None})
    assert isinstance(found, NotADocument)


def test_bulk_actions() -> None:
    assert bulk_action_of({"index": {"_index": "i", "_id": "1"}}) == BulkAction("index", "i", "1")
    assert bulk_action_of({"create": {}}) == BulkAction("create", None, None)
    assert bulk_action_of({"delete": {"_id": "1"}}) == BulkAction("delete", None, "1")
    for value in ({"index": {"name": "x"}}, {"index": 1}, {"index": {}, "a": 1}, {"other": {}}, [], {}):
        assert bulk_action_of(value) is None


def test_event_keeps_the_id_of_its_hit_and_hashes_otherwise() -> None:
    origin = Origin("x", 3)
    event = event_of(Document(DOC, ".ds-logs-x-default-2025.01.01-000001", "abc"), origin, 4)
    assert (event.id, event.origin, event.position) == ("abc", origin, 4)
    assert event.index == (".ds-logs-x-default-2025.01.01-000001", "logs-x-default")
    bare = event_of(Document(DOC), origin, 0, default_index="mine")
    assert bare.index == ("mine",)
    assert bare.id == event_of(Document(dict(DOC)), Origin("other", 9), 7).id != "abc"
