"""Finding alerts: conditions, orders, pages, numbers."""

from typing import Any

import pytest
from tests.unit.storage.samples import NOW, SECOND, alert, alerts, run

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import And, Equals, FieldRef, Or
from besra.language.simplify import TRUE
from besra.schema.fieldtype import FieldType
from besra.storage.alert_counts import CountBy
from besra.storage.alert_fields import alert_condition
from besra.storage.alert_search import Search, Sort
from besra.storage.alert_store import AlertStore
from besra.storage.database import AlertStoreError
from besra.storage.outcome import Outcome
from besra.storage.workflow import Author, Edit, Names, Reason, Status

LONG = "x" * 300
CROWD: list[dict[str, Any]] = [
    alert(1),
    alert(2, host={"name": "web-1"}, user={"name": "ana"}, **{"kibana.alert.severity": "high"}),
    alert(3, **{"host.name": ["web-1", "web-2"], "host": None, "kibana.alert.risk_score": 73}),
    alert(4, host=None, **{"kibana.alert.rule.name": "Malware Found", "kibana.alert.rule.uuid": "r2"}),
    alert(5, **{"kibana.alert.original_time": None, "kibana.alert.severity": "critical"}),
    alert(6, **{"kibana.alert.building_block_type": "default", "kibana.alert.group.id": "g"}),
    alert(7, **{"kibana.alert.rule.tags": ["Domain: Cloud", "Use Case: Odd"], "kibana.alert.rule.uuid": "r3"}),
    alert(8, process={"name": "PowerShell.exe", "pid": 4624}, **{"kibana.alert.rule.name": LONG}),
    alert(9, host={"name": LONG + "y"}, user={"name": "a\x00b"}),
    alert(10, **{"kibana.alert.original_time": "9999-01-01T00:00:00.000Z"}),
]
AUTHOR = Author("ben", NOW)


@pytest.fixture
def crowd(store: AlertStore) -> AlertStore:
    """A store of all kinds of alerts, with some work done."""
    store.commit(Outcome(run(), CROWD))
    store.set_status(["a1", "a2"], AUTHOR, Status.CLOSED, Reason.DUPLICATE)
    store.set_status(["a3"], AUTHOR, Status.ACKNOWLEDGED)
    store.change_names(["a1", "a4"], AUTHOR, Edit(Names.TAGS, ("Phish", "b")))
    store.change_names(["a5"], AUTHOR, Edit(Names.ASSIGNEES, ("ana",)))
    return store


QUERIES = {
    "": range(1, 11),
    "kibana.alert.workflow_status: open": range(4, 11),
    "not kibana.alert.workflow_status: (open or acknowledged)": [1, 2],
    "kibana.alert.workflow_status: clo*": [1, 2],
    "kibana.alert.workflow_status: OPEN": [],
    "kibana.alert.workflow_reason: duplicate": [1, 2],
    "not kibana.alert.workflow_user: *": range(4, 11),
    "kibana.alert.workflow_tags: Phish": [1, 4],
    "kibana.alert.workflow_tags: (b and p*)": [],
    "not kibana.alert.workflow_tags: *": [2, 3, *range(5, 11)],
    "kibana.alert.workflow_assignee_ids: an?": [],
    "kibana.alert.workflow_assignee_ids: an*": [5],
    "kibana.alert.severity: (high or critical)": [2, 5],
    "kibana.alert.risk_score > 21": [3],
    "not kibana.alert.risk_score >= 73": [1, 2, *range(4, 11)],
    "kibana.alert.rule.name: *Found": [4],
    f'kibana.alert.rule.name: "{LONG}"': [8],
    f"kibana.alert.rule.name: {'x' * 256}*": [8],
    f"kibana.alert.rule.name: *{'x' * 299}y": [],
    "kibana.alert.rule.uuid: r2": [4],
    "kibana.alert.rule.tags: Domain*Cloud": [7],
    "not kibana.alert.rule.tags: *": [],
    "kibana.alert.rule.parameters.query: * and not kibana.alert.rule.uuid: r1": [4, 7],
    "host.name: web-1": [2, 3],
    "host.name: web-*": [2, 3],
    "not host.name: web-1": [1, *range(4, 11)],
    "not host.name: *": [4],
    f"host.name: {LONG}*": [9],
    f"not host.name: {LONG}z": range(1, 11),
    "user.name: ana": [2],
    "user.name: a?b": [],
    "user.name: a*b": [9],
    "process.name: PowerShell.exe": [8],
    "process.name: powershell.exe": [],
    "process.pid: 4624 and kibana.alert.severity: low": [8],
    "process.pid: 4624 or kibana.alert.severity: high": [2, 8],
    "not process.pid: 4624 and kibana.alert.workflow_status: open": [4, 5, 6, 7, 9, 10],
    "process.name: PowerShell.exe or kibana.alert.workflow_tags: b": [1, 4, 8],
    "kibana.alert.building_block_type: *": [6],
    "not kibana.alert.building_block_type: *": [1, 2, 3, 4, 5, 7, 8, 9, 10],
    "kibana.alert.building_block_type: other": [],
    "kibana.alert.group.id: g": [6],
    '@timestamp >= "2025-06-15T15:06:48Z"': [8, 9, 10],
    "@timestamp: 2025-06-15": range(1, 11),
    "kibana.alert.original_time < now-2s": [],
    "not kibana.alert.original_time <= now": [5, 10],
    "kibana.alert.original_time > 2300-01-01": [10],
    "not kibana.alert.original_time: *": [5],
    "kibana.alert.uuid: (a1 or a9 or none)": [1, 9],
    "_id: a1": [1],
    "not kibana.alert.uuid: a*": [],
    "cmd.exe": [1, 2, 3, 4, 5, 6, 7, 9, 10],
    "kibana.alert.workflow_status_updated_at: *": [1, 2, 3],
}


