"""The alert store: what a run has come to is there once, wholly, and comes back as it was."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from tests.unit.rules.samples import rule_of
from tests.unit.storage.samples import NOW, SECOND, alert, alerts, run

import besra
from besra import api
from besra.demo import write_demo
from besra.detection.conclude import conclude
from besra.detection.detect import Job, gather
from besra.detection.run import RunInfo
from besra.detection.schedule import Gap
from besra.detection.suppression_group import Group, Term
from besra.language.simplify import TRUE
from besra.problems import Place, Problem, Severity
from besra.storage import alert_store
from besra.storage.alert_question import Question
from besra.storage.alert_store import FILE, AlertsTakenError, AlertStore, Committed
from besra.storage.alert_tables import RULE_COPY
from besra.storage.database import AlertStoreError
from besra.storage.outcome import Outcome, outcome_of
from besra.storage.progress import Progress
from besra.storage.run_log import RunStatus
from besra.storage.workflow import Author, Changed, Status


def test_alerts_of_a_scan_come_back_as_they_were(store: AlertStore, tmp_path: Path) -> None:
    found = list(besra.scan([write_demo(tmp_path)[0].parent]))
    assert len(found) > 3
    committed = store.commit(Outcome(run(), found))
    ids = [alert["kibana.alert.uuid"] for alert in found]
    assert (committed.new, committed.known) == (tuple(ids), ())
    back = store.alerts(reversed(ids))
    assert list(back) == ids[::-1]
    assert list(back.values()) == found[::-1]


def test_a_run_that_is_run_again_doubles_nothing(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(1, 2)))
    again = store.commit(Outcome(run(), [*alerts(2, 3, 1), alert(3, host={"name": "other"})]))
    assert (again.new, again.known) == (("a3",), ("a2", "a1"))
    assert store.count() == 3
    assert store.alerts(["a3"])["a3"]["host"] == {"name": "h"}
    assert [record.new_alerts for record in store.runs()] == [2]


def test_a_failed_commit_leaves_nothing(store: AlertStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(alert_store.group_log, "write_groups", full)
        store.commit(Outcome(run(gap=Gap(0, 1)), alerts(1), Progress(NOW, 7)))
    assert (store.count(), store.runs(), store.progress(), store.gaps()) == (0, (), {}, ())
    assert store.commit(Outcome(run(), alerts(1), Progress(NOW, 7))).new == ("a1",)


STRANGE = [
    "\x00",
    "a\x00b",
    "\ud800",
    "\udc00\ud800",
    "\uf8b7",
    "\uf8b70000",
    "\\u0000",
    "\\\x00",
    "\ufffd",
    "💥",
    'quote " and \\',
]


def test_any_text_can_be_in_a_document(store: AlertStore) -> None:
    strange = {}
    for number, odd in enumerate((*STRANGE, "x" * 5000)):
        fields = {"kibana.alert.rule.note": odd, "kibana.alert.rule.name": odd, "host": {"name": odd}}
        strange[f"a{number}"] = alert(number, process={"name": odd, f"key {odd}": [odd]}, **fields)
    store.commit(Outcome(run(), [*strange.values()]))
    assert store.alerts(strange) == strange


def test_numbers_come_back(store: AlertStore) -> None:
    numbers = [0, -1, 1.5, 1e300, 1e-300, 1e17, 2**63, -(2**63), 0.1, True, None, [], {}]
    store.commit(Outcome(run(), [alert(1, numbers=numbers)]))
    back = store.alerts(["a1"])["a1"]["numbers"]
    assert back == numbers
    assert isinstance(back[9], bool)


def test_times_out_of_range(store: AlertStore) -> None:
    store.commit(Outcome(run(), [alert(1, **{"kibana.alert.original_time": "9999-01-01T00:00:00.000Z"})]))
    assert store.alerts(["a1"])["a1"]["kibana.alert.original_time"] == "9999-01-01T00:00:00.000Z"


def test_the_copy_of_a_rule_is_stored_once(place: Any) -> None:
    with AlertStore(place) as store:
        store.commit(Outcome(run(), alerts(1, 2, 3)))
        other = alert(4, **{"kibana.alert.rule.parameters": {"query": "any where true"}})
        store.commit(Outcome(run(1), [other]))
        with store._database.reading() as connection:
            assert len(connection.execute(select(RULE_COPY.c.id)).all()) == 2
        assert store.alerts(["a4"])["a4"] == other


def test_what_is_committed_is_there_when_the_store_is_opened_again(place: Any) -> None:
    with AlertStore(place) as store:
        store.commit(Outcome(run(), alerts(1), Progress(NOW, 3, state={"seen": ["a"]})))
    with AlertStore(place) as store:
        assert list(store.alerts(["a1"])) == ["a1"]
        assert store.progress() == {"r1": Progress(NOW, 3, state={"seen": ["a"]})}
        assert store.known_ids(["a1", "a2"]) == {"a1"}


def test_runs_of_several_rules_are_committed_together(store: AlertStore) -> None:
    assert store.position == 0
    both = (Outcome(run(), alerts(1, 2)), Outcome(run(0, "r2"), alerts(2, 3)))
    assert store.commit(*both, position=7).new == ("a1", "a2", "a3")
    assert store.commit(*both, position=5).new == ()
    assert store.commit(position=6) == Committed((), ())
    assert store.position == 7
    assert {told.rule_uuid: told.new_alerts for told in store.runs()} == {"r1": 2, "r2": 2}


def test_the_outcome_of_an_execution(store: AlertStore, tmp_path: Path) -> None:
    path = tmp_path / "rule.ndjson"
    suppressing = {"group_by": ["host.name"], "duration": {"value": 1, "unit": "h"}}
    path.write_text(json.dumps(rule_of("eql", alert_suppression=suppressing, max_signals=1)), "utf-8")
    rules = besra.load_rules(path)
    fields = {"event.category": "process", "process.name": "cmd.exe"}
    documents = [{"@timestamp": f"2026-03-17T09:42:0{n}Z", "host.name": f"h{n % 2}", **fields} for n in range(4)]
    job = Job(rules.runnable, match_index=False)
    (done,) = conclude(job, gather(job, lambda _: api.positional_events(documents)), RunInfo(NOW))
    outcome = outcome_of(done, RunInfo(NOW), SECOND, Progress(NOW, 3))
    assert store.commit(outcome).new == (done.alerts[0]["kibana.alert.uuid"],)
    (told,) = store.runs()
    assert (told.id, told.rule_id, told.kind) == (RunInfo(NOW).execution_id("default"), done.rule.rule_id, "manual")
    assert (told.status, told.problems[0].code) == (RunStatus.WARNING, "max-alerts-reached")
    assert told.metrics == {"total_matches": 4, "suppressed_matches": 1, "known_matches": 0}
    assert store.groups() == {group.instance_id: group for group in done.groups}
    assert next(iter(store.progress().values())).batch == 3


# --- the execution log ------------------------------------------------------------------------------------------------


def test_a_record_comes_back_as_it_was(store: AlertStore) -> None:
    problem = Problem("rule-slow", "too slow\x00", Severity.WARNING, Place("a.toml", 3, 4, "x", 2), "be quick")
    told = run(
        kind="manual",
        status=RunStatus.WARNING,
        message="a warning",
        gap=Gap(1, 2),
        filled=Gap(3, 4),
        metrics={"search_duration_ms": 1.5, "matches": 7},
        problems=(problem,),
    )
    store.commit(Outcome(told, alerts(1)))
    assert store.runs() == (replace(told, new_alerts=1),)


def test_records_are_told_newest_first_and_by_rule(store: AlertStore) -> None:
    for number in range(3):
        store.commit(Outcome(run(number)))
        store.commit(Outcome(run(number, "r2")))
    assert [(record.rule_uuid, record.id) for record in store.runs("r2")] == [("r2", "x2"), ("r2", "x1"), ("r2", "x0")]
    assert [record.id for record in store.runs("r2", 1, 1)] == ["x1"]
    assert len(store.runs()) == 6
    assert store.forget_log(NOW + 2 * SECOND) == 4
    assert len(store.runs()) == 2


def test_the_record_of_a_failed_run_gives_way(store: AlertStore) -> None:
    store.commit(Outcome(run(status=RunStatus.FAILED, message="no")))
    store.commit(Outcome(run(), alerts(1)))
    store.commit(Outcome(run(status=RunStatus.FAILED, message="too late")))
    assert [(record.status, record.new_alerts) for record in store.runs()] == [(RunStatus.SUCCEEDED, 1)]


# --- progress ---------------------------------------------------------------------------------------------------------


def test_progress_never_goes_back(store: AlertStore) -> None:
    store.commit(Outcome(run(2), (), Progress(NOW + 2, 20)))
    store.commit(Outcome(run(1), (), Progress(NOW + 1, 10)))
    assert store.progress()["r1"] == Progress(NOW + 2, 20)


def test_a_clock_that_was_set_back_does_not_hold_progress_up(store: AlertStore) -> None:
    store.commit(Outcome(run(2), (), Progress(NOW + 2, 20)))
    store.commit(Outcome(run(1), (), Progress(NOW + 1, 21)))
    assert store.progress()["r1"] == Progress(NOW + 1, 21)


def test_rules_can_be_switched_off_and_forgotten(store: AlertStore) -> None:
    store.commit(Outcome(run(), (), Progress(NOW, 20)))
    store.write_progress("r1", Progress(NOW, 20, enabled=False))
    assert store.progress() == {"r1": Progress(NOW, 20, enabled=False)}
    store.forget_rule("r1")
    assert store.progress() == {}


# --- suppression ------------------------------------------------------------------------------------------------------


def group(count: int, end: int, alert_id: str = "a1") -> Group:
    terms = (Term("host.name", "h", "h"), Term("user.name", ("a", "b"), ["a", "b"]), Term("x", None, None))
    return Group("i1", terms, NOW, NOW + end * SECOND, count, alert_id)


def test_groups_are_handed_on_and_their_alerts_brought_up_to_date(store: AlertStore) -> None:
    first, later = group(0, 0), group(3, 60)
    made = alert(1, **first.fields(), **{"kibana.alert.last_detected": alert(1)["@timestamp"]})
    store.commit(Outcome(run(1), [made], groups=[first]))
    assert store.groups("r1") == {"i1": first}
    assert store.alerts(["a1"])["a1"] == made
    for _ in range(2):
        store.commit(Outcome(run(9), (), groups=[later]))
        assert store.groups() == {"i1": later}
        told = store.alerts(["a1"])["a1"]
        assert told == {**made, **later.fields(), "kibana.alert.last_detected": alert(9)["@timestamp"]}
    store.commit(Outcome(run(1), [made], groups=[first]))
    assert store.groups() == {"i1": later}
    assert store.alerts(["a1"])["a1"] == told


def test_groups_of_closed_alerts_are_over(store: AlertStore) -> None:
    store.commit(Outcome(run(1), alerts(1), groups=[group(0, 0)]))
    store.set_status(["a1"], Author("ana", NOW), Status.CLOSED)
    assert store.groups() == {}
    newer = replace(group(0, 9, "a9"), start=NOW + 9 * SECOND)
    store.commit(Outcome(run(9), alerts(9), groups=[newer]))
    assert store.groups() == {"i1": newer}
    assert store.groups("r2") == {}


def test_a_group_is_read_by_itself(store: AlertStore) -> None:
    store.commit(Outcome(run(1), alerts(1), groups=[group(0, 0)]))
    assert store.group("i1") == group(0, 0)
    assert store.group("i2") is None
    store.set_status(["a1"], Author("ana", NOW), Status.CLOSED)
    assert store.group("i1") is None


def test_groups_are_forgotten_by_their_start(store: AlertStore) -> None:
    store.commit(Outcome(run(1), alerts(1), groups=[group(0, 0)]))
    assert (store.forget_groups("r1", NOW), store.forget_groups("r1", NOW + 1)) == (0, 1)
    assert store.groups() == {}
    store.commit(Outcome(run(2), (), groups=[group(0, 0)]))
    assert (store.forget_groups(None, NOW), store.forget_groups(None, NOW + 1)) == (0, 1)


def test_alerts_belong_to_one_journal(store: AlertStore, place: Any) -> None:
    store.claim(-1, is_new=False)
    store.commit(Outcome(run(1), alerts(1)), position=1)
    with AlertStore(place) as other:
        with pytest.raises(AlertsTakenError, match="another --data"):
            other.claim(2, is_new=False)
        store.commit(Outcome(run(2), alerts(2)), position=2)
        other.claim(2, is_new=True)
        other.claim(2, is_new=False)
        with pytest.raises(AlertsTakenError):
            store.commit(Outcome(run(3), alerts(3)), position=3)
        other.commit(Outcome(run(4), alerts(4)), position=4)
        assert other.position == 4
        assert {*other.alerts(["a1", "a2", "a3", "a4"])} == {"a1", "a2", "a4"}


# --- threads and mistakes ---------------------------------------------------------------------------------------------


def test_threads_may_commit_the_same_alerts_at_once(store: AlertStore) -> None:
    def commit(number: int) -> tuple[str, ...]:
        order = alerts(*range(40)) if number % 2 else alerts(*reversed(range(40)))
        return store.commit(Outcome(run(number), order, Progress(NOW + number, number))).new

    with ThreadPoolExecutor(4) as threads:
        new = [id_ for ids in threads.map(commit, range(12)) for id_ in ids]
    assert sorted(new) == sorted(f"a{number}" for number in range(40))
    assert store.count() == 40
    assert store.progress()["r1"].batch == 11


def test_what_is_read_together_is_one_state(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(1)))
    with store._database.reading() as connection:
        assert Question(connection, TRUE).count() == 1
        store.commit(Outcome(run(1), alerts(2)))
        assert Question(connection, TRUE).count() == 1
    assert store.count() == 2


def test_stores_may_be_opened_at_once(place: Any) -> None:
    def opened(number: int) -> None:
        with AlertStore(place) as store:
            store.commit(Outcome(run(number), alerts(number)))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(opened, range(4)))
    with AlertStore(place) as store:
        assert store.count() == 4


def test_names_no_database_takes_are_nobodys(store: AlertStore) -> None:
    store.commit(Outcome(run(), alerts(1)))
    for name in ("a1\x00", "\ud800"):
        assert (store.alerts([name]), store.known_ids([name])) == ({}, frozenset())
        assert store.set_status([name], Author("ana", NOW), Status.CLOSED) == Changed(0, 0)
        assert store.history(name) == store.notes(name) == store.runs(name) == store.gaps(name) == ()
        store.forget_rule(name)


def test_a_server_that_drops_its_connections_is_asked_again(place: Any) -> None:
    if isinstance(place, Path):
        pytest.skip("SQLite has no server")
    name = f"besra-test-{uuid4().hex}"
    with AlertStore(f"{place}&application_name={name}") as store, AlertStore(place) as other:
        store.commit(Outcome(run(), alerts(1)))
        with other._database.writing() as connection:
            dropping = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"
            assert connection.execute(text(dropping), {"name": name}).all()
        assert store.commit(Outcome(run(1), alerts(1, 2))).new == ("a2",)


def test_a_folder_is_made_where_there_can_be_one(tmp_path: Path) -> None:
    with AlertStore(tmp_path / "some" / "folder" / FILE) as store:
        assert store.count() == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(AlertStoreError) as caught:
        AlertStore(tmp_path / "file" / "folder" / FILE)
    assert caught.value.problem.code == "database-failed"


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://h/d", "oracle://h/d", "sqlite://", "sqlite:///:memory:"])
def test_urls_of_other_databases_are_refused(url: str) -> None:
    with pytest.raises(AlertStoreError) as caught:
        AlertStore(url)
    assert caught.value.problem.code == "database-url"


def test_nobody_answers(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(AlertStoreError) as caught:
        AlertStore(f"postgresql://u:secret@/d?host={tmp_path}")
    assert caught.value.problem.code == "database-failed"
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "alerts.sqlite"
    path.write_text(json.dumps({"not": "a database"}) * 100)
    with pytest.raises(AlertStoreError) as caught:
        AlertStore(path)
    assert caught.value.problem.code == "database-failed"
    assert str(path) in str(caught.value)
