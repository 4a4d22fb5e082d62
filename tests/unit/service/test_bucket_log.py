"""Thresholds counted while events arrive: the buckets of a scan, whatever the lots, and what stays of late events."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulation import MINUTE, SECOND, START, document, rule_text, rules_of

import besra
from besra.api import runnable
from besra.detection.detect import Job
from besra.detection.execution import Execution, Limits
from besra.detection.run import RunInfo
from besra.detection.window import EVERYTHING
from besra.events.event_time import event_time
from besra.events.index_name import index_names
from besra.service.detector import Arrival, Detector, position_of
from besra.storage.growth import ToldBucket
from besra.storage.journal import Record

Json = dict[str, Any]
Told = dict[str, tuple[Any, ...]]


def counting(folder: Path, threshold: str, start: str = "now-60s") -> besra.RuleSet:
    return rules_of(folder, rule_text("n", "*", start=start, type="threshold", language="kuery", threshold=threshold))


def told(alerts: Sequence[Json]) -> Told:
    """What alerts say of buckets, by id."""
    return {
        alert["kibana.alert.uuid"]: (
            alert["kibana.alert.threshold_result"],
            alert.get("kibana.alert.original_time"),
            [event["id"] for event in alert["besra"]["events"]],
        )
        for alert in alerts
    }


class Live:
    """A detector that is told of events in lots."""

    def __init__(self, rules: besra.RuleSet) -> None:
        self.detector = Detector(Job(runnable(rules), now=START, limits=Limits(0)), START)
        self.sent: list[tuple[str, Json]] = []
        self.found: Told = {}
        self._batch = 0

    def arrive(self, lot: Sequence[tuple[str, Json]], now: int = START) -> list[Json]:
        """Events arrive, by their ids; the alerts there are then."""
        self._batch += 1
        self.sent += lot
        arrivals = [
            Arrival(
                Record(orjson.dumps(sent), index_names(sent), name, event_time(sent)),
                position_of(self._batch, place),
                now,
            )
            for place, (name, sent) in enumerate(lot)
        ]
        self.detector.take(arrivals)
        return self.run(now)

    def run(self, now: int = START) -> list[Json]:
        """The alerts on what is new."""
        done = list(self.detector.run(self.detector.waiting, RunInfo(now)))
        self.detector.confirm()
        return self._alerts(done)

    def grown(self, now: int) -> list[Json]:
        """What alerts on buckets that have grown are to say."""
        return list(self.detector.grown(RunInfo(now), now))

    def look(self) -> list[Json]:
        """The alerts of a run over all that is kept."""
        return self._alerts(list(self.detector.look(0, [EVERYTHING], RunInfo(START))))

    def _alerts(self, done: Sequence[Any]) -> list[Json]:
        assert all(isinstance(one, Execution) for one in done), done
        alerts = [alert for one in done for alert in one.alerts]
        self.found |= told(alerts)
        return alerts


def scanned(rules: besra.RuleSet, sent: Sequence[tuple[str, Json]]) -> Told:
    hits = [{"_index": index_names(one)[0], "_id": name, "_source": one} for name, one in sent]
    return told(besra.detect(rules, hits, now=START, max_alerts=0))


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 20, 60, 61]),
        st.sampled_from(["a", "b", ["a", "b"], [f"h{n}" for n in range(20)]]),
        st.sampled_from(["u", "v", ["u", "v"], None]),
    ),
    max_size=30,
)
THRESHOLDS = [
    '{field = ["host.name"], value = 1}',
    '{field = ["host.name"], value = 3}',
    "{field = [], value = 2}",
    '{field = ["host.name"], value = 2, cardinality = [{field = "user.name", value = 2}]}',
    '{field = "host.name", value = 1, cardinality = [{field = "user.name", value = 1}, {field = "made", value = 1}]}',
]


@pytest.fixture(scope="module", params=range(len(THRESHOLDS)))
def rules(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> besra.RuleSet:
    return counting(tmp_path_factory.mktemp("rules"), THRESHOLDS[request.param])


@given(events=EVENTS, chance=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_any_lots_give_the_buckets_of_a_scan(rules: besra.RuleSet, events: Sequence[Any], chance: Any) -> None:
    """Within a lot events are in any order, and some are sent again."""
    live, at, rest = Live(rules), START, []
    for number, (later, host, user) in enumerate(events):
        at += later * SECOND
        fields = {"host.name": host, "made": str(number % 3)} | ({} if user is None else {"user.name": user})
        rest.append((f"e{number:02}", document(at, **fields)))
    while rest:
        size = chance.choice((1, 4, 30))
        lot, rest = rest[:size], rest[size:]
        again = chance.sample(live.sent, min(len(live.sent), chance.choice((0, 2))))
        # Those of one time stay in order: their order is that of their arrival.
        live.arrive(sorted([*lot, *again], key=lambda one: (chance.random(), one[0])) if size == 4 else [*again, *lot])
    live.look()
    wanted = scanned(rules, list(dict(live.sent).items()))
    assert {name: result for name, (result, *_) in live.found.items()} == {n: r for n, (r, *_) in wanted.items()}
    assert {name: time for name, (_, time, _) in live.found.items()} == {n: t for n, (_, t, _) in wanted.items()}


def events(*seconds: int, first: int = 0) -> list[tuple[str, Json]]:
    return [
        (f"e{first + number}", document(START + second * SECOND, **{"host.name": "a"}))
        for number, second in enumerate(seconds)
    ]


def counts(alerts: Sequence[Json]) -> list[tuple[str, int]]:
    results = [alert["kibana.alert.threshold_result"] for alert in alerts]
    return [(result["from"][14:19], result["count"]) for result in results]


def test_the_first_and_last_events_are_shown(tmp_path: Path) -> None:
    live = Live(counting(tmp_path, THRESHOLDS[1]))
    for number in range(0, 40, 4):
        live.arrive(events(*range(number, number + 4), first=number))
    [alert] = live.look()
    assert alert["kibana.alert.threshold_result"]["count"] == 40
    assert [event["id"] for event in alert["besra"]["events"]] == [f"e{n}" for n in (0, 1, 2, 3, 4, 35, 36, 37, 38, 39)]
    assert alert["host"] == {"name": "a"}


def test_what_is_told_when(tmp_path: Path) -> None:
    live = Live(counting(tmp_path, THRESHOLDS[1]))
    assert live.arrive(events(0, 1)) == []
    assert counts(live.arrive(events(2, first=2))) == [("13:20", 3)]
    # A bucket that grows is not told of with every event.
    assert live.arrive(events(3, first=3)) == []
    assert counts(live.grown(START + MINUTE)) == [("13:20", 4)]
    # Where that could not be kept it is told again.
    assert counts(live.grown(START + MINUTE)) == [("13:20", 4)]
    live.detector.told(START + MINUTE)
    live.arrive(events(4, first=4))
    assert live.grown(START + MINUTE + SECOND) == []
    live.detector.told(START + MINUTE + SECOND)
    assert counts(live.grown(START + 2 * MINUTE)) == [("13:20", 5)]
    live.detector.told(START + 2 * MINUTE)
    assert live.grown(START + 3 * MINUTE) == []


def test_what_is_not_kept_is_told_again(tmp_path: Path) -> None:
    live = Live(counting(tmp_path, THRESHOLDS[1]))
    live.detector.take([])
    live.arrive(events(0, 1))
    live.arrive(events(2, first=2))
    for number in (3, 4):
        live.detector.take([])
        live.arrive(events(100 * number, first=number))
    live.arrive(events(500, 501, first=5))
    detector = live.detector
    lot = events(502, first=7)
    record = Record(orjson.dumps(lot[0][1]), index_names(lot[0][1]), lot[0][0], event_time(lot[0][1]))
    detector.take([Arrival(record, position_of(99, 0), START)])
    first = [one for one in detector.run(detector.waiting, RunInfo(START)) if isinstance(one, Execution)]
    detector.again()
    second = [one for one in detector.run(detector.waiting, RunInfo(START)) if isinstance(one, Execution)]
    assert first[0].alerts
    assert told(first[0].alerts) == told(second[0].alerts)


def test_a_late_event_joins_what_is_there_and_changes_no_beginning(tmp_path: Path) -> None:
    live = Live(counting(tmp_path, THRESHOLDS[1]))
    live.arrive(events(30, 31, 32))
    assert live.arrive(events(10, 45, first=3)) == []
    assert counts(live.look()) == [("13:50", 4)]
    # What came before is no part of it, and is a bucket where there is enough of it.
    assert counts(live.arrive(events(11, 12, first=5))) == [("13:30", 3)]


def test_buckets_with_an_alert_keep_their_beginning(tmp_path: Path) -> None:
    """A process that starts again does not know when the bucket before began, but for its alert."""
    rules = counting(tmp_path, THRESHOLDS[0])
    before = Live(rules)
    [alert] = before.arrive(events(0, 30))
    after = Live(rules)
    after.detector.expect([ToldBucket("n", alert["kibana.alert.threshold_result"])])
    # The first event is too old to be read again.
    assert after.arrive(events(30, 50, first=1)) == []
    assert counts(after.arrive(events(61, first=3))) == [("14:21", 1)]
    assert counts(after.look()) == [("14:21", 1)]


def test_what_is_over_is_let_go(tmp_path: Path) -> None:
    live = Live(counting(tmp_path, THRESHOLDS[1]))
    live.arrive(events(0, 1, 2, 300))
    log = live.detector._log._buckets[0]
    for minute in range(1, 90, 4):
        now = START + minute * MINUTE
        live.detector.forget(now)
        live.arrive([(f"m{minute}", document(now, **{"host.name": f"h{minute}"}))], now)
    assert len(log) < 15
    assert live.look() == []