def numbers(store: AlertStore, query: str, **how: Any) -> list[int]:
    condition = alert_condition(query, NOW).predicate
    page = store.search(Search(condition, [Sort(descending=False)], **how))
    return [int(found["kibana.alert.uuid"][1:]) for found in page.alerts]


def test_conditions(crowd: AlertStore) -> None:
    everything = crowd.alerts(f"a{number}" for number in range(1, 11))
    for query, expected in QUERIES.items():
        condition = alert_condition(query, NOW).predicate
        assert numbers(crowd, query) == [*expected], query
        assert crowd.count(condition) == len(expected), query
        plain = [id_ for id_, found in everything.items() if holds(condition, Fields({**found, "_id": id_}))]
        assert plain == [f"a{number}" for number in expected], query


def test_orders(crowd: AlertStore) -> None:
    def order(*sort: Sort) -> list[int]:
        return [int(found["kibana.alert.uuid"][1:]) for found in crowd.search(Search(TRUE, sort)).alerts]

    assert order(Sort()) == [*range(10, 0, -1)]
    assert order(Sort("kibana.alert.severity"))[:3] == [5, 2, 1]
    assert order(Sort("kibana.alert.original_time", descending=False))[0] == 5
    assert order(Sort("kibana.alert.risk_score"), Sort("@timestamp", descending=False))[:3] == [3, 1, 2]
    assert order(Sort("kibana.alert.rule.name", descending=False))[0] == 4
    assert order(Sort("kibana.alert.workflow_status"), Sort("kibana.alert.uuid"))[:3] == [9, 8, 7]
    assert order(Sort("kibana.alert.workflow_status_updated_at"), Sort("kibana.alert.uuid"))[:3] == [3, 2, 1]


@pytest.mark.parametrize("query", ["kibana.alert.risk_score: 21", "process.name: cmd.exe"])
def test_pages(store: AlertStore, query: str) -> None:
    store.commit(Outcome(run(), [alert(n, **{"kibana.alert.severity": ("low", "high")[n % 2]}) for n in range(25)]))
    condition = alert_condition(query, NOW).predicate
    sort = [Sort("kibana.alert.severity"), Sort("@timestamp", descending=False)]
    whole = [found["kibana.alert.uuid"] for found in store.search(Search(condition, sort)).alerts]
    assert whole == [f"a{n}" for n in (*range(1, 25, 2), *range(0, 25, 2))]
    seen: list[str] = []
    after = None
    while page := store.search(Search(condition, sort, 7, after=after)).alerts:
        seen += [found["kibana.alert.uuid"] for found in page]
        after = store.search(Search(condition, sort, 7, after=after)).sort_values[-1]
    assert seen == whole
    page = store.search(Search(condition, sort, 5, 20))
    assert ([found["kibana.alert.uuid"] for found in page.alerts], page.total) == (whole[20:], 25)
    nothing = store.search(Search(condition, sort, 0))
    assert (nothing.alerts, nothing.total) == ((), 25)


