"""Rules in the store: whole, changed as one, never over somebody else's change."""

from dataclasses import replace

import pytest

from besra.storage.alert_store import AlertStore
from besra.storage.database import AlertStoreError
from besra.storage.rule_store import StoredRule, What, Write
from besra.storage.workflow import Author

ME = Author("me", 20)


def stored(rule_id: str, **document: object) -> StoredRule:
    return StoredRule(f"id-{rule_id}", rule_id, True, 0, 10, "me", 10, "me", {"rule_id": rule_id, **document})


def test_documents_come_back_as_they_were(store: AlertStore) -> None:
    rule = stored("a", nul="\x00", half="\ud800", big=1 << 80, one=1.0, order={"z": 1, "a": None})
    store.rules().write([Write(rule), Write(stored("b"))])
    (found, other) = store.rules().all()
    assert (found, other.rule_id) == (rule, "b")
    assert isinstance(found.document["one"], float)
    assert list(found.document["order"]) == ["z", "a"]


def test_of_two_changes_of_one_revision_the_second_is_refused_with_all_that_came_with_it(store: AlertStore) -> None:
    old = stored("a")
    store.rules().write([Write(old)])
    new = replace(old, revision=1, document={"rule_id": "a", "name": "x"})
    store.rules().write([Write(new, old)])
    with pytest.raises(AlertStoreError) as caught:
        store.rules().write([Write(stored("c")), Write(new, old)])
    assert caught.value.problem.code == "rule-conflict"
    with pytest.raises(AlertStoreError, match="changed by somebody else"):
        store.rules().write([Write(stored("a"))])
    assert store.rules().all() == [new]
    assert [one.what for one in store.rules().history("a")] == [What.UPDATED, What.CREATED]


def test_many_are_switched_and_deleted_and_the_history_stays(store: AlertStore) -> None:
    rules = [stored(f"{number:04}") for number in range(1200)]
    store.rules().write([Write(rule) for rule in rules])
    store.rules().switch(rules[:1100], ME, enabled=False)
    assert sum(rule.enabled for rule in store.rules().all()) == 100
    store.rules().delete(rules[:1000], ME)
    assert len(store.rules().all()) == 200
    changes = store.rules().history("0000")
    assert [(one.what, one.at, one.by) for one in changes] == [
        (What.DELETED, 20, "me"),
        (What.DISABLED, 20, "me"),
        (What.CREATED, 10, "me"),
    ]
    assert changes[0].document == {"rule_id": "0000"}


def test_switches_of_files_are_kept_where_they_differ(store: AlertStore) -> None:
    store.rules().switch_files({"a": ("id-a", True), "b": ("id-b", False)}, ME, enabled=False)
    assert store.rules().switches() == {"a": False}
    store.rules().switch_files({"a": ("id-a", True), "b": ("id-b", False)}, ME, enabled=True)
    assert store.rules().switches() == {"b": True}
    assert [one.what for one in store.rules().history("id-a")] == [What.ENABLED, What.DISABLED]
