"""Alerts on buckets are brought up to what later runs have counted, and never backwards."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.storage.samples import NOW, SECOND, alert, run

from besra.language.expr import FieldRef, Range
from besra.schema.fieldtype import FieldType
from besra.schema.timestamp import format_timestamp
from besra.storage.alert_search import Search
from besra.storage.alert_store import AlertStore
from besra.storage.outcome import Outcome
from besra.storage.workflow import Author, Edit, Names, Status

Json = dict[str, Any]
ANA = Author("ana", NOW)
WORKFLOW = "kibana.alert.workflow_"


def counted(number: int, count: int, last: int, users: int = 1) -> Json:
    """What a run says of a bucket: it started `number` seconds after NOW, the last event was `last` seconds after."""
    started = format_timestamp(NOW + number * SECOND)
    result = {
        "count": count,
        "from": format_timestamp(NOW),
        "terms": [{"field": "host.name", "value": "h"}],
        "cardinality": [{"field": "user.name", "value": users}],
    }
    told: Json = {
        "kibana.alert.uuid": "b",
        "kibana.alert.start": started,
        "kibana.alert.last_detected": started,
        "kibana.alert.original_time": format_timestamp(NOW + last * SECOND),
        "kibana.alert.threshold_result": result,
        "besra": {"version": "0", "events": [{"id": f"e{last}"}], "total_events": count},
    }
    return alert(number, **told)


def commit(store: AlertStore, *alerts: Json, number: int = 0) -> None:
    store.commit(Outcome(run(number), alerts))


def test_a_bucket_that_has_grown(store: AlertStore) -> None:
    first, later = counted(0, 3, 20), counted(300, 5, 90, users=2)
    commit(store, first)
    assert store.alerts(["b"])["b"] == first
    commit(store, later, number=300)
    made = {name: first[name] for name in ("@timestamp", "kibana.alert.start")}
    assert store.alerts(["b"])["b"] == {**later, **made}
    condition = Range(FieldRef("kibana.alert.original_time", FieldType.DATE), ">=", NOW + 90 * SECOND)
    assert [found["kibana.alert.uuid"] for found in store.search(Search(condition)).alerts] == ["b"]


def test_a_run_that_has_seen_less_changes_nothing(store: AlertStore) -> None:
    commit(store, counted(0, 5, 90))
    known = store.alerts(["b"])
    for smaller in (counted(9, 3, 20), counted(9, 5, 90), counted(9, 5, 80), counted(0, 4, 95)):
        commit(store, smaller, number=9)
        assert store.alerts(["b"]) == known
    commit(store, counted(9, 5, 90, users=2), number=9)
    assert store.alerts(["b"])["b"]["kibana.alert.last_detected"] == format_timestamp(NOW + 9 * SECOND)


def test_a_clock_that_was_set_back_makes_no_alert_older(store: AlertStore) -> None:
    commit(store, counted(60, 3, 20))
    commit(store, counted(0, 4, 30))
    told = store.alerts(["b"])["b"]
    assert told["kibana.alert.threshold_result"]["count"] == 4
    assert told["kibana.alert.last_detected"] == format_timestamp(NOW + 60 * SECOND)


def test_what_people_have_done_stays(store: AlertStore) -> None:
    commit(store, counted(0, 3, 20))
    store.set_status(["b"], ANA, Status.ACKNOWLEDGED)
    store.change_names(["b"], ANA, Edit(Names.TAGS, ["mine"]))
    store.add_note(["b"], ANA, "a note")
    before, history = store.alerts(["b"])["b"], store.history("b")
    commit(store, counted(300, 9, 90), number=300)
    after = store.alerts(["b"])["b"]
    assert after["kibana.alert.threshold_result"]["count"] == 9
    assert {n: v for n, v in after.items() if n.startswith(WORKFLOW)} == {
        n: v for n, v in before.items() if n.startswith(WORKFLOW)
    }
    assert store.history("b") == history
    assert [note.text for note in store.notes("b")] == ["a note"]


def test_alerts_on_single_events_stay_as_they_are(store: AlertStore) -> None:
    commit(store, alert(1))
    commit(store, alert(1, **{"kibana.alert.original_time": format_timestamp(NOW + SECOND), "besra": {"version": "1"}}))
    assert store.alerts(["a1"])["a1"] == alert(1)


@given(counts=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3), min_size=1, max_size=6))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_in_any_order_the_most_stays(store: AlertStore, counts: list[list[int]]) -> None:
    name = f"b{counts}"
    for number, together in enumerate(counts):
        commit(store, *({**counted(0, n, n), "kibana.alert.uuid": name} for n in sorted(together)), number=number)
    told = store.alerts([name])[name]
    assert told["kibana.alert.threshold_result"]["count"] == max(n for together in counts for n in together)
