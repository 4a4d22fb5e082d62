"""Value lists of the API in the rules whose exceptions name them: at work with every change, and for nothing else."""

import threading
from pathlib import Path
from typing import Any

import pytest
from tests.exceptions import item, rule, rule_set

import besra
from besra.rules.exception_loading import ExceptionFiles, load_exceptions
from besra.rules.loaded import RuleSet
from besra.service.exception_book import ExceptionBook
from besra.service.listed_values import ListedValues
from besra.service.value_list_book import ValueListBook
from besra.service.value_list_import import import_values
from besra.storage.alert_store import AlertStore
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

NOW = 1_773_800_000 * 10**9
ME = Author("ann", NOW)
TOOLS = {"list_id": "known-tools", "name": "Known tools", "description": "Ours.", "type": "detection"}
ENTRY = {"type": "list", "field": "source.ip", "operator": "included", "list": {"id": "office", "type": "ip_range"}}
OFFICE = {"id": "office", "name": "Office", "description": "Ours.", "type": "ip_range"}


class Loading:
    """Rules as a service loads them, over a store."""

    def __init__(self, store: AlertStore, files: dict[str, str]) -> None:
        changed = threading.Event()
        self.files = ExceptionFiles.of((), files.items())
        self.exceptions, self.lists = ExceptionBook(changed), ValueListBook(changed, self.files.value_lists)
        self.exceptions.open(store.exceptions)
        self.lists.open(store.value_lists)
        self.changed = changed
        self.values = ListedValues(self.lists, "default")

    def loaded(self) -> RuleSet:
        self.changed.clear()
        rules = self.exceptions.merged(rule_set(rule()))
        kept = load_exceptions(rules, self.files, now=NOW, kept=lambda names: self.lists.found(names, "default"))
        return kept.rules

    def alerts(self, *addresses: str) -> list[str]:
        """The addresses, of events from some, that the rule raises an alert on now."""
        documents = [
            {"@timestamp": NOW // 10**6 + number, "event": {"category": "process"}, "source": {"ip": address}}
            for number, address in enumerate(addresses)
        ]
        found: list[Any] = list(besra.detect(self.loaded(), documents, index="logs-x", match_index=False, now=NOW))
        return sorted(alert["source"]["ip"] for alert in found)

    def codes(self) -> list[str]:
        return [problem.code for problem in self.loaded().problems]


@pytest.fixture
def files() -> dict[str, str]:
    return {}


@pytest.fixture
def loading(tmp_path: Path, files: dict[str, str]) -> Any:
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        made = Loading(store, files)
        made.exceptions.create(Kind.LIST, TOOLS, ME)
        made.exceptions.create(Kind.ITEM, item(ENTRY, item_id="office", list_id="known-tools"), ME)
        yield made


HERE, THERE = "10.0.0.1", "192.0.2.1"


def test_every_change_is_at_work_the_next_time_rules_are_loaded(loading: Loading) -> None:
    assert "exception-not-applied" in loading.codes()
    assert loading.alerts(HERE, THERE) == [HERE, THERE]
    loading.lists.create("default", OFFICE, ME)
    assert loading.changed.is_set()
    assert loading.codes() == []
    assert loading.alerts(HERE, THERE) == [HERE, THERE]
    made = loading.values.add({"list_id": "office", "value": "10.0.0.0/8"}, ME)
    assert loading.changed.is_set()
    assert loading.alerts(HERE, THERE) == [THERE]
    import_values(loading.lists, loading.lists.find("default", "office"), b"192.0.2.0/24\n", ME)
    assert loading.changed.is_set()
    assert loading.alerts(HERE, THERE) == []
    loading.values.change({"id": made["id"], "value": "10.128.0.0/9"}, ME)
    assert loading.changed.is_set()
    assert loading.alerts(HERE, THERE) == [HERE]
    loading.values.remove_text("office", "192.0.2.0/24")
    assert loading.changed.is_set()
    assert loading.alerts(HERE, THERE) == [HERE, THERE]
    loading.lists.delete("default", "office")
    assert loading.changed.is_set()
    assert "exception-not-applied" in loading.codes()


def test_what_no_exception_names_wakes_nobody(loading: Loading) -> None:
    loading.loaded()
    loading.lists.create("default", {**OFFICE, "id": "other"}, ME)
    loading.values.add({"list_id": "other", "value": "10.0.0.0/8"}, ME)
    loading.lists.create("lab", OFFICE, ME)
    loading.lists.create("default", {**OFFICE, "type": "keyword"}, ME)
    loading.lists.update("default", {**OFFICE, "type": "keyword", "name": "another"}, ME)
    assert not loading.changed.is_set()
    # A list is for entries that name its type.
    assert "exception-not-applied" in loading.codes()


def test_what_was_there_at_the_start_is_at_work(loading: Loading, tmp_path: Path) -> None:
    loading.lists.create("default", OFFICE, ME)
    loading.values.add({"list_id": "office", "value": "10.0.0.0/8"}, ME)
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        assert Loading(store, {}).alerts(HERE, THERE) == [THERE]


def test_a_file_of_the_same_id_counts(loading: Loading, tmp_path: Path) -> None:
    loading.lists.create("default", OFFICE, ME)
    loading.values.add({"list_id": "office", "value": "10.0.0.0/8"}, ME)
    (tmp_path / "office.txt").write_text("192.0.2.0/24\n")
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        later = Loading(store, {"office": str(tmp_path / "office.txt")})
        assert later.alerts(HERE, THERE) == [HERE]
        assert later.lists.document("default", "office")["type"] == "ip_range"
