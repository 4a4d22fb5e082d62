"""Rules over alerts: what they read, what comes of it, in which order rules run, and in how many processes."""

import gzip
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.unit.detection.conftest import MakeRules

from besra import api
from besra.detection import conclude as module
from besra.detection.conclude import conclude
from besra.detection.detect import Engine, Job, Resources, gather
from besra.detection.execution import NO_LIMITS, Execution, Limits
from besra.detection.run import RunInfo
from besra.detection.window import EVERYTHING, Window
from besra.engine.forked import can_fork
from besra.errors import InputError
from besra.events.event import Event
from besra.events.file_read import FileRead, ReadOptions
from besra.events.line_block import Decoder, LineBlock
from besra.events.reader import read_events
from besra.events.table_part import TablePart
from besra.problems import Problem
from besra.rules.ruleset import RuleSet
from besra.schema.timestamp import format_timestamp, parse_timestamp

Json = dict[str, Any]
ALERTS = [".alerts-security.*"]
BOTH = ["logs-*", *ALERTS]
NOW = 1_775_000_000_000_000_000


def id_of(name: str) -> str:
    return f"{name.lower() * 8}-0000-4000-8000-000000000000"


def rule(name: str, query: str, index: Sequence[str] = ("logs-*",), **changes: Any) -> Json:
    """A rule of one letter, which its id tells."""
    return {"name": name, "rule_id": id_of(name), "query": query, "index": list(index), **changes}


def of(*names: str) -> str:
    """A query for the alerts of rules."""
    listed = ", ".join(f'"{name}"' for name in names)
    return f"any where kibana.alert.rule.name in ({listed})"


SHELLS = rule("A", 'process where process.name == "cmd.exe"')


def event(identity: str, second: int = 0, name: str = "cmd.exe", **fields: Any) -> Json:
    time = f"2026-03-17T09:00:{second:02}Z"
    document = {"@timestamp": time, "event": {"category": ["process"]}, "process": {"name": name, "pid": 1}, **fields}
    return {"_id": identity, "_index": "logs-x-default", "_source": document}


def made(alerts: Iterable[Json]) -> list[tuple[str, int, list[str]]]:
    """Of every alert the rule, the depth and the ids of the events it is about."""
    return [
        (alert["kibana.alert.rule.name"], alert["kibana.alert.depth"], [e["id"] for e in alert["besra"]["events"]])
        for alert in alerts
    ]


def ran(rules: RuleSet, documents: Iterable[Json], engine: Engine, **how: Any) -> list[Execution]:
    job = Job(rules.runnable, engine=engine, resources=Resources(), **how)
    gathered = gather(job, lambda _: iter(list(api.positional_events(documents))))
    return list(conclude(job, gathered, RunInfo(NOW)))


# --- one rule over another --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", Engine)
def test_an_alert_is_an_event_to_rules_that_name_its_index(engine: Engine, make_rules: MakeRules) -> None:
    rules = make_rules(rule("C", of("B"), ALERTS), rule("B", of("A"), ALERTS), SHELLS)
    executions = ran(rules, [event("e1", 1), event("e2", 2)], engine)
    assert made(alert for execution in executions for alert in execution.alerts) == [
        *(("A", 1, [e]) for e in ("e1", "e2")),
        *(("B", 2, [e]) for e in ("e1", "e2")),
        *(("C", 3, [e]) for e in ("e1", "e2")),
    ]


def test_ancestors_lead_from_alert_to_alert_to_event(make_rules: MakeRules) -> None:
    rules = make_rules(SHELLS, rule("B", of("A"), ALERTS), rule("C", of("B"), ALERTS))
    first, second, third = api.detect(rules, [event("e1", 1)], now=NOW)
    home = ".alerts-security.alerts-default"
    parents = [
        {"id": alert["kibana.alert.uuid"], "type": "signal", "index": home, "depth": depth, "rule": id_of(name)}
        for alert, depth, name in ((first, 1, "A"), (second, 2, "B"))
    ]
    assert third["kibana.alert.ancestors"] == [
        {"id": "e1", "type": "event", "index": "logs-x-default", "depth": 0},
        *parents,
    ]
    assert third["kibana.alert.original_event.kind"] == "signal"
    assert third["kibana.alert.original_time"] == "2026-03-17T09:00:01.000Z"
    assert third["process"] == {"name": "cmd.exe", "pid": 1}


