"""What is of a space in the store of all: alerts, runs, gaps, rules and exceptions, in every database."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.storage.samples import NOW, SECOND, alert, run

from besra.detection.schedule import Gap
from besra.detection.suppression_group import Group
from besra.language.expr import Predicate
from besra.storage.alert_fields import alert_condition
from besra.storage.alert_search import CountBy, Search
from besra.storage.alert_store import AlertStore
from besra.storage.exception_store import EVERYWHERE, ExceptionKey, Kind
from besra.storage.outcome import Outcome
from besra.storage.rule_store import StoredRule, Write
from besra.storage.space_alerts import SpaceAlerts
from besra.storage.space_store import Holding
from besra.storage.workflow import Author, Edit, Names, Status

ME = Author("me", NOW)
SOC = {"kibana.space_ids": ["soc"]}


def condition(query: str) -> Predicate:
    return alert_condition(query, NOW).predicate


def ids(alerts: SpaceAlerts, query: str = "*") -> list[str]:
    return [found["kibana.alert.uuid"] for found in alerts.search(Search(condition(query))).alerts]


@pytest.fixture
def both(store: AlertStore) -> tuple[SpaceAlerts, SpaceAlerts]:
    """The alerts of two spaces, some of them alike."""
    own = [alert(number, host={"name": f"h{number % 2}"}) for number in (1, 2, 3)]
    theirs = [alert(number, host={"name": f"h{number % 2}"}, **SOC) for number in (4, 5)]
    store.commit(Outcome(run(1), own), Outcome(run(2, "r2", space="soc"), theirs))
    return SpaceAlerts(store, "default"), SpaceAlerts(store, "soc")


@pytest.mark.parametrize(
    ("query", "own", "theirs"),
    [
        ("*", ["a3", "a2", "a1"], ["a5", "a4"]),
        ("host.name: h1", ["a3", "a1"], ["a5"]),
        ("process.args: /c and host.name: h0", ["a2"], ["a4"]),  # documents have to be asked
        ("not process.args: x", ["a3", "a2", "a1"], ["a5", "a4"]),
        ("kibana.space_ids: soc or host.name: h1", ["a3", "a1"], ["a5", "a4"]),
        ("kibana.space_ids: *", ["a3", "a2", "a1"], ["a5", "a4"]),
        ("kibana.alert.uuid: (a1 or a4)", ["a1"], ["a4"]),
    ],
)
def test_a_search_finds_what_is_of_the_space(
    both: tuple[SpaceAlerts, SpaceAlerts], query: str, own: list[str], theirs: list[str]
) -> None:
    for alerts, expected in zip(both, (own, theirs), strict=True):
        assert ids(alerts, query) == expected
        assert alerts.count(condition(query)) == len(expected)
        hosts = alerts.counts(CountBy.HOST, condition(query))
        assert sum(hosts.values()) == len(expected)


def test_changes_are_of_the_space(both: tuple[SpaceAlerts, SpaceAlerts]) -> None:
    own, theirs = both
    assert theirs.set_status(["a1", "a4", "a9"], ME, Status.CLOSED).total == 1
    assert theirs.set_status(condition("*"), ME, Status.CLOSED).changed == 1
    assert theirs.change_names(["a1"], ME, Edit(Names.TAGS, ["x"])).total == 0
    assert theirs.add_note(["a1"], ME, "x").total == 0
    assert own.add_note(["a1"], ME, "ours").total == 1
    assert (len(own.notes("a1")), theirs.notes("a1"), theirs.history("a1")) == (1, (), ())
    assert [change.what for change in own.history("a1")] == ["note"]
    assert (list(own.alerts(["a4", "a1"])), list(theirs.alerts(["a4", "a1"]))) == (["a1"], ["a4"])
    assert own.counts(CountBy.STATUS) == {"open": 3}
    assert theirs.counts(CountBy.STATUS) == {"closed": 2}


def test_runs_and_gaps_are_of_the_space(both: tuple[SpaceAlerts, SpaceAlerts]) -> None:
    own, theirs = both
    theirs.ask_runs(["r2"], Gap(NOW, NOW + SECOND), NOW)
    own.store.commit(Outcome(run(3, gap=Gap(NOW, NOW + 2 * SECOND))))
    assert [gap.rule_uuid for gap in own.gaps()] == ["r1"]
    assert [gap.rule_uuid for gap in theirs.gaps()] == ["r2"]
    assert [one.id for one in own.runs()] == ["x3", "x1"]
    assert [one.id for one in theirs.runs()] == ["x2"]
    assert own.runs("r2") == own.gaps("r2") == ()


def stored(id_: str, space: str) -> StoredRule:
    return StoredRule(id_, "r", True, 0, NOW, "me", NOW, "me", {"rule_id": "r", "name": id_}, space)


def test_a_rule_id_is_taken_in_one_space(store: AlertStore) -> None:
    own, theirs = store.rules(), store.rules("soc")
    first, second = stored("u", "default"), stored("v", "soc")
    own.write([Write(first)])
    theirs.write([Write(second)])
    assert (own.all(), theirs.all()) == ([first], [second])
    theirs.switch([first, second], ME, enabled=False)
    theirs.switch_files({"f": ("f", True)}, ME, enabled=False)
    assert (own.all(), own.switches(), theirs.switches()) == ([first], {}, {"f": False})
    with pytest.raises(Exception, match="changed by somebody else"):
        theirs.write([Write(replace(first, enabled=False), first)])
    theirs.delete([first, second], ME)
    assert (own.all(), theirs.all()) == ([first], [])
    assert [change.rule for change in own.history("r")] == ["u"]


def test_a_space_is_removed_with_what_is_over(both: tuple[SpaceAlerts, SpaceAlerts]) -> None:
    own, theirs = both
    store = own.store
    store.spaces.make("lab", {"name": "Lab"})
    store.spaces.write("lab", {"name": "The lab"})
    store.spaces.make("soc", {"name": "SOC"})
    assert store.spaces.all() == {"lab": {"name": "The lab"}} | {"soc": {"name": "SOC"}}
    assert theirs.count() == 0, "what somebody has left behind is not of the new one"
    group = Group("g", (), NOW, NOW, 1, "a6")
    single, everywhere = (
        ExceptionKey(Kind.LIST, *of) for of in (("single", "l", "soc"), ("agnostic", "l", EVERYWHERE))
    )
    store.commit(Outcome(run(4, "r2", space="soc", gap=Gap(NOW, NOW + SECOND)), [alert(6, **SOC)], groups=[group]))
    store.exceptions.write({single: {"list_id": "l"}, everywhere: {"list_id": "l"}}, {})
    store.rules("soc").write([Write(stored("v", "soc"))])
    assert store.spaces.remove("soc") == Holding(1, 1, 1)
    store.rules("soc").delete([stored("v", "soc")], ME)
    store.exceptions.write({}, {}, [single])
    assert store.spaces.remove("soc") == Holding(alerts=1)
    theirs.set_status(["a6"], ME, Status.CLOSED)
    assert not store.spaces.remove("soc")
    assert list(store.spaces.all()) == ["lab"]
    assert (theirs.count(), theirs.runs(), theirs.gaps(), store.rules("soc").history("r")) == (0, (), (), [])
    assert store.groups() == {}
    assert (own.count(), len(own.runs()), list(store.exceptions.all())) == (3, 1, [everywhere])


def test_an_alert_of_before_there_were_spaces_is_in_the_default_one(store: AlertStore) -> None:
    old: dict[str, Any] = alert(1)
    del old["kibana.space_ids"]
    store.commit(Outcome(run(1), [old]))
    assert (SpaceAlerts(store, "default").count(), SpaceAlerts(store, "soc").count()) == (1, 0)
    assert list(SpaceAlerts(store, "default").alerts(["a1"])) == ["a1"]


def test_a_long_condition_is_asked_of_the_alerts_of_the_space(both: tuple[SpaceAlerts, SpaceAlerts]) -> None:
    """Databases bound the length of a condition; that an alert is of the space is said first."""
    long = " and ".join(f"not host.name: x{number}" for number in range(1500))
    for alerts, expected in zip(both, (["a3", "a2", "a1"], ["a5", "a4"]), strict=True):
        assert ids(alerts, long) == expected
        assert ids(alerts, f"({long}) and process.args: /c") == expected
