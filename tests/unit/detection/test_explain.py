"""Why a rule fires, or how far it gets: the answer names what is missing, and agrees with what detection finds."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.streams import stream

import besra
from besra.api import lower_text, positional_events
from besra.detection.explain import Condition, Explanation, explain
from besra.schema.catalogue import bundled_catalogue

Document = dict[str, Any]


def explained(query: str, documents: list[Document], language: str = "eql", index: tuple[str, ...] = ()) -> Explanation:
    plan = lower_text(query, bundled_catalogue(), language=language).plan
    return explain(plan, index, list(positional_events(documents)))


def process(name: str, **more: Any) -> Document:
    return {"event": {"category": "process"}, "process": {"name": name}, "@timestamp": 1, **more}


def test_the_event_that_comes_nearest_is_shown() -> None:
    documents = [process("a"), process("b", user={"name": "root"}), {"event": {"category": "file"}}]
    found = explained('process where process.name == "a" and user.name == "root" and process.pid > 5', documents)
    assert (found.fires, found.matches, found.events) == (False, 0, 3)
    assert found.why == "no event satisfies the conditions of events"
    (clause,) = found.clauses
    assert (clause.satisfied, clause.event) == (0, "0")
    assert clause.condition is not None
    assert [(part.text, part.holds, part.values) for part in clause.condition.parts] == [
        ('event.category == "process"', True, {"event.category": ("process",)}),
        ('process.name == "a"', True, {"process.name": ("a",)}),
        ('user.name == "root"', False, {"user.name": ()}),
        ("process.pid > 5", False, {"process.pid": ()}),
    ]


def test_a_condition_is_told_in_its_parts() -> None:
    query = 'any where not (length(process.name) > 3 or process.name like ("x*", "y*"))'
    (clause,) = explained(query, [process("xyz")]).clauses

    def told(condition: Condition) -> list[Any]:
        return [condition.text, condition.holds, *map(told, condition.parts)]

    assert clause.condition is not None
    parts = told(clause.condition)
    assert parts[:2] == ["not", False]
    assert parts[2][:2] == ["one of", True]
    assert [part[1] for part in parts[2][2:]] == [False, True]


@pytest.mark.parametrize(
    ("events", "reached", "why"),
    [
        ("1:0 A x, 2:1 B x, 3:2 C x", 3, "it fires: 1 match"),
        ("1:0 A x, 2:1 B x, 3:9 C x", 2, "only the first 2 can be joined"),
        ("1:0 A x, 2:1 B x, 3:2 C y", 2, "only the first 2 can be joined"),
        ("1:0 B x, 2:1 A x, 3:2 C x", 1, "only the first 1 can be joined"),
        ("1:0 A x, 3:2 C x", 1, "no event satisfies the conditions of step 1"),
        ("1:0 D x", 0, "no event satisfies the conditions of step 0"),
        ("", 0, "no event satisfies the conditions of step 0"),
    ],
)
def test_how_far_a_sequence_gets(events: str, reached: int, why: str) -> None:
    query = 'sequence by k with maxspan=5s [any where stage=="A"] [any where stage=="B"] [any where stage=="C"]'
    found = explained(query, stream(events))
    assert (found.reached, found.stages) == (reached, 3)
    assert why in found.why


def test_events_of_other_indices_are_told_of() -> None:
    found = explained("process where true", [process("a", _index="other")], index=("logs-*",))
    document = {"_index": "other", "_source": process("a")}
    found = explained("process where true", [document], index=("logs-*",))
    assert (found.fires, found.clauses[0].elsewhere) == (False, 1)
    assert "of indices the rule does not read" in found.why


def test_kql_and_what_until_and_missing_events_are_for() -> None:
    assert explained("process.name: a*", [process("abc")], "kuery").fires
    query = 'sequence by k with maxspan=5s [any where stage=="A"] ![any where stage=="B"] until [any where stage=="C"]'
    roles = [clause.role for clause in explained(query, stream("1:0 A x")).clauses]
    assert roles == ["step 0", "step 1, which must not occur", "until"]


def test_a_pattern_that_would_be_tried_for_ever_is_not() -> None:
    query = 'process where process.name regex "(a+)+b" or not process.name regex~ "(a|aa)+c"'
    started = time.monotonic()
    (clause,) = explained(query, [process("a" * 400)]).clauses
    assert time.monotonic() - started < 10
    assert clause.satisfied == 1
    assert explained('process where process.name regex "(a+)+b"', [process("aaab")]).fires


STAGES = st.sampled_from("ABCD")


@given(events=st.lists(st.tuples(STAGES, st.sampled_from("xy")), max_size=8))
def test_it_fires_where_detection_finds_something(events: list[tuple[str, str]]) -> None:
    text = ", ".join(f"{n}:{n} {stage} {key}" for n, (stage, key) in enumerate(events, 1))
    query = 'sequence by k with maxspan=4s [any where stage=="A"] [any where stage=="B"] [any where stage=="C"]'
    documents = stream(text)
    found = explained(query, documents)
    result = besra.search(query, documents)
    assert found.matches == len(result.matches)
    assert (found.reached == 3) == found.fires
    assert [clause.satisfied for clause in found.clauses] == [
        sum(stage == wanted for stage, _ in events) for wanted in "ABC"
    ]