def test_alerts_of_one_run_share_nothing_that_can_be_changed(make_rules: MakeRules) -> None:
    rules = make_rules(SHELLS, rule("B", of("A"), ALERTS))
    first, second = api.detect(rules, [event("e1", 1)], now=NOW)
    first["process"]["name"] = "changed"
    first["besra"]["events"][0]["id"] = "changed"
    first["kibana.alert.ancestors"][0]["id"] = "changed"
    assert second["process"]["name"] == "cmd.exe"
    assert made([second]) == [("B", 2, ["e1"])]
    assert second["kibana.alert.ancestors"][0]["id"] == "e1"


@pytest.mark.parametrize(
    ("index", "count"),
    [
        ([".alerts-security.*"], 1),
        ([".alerts-security.alerts-default"], 1),
        ([".alerts-security.alerts-*"], 1),
        ([".internal.alerts-security.alerts-default-*"], 1),
        ([".siem-signals-*"], 1),
        (["*:.alerts-security.*"], 1),
        (["logs-*,.alerts-security.*"], 1),
        ([".alerts-security.alerts-other"], 0),
        ([".preview.alerts-security.*"], 0),
        (["*"], 0),
        (["_all"], 0),
        (["*alerts*"], 0),
        (["logs-*"], 0),
        ([".alerts-security.*", "-.alerts-*", "-.internal.*", "-.siem-*"], 0),
        (..., 0),
    ],
)
@pytest.mark.parametrize("match_index", [True, False])
def test_only_patterns_that_begin_with_a_dot_read_alerts(
    index: Any, count: int, match_index: bool, make_rules: MakeRules
) -> None:
    rules = make_rules(SHELLS, rule("B", of("A"), []) | {"index": index})
    alerts = api.detect(rules, [event("e1", 1)], match_index=match_index)
    assert [alert["kibana.alert.rule.name"] for alert in alerts] == ["A", *["B"] * count]


def test_building_blocks_are_input_too(make_rules: MakeRules) -> None:
    pair = rule("A", "sequence by process.pid [process where true] [process where true]")
    single = rule("B", "process where true", building_block_type="default")
    count = rule("C", "any where kibana.alert.building_block_type != null", ALERTS)
    alerts = api.detect(make_rules(pair, single, count), [event("e1", 1), event("e2", 2)])
    # One for each event of the sequence, and one for each alert of the building block rule.
    assert sum(alert["kibana.alert.rule.name"] == "C" for alert in alerts) == 4


def test_a_rule_never_reads_what_comes_from_it(make_rules: MakeRules) -> None:
    greedy = rule("A", "any where true", BOTH, max_signals=3)
    (execution,) = ran(make_rules(greedy), [event("e1", 1), event("e2", 2)], Engine.REFERENCE)
    # Nor do its own alerts count against its limit.
    assert (len(execution.alerts), execution.total_matches) == (2, 2)


def test_rules_over_alerts_see_those_that_are_made(make_rules: MakeRules) -> None:
    rules = make_rules(SHELLS | {"max_signals": 2}, rule("B", of("A"), ALERTS))
    executions = ran(rules, [event(f"e{number}", number) for number in range(5)], Engine.REFERENCE)
    assert [execution.total_matches for execution in executions] == [5, 2]
    lifted = ran(rules, [event(f"e{number}", number) for number in range(5)], Engine.REFERENCE, limits=Limits(0))
    assert [execution.total_matches for execution in lifted] == [5, 5]


def test_a_threshold_over_alerts(make_rules: MakeRules) -> None:
    count = rule("B", "kibana.alert.rule.name : A", ALERTS, type="threshold", language="kuery")
    count["threshold"] = {"field": ["process.pid"], "value": 3}
    documents = [event(f"e{number}", number) for number in range(3)]
    rules = make_rules(SHELLS, count, rule("C", of("B"), ALERTS, severity="low"))
    *_, counted, over = api.detect(rules, documents)
    assert counted["kibana.alert.threshold_result"]["count"] == 3
    assert made([counted, over]) == [("B", 1, ["e0", "e1", "e2"]), ("C", 2, ["e0", "e1", "e2"])]
    assert over["kibana.alert.original_time"] == counted["kibana.alert.original_time"] == "2026-03-17T09:00:02.000Z"
    assert [alert["kibana.alert.rule.name"] for alert in api.detect(rules, documents[1:])] == ["A", "A"]


