"""What a run of a rule sees of events that happened and arrived at different times (detection-engine.md 2.2)."""

from typing import Any

import pytest
from tests.unit.detection.conftest import MakeRules
from tests.unit.rules.samples import parsed

from besra import api
from besra.detection.conclude import conclude
from besra.detection.detect import Engine, Job, gather
from besra.detection.run import RunInfo
from besra.detection.visibility import seen_in, visible
from besra.detection.window import EVERYTHING, Window
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.rules.rule import Rule
from besra.rules.ruleset import RuleSet
from besra.schema.timestamp import parse_timestamp

Json = dict[str, Any]


def at(minute: int) -> str:
    return f"2026-03-17T09:{minute:02}:00Z"


def between(start: int | None, end: int | None) -> Window:
    first, last = (None if minute is None else parse_timestamp(at(minute)) for minute in (start, end))
    return Window(first, last)


def rule_with(**changes: Any) -> Rule:
    rule = parsed("eql", **changes).rule
    assert rule is not None
    return rule


INGESTED = {"timestamp_override": "event.ingested"}
NO_FALLBACK = INGESTED | {"timestamp_override_fallback_disabled": True}


@pytest.mark.parametrize(
    ("happened", "ingested", "plain", "override", "no_fallback"),
    [
        (15, 15, True, True, True),
        (1, 15, False, True, True),
        (15, 30, True, False, False),
        (15, None, True, True, False),
        (1, None, False, False, False),
        (10, None, True, True, False),
        (20, None, True, True, False),
        (None, 10, False, True, True),
        (None, 20, False, True, True),
        (None, 21, False, False, False),
        (None, None, False, False, False),
    ],
)
def test_which_events_are_seen(
    happened: int | None, ingested: int | None, plain: bool, override: bool, no_fallback: bool
) -> None:
    times = {"@timestamp": happened, "event.ingested": ingested}
    event = Fields({name: at(minute) for name, minute in times.items() if minute is not None})
    window = between(10, 20)
    seen = [holds(visible(rule_with(**changes), window), event) for changes in ({}, INGESTED, NO_FALLBACK)]
    assert seen == [plain, override, no_fallback]


@pytest.mark.parametrize(("window", "minutes"), [(between(10, None), {10, 30}), (between(None, 10), {1, 10})])
def test_a_window_may_have_one_end(window: Window, minutes: set[int]) -> None:
    seen = visible(rule_with(**INGESTED), window)
    assert {minute for minute in (1, 10, 30) if holds(seen, Fields({"event.ingested": at(minute)}))} == minutes


def test_a_time_that_is_none_is_missing() -> None:
    event = Fields({"event.ingested": "yesterday", "@timestamp": at(15)})
    assert holds(visible(rule_with(**INGESTED), between(10, 20)), event)


def event(identity: str, happened: int, ingested: int | None = None, **fields: Any) -> Json:
    times = {"@timestamp": at(happened)} | ({} if ingested is None else {"event.ingested": at(ingested)})
    return {"_id": identity, "event.category": "process", "process.name": "cmd.exe", **times, **fields}


def found(rules: RuleSet, documents: list[Json], window: Window, engine: Engine) -> list[list[str]]:
    """The ids of the events of every match, as the rules' runs in the window find them."""
    seen = tuple((rule, seen_in(window, rule, plan)) for rule, plan in rules.runnable)
    job = Job(seen, match_index=False, engine=engine)
    gathered = gather(job, lambda _: api._events(documents, None))
    alerts = [alert for done in conclude(job, gathered, RunInfo(0)) for alert in done.alerts]
    whole = [alert for alert in alerts if "kibana.alert.group.index" not in alert]
    return [[event["id"] for event in alert["besra"]["events"]] for alert in whole]


@pytest.fixture(params=list(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.param)


def test_late_events_are_seen_and_keep_their_order(engine: Engine, make_rules: MakeRules) -> None:
    query = "sequence [process where process.pid == 1] [process where process.pid == 2]"
    documents = [
        event("second", 2, 12, **{"process.pid": 2}),
        event("first", 1, 19, **{"process.pid": 1}),
        event("too-late", 3, 40, **{"process.pid": 2}),
    ]
    rules = make_rules(INGESTED | {"query": query})
    assert found(rules, documents, between(10, 20), engine) == [["first", "second"]]
    assert found(make_rules({"query": query}), documents, between(10, 20), engine) == []


def test_everything_is_seen_without_a_window(make_rules: MakeRules) -> None:
    ((rule, plan),) = make_rules(INGESTED).runnable
    assert seen_in(EVERYTHING, rule, plan) is plan


NEW_TERMS = INGESTED | {
    "type": "new_terms",
    "language": "kuery",
    "query": "process.name : *",
    "new_terms_fields": ["user.name"],
    "from": "now-10m",
    "history_window_start": "now-20m",
}


def test_what_is_new_is_so_beside_the_history_before_the_window(engine: Engine, make_rules: MakeRules) -> None:
    documents = [
        event("old", 5, 5, **{"user.name": "a"}),
        event("known", 15, 15, **{"user.name": "a"}),
        event("late-and-new", 6, 16, **{"user.name": "b"}),
        event("new", 17, 17, **{"user.name": "c"}),
        event("not-yet", 18, 30, **{"user.name": "d"}),
    ]
    assert found(make_rules(NEW_TERMS), documents, between(10, 20), engine) == [["late-and-new"], ["new"]]


def test_indicators_are_seen_whenever_they_came(engine: Engine, make_rules: MakeRules) -> None:
    changes = INGESTED | {
        "type": "threat_match",
        "language": "kuery",
        "query": "process.name : *",
        "threat_query": "*:*",
        "threat_index": ["logs-ti_*"],
        "threat_mapping": [{"entries": [{"field": "source.ip", "type": "mapping", "value": "threat.indicator.ip"}]}],
    }
    documents = [
        {"_id": "i", "_index": "logs-ti_x", "@timestamp": at(1), "threat.indicator.ip": "192.0.2.1"},
        event("seen", 1, 15, **{"source.ip": "192.0.2.1"}),
        event("unseen", 15, 30, **{"source.ip": "192.0.2.1"}),
    ]
    rules = make_rules(changes)
    seen = tuple((rule, seen_in(between(10, 20), rule, plan)) for rule, plan in rules.runnable)
    job = Job(seen, match_index=True, engine=engine)
    gathered = gather(job, lambda _: api._events(documents, "logs-x"))
    (done,) = conclude(job, gathered, RunInfo(0))
    assert [alert["besra"]["events"][0]["id"] for alert in done.alerts] == ["seen"]
