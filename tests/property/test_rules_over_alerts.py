"""Rules over alerts: neither order, engine nor the number of processes changes what comes of them."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.rules.samples import rule_of

from besra import api
from besra.detection import conclude as concluding
from besra.detection.conclude import conclude
from besra.detection.detect import ONE_WORKER, Engine, Job, Resources, gather
from besra.detection.feeding import KnownFields, may_read
from besra.detection.run import RunInfo
from besra.engine.forked import can_fork
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate
from besra.events import row_store
from besra.events.event import Origin
from besra.rules.ruleset import RuleSet, load_rules

Json = dict[str, Any]
NAMES = "ABCD"


def _conditions() -> st.SearchStrategy[str]:
    name = st.sampled_from(NAMES)
    leaves = st.one_of(
        st.sampled_from(
            ["true", "false", 'event.kind == "signal"', "kibana.alert.depth == 1", "kibana.alert.risk_score > 40"]
        ),
        name.map(lambda n: f'kibana.alert.rule.name == "{n}"'),
        name.map(lambda n: f'not kibana.alert.rule.name == "{n}"'),
        st.sampled_from(["x", "y"]).map(lambda n: f'process.name == "{n}"'),
    )
    return st.lists(leaves, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from([" and ", " or "]).map(lambda word: word.join(f"({part})" for part in parts))
    )


def _queries() -> st.SearchStrategy[str]:
    clause = _conditions().map(lambda condition: f"any where {condition}")
    pair = st.tuples(clause, clause)
    return st.one_of(
        clause,
        pair.map(lambda two: f"sequence by process.pid with maxspan=3s [{two[0]}] [{two[1]}]"),
        pair.map(lambda two: f'sequence [{two[0]}] [{two[1]}] until [process where process.name == "z"]'),
        pair.map(lambda two: f"sample by process.pid [{two[0]}] [{two[1]}]"),
    )


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Json]:
    rules = []
    for name in NAMES[: draw(st.integers(2, 4))]:
        index = draw(st.sampled_from([["logs-*"], [".alerts-security.*"], ["logs-*", ".alerts-security.*"]]))
        more = {"risk_score": draw(st.sampled_from([21, 47])), "max_signals": draw(st.sampled_from([2, 100]))}
        if draw(st.booleans()):
            more["building_block_type"] = "default"
        rule_id = f"{name.lower() * 8}-0000-4000-8000-000000000000"
        rules.append(rule_of("eql", name=name, rule_id=rule_id, query=draw(_queries()), index=index, **more))
    return rules


@st.composite
def documents(draw: st.DrawFn) -> Json:
    process = {"name": draw(st.sampled_from("xyz")), "pid": draw(st.sampled_from([1, 2, [1, 2]]))}
    source: Json = {"event": {"category": "process"}, "process": process}
    if draw(st.integers(0, 5)):
        source["@timestamp"] = f"2026-03-17T09:00:0{draw(st.integers(0, 5))}Z"
    return {"_index": "logs-x-default", "_id": draw(st.sampled_from("pqrstuvw")), "_source": source}


def loaded(rules: list[Json], folder: Path) -> RuleSet:
    file = folder / "rules.ndjson"
    file.write_text("\n".join(map(json.dumps, rules)), "utf-8")
    return load_rules(file)


def alerts_of(
    rules: RuleSet, files: dict[str, list[Json]], engine: Engine, resources: Resources = ONE_WORKER
) -> list[bytes]:
    events = [
        replace(event, origin=Origin(path, event.position))
        for path, found in files.items()
        for event in api.positional_events(found)
    ]
    job = Job(rules.runnable, engine=engine, resources=resources)
    executions = conclude(job, gather(job, lambda _: iter(events)), RunInfo(0))
    alerts = [alert for execution in executions for alert in execution.alerts]
    return [orjson.dumps(alert, option=orjson.OPT_SORT_KEYS) for alert in alerts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


FILES = st.dictionaries(st.sampled_from(["one", "two", "three"]), st.lists(documents(), max_size=4))


@given(rule_lists(), FILES, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_neither_order_nor_engine_changes_the_alerts(
    folder: Path, rules: list[Json], files: dict[str, list[Json]], random: Random
) -> None:
    expected = alerts_of(loaded(rules, folder), files, Engine.REFERENCE)
    assert alerts_of(loaded(rules, folder), files, Engine.COLUMNAR) == expected
    random.shuffle(rules)
    shuffled = {name: files[name] for name in random.sample(sorted(files), len(files))}
    assert alerts_of(loaded(rules, folder), shuffled, Engine.REFERENCE) == expected


@pytest.mark.skipif(not can_fork(), reason="processes cannot be forked here")
@given(rule_lists(), FILES, st.sampled_from([2, 3]), st.sampled_from([0, 200, 1 << 20]), st.sampled_from([1, 3, 200]))
@settings(max_examples=25, deadline=None)
def test_neither_processes_nor_temporary_files_change_the_alerts(
    folder: Path, rules: list[Json], files: dict[str, list[Json]], workers: int, memory: int, most_fed: int
) -> None:
    given_rules = loaded(rules, folder)
    expected = alerts_of(given_rules, files, Engine.COLUMNAR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(concluding, "WORTH_FORKING", 1)
        patch.setattr(concluding, "MOST_FED", most_fed)
        patch.setattr(row_store, "MAX_HELD", 1)
        assert alerts_of(given_rules, files, Engine.COLUMNAR, Resources(workers, memory)) == expected


@given(rule_lists(), FILES)
@settings(max_examples=60, deadline=None)
def test_what_is_read_may_be_read_and_no_rule_descends_from_itself(
    folder: Path, rules: list[Json], files: dict[str, list[Json]]
) -> None:
    loaded_rules = loaded(rules, folder)
    by_name = {rule.name: KnownFields(rule) for rule, _ in loaded_rules.runnable}
    alerts = [json.loads(text) for text in alerts_of(loaded_rules, files, Engine.REFERENCE)]
    for alert in alerts:
        mine = alert["kibana.alert.rule.uuid"]
        inherited = [a for a in alert["kibana.alert.ancestors"] if a.get("rule") == mine]
        assert all(ancestor["index"] == "" for ancestor in inherited)  # a shell comes from its own blocks
    events = list(api.positional_events(alerts))
    for _, plan in loaded_rules.runnable:
        hits = evaluate(RulePack((Entry(plan),)), events).by_entry[0]
        assert all(may_read(plan, by_name[str(hit.event.source["kibana.alert.rule.name"])]) for hit in hits)