def test_new_terms_over_alerts(make_rules: MakeRules) -> None:
    new = rule("B", "kibana.alert.rule.name : A", ALERTS, type="new_terms", language="kuery")
    new |= {"new_terms_fields": ["process.pid"], "history_window_start": "now-7d"}
    alerts = api.detect(make_rules(SHELLS, new), [event("e1", 1), event("e2", 2), event("e0", 0)])
    assert made(alerts)[3:] == [("B", 2, ["e0"])]


def test_a_bucket_does_not_name_what_it_counted_and_still_there_is_an_end(make_rules: MakeRules) -> None:
    """Its alert has one ancestor that stands for all (detection-engine.md 5.2): descent ends at it, turns do not."""
    count = rule("B", "kibana.alert.rule.name : A", ALERTS, type="threshold", language="kuery")
    count["threshold"] = {"field": ["process.pid"], "value": 1}
    first = rule("A", f'any where process.name == "cmd.exe" and event.kind == null or {of("B")[10:]}', BOTH)
    alerts = api.detect(make_rules(first, count), [event("e1", 1)])
    assert sorted(made(alerts)) == [("A", 1, ["e1"]), ("B", 1, ["e1"])]


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", Engine)
def test_a_sequence_of_alerts_goes_by_the_times_of_their_events(engine: Engine, make_rules: MakeRules) -> None:
    tools = rule("B", 'process where process.name == "net.exe"')
    query = f"sequence by process.pid with maxspan=10s [{of('A')}] [{of('B')}]"
    rules = make_rules(SHELLS, tools, rule("C", query, ALERTS, severity="low"))
    for net, found in ((15, True), (16, False), (4, False)):
        executions = ran(rules, [event("net", net, "net.exe"), event("cmd", 5)], engine)
        shells = [alert for alert in executions[-1].alerts if "sequence" in alert["besra"]]
        assert [made([shell]) for shell in shells] == [[("C", 3, ["cmd", "net"])]] * found
        assert executions[-1].total_matches == found


@pytest.mark.parametrize("engine", Engine)
def test_one_sequence_of_events_and_alerts(engine: Engine, make_rules: MakeRules) -> None:
    query = f'sequence by process.pid [process where process.name == "logon.exe"] [{of("A")}]'
    rules = make_rules(SHELLS, rule("C", query, BOTH, severity="low"))
    documents = [event("cmd", 5), *(event(f"logon{n}", n, "logon.exe") for n in (1, 3, 7))]
    executions = ran(rules, documents, engine)
    assert made(executions[-1].alerts)[-1] == ("C", 3, ["logon3", "cmd"])
    assert executions[-1].total_matches == 1


def test_an_alert_comes_behind_the_event_it_is_about(make_rules: MakeRules) -> None:
    query = f'sequence [process where process.name == "cmd.exe"] [{of("A")}]'
    rules = make_rules(SHELLS, rule("C", query, BOTH, severity="low"))
    *_, shell = api.detect(rules, [event("e1", 1)])
    assert made([shell]) == [("C", 3, ["e1"])]
    assert [step["time"] for step in shell["besra"]["sequence"]] == ["2026-03-17T09:00:01.000Z"] * 2


def test_a_shell_stands_at_its_first_event(make_rules: MakeRules) -> None:
    pair = rule("A", "sequence by process.pid [process where true] [process where true]")
    shell_only = "any where kibana.alert.group.id != null and kibana.alert.group.index == null"
    rules = make_rules(pair, rule("B", shell_only, ALERTS))
    *_, last = api.detect(rules, [event("e1", 1), event("e2", 9)], now=NOW)
    assert made([last]) == [("B", 3, ["e1", "e2"])]
    assert last["kibana.alert.original_time"] == "2026-03-17T09:00:01.000Z"
    assert last["@timestamp"] == format_timestamp(NOW)


def test_an_alert_on_an_event_without_a_time_has_none(make_rules: MakeRules) -> None:
    untimed = event("e1")
    del untimed["_source"]["@timestamp"]
    rules = make_rules(SHELLS, rule("B", of("A"), ALERTS), rule("C", f"sequence [{of('A')}] [{of('B')}]", ALERTS))
    alerts = api.detect(rules, [untimed], now=NOW)
    assert [alert["kibana.alert.rule.name"] for alert in alerts] == ["A", "B"]


