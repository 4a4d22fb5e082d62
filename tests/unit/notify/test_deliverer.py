"""Alerts are told of once each, whatever fails: the outbox, its digests, what is tried again and what is given up."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.storage.samples import NOW, SECOND, alert, alerts, run

from besra.notify.action import action_of, actions_of
from besra.notify.answer import Answer, failed
from besra.notify.connector import Connector, Message
from besra.notify.connectors_file import NotifySettings
from besra.notify.pace import GIVEN_UP, LONGEST, Pace, pause_after
from besra.notify.payload import payload_of
from besra.notify.sending import Sender
from besra.notify.triggers import key_of
from besra.problems import Problem
from besra.service.deliverer import DEAD_KEPT, KEPT, Deliverer
from besra.service.notifying import Notifying, notifying
from besra.storage.alert_store import AlertStore
from besra.storage.outbox import Standing, keep_payload
from besra.storage.outbox_pages import Asked, Shown
from besra.storage.outcome import Outcome

MINUTE = 60 * SECOND
HOOK = Connector("hook", ".webhook", "Hook", config={"url": "https://example.com/"}, is_of_file=True)
LOG = Connector("log", ".server-log", "Log", is_of_file=True)
TAKEN = Answer(details={"status": 200})
AWAY = failed(Problem("connector-unreachable", "nobody is there"))
NEVER = failed(Problem("connector-answer", "it answers with 400"), is_final=True)


class Recorder(Sender):
    """Keeps what is sent, and answers what the test wants."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.answer: Callable[[Connector, Message], Answer] = lambda connector, message: TAKEN

    def send(self, connector: Connector, message: Message) -> Answer:
        self.sent.append(message)
        return self.answer(connector, message)


@dataclass
class Desk:
    """A store whose alerts are told of by hand: `deliver` is what the service does all the time."""

    store: AlertStore
    notifying: Notifying
    recorder: Recorder
    now: list[int]
    told: list[str] = field(default_factory=list)

    @property
    def deliverer(self) -> Deliverer:
        return self.notifying.deliverer

    def commit(self, *documents: dict[str, Any]) -> None:
        self.store.commit(Outcome(run(), documents))

    def deliver(self, seconds: float = 0) -> list[Message]:
        """What is sent when so many seconds have passed."""
        self.now[0] += int(seconds * SECOND)
        before = len(self.recorder.sent)
        while self.deliverer.step(self.deliverer.serve):
            pass
        return self.recorder.sent[before:]

    def entries(self, **asked: Any) -> list[Shown]:
        return self.notifying.pages.page(Asked("default", size=1000, **asked))


def action(connector: str = "hook", uuid: str = "u1", **fields: Any) -> dict[str, Any]:
    each = {"summary": False, "notifyWhen": "onActiveAlert", "throttle": None}
    return {"id": connector, "uuid": uuid, "params": {"body": "{{alert.id}}"}, "frequency": each, **fields}


