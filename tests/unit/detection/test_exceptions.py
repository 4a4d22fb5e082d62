"""What exceptions of each scope do to sequences: an event that does not exist for a rule may also make it fire."""

from typing import Any

import pytest
from tests.exceptions import NOW, excepted, item, match, rule, rule_set
from tests.streams import stream

import besra

UNTIL = 'sequence by k with maxspan=1m [any where stage == "A"] [any where stage == "B"] until [any where stage == "U"]'
MISSING = 'sequence by k with maxspan=1m [any where stage == "A"] ![any where stage == "M"] [any where stage == "B"]'
LAST_MISSING = 'sequence by k with maxspan=5s [any where stage == "A"] ![any where stage == "M"]'
RUNS = 'sequence by k [any where stage == "A"] with runs=3'
TWICE = 'sequence by k [any where stage == "A"] [any where stage == "A"]'


def steps(query: str, events: str, *entries: dict[str, Any], scope: str | None = None) -> list[list[str | None]]:
    """The ids of the events of every alert, None for a missing one, with an exception of these entries."""
    silencing = [item(*entries, **({"besra": {"scope": scope}} if scope else {}))] if entries else []
    found = excepted(rule_set(rule(query=query, lists=["known-tools"] if silencing else ())), *silencing)
    assert not found.rules.problems
    alerts = besra.detect(found.rules, stream(events), now=NOW)
    groups = [alert["besra"]["sequence"] for alert in alerts if "sequence" in alert["besra"]]
    return [[step.get("id") for step in group] for group in groups]


TOOL = match("tool", "known")


def test_an_excepted_event_serves_no_step() -> None:
    assert steps(UNTIL, "1:0 A x, 2:1 B x tool=known") == [["1", "2"]]
    assert steps(UNTIL, "1:0 A x, 2:1 B x tool=known", TOOL) == []


def test_an_excepted_event_ends_nothing_so_an_exception_can_create_an_alert() -> None:
    events = "1:0 A x, 2:1 U x tool=known, 3:2 B x"
    assert steps(UNTIL, events) == []
    assert steps(UNTIL, events, TOOL) == [["1", "3"]]


@pytest.mark.parametrize(
    ("query", "events", "expected"),
    [
        (MISSING, "1:0 A x, 2:1 M x tool=known, 3:2 B x", [["1", None, "3"]]),
        (LAST_MISSING, "1:0 A x, 2:1 M x tool=known, 3:20 A y", [["1", None], ["3", None]]),
    ],
)
def test_an_excepted_event_is_as_good_as_missing_so_an_exception_can_create_an_alert(
    query: str, events: str, expected: list[list[str | None]]
) -> None:
    assert expected[0] not in steps(query, events)
    assert steps(query, events, TOOL) == expected


def test_excepted_events_do_not_count_as_runs() -> None:
    events = "1:0 A x, 2:1 A x tool=known, 3:2 A x, 4:3 A x"
    assert steps(RUNS, events) == [["1", "2", "3"], ["2", "3", "4"]]
    assert steps(RUNS, events, TOOL) == [["1", "3", "4"]]


def test_another_event_takes_the_place_of_an_excepted_one() -> None:
    events = "1:0 A x, 2:1 A x tool=known, 3:2 B x"
    assert steps(UNTIL, events) == [["2", "3"]]
    assert steps(UNTIL, events, TOOL) == [["1", "3"]]


# --- scopes of besra's own --------------------------------------------------------------------------------------------


def test_a_step_may_be_excepted_while_others_use_the_event() -> None:
    events = "1:0 A x tool=known, 2:1 A x, 3:2 A x tool=known"
    assert steps(TWICE, events) == [["1", "2"], ["2", "3"]]
    assert steps(TWICE, events, TOOL, scope="step:0") == [["2", "3"]]
    assert steps(TWICE, events, TOOL, scope="step:1") == [["1", "2"]]
    assert steps(TWICE, events, TOOL) == []


def test_a_step_scope_leaves_until_alone() -> None:
    events = "1:0 A x, 2:1 U x tool=known, 3:2 B x"
    assert steps(UNTIL, events, TOOL, scope="step:0") == []
    assert steps(UNTIL, events, TOOL, scope="step:1") == []


def test_an_event_excepted_for_a_missing_step_is_as_good_as_missing() -> None:
    events = "1:0 A x, 2:1 M x tool=known, 3:2 B x"
    assert steps(MISSING, events, TOOL, scope="step:1") == [["1", None, "3"]]
    assert steps(MISSING, events, TOOL, scope="step:0") == []


def test_a_sequence_scope_takes_matches_and_creates_none() -> None:
    ended = "1:0 A x, 2:1 U x tool=known, 3:2 B x"
    assert steps(UNTIL, ended, TOOL, scope="sequence") == []
    several = "1:0 A x, 2:1 B x tool=known, 3:2 A y, 4:3 B y"
    assert steps(UNTIL, several, TOOL, scope="sequence") == [["3", "4"]]


def test_a_sequence_is_excepted_by_its_events_together() -> None:
    events = "1:0 A x tool=known, 2:1 B x user=svc, 3:2 A y tool=known, 4:3 B y"
    entries = TOOL, match("user", "svc")
    assert steps(UNTIL, events, *entries) == [["1", "2"], ["3", "4"]]
    assert steps(UNTIL, events, *entries, scope="sequence") == [["3", "4"]]


def test_a_sequence_scope_with_an_excluded_entry_asks_that_no_event_has_the_value() -> None:
    events = "1:0 A x tool=known, 2:1 B x, 3:2 A y, 4:3 B y"
    assert steps(UNTIL, events, {**TOOL, "operator": "excluded"}, scope="sequence") == [["1", "2"]]
