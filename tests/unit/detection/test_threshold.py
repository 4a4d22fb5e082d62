"""Alerts on buckets of events (detection-engine.md 5.2)."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.unit.detection.conftest import MakeRules

from besra import api
from besra.detection.conclude import conclude
from besra.detection.detect import Engine, Job, Resources, gather
from besra.detection.execution import Execution
from besra.detection.run import RunInfo
from besra.engine import columnar, worker_pool
from besra.events.file_read import FileRead, ReadOptions
from besra.events.reader import read_events
from besra.events.readers import json_blocks
from besra.language.plan import MAX_KEYS, Threshold
from besra.rules.ruleset import RuleSet
from besra.schema.timestamp import NANOS, parse_timestamp

Json = dict[str, Any]
NOW = parse_timestamp("2026-04-01T00:00:00Z")
INDEX = "logs-system.auth-default"
TERMS = {"new_terms_fields": ["host.name", "user.name"], "history_window_start": "now-7d"}


def logon(number: int, second: int | None = 0, **fields: Any) -> Json:
    at = {} if second is None else {"@timestamp": f"2026-03-17T09:{second // 60:02}:{second % 60:02}Z"}
    return {"_id": f"e{number}", "_index": INDEX, "_source": {**at, "event.outcome": "failure", **fields}}


def threshold(value: int = 3, field: Any = ("host.name",), **more: Any) -> Json:
    """Changes that make the sample rule count failed logons; `more` are fields of `threshold`."""
    asked = {"field": list(field) if isinstance(field, tuple) else field, "value": value, **more}
    return {"type": "threshold", "language": "kuery", "query": "event.outcome : failure", "threshold": asked}


def executions(rules: RuleSet, documents: Sequence[Json], engine: Engine = Engine.COLUMNAR) -> list[Execution]:
    job = Job(api.runnable(rules), engine=engine)
    gathered = gather(job, lambda _: api.positional_events(documents))
    return list(conclude(job, gathered, RunInfo(NOW or 0, seen_from=gathered.oldest)))


@pytest.mark.parametrize(("events", "alerts"), [(2, 0), (3, 1), (4, 1)])
def test_a_bucket_is_full_from_the_value_on(events: int, alerts: int, make_rules: MakeRules) -> None:
    documents = [logon(number, number, **{"host.name": "ws-17"}) for number in range(events)]
    assert len(api.detect(make_rules(threshold()), documents)) == alerts


@pytest.mark.parametrize(("users", "alerts"), [(1, 0), (2, 1), (3, 1)])
def test_distinct_values_are_counted_from_the_value_on(users: int, alerts: int, make_rules: MakeRules) -> None:
    rules = make_rules(threshold(cardinality=[{"field": "user.name", "value": 2}]))
    documents = [logon(n, n, **{"host.name": "ws-17", "user.name": f"u{n % users}"}) for n in range(6)]
    assert len(api.detect(rules, documents)) == alerts


def test_an_event_without_the_counted_field_counts_as_an_event(make_rules: MakeRules) -> None:
    rules = make_rules(threshold(cardinality=[{"field": "user.name", "value": 1}]))
    documents = [logon(0, 0, **{"host.name": "a", "user.name": "u"}), logon(1, 1, **{"host.name": "a"})]
    assert api.detect(rules, documents) == []
    [alert] = api.detect(rules, [*documents, logon(2, 2, **{"host.name": "a"})])
    assert alert["kibana.alert.threshold_result"]["cardinality"] == [{"field": "user.name", "value": 1}]


def test_fields_of_the_alert(make_rules: MakeRules) -> None:
    fields = ("host.name", "source.ip", "source.port", "user.name")
    rules = make_rules(threshold(field=fields, cardinality=[{"field": "event.code", "value": 2}]))
    values = {"host.name": "ws-17", "source": {"ip": "2001:DB8::1", "port": 50123}, "user.name": ["jd", "sue"]}
    documents = [logon(n, 10 - n, **values, **{"event.code": n % 2, "process.name": "sshd"}) for n in range(4)]
    first, second = api.detect(rules, documents, now=NOW)
    assert second["user"] == {"name": "sue"}
    created = "2026-04-01T00:00:00.000Z"
    expected = {
        "@timestamp": created,
        "event.kind": "signal",
        "host": {"name": "ws-17"},
        "user": {"name": "jd"},
        "source": {"ip": "2001:db8::1", "port": 50123},
        "kibana.alert.start": created,
        "kibana.alert.original_time": "2026-03-17T09:00:10.000Z",
        "kibana.alert.depth": 1,
        "kibana.alert.severity": "medium",
        "kibana.alert.reason": "event with source 2001:db8::1:50123, by jd on ws-17 created medium alert"
        " Notepad starts a shell.",
        "kibana.alert.threshold_result": {
            "count": 4,
            "from": "2026-03-17T09:00:07.000Z",
            "terms": [
                {"field": "host.name", "value": "ws-17"},
                {"field": "source.ip", "value": "2001:db8::1"},
                {"field": "source.port", "value": "50123"},
                {"field": "user.name", "value": "jd"},
            ],
            "cardinality": [{"field": "event.code", "value": 2}],
        },
        "kibana.alert.rule.type": "threshold",
        "kibana.alert.rule.rule_type_id": "siem.thresholdRule",
        "kibana.alert.rule.indices": ["logs-*"],
    }
    assert {name: first.get(name) for name in expected} == expected
    own = {name.partition(".")[0] for name in first} - {"kibana"}
    assert own == {"@timestamp", "event", "host", "user", "source", "besra"}
    [ancestor] = first["kibana.alert.ancestors"]
    assert {**ancestor, "id": ...} == {"id": ..., "type": "event", "index": "logs-*", "depth": 0}
    assert first["kibana.alert.uuid"] != second["kibana.alert.uuid"]


def test_the_first_and_last_events_are_shown(make_rules: MakeRules) -> None:
    documents = [logon(number, 5 * number, **{"host.name": "a"}) for number in range(30)]
    [alert] = api.detect(make_rules(threshold(30)), documents[::-1])
    told = alert["besra"]
    assert [event["id"] for event in told["events"]] == [f"e{n}" for n in (0, 1, 2, 3, 4, 25, 26, 27, 28, 29)]
    assert told["events"][0] == {
        "id": "e0",
        "index": INDEX,
        "time": "2026-03-17T09:00:00.000Z",
        "file": "(document)",
        "line": 30,
    }
    assert told["total_events"] == 30
    assert (told["start"], told["end"]) == ("2026-03-17T09:00:00.000Z", "2026-03-17T09:02:25.000Z")
    [ten] = api.detect(make_rules(threshold(10)), documents[:10])
    assert [event["id"] for event in ten["besra"]["events"]] == [f"e{number}" for number in range(10)]


@pytest.mark.parametrize("field", [[], "", [""]])
def test_no_field_is_one_bucket(field: Any, make_rules: MakeRules) -> None:
    documents = [logon(number, number, **{"host.name": f"h{number}"}) for number in range(3)]
    [alert] = api.detect(make_rules(threshold(field=field)), documents)
    assert alert["kibana.alert.threshold_result"]["terms"] == []
    assert alert["kibana.alert.reason"] == "event created medium alert Notepad starts a shell."
    assert "cardinality" not in alert["kibana.alert.threshold_result"]


def test_one_field_as_text(make_rules: MakeRules) -> None:
    documents = [logon(number, number, **{"host.name": "a"}) for number in range(3)]
    [alert] = api.detect(make_rules(threshold(field="host.name")), documents)
    assert alert["host"] == {"name": "a"}


def test_events_without_a_time_are_a_bucket_of_their_own_and_tell_no_times(make_rules: MakeRules) -> None:
    rules = make_rules(threshold())
    untimed = [logon(number, None, **{"host.name": "a"}) for number in range(3)]
    [alert] = api.detect(rules, untimed)
    assert alert["kibana.alert.threshold_result"] == {"count": 3, "terms": [{"field": "host.name", "value": "a"}]}
    assert "kibana.alert.original_time" not in alert
    assert not {"start", "end"} & alert["besra"].keys()
    timed = [logon(number, number, **{"host.name": "a"}) for number in (4, 5)]
    [alert] = api.detect(rules, [*untimed, *timed])
    assert alert["kibana.alert.threshold_result"]["count"] == 3
    timed.append(logon(6, 6, **{"host.name": "a"}))
    first, last = api.detect(rules, [*untimed, *timed])
    assert first["kibana.alert.original_time"] == "2026-03-17T09:00:06.000Z"
    assert "kibana.alert.original_time" not in last


@pytest.mark.parametrize("engine", Engine)
def test_of_two_documents_with_one_id_the_first_read_is_the_event(engine: Engine, make_rules: MakeRules) -> None:
    rare, also, other = logon(1, 1, **{"host.name": "a"}), logon(1, 1, **{"host.name": "b"}), logon(2, 2)
    other["_source"]["host.name"] = "b"
    found = executions(make_rules(threshold(2)), [rare, also, other], engine)
    assert [alert for execution in found for alert in execution.alerts] == []
    [alert] = executions(make_rules(threshold(2)), [also, rare, other], engine)[0].alerts
    assert alert["host"] == {"name": "b"}


def test_values_of_a_field_in_no_mapping_are_grouped_by_their_text(make_rules: MakeRules) -> None:
    documents = [logon(number, number, **{"made.up": value}) for number, value in enumerate([4, "4", 4.0])]
    [alert] = api.detect(make_rules(threshold(field=("made.up",))), documents)
    assert alert["made"] == {"up": "4"}


def test_a_field_that_holds_no_values_is_said(make_rules: MakeRules) -> None:
    rules = make_rules(threshold(field=("host",), cardinality=[{"field": "source.geo.location", "value": 1}]))
    found = [problem for problem in rules.problems if problem.code == "rule-field-without-values"]
    assert [problem.message.split()[0] for problem in found] == ["host", "source.geo.location"]


def test_fields_of_an_alert_are_no_part_of_the_body(make_rules: MakeRules) -> None:
    documents = [logon(number, number, **{"kibana.alert.rule.name": "R", "host.name": "a"}) for number in range(3)]
    [alert] = api.detect(make_rules(threshold(field=("kibana.alert.rule.name", "host.name"))), documents)
    assert alert["kibana.alert.rule.name"] == "Notepad starts a shell"
    assert "kibana" not in alert
    assert alert["kibana.alert.threshold_result"]["terms"][0] == {"field": "kibana.alert.rule.name", "value": "R"}


def test_a_building_block_rule(make_rules: MakeRules) -> None:
    documents = [logon(number, number, **{"host.name": "a"}) for number in range(3)]
    [alert] = api.detect(make_rules(threshold() | {"building_block_type": "default"}), documents)
    assert alert["kibana.alert.building_block_type"] == "default"


def test_alerts_come_in_the_order_of_last_events(make_rules: MakeRules) -> None:
    last = {"a": 50, "b": 20, "c": 40}
    documents = [logon(n, 0, **{"host.name": host}) for n, host in enumerate("abcabc")]
    documents += [logon(9 + second, second, **{"host.name": host}) for host, second in last.items()]
    alerts = api.detect(make_rules(threshold()), documents)
    assert [alert["host"]["name"] for alert in alerts] == ["b", "c", "a"]
    few = api.detect(make_rules(threshold() | {"max_signals": 2}), documents)
    assert [(alert["host"]["name"], alert["besra"]["total_matches"]) for alert in few] == [("b", 3), ("c", 3)]


# --- ids --------------------------------------------------------------------------------------------------------------


def test_what_an_id_stands_on(make_rules: MakeRules) -> None:
    def one(documents: Sequence[Json], **changes: Any) -> str:
        [alert] = api.detect(make_rules({**threshold(2), **changes}), documents, match_index=False)
        return str(alert["kibana.alert.uuid"])

    both = [logon(number, number, **{"host.name": "a", "user.name": "u"}) for number in range(2)]
    known = one(both)
    assert one([*both, logon(5, 59, **{"host.name": "a"})]) == known
    assert one([*both, logon(5, 0, **{"host.name": "a"})]) == known
    assert one(both, version=7, index=["other-*"], query="*", max_signals=3) == known
    assert one(both, threshold={"field": ["host.name"], "value": 1}) == known
    assert one(both, id="the rule in another place") != known
    assert one([logon(0, 3, **{"host.name": "a"}), *both[1:]]) != known
    assert one([logon(number, number, **{"host.name": "b"}) for number in range(2)]) != known
    pair = [{"field": fields, "value": 2} for fields in (["host.name", "user.name"], ["user.name", "host.name"])]
    assert one(both, threshold=pair[0]) == one(both, threshold=pair[1]) != known


def test_values_with_commas_are_not_taken_for_each_other(make_rules: MakeRules) -> None:
    values = [("a", "b,c"), ("a,b", "c"), ("a", "b,c"), ("a,b", "c")]
    documents = [logon(n, 0, **{"host.name": host, "user.name": user}) for n, (host, user) in enumerate(values)]
    alerts = api.detect(make_rules(threshold(2, ("host.name", "user.name"))), documents)
    assert len({alert["kibana.alert.uuid"] for alert in alerts}) == 2


# --- how long is counted over -----------------------------------------------------------------------------------------


def counts(rules: RuleSet, seconds: Iterable[int], engine: Engine = Engine.COLUMNAR) -> list[tuple[str, int]]:
    """The buckets of failed logons on one host at some seconds: when each began, and how many events it has."""
    documents = [logon(number, second, **{"host.name": "a"}) for number, second in enumerate(seconds)]
    alerts = [alert for execution in executions(rules, documents, engine) for alert in execution.alerts]
    results = [alert["kibana.alert.threshold_result"] for alert in alerts]
    return [(result["from"][14:19], result["count"]) for result in results]


@pytest.mark.parametrize("engine", Engine)
def test_events_are_counted_within_the_time_the_rule_looks_back(engine: Engine, make_rules: MakeRules) -> None:
    rules = make_rules(threshold(3) | {"from": "now-60s"})
    assert counts(rules, [0, 30, 61], engine) == []
    assert counts(rules, [0, 30, 60], engine) == [("00:00", 3)]
    # The first bucket has all of a minute, and what follows is in none that it shares.
    assert counts(rules, [0, 30, 60, 61, 62], engine) == [("00:00", 3)]
    assert counts(rules, [0, 30, 60, 61, 62, 121], engine) == [("00:00", 3), ("01:01", 3)]
    # Two events that are not enough for the first do not keep the next from beginning.
    assert counts(rules, [0, 50, 70, 80, 110, 111], engine) == [("00:50", 4)]


@pytest.mark.parametrize("engine", Engine)
def test_distinct_values_are_counted_within_that_time(engine: Engine, make_rules: MakeRules) -> None:
    rules = make_rules(threshold(2, cardinality=[{"field": "user.name", "value": 2}]) | {"from": "now-60s"})
    users = [(0, "u"), (10, "u"), (61, "v"), (200, "v"), (261, "u"), (300, "u"), (321, "v")]
    documents = [logon(n, second, **{"host.name": "a", "user.name": u}) for n, (second, u) in enumerate(users)]
    [execution] = executions(rules, documents, engine)
    results = [alert["kibana.alert.threshold_result"] for alert in execution.alerts]
    assert [(result["from"][14:19], result["count"]) for result in results] == [("00:10", 2), ("04:21", 3)]


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ({"from": "now-6m"}, 360),
        ({"from": "now-6m", "to": "now-1m"}, 300),
        ({"from": "now/d"}, 86_399),
        ({"from": "now-1d/d", "to": "now/d"}, 86_400),
        ({"from": "now-1M"}, 31 * 86_400),
    ],
)
def test_how_long_a_rule_looks_back(schedule: Json, seconds: int, make_rules: MakeRules) -> None:
    [(_, plan)] = api.runnable(make_rules(threshold() | schedule))
    assert isinstance(plan.correlation, Threshold)
    assert plan.correlation.within is not None
    assert plan.correlation.within // NANOS == seconds


def test_a_look_back_that_depends_on_the_run_is_no_limit(make_rules: MakeRules) -> None:
    for start in ("2001-03-01", "now-200y"):
        assert counts(make_rules(threshold(3) | {"from": start}), [0, 1000, 3000]) == [("00:00", 3)]


def test_times_beyond_64_bits(make_rules: MakeRules) -> None:
    rules = make_rules(threshold(2) | {"from": "now-1d"})
    days = ("1500-01-01", "1500-01-02", "1500-01-04", "2600-01-01", "2600-01-03", "2600-01-04")
    documents = [logon(n, None, **{"host.name": "a", "@timestamp": f"{day}T00:00:00Z"}) for n, day in enumerate(days)]
    documents += [logon(10 + n, n, **{"host.name": "b"}) for n in range(150)]
    for engine in Engine:
        found = [alert for done in executions(rules, documents, engine) for alert in done.alerts]
        begun = [alert["kibana.alert.threshold_result"]["from"][:10] for alert in found]
        assert begun == ["1500-01-01", "2026-03-17", "2600-01-03"]


# --- many events ------------------------------------------------------------------------------------------------------


def test_a_document_of_many_combinations_ends(make_rules: MakeRules) -> None:
    names = ("host.name", "user.name", "process.args")
    values = {name: [f"{name}{number}" for number in range(40)] for name in names}
    rules = make_rules(threshold(1, names))
    for more in (0, 150):  # the columnar engine from a hundred events on
        documents = [logon(0, 0, **values), *(logon(1 + n, 1, **{"host.name": "a"}) for n in range(more))]
        alerts = api.detect(rules, documents)
        assert {alert["besra"]["total_matches"] for alert in alerts} == {MAX_KEYS}
        shown = [(alert["user"]["name"], alert["process"]["args"]) for alert in alerts]
        assert shown == [(f"user.name{n // 40}", f"process.args{n % 40}") for n in range(100)]


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(workers: int, make_rules: MakeRules, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    changes = threshold(12, ("host.name", "user.name"), cardinality=[{"field": "source.port", "value": 5}])
    rules = make_rules({**changes, "rule_id": "1"}, {**changes, "type": "new_terms", **TERMS, "rule_id": "2"})
    documents = [
        logon(n, n * 37 % 300, **{"host.name": f"h{n % 5}", "user.name": ["u", f"u{n % 7}"], "source.port": n % 11})
        for n in range(900)
    ]
    path = tmp_path / "events.ndjson"
    path.write_text("".join(f"{json.dumps(document)}\n" for document in documents), "utf-8")
    alerts = []
    for engine, used in ((Engine.REFERENCE, 1), (Engine.COLUMNAR, workers)):
        job = Job(api.runnable(rules), engine=engine, resources=Resources(used))

        def read(decoder: Any) -> Iterable[Any]:
            return (
                item for item in read_events([path], ReadOptions(decoder=decoder)) if not isinstance(item, FileRead)
            )

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(columnar, "FEW_BYTES", 0)
            patch.setattr(json_blocks, "BLOCK", 20_000)
            patch.setattr(worker_pool, "BLOCK", 20_000)
            gathered = gather(job, read)
            found = list(conclude(job, gathered, RunInfo(0, seen_from=gathered.oldest)))
        alerts.append([alert for execution in found for alert in execution.alerts])
    assert alerts[0] == alerts[1]
    assert Counter(alert["kibana.alert.rule.type"] for alert in alerts[0]) == {"threshold": 40, "new_terms": 40}
