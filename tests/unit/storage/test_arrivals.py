"""The order alerts came in: whoever follows it sees each alert once, whoever else writes meanwhile."""

import threading
import time
from typing import Any

from sqlalchemy import insert
from tests.unit.storage.samples import NOW, alert, alerts, run

from besra.storage import arrivals
from besra.storage.alert_row import rows_of
from besra.storage.alert_store import AlertStore
from besra.storage.alert_tables import ALERT, ALERT_DOCUMENT, RULE_COPY
from besra.storage.arrivals import Arrived
from besra.storage.database import Database
from besra.storage.outcome import Outcome
from besra.storage.workflow import Author, Status

ME = Author("me", NOW)


def ids(store: AlertStore, after: int = 0, limit: int = 100) -> list[str]:
    return [found["kibana.alert.uuid"] for _, found in store.arrived(after, limit).alerts]


def test_alerts_in_the_order_of_their_commits(store: AlertStore) -> None:
    assert (store.last_arrival, ids(store)) == (0, [])
    store.commit(Outcome(run(1), alerts(7, 3)))
    store.commit(Outcome(run(2), alerts(1, 7)))
    assert ids(store) == ["a7", "a3", "a1"]
    first = store.arrived(0, 1).until
    assert ids(store, first, 1) == ["a3"]
    assert ids(store, store.last_arrival) == []


def test_who_follows_a_space_passes_over_what_others_have(store: AlertStore) -> None:
    store.commit(Outcome(run(1), alerts(1, 2)))
    store.commit(Outcome(run(2), alerts(3, **{"kibana.space_ids": ["soc"]})))
    store.commit(Outcome(run(3), alerts(4)))
    last = store.last_arrival
    found = store.arrived(0, 100, "soc")
    assert ([alert["kibana.alert.uuid"] for _, alert in found.alerts], found.until) == (["a3"], last)
    assert store.arrived(last, 100, "soc") == store.arrived(last, 100) == Arrived((), last)
    assert store.arrived(0, 100, "nobody") == Arrived((), last)
    assert store.arrived(last + 5, 100) == Arrived((), last + 5)


def test_a_position_is_given_once(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(1, 2)))
    last = store.last_arrival
    store.set_status(["a2"], ME, Status.CLOSED)
    assert store.remove_before(NOW * 2) == 1
    assert ids(store) == ["a1"]
    store.commit(Outcome(run(), alerts(3)))
    assert store.last_arrival > last
    assert ids(store, last) == ["a3"]


def test_a_later_position_is_not_seen_before_an_earlier_one(store: AlertStore, place: Any) -> None:
    """The commit of one writer is held up after it has its position; the other one waits for it."""
    held, go_on = threading.Event(), threading.Event()
    original = arrivals.add_arrivals

    def slow(number: int) -> None:
        database = Database(place)
        with database.writing() as connection:
            rows = rows_of(alert(number))
            connection.execute(insert(RULE_COPY), [{"id": f"c{number}", "fields": rows.copy[1]}])
            connection.execute(insert(ALERT), [{**rows.alert, "rule_copy": f"c{number}"}])
            connection.execute(insert(ALERT_DOCUMENT), [rows.document])
            original(connection, [f"a{number}"])
            held.set()
            go_on.wait(30)
        database.close()

    first = threading.Thread(target=slow, args=(1,))
    second = threading.Thread(target=lambda: store.commit(Outcome(run(), alerts(2))))
    first.start()
    assert held.wait(30)
    second.start()
    time.sleep(0.3)
    assert ids(store) == []
    go_on.set()
    first.join()
    second.join()
    assert ids(store) == ["a1", "a2"]