@pytest.mark.parametrize("engine", Engine)
def test_the_window_is_one_of_events(engine: Engine, make_rules: MakeRules) -> None:
    rules = make_rules(SHELLS, rule("B", of("A"), ALERTS))
    start = parse_timestamp("2026-03-17T09:00:02Z")
    for window, count in ((EVERYTHING, 3), (Window(start, None), 2), (Window(NOW, None), 0)):
        executions = ran(rules, [event(f"e{n}", n) for n in (1, 2, 3)], engine, window=window)
        totals = [execution.total_matches for execution in executions]
        assert totals == ([count, count] if count else [0])


# --- cycles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", Engine)
def test_a_cycle_follows_every_line_of_descent_to_its_end(engine: Engine, make_rules: MakeRules) -> None:
    """A and B read each other's alerts, whichever comes first by name or id."""
    for names in (("A", "B"), ("B", "A")):
        first, second = names
        starts = 'any where process.name == "cmd.exe" and event.kind == null'
        rules = make_rules(
            rule(first, f"{starts} or kibana.alert.rule.name == {second!r}".replace("'", '"'), BOTH),
            rule(second, of(first), ALERTS),
        )
        executions = ran(rules, [event("e1", 1)], engine)
        alerts = [alert for execution in executions for alert in execution.alerts]
        # The first is not fed what comes from it.
        assert sorted(made(alerts)) == sorted([(first, 1, ["e1"]), (second, 2, ["e1"])])


def test_each_of_a_cycle_reads_the_other(make_rules: MakeRules) -> None:
    rules = make_rules(
        *(rule(mine, f'any where process.name == "{mine}" or {of(other)[10:]}', BOTH) for mine, other in ("AB", "BA"))
    )
    alerts = api.detect(rules, [event("a", 1, "A"), event("b", 2, "B")])
    assert sorted(made(alerts)) == [("A", 1, ["a"]), ("A", 2, ["b"]), ("B", 1, ["b"]), ("B", 2, ["a"])]


def test_three_that_read_everything_end(make_rules: MakeRules) -> None:
    """Every line of descent holds each rule once: three times one, two and three of them."""
    rules = make_rules(*(rule(name, "any where true", BOTH) for name in "ABC"))
    alerts = api.detect(rules, [event("e1", 1)])
    assert len(alerts) == len({alert["kibana.alert.uuid"] for alert in alerts}) == 3 + 6 + 6


def test_what_a_cycle_makes_is_read_behind_it(make_rules: MakeRules) -> None:
    rules = make_rules(
        rule("A", f'any where process.name == "cmd.exe" and event.kind == null or {of("B")[10:]}', BOTH),
        rule("B", of("A"), ALERTS),
        rule("C", of("B"), ALERTS),
    )
    assert made(api.detect(rules, [event("e1", 1)])) == [("A", 1, ["e1"]), ("B", 2, ["e1"]), ("C", 3, ["e1"])]


# --- earlier alerts ---------------------------------------------------------------------------------------------------


def test_alerts_of_an_earlier_run_are_read_by_rules_over_alerts_only(make_rules: MakeRules) -> None:
    before = api.detect(make_rules(SHELLS), [event("e1", 1)], now=NOW)
    rules = make_rules(SHELLS, rule("B", of("A"), ALERTS))
    (alert,) = api.detect(rules, before)
    assert alert["kibana.alert.rule.name"] == "B"
    assert alert["kibana.alert.ancestors"][-1]["id"] == before[0]["kibana.alert.uuid"]


@pytest.mark.parametrize("engine", Engine)
def test_an_alert_that_was_read_and_is_made_again_is_one(engine: Engine, make_rules: MakeRules) -> None:
    before = api.detect(make_rules(SHELLS), [event("e1", 1)], now=0)
    executions = ran(make_rules(SHELLS, rule("B", of("A"), ALERTS)), [event("e1", 1), *before], engine)
    assert [execution.total_matches for execution in executions] == [1, 1]


def test_most_severe_first_whatever_the_stage(make_rules: MakeRules) -> None:
    rules = make_rules(
        SHELLS, rule("B", of("A"), ALERTS, severity="critical"), rule("C", of("B"), ALERTS, severity="high")
    )
    alerts = api.detect(rules, [event("e1", 1)])
    assert [alert["kibana.alert.rule.name"] for alert in alerts] == ["B", "C", "A"]


# --- several processes ------------------------------------------------------------------------------------------------

