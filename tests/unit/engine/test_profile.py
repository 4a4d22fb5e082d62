"""Costs of processes add up, and what was timed together is divided by what was timed alone."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra import api
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.pack import Entry, RulePack
from besra.engine.profile import MOST_SAMPLED, ClauseCosts, Costs, FieldCost, Phase, Profile, shared_out
from besra.engine.profiling import Stopwatch, reason_of
from besra.events.event import Event
from besra.schema.catalogue import bundled_catalogue

CATALOGUE = bundled_catalogue()
QUERIES = (
    'process where process.name : "cmd*"',
    "any where length(user.name) == 3",
    'sequence by host.id [any where process.pid == 1] [any where process.name : "cmd*"]',
    "network where destination.port == 1",
)
PACK = RulePack(tuple(Entry(api.plan_query(query, CATALOGUE)) for query in QUERIES))
SEQUENCE = 2


def events(count: int) -> list[Event]:
    """Every other one is a cmd.exe; one in ten has a name beyond ASCII."""
    return list(
        api.positional_events(
            {
                "@timestamp": f"2026-03-01T00:{number // 60:02}:{number % 60:02}Z",
                "event.category": "process",
                "process.name": f"cmd{number}.exe"
                if number % 2
                else f"né{number}"
                if number % 10 == 0
                else f"x{number}",
                "process.pid": number % 3,
                "host.id": f"h{number}",
                "user.name": "bob",
            }
            for number in range(count)
        )
    )


def profiled(count: int, cut: int, *, kernels: bool, max_values: int = 1 << 18) -> Profile:
    columnar = ColumnarEvaluator(PACK, profile=True, kernels=kernels, max_values=max_values)
    given_events = events(count)
    edges = [*range(0, count, cut), count]
    for start, end in pairwise(edges):
        columnar.add(given_events[start:end])
    columnar.hits()
    profile = columnar.profile()
    assert profile is not None
    return profile


@pytest.mark.parametrize("kernels", [True, False])
def test_counts_are_those_of_the_events(kernels: bool) -> None:
    profile = profiled(60, 20, kernels=kernels)
    costs = profile.costs
    assert costs.batches == 3
    by_clause = dict(zip(((c.entry, c.position) for c in PACK.clauses), costs.clauses.rows.tolist(), strict=True))
    assert by_clause == {(0, 0): 30, (1, 0): 60, (2, 0): 20, (2, 1): 30, (3, 0): 0}
    ran = dict(zip(((c.entry, c.position) for c in PACK.clauses), costs.clauses.ran.tolist(), strict=True))
    assert ran == {(0, 0): 3, (1, 0): 3, (2, 0): 3, (2, 1): 3, (3, 0): 0}
    fields = {profile.projection.fields[number]: cost for number, cost in costs.fields.items()}
    assert fields["process.name"].values == 60
    assert fields["process.pid"].values == 3
    assert "user.name" not in fields  # read by a function only: no leaf asks anything of it
    assert fields["process.name"].left == ({"not ASCII": 6} if kernels else {})
    assert set(fields["process.name"].sample) <= {event.source["process.name"] for event in events(60)}
    assert costs.phases[Phase.LEARN] > 0
    assert costs.clauses.scripts[1] > 0 or not kernels


def test_values_learned_anew_are_counted_anew() -> None:
    once, anew = profiled(60, 20, kernels=True), profiled(60, 20, kernels=True, max_values=5)
    pid = once.projection.numbers["process.pid"]
    assert once.costs.fields[pid].values == 3
    assert anew.costs.fields[pid].values == 9
    assert once.costs.clauses.rows.tolist() == anew.costs.clauses.rows.tolist()


def test_without_being_asked_nothing_is_measured() -> None:
    columnar = ColumnarEvaluator(PACK)
    columnar.add(events(3))
    columnar.hits()
    assert columnar.profile() is None


def test_shares_of_a_profile_are_the_phases_divided() -> None:
    measured = profiled(60, 20, kernels=True)
    clauses = replace(measured.costs.clauses, alone=np.arange(5.0))  # the clock may be too coarse for so few events
    fields = {number: replace(cost, alone=1.0) for number, cost in measured.costs.fields.items()}
    profile = replace(measured, costs=replace(measured.costs, clauses=clauses, fields=fields))
    assert sum(profile.clause_seconds) == pytest.approx(profile.phases[Phase.FIRE])
    assert sum(profile.field_seconds.values()) == pytest.approx(profile.phases[Phase.LEARN])
    (shared,) = (leaf for leaf, users in profile.users.items() if users == (0, SEQUENCE))
    assert shared.field.name == "process.name"


def costs(seconds: float, values: int, sample: tuple[str, ...]) -> Costs:
    clauses = ClauseCosts(np.array([1, 0]), np.array([5, 0]), np.array([seconds, 0.0]), np.array([0.0, seconds]))
    return Costs({Phase.FIRE: seconds}, clauses, {7: FieldCost(values, seconds, {"number": 1}, sample)}, 1)


def test_costs_add_up() -> None:
    other = Costs({Phase.READ: 1.0}, ClauseCosts.none(2), {8: FieldCost(1, 1.0, {})}, 2)
    together = costs(2.0, 10, ("a", "b")) + costs(3.0, 5, ("b", "c")) + other
    assert together.phases[Phase.FIRE] == 5.0
    assert together.phases[Phase.READ] == 1.0
    assert together.batches == 4
    assert together.clauses.ran.tolist() == [2, 0]
    assert together.clauses.rows.tolist() == [10, 0]
    assert together.clauses.alone.tolist() == [5.0, 0.0]
    assert together.clauses.scripts.tolist() == [0.0, 5.0]
    assert together.fields == {7: FieldCost(15, 5.0, {"number": 2}, ("a", "b", "c")), 8: FieldCost(1, 1.0, {})}


def test_a_sample_is_bounded_and_has_values_of_both() -> None:
    mine, theirs = (FieldCost(1, 0.0, {}, tuple(f"{who}{n}" for n in range(MOST_SAMPLED))) for who in "ab")
    sample = (mine + theirs).sample
    assert len(sample) == MOST_SAMPLED
    assert {value[0] for value in map(str, sample)} == {"a", "b"}


@given(st.floats(0, 1e6), st.lists(st.floats(0, 1e6)))
def test_what_is_shared_out_is_all_there_is(total: float, weights: list[float]) -> None:
    shares = shared_out(total, weights)
    assert len(shares) == len(weights)
    assert sum(shares) == pytest.approx(total if sum(weights) else 0.0)


def test_laps_go_to_their_phase() -> None:
    watch = Stopwatch()
    now = iter((1.0, 1.5, 5.5))
    watch.clock = lambda: next(now)
    watch.lap(Phase.START)
    watch.taken()
    watch.lap(Phase.READ)
    watch.set_apart(Phase.SCRIPTS, 3.0)
    watch.lap(Phase.FIRE)
    assert watch.taken() == {Phase.READ: 0.5, Phase.SCRIPTS: 3.0, Phase.FIRE: 1.0}
    assert watch.taken() == {}


@pytest.mark.parametrize(
    ("scalar", "reason"),
    [(True, "boolean"), (1, "number"), (1.5, "number"), ("é", "not ASCII"), ("1.2.3.4", "field type")],
)
def test_why_python_decides(scalar: str | float | bool, reason: str) -> None:
    assert reason_of(scalar) == reason
