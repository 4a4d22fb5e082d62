"""What people do with alerts: by id and by condition, with a history, and nothing else about the alert changes."""

from typing import Any

import pytest
from tests.unit.storage.samples import NOW, SECOND, alert, alerts, run

from besra.storage.alert_fields import alert_condition
from besra.storage.alert_store import AlertStore
from besra.storage.database import AlertStoreError
from besra.storage.outcome import Outcome
from besra.storage.workflow import Author, Change, Changed, Edit, Names, Note, Reason, Status, reason_of, status_of

ANA, BEN = Author("ana", NOW + SECOND), Author("ben", NOW + 2 * SECOND)


def tags(added: tuple[str, ...] = (), removed: tuple[str, ...] = ()) -> Edit:
    return Edit(Names.TAGS, added, removed)


def workflow(store: AlertStore, id_: str) -> dict[str, Any]:
    prefix = "kibana.alert.workflow_"
    return {name.removeprefix(prefix): value for name, value in store.alerts([id_])[id_].items() if prefix in name}


NEW = {"status": "open", "tags": [], "assignee_ids": []}


def test_the_document_is_kept_in_step_and_nothing_else_changes(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(1, 2)))
    assert workflow(store, "a1") == NEW
    assert store.set_status(["a1"], ANA, Status.CLOSED, Reason.FALSE_POSITIVE) == Changed(1, 1)
    store.change_names(["a1"], ANA, tags(("phishing", "b")))
    store.change_names(["a1"], ANA, Edit(Names.ASSIGNEES, ("ben",)))
    assert workflow(store, "a1") == {
        "status": "closed",
        "status_updated_at": "2025-06-15T15:06:41.000Z",
        "user": "ana",
        "reason": "false_positive",
        "tags": ["b", "phishing"],
        "assignee_ids": ["ben"],
    }
    after = store.alerts(["a1"])["a1"]
    assert {name: value for name, value in after.items() if "workflow" not in name} == {
        name: value for name, value in alert(1).items() if "workflow" not in name
    }
    assert store.alerts(["a2"])["a2"] == alert(2)


def test_an_alert_that_is_opened_again_has_no_reason(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(1)))
    store.set_status(["a1"], ANA, Status.CLOSED, Reason.DUPLICATE)
    store.set_status(["a1"], BEN, Status.OPEN)
    assert workflow(store, "a1") == NEW | {"status_updated_at": "2025-06-15T15:06:42.000Z", "user": "ben"}


def test_changes_survive_a_run_that_is_run_again(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(1)))
    store.set_status(["a1"], ANA, Status.ACKNOWLEDGED)
    store.change_names(["a1"], ANA, tags(("x",)))
    before = store.alerts(["a1"])
    store.commit(Outcome(run(), alerts(1)))
    store.commit(Outcome(run(1), alerts(1)))
    assert store.alerts(["a1"]) == before


def test_the_history_has_every_change_and_no_other(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(1)))
    store.set_status(["a1"], ANA, Status.OPEN)
    store.set_status(["a1"], ANA, Status.CLOSED, Reason.DUPLICATE)
    store.set_status(["a1"], BEN, Status.CLOSED, Reason.DUPLICATE)
    store.set_status(["a1"], BEN, Status.CLOSED, Reason.ACCEPTABLE_RISK)
    store.change_names(["a1"], BEN, tags(("b", "a")))
    store.change_names(["a1"], BEN, tags(("a",), ("c",)))
    store.change_names(["a1"], BEN, tags((), ("a",)))
    store.change_names(["a1"], ANA, Edit(Names.ASSIGNEES, ("ana",)))
    store.add_note(["a1"], ANA, "known\nand expected")
    closed = {"status": "closed", "reason": "duplicate"}
    assert store.history("a1") == (
        Change(ANA.at, "ana", "status", {"status": "open", "reason": None}, closed),
        Change(BEN.at, "ben", "status", closed, {"status": "closed", "reason": "acceptable_risk"}),
        Change(BEN.at, "ben", "tags", [], ["a", "b"]),
        Change(BEN.at, "ben", "tags", ["a", "b"], ["b"]),
        Change(ANA.at, "ana", "assignees", [], ["ana"]),
        Change(ANA.at, "ana", "note", None, {"text": "known\nand expected"}),
    )
    assert store.notes("a1") == (Note(store.notes("a1")[0].id, ANA.at, "ana", "known\nand expected"),)
    assert store.history("a2") == store.notes("a2") == ()


def test_many_alerts_at_once_by_id_and_by_condition(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(*range(1200))))
    store.commit(Outcome(run(), [alert(2000, **{"kibana.alert.severity": "high", "process": {"name": "x.exe"}})]))
    assert store.set_status(["a1", "a1", "none"], ANA, Status.CLOSED) == Changed(1, 1)
    open_ = alert_condition("kibana.alert.workflow_status: open and process.name: cmd.exe", NOW)
    assert store.set_status(open_.predicate, BEN, Status.ACKNOWLEDGED) == Changed(1199, 1199)
    severe = alert_condition("kibana.alert.severity: high", NOW)
    assert store.change_names(severe.predicate, BEN, tags(("severe",))) == Changed(1, 1)
    assert store.change_names(severe.predicate, BEN, tags(("severe",))) == Changed(1, 0)
    assert store.add_note(severe.predicate, BEN, "look") == Changed(1, 1)
    everything = alert_condition("", NOW)
    assert store.change_names(everything.predicate, ANA, tags(("all",))) == Changed(1201, 1201)
    assert store.alerts(["a2000"])["a2000"]["kibana.alert.workflow_tags"] == ["all", "severe"]
    assert store.set_status([], ANA, Status.OPEN) == Changed(0, 0)


def test_old_names_of_statuses() -> None:
    assert (status_of("in-progress"), status_of("closed")) == (Status.ACKNOWLEDGED, Status.CLOSED)
    assert reason_of("duplicate") is Reason.DUPLICATE


def test_what_is_refused_changes_nothing(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(1)))
    tries = [
        lambda: status_of("done"),
        lambda: reason_of("bored"),
        lambda: store.set_status(["a1"], ANA, Status.OPEN, Reason.DUPLICATE),
        lambda: store.set_status(["a1"], Author("", NOW), Status.CLOSED),
        lambda: store.change_names(["a1"], ANA, tags(("ok", " "))),
        lambda: store.change_names(["a1"], ANA, tags(("nul\x00",))),
        lambda: store.change_names(["a1"], ANA, tags(("x" * 257,))),
        lambda: store.change_names(["a1"], ANA, tags(("half \ud800",))),
        lambda: store.change_names(["a1"], ANA, tags(("both",), ("both",))),
        lambda: store.add_note(["a1"], ANA, " \n"),
        lambda: store.add_note(["a1"], ANA, "x\x00"),
        lambda: store.add_note(["a1"], ANA, "x" * 100_001),
    ]
    for attempt in tries:
        with pytest.raises(AlertStoreError) as caught:
            attempt()
        assert caught.value.problem.code == "alert-change"
        assert caught.value.problem.hint
    assert store.alerts(["a1"])["a1"] == alert(1)
    assert store.history("a1") == store.notes("a1") == ()