def with_actions(*actions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kibana.alert.rule.actions": list(actions), **fields}


def desk_over(store: AlertStore, folder: Path, said: NotifySettings) -> Desk:
    now, told = [NOW], list[str]()
    recorder = Recorder()
    made = notifying(said, store, folder, lambda: now[0], told.append)
    deliverer = Deliverer(store.database, made.book, recorder, lambda: now[0], said, told.append)
    return Desk(store, replace(made, deliverer=deliverer), recorder, now, told)


@pytest.fixture
def desk(store: AlertStore, tmp_path: Path) -> Iterator[Desk]:
    yield desk_over(store, tmp_path, NotifySettings((HOOK, LOG), per_minute=10))


def bodies(messages: list[Message]) -> list[str]:
    return [message.params["body"] for message in messages]


# --- what is told of --------------------------------------------------------------------------------------------------


def test_each_alert_is_told_of_once_however_often_its_run_is_done(desk: Desk) -> None:
    made = alerts(1, 2, **with_actions(action()))
    desk.commit(*made)
    assert bodies(desk.deliver()) == ["a1", "a2"]
    desk.commit(*made, alert(3, **with_actions(action())))
    assert bodies(desk.deliver()) == ["a3"]
    assert {entry.status for entry in desk.entries()} == {Standing.SENT}


def test_what_is_not_committed_is_not_told_of(desk: Desk) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the transaction comes to nothing")

    desk.store.beside.append(fail)
    with pytest.raises(RuntimeError):
        desk.commit(alert(1, **with_actions(action())))
    assert desk.deliver() == []
    desk.store.beside.pop()
    desk.commit(alert(1, **with_actions(action())))
    assert bodies(desk.deliver()) == ["a1"]


def test_alerts_that_are_only_brought_up_to_date_are_not_told_of_again(desk: Desk) -> None:
    result = {"count": 5, "from": "2025-06-15T15:06:40Z", "terms": []}
    told = with_actions(action(), **{"kibana.alert.threshold_result": result})
    desk.commit(alert(1, **told))
    desk.deliver()
    more = {**told, "kibana.alert.threshold_result": {**result, "count": 9}}
    desk.commit(alert(1, **more))
    desk.store.bring_up_to_date([alert(1, **more)])
    assert desk.store.alerts(["a1"])["a1"]["kibana.alert.threshold_result"]["count"] == 9
    assert desk.deliver() == []


def test_building_blocks_are_not_told_of(desk: Desk) -> None:
    desk.commit(alert(1, **with_actions(action()), **{"kibana.alert.building_block_type": "default"}))
    assert desk.entries() == []


def test_each_action_of_a_rule_tells_of_the_alert(desk: Desk) -> None:
    desk.commit(alert(1, **with_actions(action(), action("log", "u2", params={"message": "{{alert.id}}"}))))
    desk.deliver()
    assert {entry.connector for entry in desk.entries(status=Standing.SENT)} == {"hook", "log"}
    assert len({message.key for message in desk.recorder.sent}) == 2


def test_actions_that_share_a_uuid_each_tell_of_the_alert(desk: Desk) -> None:
    first, copy = action(), action(params={"body": "again"})
    desk.commit(alert(1, **with_actions(first, copy, action("log", params={"message": "{{alert.id}}"}))))
    assert sorted(str(message.params.get("body")) for message in desk.deliver()) == ["None", "a1", "again"]
    assert key_of("default", "a1", "u1") in {entry.key for entry in desk.entries(connector="hook")}
    given = [action(), action(), action("log"), {**action(), "uuid": None}, {**action(), "uuid": None}]
    uuids = [[one.uuid for one in actions_of(given, None, 0, 0)] for _ in range(2)]
    assert uuids[0] == uuids[1], "what is made again has the same keys"
    assert len({*uuids[0]}) == len(given)
    assert uuids[0][0] == "u1"


def test_a_filter_chooses_alerts_and_what_cannot_be_read_of_it_holds_nothing_back(desk: Desk) -> None:
    high = action(alerts_filter={"query": {"kql": "kibana.alert.severity: high", "filters": []}})
    broken = action(uuid="u2", alerts_filter={"query": {"kql": "a: (b"}, "timeframe": {"timezone": "Nowhere/At_All"}})
    desk.commit(alert(1, **with_actions(high)), alert(2, **with_actions(high), **{"kibana.alert.severity": "high"}))
    assert bodies(desk.deliver()) == ["a2"]
    desk.commit(alert(3, **with_actions(broken)))
    assert bodies(desk.deliver()) == ["a3"]
    (entry,) = desk.entries(alert="a3")
    assert "kql" in str(entry.problem)
    assert "timeframe" in str(entry.problem)


def test_hours_choose_alerts_by_when_they_come(desk: Desk) -> None:
    # NOW is a Sunday, 15:06:40 in UTC.
    hours = {"days": [7], "hours": {"start": "16:00", "end": "18:00"}, "timezone": "Europe/Madrid"}
    desk.commit(alert(1, **with_actions(action(alerts_filter={"timeframe": hours}))))
    late = {**hours, "hours": {"start": "18:00", "end": "20:00"}}
    desk.commit(alert(2, **with_actions(action(alerts_filter={"timeframe": late}))))
    assert bodies(desk.deliver()) == ["a1"]


def test_the_service_tells_of_alerts_by_itself(store: AlertStore, tmp_path: Path) -> None:
    each = {"summary": False}
    said = {"id": "hook", "uuid": "notify:a", "params": {"body": "{{alert.id}}"}, "frequency": each}
    whole = action_of(said, None, 0, 0)
    settings_ = NotifySettings((HOOK,), (replace(whole, least="high"),))
    desk = desk_over(store, tmp_path, settings_)
    desk.commit(
        alert(1), alert(2, **{"kibana.alert.severity": "high"}), alert(3, **{"kibana.alert.severity": "critical"})
    )
    assert bodies(desk.deliver()) == ["a2", "a3"]


def test_rules_with_actions_of_their_own_may_be_left_out(store: AlertStore, tmp_path: Path) -> None:
    whole = action_of({"id": "hook", "uuid": "notify:a", "params": {"body": "d"}, "frequency": {}}, None, 0, 0)
    desk = desk_over(store, tmp_path, NotifySettings((HOOK,), (replace(whole, only_without_actions=True),)))
    desk.commit(alert(1), alert(2, **with_actions(action())))
    assert bodies(desk.deliver()) == ["d", "a2"]


def test_a_defect_keeps_no_alert_from_being_stored(desk: Desk) -> None:
    broken = alert(1, **with_actions(action()))
    broken["kibana.space_ids"] = 5
    desk.commit(broken, alert(2, **with_actions(action())))
    assert list(desk.store.alerts(["a1", "a2"])) == ["a1", "a2"]
    assert bodies(desk.deliver()) == ["a2"]
    assert "no notification of alert a1" in desk.told[0]


# --- digests ----------------------------------------------------------------------------------------------------------


def test_alerts_of_a_summary_go_together_once_its_time_is_over(desk: Desk) -> None:
    whole = action(
        params={"body": "{{alerts.new.count}}:{{#alerts.new.data}} {{_id}}{{/alerts.new.data}}"},
        frequency={"summary": True, "notifyWhen": "onThrottleInterval", "throttle": "1h"},
    )
    desk.commit(alert(1, **with_actions(whole)))
    desk.commit(alert(2, **with_actions(whole)))
    assert desk.deliver(60) == []
    (message,) = desk.deliver(3600)
    assert message.params["body"] == "2: a1 a2"
    assert message.kind == "digest"
    assert {entry.digest for entry in desk.entries(status=Standing.GATHERED)} == {message.key}
    desk.commit(alert(3, **with_actions(whole)))
    assert bodies(desk.deliver(3600)) == ["1: a3"]


def test_a_summary_of_a_run_waits_a_while(desk: Desk) -> None:
    desk.commit(*alerts(1, 2, 3, **with_actions(action(frequency=None, params={"body": "{{state.signals_count}}"}))))
    assert desk.deliver() == []
    assert bodies(desk.deliver(61)) == ["3"]


def test_a_rule_without_notifications_and_one_that_says_when_as_rules_once_did(desk: Desk) -> None:
    old = action(frequency=None, params={"body": "{{alerts.new.count}}"})
    desk.commit(alert(1, **with_actions(old), **{"kibana.alert.rule.throttle": "no_actions"}))
    desk.commit(*alerts(2, 3, **with_actions(old), **{"kibana.alert.rule.throttle": "1h"}))
    assert desk.deliver(120) == []
    assert bodies(desk.deliver(3600)) == ["2"]


def test_a_flood_is_a_few_requests_and_a_digest_that_counts_the_rest(desk: Desk) -> None:
    desk.commit(*alerts(*range(1, 1001), **with_actions(action())))
    first = desk.deliver()
    assert len(first) == 10
    digest = next(message for message in first if message.kind == "digest")
    assert '"count":991' in digest.params["body"].replace(" ", "")
    assert desk.deliver(30) == []
    desk.commit(*alerts(*range(2001, 2006), **with_actions(action())))
    assert len(desk.deliver(31)) == 5
    told = [entry for entry in desk.entries() if entry.kind == "digest"]
    assert [entry.count for entry in told] == [991]
    assert len(desk.entries(status=Standing.GATHERED)) == 991


def test_a_connector_may_say_how_much_it_takes(store: AlertStore, tmp_path: Path) -> None:
    quick = replace(HOOK, config={**HOOK.config, "maxPerMinute": 500})
    desk = desk_over(store, tmp_path, NotifySettings((quick,), per_minute=1))
    desk.commit(*alerts(*range(1, 301), **with_actions(action())))
    assert bodies(desk.deliver()) == [f"a{number}" for number in range(1, 301)]


# --- what fails -------------------------------------------------------------------------------------------------------


def test_what_is_not_taken_is_sent_again_under_the_same_key_and_with_the_same_content(desk: Desk) -> None:
    desk.recorder.answer = lambda *_: AWAY
    desk.commit(alert(1, **with_actions(action(params={"body": "{{date}}"}))))
    assert len(desk.deliver()) == 1
    assert desk.deliver(1) == []
    assert desk.deliverer.failing == 1
    desk.recorder.answer = lambda *_: TAKEN
    assert len(desk.deliver(10)) == 1
    first, second = desk.recorder.sent
    assert first == second
    assert desk.deliverer.failing == 0
    assert desk.told == [
        "error: connector hook: nobody is there; tried again",
        "connector hook: it takes notifications again",
    ]
    (entry,) = desk.entries()
    assert (entry.status, entry.attempts) == (Standing.SENT, 2)


def test_the_other_side_may_say_when(desk: Desk) -> None:
    desk.recorder.answer = lambda *_: failed(Problem("connector-answer", "it answers with 429"), retry_after=120.0)
    desk.commit(alert(1, **with_actions(action())))
    desk.deliver()
    assert desk.deliver(119) == []
    assert len(desk.deliver(2)) == 1


def test_one_that_is_away_is_not_asked_for_each_of_what_waits(desk: Desk) -> None:
    desk.recorder.answer = lambda *_: AWAY
    desk.commit(*alerts(1, 2, 3, 4, **with_actions(action())))
    assert len(desk.deliver()) == 1
    desk.commit(alert(5, **with_actions(action("log", "u2", params={"message": "m"}))))
    assert len(desk.deliver()) == 1, "another connector is not held up"


def test_what_is_refused_for_good_is_dead_and_can_be_tried_again_or_dropped(desk: Desk) -> None:
    desk.recorder.answer = lambda *_: NEVER
    desk.commit(*alerts(1, 2, **with_actions(action())))
    desk.deliver()
    assert desk.deliver(3600) == []
    dead = desk.entries(status=Standing.DEAD)
    assert desk.notifying.pages.counts() == {Standing.DEAD: 2}
    assert [entry.answer["code"] for entry in dead if entry.answer] == ["connector-answer"] * 2
    desk.recorder.answer = lambda *_: TAKEN
    pages = desk.notifying.pages
    assert pages.drop(Asked("default", key=dead[0].key), desk.now[0]) == 1
    assert pages.retry(Asked("default"), desk.now[0]) == 1
    assert bodies(desk.deliver()) == ["a1"]
    assert desk.entries(status=Standing.DROPPED)[0].alert == "a2"
    assert pages.counts() == {}


def test_what_could_not_be_sent_for_a_day_is_given_up(desk: Desk) -> None:
    desk.recorder.answer = lambda *_: AWAY
    desk.commit(alert(1, **with_actions(action())))
    for _ in range(int(GIVEN_UP / SECOND / LONGEST) + 2):
        desk.deliver(LONGEST)
    assert [entry.status for entry in desk.entries()] == [Standing.DEAD]
    assert desk.deliver(3600) == []


def test_a_connector_that_is_not_there_is_said(desk: Desk) -> None:
    desk.commit(alert(1, **with_actions(action("nobody"))))
    desk.deliver()
    (entry,) = desk.entries()
    assert entry.status is Standing.DEAD
    assert entry.answer
    assert entry.answer["code"] == "connector-missing"


def test_a_template_that_cannot_be_rendered_is_said_and_holds_up_nothing(desk: Desk) -> None:
    broken = action(params={"body": "{{#alerts}} never closed"})
    desk.commit(alert(1, **with_actions(broken)), alert(2, **with_actions(action(uuid="u2"))))
    first, second = desk.deliver()
    assert '"kibana.alert.uuid":"a1"' in first.params["body"].replace(" ", "")
    assert second.params["body"] == "a2"
    (entry,) = desk.entries(alert="a1")
    assert "params.body cannot be rendered" in str(entry.problem)


def test_nobody_waits_for_templates_that_are_rendered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is rendered is in no transaction: others write meanwhile, and SQLite has one that writes at a time."""
    stored: list[Any] = []

    def slow(*args: Any, **named: Any) -> Any:
        thread = threading.Thread(target=lambda: stored.append(desk.commit(alert(9))), daemon=True)
        thread.start()
        thread.join(10)
        stored.append(thread.is_alive())
        return payload_of(*args, **named)

    monkeypatch.setattr("besra.service.deliverer.payload_of", slow)
    desk.commit(alert(1, **with_actions(action())))
    assert bodies(desk.deliver()) == ["a1"]
    assert stored == [None, False]
    assert list(desk.store.alerts(["a9"])) == ["a9"]


def test_what_is_kept_first_is_what_is_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who made the same meanwhile has perhaps sent it: a key has one content."""
    desk.commit(alert(1, **with_actions(action())))

    def late(*args: Any, **named: Any) -> Any:
        with desk.store.database.writing() as connection:
            (number,) = connection.exec_driver_sql("SELECT number FROM notification").scalars()
            assert keep_payload(connection, number, {"body": "first"}, None) == {"body": "first"}
        return payload_of(*args, **named)

    monkeypatch.setattr("besra.service.deliverer.payload_of", late)
    assert bodies(desk.deliver()) == ["first"]
    assert [entry.payload for entry in desk.entries()] == [{"body": "first"}]


def test_parameters_of_any_shape_are_used_or_said(desk: Desk) -> None:
    odd = action(params={"body": {"a": ["{{alert.id}}"]}, "nothing": 1})
    desk.commit(alert(1, **with_actions(odd)))
    (message,) = desk.deliver()
    assert message.params["body"] == {"a": ["a1"]}
    assert "params.nothing" in str(desk.entries()[0].problem)


def test_a_crash_between_sending_and_noting_sends_the_same_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.commit(alert(1, **with_actions(action(params={"body": "{{date}}"}))))
    monkeypatch.setattr("besra.storage.outbox.note_sent", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        desk.deliver()
    monkeypatch.undo()
    desk.now[0] += 5 * SECOND
    desk.deliver()
    assert len(desk.recorder.sent) >= 2
    assert len({(message.key, message.params["body"]) for message in desk.recorder.sent}) == 1


def test_what_was_sent_is_forgotten_after_a_while(desk: Desk) -> None:
    desk.commit(*alerts(*range(1, 21), **with_actions(action())))
    desk.deliver()
    desk.recorder.answer = lambda *_: NEVER
    desk.commit(alert(30, **with_actions(action())))
    desk.deliver(61)
    desk.deliver((KEPT + 11 * MINUTE) / SECOND)
    assert [entry.status for entry in desk.entries()] == [Standing.DEAD]
    desk.deliver(DEAD_KEPT / SECOND)
    assert desk.entries() == []


def test_alerts_that_are_gone_are_said(desk: Desk) -> None:
    desk.commit(alert(1, **with_actions(action(params={"body": "{{alerts.new.count}}"}))))
    with desk.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM alert")
    assert bodies(desk.deliver()) == ["1"]
    assert "removed" in str(desk.entries()[0].problem)


# --- the pace ---------------------------------------------------------------------------------------------------------


@given(st.integers(1, 200), st.floats(0, 1))
def test_pauses_grow_and_have_a_most(failures: int, chance: float) -> None:
    assert 2.5 <= pause_after(failures, chance) <= LONGEST
    assert pause_after(failures, 0) <= pause_after(failures + 1, 0)


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40)), max_size=20), st.integers(1, 30))
@settings(max_examples=60)
def test_no_minute_has_more_than_it_may(steps: list[tuple[int, int]], most: int) -> None:
    pace, now, sent = Pace(), NOW, list[int]()
    for seconds, wanted in steps:
        now += seconds * SECOND
        for _ in range(wanted):
            if pace.left(most, now) > 0:
                pace.note_sent(now)
                sent.append(now)
    assert all(sum(start <= time < start + MINUTE for time in sent) <= most for start in sent)


def test_a_clock_that_is_set_back_stops_nothing_for_good() -> None:
    pace = Pace()
    pace.note_failed(NOW, 3600.0)
    assert pace.left(5, NOW) == 0
    assert pace.left(5, NOW - 7200 * SECOND) == 5