forks = pytest.mark.skipif(not can_fork(), reason="processes cannot be forked here")
MANY = [event(f"e{second}", second, "cmd.exe" if second % 3 else "a.exe", user={"name": "u"}) for second in range(60)]
KINDS = (
    SHELLS,
    rule("B", 'process where process.name == "a.exe"', severity="critical", max_signals=7),
    rule("C", "sequence by user.name with maxspan=3s [process where true] [process where true]", severity="high"),
    rule("D", of("A", "B"), ALERTS),
    rule("E", "process where true", alert_suppression={"group_by": ["process.name"]}),
    rule("F", 'process where process.name == "not.exe"'),
    rule("G", 'any where kibana.alert.rule.name == "D" or process.name == "a.exe"', BOTH),
)


@pytest.fixture
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORTH_FORKING", 1)


def shared_out(rules: RuleSet, engine: Engine, resources: Resources, limits: Limits = NO_LIMITS) -> list[Execution]:
    """The executions of rules over MANY by so many workers."""
    job = Job(rules.runnable, engine=engine, resources=resources, limits=limits)
    gathered = gather(job, lambda _: iter(list(api.positional_events(MANY))))
    return list(conclude(job, gathered, RunInfo(NOW)))


@forks
@pytest.mark.usefixtures("worth_it")
@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize(("most_fed", "most_sent"), [(1, 200), (10, 10), (200, 0)])
def test_processes_change_nothing(
    engine: Engine, most_fed: int, most_sent: int, make_rules: MakeRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = make_rules(*KINDS)
    expected = shared_out(rules, engine, Resources())
    assert [execution.rule.name for execution in expected] == ["B", "C", "A", "D", "E", "G"]
    monkeypatch.setattr(module, "MOST_FED", most_fed)
    monkeypatch.setattr(module, "MOST_SENT", most_sent)
    for workers in (2, 3):
        found = shared_out(rules, engine, Resources(workers))
        assert found == expected
        assert all(execution.rule is not None for execution in found)


@forks
@pytest.mark.usefixtures("worth_it")
def test_processes_without_limits(make_rules: MakeRules) -> None:
    rules = make_rules(*KINDS)
    no_limit = Limits(max_alerts=0)
    both = [shared_out(rules, Engine.COLUMNAR, Resources(workers), no_limit) for workers in (1, 2)]
    assert both[0] == both[1]


@forks
def test_a_rule_is_executed_elsewhere(make_rules: MakeRules, monkeypatch: pytest.MonkeyPatch) -> None:
    processes = []

    def told(job: Job, position: int, *_: Any) -> Execution:
        return Execution(job.rules[position][0], ({"process": os.getpid()},), 1)

    monkeypatch.setattr(module, "_execute", told)
    for worth in (1, 1_000_000):
        monkeypatch.setattr(module, "WORTH_FORKING", worth)
        executions = shared_out(make_rules(*KINDS[:3]), Engine.COLUMNAR, Resources(2))
        processes.append({execution.alerts[0]["process"] for execution in executions})
    assert len(processes[0]) == 2
    assert os.getpid() not in processes[0]
    assert processes[1] == {os.getpid()}


@forks
@pytest.mark.usefixtures("worth_it")
@pytest.mark.parametrize("memory", [0, 1 << 30])
@pytest.mark.parametrize("compressed", [False, True])
def test_processes_read_the_rows_of_one_temporary_file(
    memory: int, compressed: bool, make_rules: MakeRules, tmp_path: Path
) -> None:
    path = tmp_path / "events.ndjson"
    text = b"\n".join(orjson.dumps({**each["_source"], "n": "x" * 3000}) for each in MANY)
    path.write_bytes(gzip.compress(text) if compressed else text)
    rules = make_rules(*KINDS)

    def read(decoder: Decoder | None) -> Iterator[Event | LineBlock | TablePart]:
        items = read_events([path], ReadOptions(decoder=decoder))
        return (item for item in items if not isinstance(item, (FileRead, Problem)))

    def executions(workers: int) -> list[Execution]:
        job = Job(rules.runnable, match_index=False, resources=Resources(workers, memory))
        return list(conclude(job, gather(job, read), RunInfo(NOW)))

    expected = executions(1)
    assert sum(len(execution.alerts) for execution in expected) > 100
    assert executions(2) == executions(3) == expected


@forks
@pytest.mark.usefixtures("worth_it")
def test_a_process_that_is_killed_while_it_concludes_is_named(
    make_rules: MakeRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_execute", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(InputError) as caught:
        shared_out(make_rules(*KINDS), Engine.COLUMNAR, Resources(2))
    assert caught.value.problem.code == "worker-killed"
