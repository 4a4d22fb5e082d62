"""What is told of an alert: from real rules over the demo's events, in stores, and per space."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from tests.unit.storage.samples import run

import besra
from besra.demo.stream import demo_documents
from besra.events.event_time import event_time
from besra.schema.timestamp import format_timestamp
from besra.service.alert_facts import highlighted, source_events
from besra.service.alert_insights import Insights, RelatedQuery, TimeQuery, TreeQuery
from besra.service.answering import RequestError
from besra.storage.alert_store import AlertStore
from besra.storage.event_rows import EventReader
from besra.storage.event_store import EventStore, StoredEvent
from besra.storage.outcome import Outcome
from besra.storage.space_alerts import SpaceAlerts

INDEX = "logs-demo-default"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def documents() -> list[Json]:
    return list(demo_documents(minutes=1))


@pytest.fixture(scope="module")
def alerts(documents: list[Json]) -> list[Json]:
    hits = [{"_index": INDEX, "_id": str(n), "_source": document} for n, document in enumerate(documents)]
    return besra.detect(besra.load_rules(), hits, match_index=False)


@pytest.fixture(scope="module")
def insights(tmp_path_factory: pytest.TempPathFactory, documents: list[Json], alerts: list[Json]) -> Iterator[Insights]:
    folder = tmp_path_factory.mktemp("stores")
    EventStore(folder / "events").add(
        [
            StoredEvent(1, n, (INDEX,), str(n), orjson.dumps(document), event_time(document), event_time(document) or 0)
            for n, document in enumerate(documents)
        ],
        1,
    )
    with AlertStore(folder / "alerts.sqlite") as store:
        store.commit(Outcome(run(), alerts))
        yield Insights(SpaceAlerts(store, "default"), EventReader(folder / "events"), 60)


@pytest.fixture(scope="module")
def shell(alerts: list[Json]) -> Json:
    """The alert on a sequence."""
    return next(alert for alert in alerts if "sequence" in alert["besra"])


def test_the_events_of_an_alert(insights: Insights, alerts: list[Json], documents: list[Json]) -> None:
    for alert in alerts:
        found = insights.events(alert)
        ids = [event["id"] for event in alert["besra"]["events"]]
        assert ([event.id for event in found.events], found.missing, found.left_out) == (ids, (), 0)
        assert [event.source for event in found.events] == [documents[int(id_)] for id_ in ids]


def test_events_that_are_gone_are_told(insights: Insights, shell: Json) -> None:
    told = [*shell["besra"]["events"], {"id": "gone", "index": INDEX, "time": shell["@timestamp"]}]
    found = insights.events({**shell, "besra": {"events": told}})
    assert found.missing == ("gone",)
    assert len(found.events) == len(told) - 1
    # Without besra's own words for them, by the ancestors; of alerts among these there is no event.
    ancestors = insights.events({name: value for name, value in shell.items() if name != "besra"})
    assert {event.id for event in ancestors.events} == {event["id"] for event in shell["besra"]["events"]}


def test_the_process_tree_of_an_alert(insights: Insights, shell: Json, documents: list[Json]) -> None:
    tree = insights.tree(shell, TreeQuery(), 0)
    entity = shell["process"]["entity_id"]
    assert (tree.process, tree.is_whole) == (entity, True)
    (focus,) = (process for process in tree.processes if process.id == entity)
    own = [document for document in documents if document.get("process", {}).get("entity_id") == entity]
    assert sum(focus.events.values()) >= len(own) > 0
    assert shell["kibana.alert.uuid"] in focus.alerts
    started = next(document for document in own if document["event"]["action"] == "start")
    assert focus.parent == started["process"]["parent"]["entity_id"]
    assert focus.start == format_timestamp(event_time(started) or 0)
    parent = next(process for process in tree.processes if process.id == focus.parent)
    assert (parent.name, parent.level) == (started["process"]["parent"]["name"], -1)
    assert [line.time for line in tree.story] == sorted(str(line.time) for line in tree.story)
    short = insights.tree(shell, TreeQuery(ancestors=1, descendants=0, story=1), 0)
    assert ([process.level for process in short.processes], len(short.story)) == ([-1, 0], 1)
    # Not in the time that is looked at: the process is there, and nothing is told of it.
    early = insights.tree(shell, TreeQuery(start="2020-01-01", end="2020-01-02"), 0)
    assert [(process.id, process.seen) for process in early.processes] == [(entity, False)]


def test_an_alert_on_no_process(insights: Insights, alerts: list[Json]) -> None:
    alert = {name: value for name, value in alerts[0].items() if name not in ("process", "besra")}
    with pytest.raises(RequestError, match=r"it has no process\.entity_id") as refused:
        insights.tree({**alert, "kibana.alert.ancestors": []}, TreeQuery(), 0)
    assert refused.value.status == 404


def test_prevalence(insights: Insights, shell: Json, alerts: list[Json], documents: list[Json]) -> None:
    found = insights.prevalence(shell, TimeQuery(), 0)
    assert (found.events, found.is_whole) == (len(documents), True)
    assert found.hosts == len({document["host"]["name"] for document in documents})
    told = {(one.field, one.value): one for one in found.fields}
    host, name = told["host.name", shell["host"]["name"]], told["process.name", shell["process"]["name"]]
    assert host.events == sum(document["host"]["name"] == host.value for document in documents)
    assert (host.hosts, host.share_of_hosts) == (1, 1 / found.hosts)
    assert host.alerts == sum(alert.get("host", {}).get("name") == host.value for alert in alerts if _is_timed(alert))
    assert name.events == sum(document.get("process", {}).get("name") == name.value for document in documents)
    with pytest.raises(RequestError, match="start is not after end"):
        insights.prevalence(shell, TimeQuery(start="2999-01-01"), 0)


def _is_timed(alert: Json) -> bool:
    return "kibana.alert.original_time" in alert


def test_the_fields_a_rule_names_come_first(shell: Json) -> None:
    rule = {**shell["kibana.alert.rule.parameters"], "investigation_fields": {"field_names": ["host.os.type"]}}
    values, left_out = highlighted({**shell, "kibana.alert.rule.parameters": rule})
    assert (values[0].field, values[0].value, left_out) == ("host.os.type", "windows", 0)
    many = {"process": {"name": [f"p{number}" for number in range(60)]}}
    values, left_out = highlighted(many)
    assert (len(values), left_out) == (50, 10)


def test_related_alerts(insights: Insights, shell: Json, alerts: list[Json]) -> None:
    found = insights.related(shell, RelatedQuery())
    uuid, group = shell["kibana.alert.uuid"], shell["kibana.alert.group.id"]
    same = {alert["kibana.alert.uuid"] for alert in alerts if alert.get("kibana.alert.group.id") == group} - {uuid}
    told = {name: {alert.id for alert in relation.alerts} for name, relation in found.relations.items()}
    assert told["same_sequence"] == same
    events = {event.id for event in source_events(shell)}
    assert told["same_source_event"] == {
        alert["kibana.alert.uuid"]
        for alert in alerts
        if alert["kibana.alert.uuid"] != uuid and events & {event.id for event in source_events(alert)}
    }
    assert all(uuid not in ids for ids in told.values())
    few = insights.related(shell, RelatedQuery(size=1))
    assert (few.relations["same_sequence"].total, len(few.relations["same_sequence"].alerts)) == (len(same), 1)


def test_alerts_of_other_spaces_are_not_there(insights: Insights, shell: Json) -> None:
    uuid = shell["kibana.alert.uuid"]
    other = replace(insights, alerts=SpaceAlerts(insights.alerts.store, "other"))
    assert insights.alert(uuid)["kibana.alert.uuid"] == uuid
    for asked, id_ in ((other, uuid), (insights, "none"), (insights, "\0")):
        with pytest.raises(RequestError, match="there is no alert") as refused:
            asked.alert(id_)
        assert refused.value.status == 404
    assert all(not relation.total for relation in other.related(shell, RelatedQuery()).relations.values())
    assert all(not one.alert_count for one in other.tree(shell, TreeQuery(), 0).processes)
    assert not any(one.alerts for one in other.prevalence(shell, TimeQuery(), 0).fields)