def test_what_is_added_meanwhile_shifts_no_page(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(*range(4))))
    first = store.search(Search(size=2))
    store.commit(Outcome(run(1), alerts(9)))
    second = store.search(Search(size=2, after=first.sort_values[-1]))
    assert [found["kibana.alert.uuid"] for found in (*first.alerts, *second.alerts)] == ["a3", "a2", "a1", "a0"]


def test_numbers(crowd: AlertStore) -> None:
    assert crowd.counts(CountBy.STATUS) == {"open": 7, "closed": 2, "acknowledged": 1}
    assert crowd.counts(CountBy.SEVERITY) == {"low": 8, "critical": 1, "high": 1}
    assert crowd.counts(CountBy.RULE) == {"r1": 8, "r2": 1, "r3": 1}
    assert crowd.counts(CountBy.HOST)["web-1"] == 2
    assert crowd.counts(CountBy.USER, alert_condition("kibana.alert.severity: high", NOW).predicate) == {"ana": 1}
    other = alert_condition("process.name: cmd.exe and kibana.alert.rule.uuid: r1", NOW).predicate
    assert crowd.counts(CountBy.STATUS, other) == {"open": 4, "closed": 2, "acknowledged": 1}
    assert crowd.counts(CountBy.HOST, other)["web-1"] == 2


@pytest.mark.parametrize("query", ["", "process.pid: 4624 or kibana.alert.rule.uuid: r1", "user.name: nobody"])
def test_numbers_beside_a_page_are_those_by_themselves(crowd: AlertStore, query: str) -> None:
    condition = alert_condition(query, NOW).predicate
    alone = {by: crowd.counts(by, condition) for by in CountBy}
    page = crowd.search(Search(condition, size=3, by=[*CountBy, CountBy.HOST]))
    assert page.counts == alone
    assert page.total == crowd.count(condition) == sum(alone[CountBy.STATUS].values())
    assert crowd.search(Search(condition, size=0, by=[CountBy.USER])).counts == {CountBy.USER: alone[CountBy.USER]}


def test_what_is_refused(crowd: AlertStore) -> None:
    for asked in (
        Search(sort=[Sort("process.name")]),
        Search(size=-1),
        Search(size=10_001),
        Search(offset=-1),
        Search(after=[1]),
        Search(after=["x", "a1"]),
        Search(after=[NOW, 5]),
        Search(after=[NOW, "\x00"]),
        Search(after=[1 << 70, "a1"]),
        Search(after=[None, "a1"]),
    ):
        with pytest.raises(AlertStoreError) as caught:
            crowd.search(asked)
        assert caught.value.problem.code == "alert-search"


def test_retention(crowd: AlertStore) -> None:
    assert crowd.remove_before(NOW + 2 * SECOND) == 1
    assert list(crowd.alerts(["a1", "a2"])) == ["a2"]
    assert crowd.history("a1") == ()
    assert crowd.remove_beyond(9) == 0
    assert crowd.remove_beyond(3) == 1
    assert (crowd.count(), crowd.remove_beyond(3)) == (8, 0)
    assert numbers(crowd, "kibana.alert.rule.uuid: r2") == [4]
    assert crowd.commit(Outcome(run(5), [CROWD[0]])).new == ("a1",)


def test_conditions_of_any_size(crowd: AlertStore) -> None:
    names = " or ".join(f"host.name: h{number}*" for number in range(900))
    assert numbers(crowd, f"({names}) or user.name: ana") == [2]
    many = Equals(FieldRef("host.name", FieldType.KEYWORD), frozenset(f"web-{number}" for number in range(9_000)))
    few = [Equals(FieldRef(f"user.name{n}", FieldType.KEYWORD), frozenset({f"{n}"})) for n in range(300)]
    both = [crowd.count(And((many, Or(tuple(few + [many] * times))))) for times in (1, 5)]
    assert both == [2, 2]
    ids = Equals(FieldRef("kibana.alert.uuid", FieldType.KEYWORD), frozenset(f"a{number}" for number in range(50_000)))
    assert crowd.count(ids) == 10
