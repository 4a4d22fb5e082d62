"""The made-up events are always the same, and of the shape that speed depends on."""

from statistics import mean
from typing import Any

import orjson
import pytest
from benchmarks.events.sprinkling import Sprinkling, put, wanted
from benchmarks.events.stream import SHARD, lines, shard
from benchmarks.events.variety import dotted

from besra.api import plan_query
from besra.engine.reference import holds
from besra.events.document import Fields, flatten
from besra.schema.catalogue import bundled_catalogue

COUNT = 4_000


@pytest.fixture(scope="module")
def made() -> list[bytes]:
    return list(lines(COUNT, 1))


@pytest.fixture(scope="module")
def documents(made: list[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in made]


def test_the_same_seed_gives_the_same_events_and_another_others(made: list[bytes]) -> None:
    assert list(lines(500, 1)) == made[:500]
    assert list(lines(500, 2)) != made[:500]


def test_a_shard_can_be_made_alone() -> None:
    assert list(lines(SHARD + 3, 5))[SHARD:] == list(shard(1, 3, 5))


def test_events_have_the_size_of_real_ones(made: list[bytes], documents: list[dict[str, Any]]) -> None:
    assert 2_700 < mean(map(len, made)) < 3_500
    assert 75 < mean(len(flatten(document)) for document in documents) < 95


def test_shapes_are_mixed(documents: list[dict[str, Any]]) -> None:
    categories = [document["event"]["category"] for document in documents if "event" in document]
    scalar = sum(isinstance(category, str) for category in categories)
    assert 0.03 < scalar / len(categories) < 0.07
    with_dots = sum(any("." in key for key in document) for document in documents)
    assert 0.02 < with_dots / COUNT < 0.04


def test_hosts_are_many_and_of_three_systems(documents: list[dict[str, Any]]) -> None:
    flat = [flatten(document) for document in documents]
    assert {fields["host.os.type"][0] for fields in flat} == {"windows", "linux", "macos"}
    assert len({fields["host.id"][0] for fields in flat}) == 48


def test_few_programs_run_often_and_commands_hardly_repeat(documents: list[dict[str, Any]]) -> None:
    flat = [fields for document in documents if "process.command_line" in (fields := flatten(document))]
    programs = [fields["process.executable"][0] for fields in flat]
    often = sorted((programs.count(program) for program in set(programs)), reverse=True)
    assert sum(often[:10]) > len(programs) / 4
    assert len(often) > 100
    started = [fields["process.command_line"][0] for fields in flat if fields["event.type"] == ["start"]]
    assert len(set(started)) > 0.9 * len(started)


def test_parents_are_processes_that_were_started(documents: list[dict[str, Any]]) -> None:
    flat = [flatten(document) for document in documents]
    started = {fields["process.entity_id"][0] for fields in flat if fields.get("event.action") == ["start"]}
    parents = [fields["process.parent.entity_id"][0] for fields in flat if "process.parent.entity_id" in fields]
    assert sum(parent in started for parent in parents) > len(parents) / 2


def test_sprinkled_events_satisfy_the_condition() -> None:
    query = 'process where process.name : ("odd*.exe", "other") and process.args == "--strange" and host.id != null'
    plan = plan_query(query, bundled_catalogue())
    sprinkling = Sprinkling({(None, "process"): (plan.clauses[0].predicate,)}, share=1.0)
    made = [orjson.loads(line) for line in lines(200, 1, sprinkling)]
    found = [holds(plan.clauses[0].predicate, Fields(document)) for document in made]
    processes = [flatten(document)["event.category"] == ["process"] for document in made]
    assert sum(processes) > 20
    assert found == processes


def test_sprinkling_leaves_no_trace_in_other_events() -> None:
    plan = plan_query('any where process.args == "--strange"', bundled_catalogue())
    sprinkling = Sprinkling({(None, None): (plan.clauses[0].predicate,)}, share=0.1)
    found = sum(b"--strange" in line for line in lines(1_000, 1, sprinkling))
    assert 60 < found < 140


def test_alternatives_are_chosen_and_negations_passed_over() -> None:
    from random import Random  # noqa: PLC0415

    plan = plan_query('any where (user.name == "a" or user.name == "b") and not user.id == "c"', bundled_catalogue())
    chosen = {tuple(wanted(Random(seed), plan.clauses[0].predicate)) for seed in range(20)}
    assert chosen == {(("user.name", "a"),), (("user.name", "b"),)}


def test_put_adds_to_lists_and_keeps_objects() -> None:
    document: dict[str, Any] = {"process": {"args": ["a"], "parent": {"pid": 1}}, "event": {"type": ["end"]}}
    put(document, "process.args", "b")
    put(document, "process.parent", "c")
    put(document, "event.type", "start")
    put(document, "dns.question.name", "d")
    assert document == {
        "process": {"args": ["a", "b"], "parent": {"pid": 1}},
        "event": {"type": ["start"]},
        "dns": {"question": {"name": "d"}},
    }


def test_dots_change_the_shape_and_not_what_is_said(documents: list[dict[str, Any]]) -> None:
    document = next(document for document in documents if "host" in document)
    changed = dotted(document, "host")
    assert "host" not in changed
    assert flatten(changed) == flatten(document)
