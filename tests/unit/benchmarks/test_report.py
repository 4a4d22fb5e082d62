"""The arithmetic of the report: ratios run by run, verdicts by the median, nothing where nothing was measured."""

from pathlib import Path
from typing import Any

import pytest
from benchmarks.acceptance import FIGURES, Figure, Verdict, acceptance
from benchmarks.corpus import spread_lines
from benchmarks.measure import Cost, cost_of, cpu_seconds, ratios, spread
from benchmarks.report import cost_row, table
from benchmarks.selection import rule_counts
from benchmarks.variation import varied

from besra.api import plan_query
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.schema.catalogue import bundled_catalogue


def runs(*cpu: float) -> list[dict[str, float]]:
    return [{"cpu": seconds, "wall": 2 * seconds} for seconds in cpu]


def test_ratios_are_taken_run_by_run() -> None:
    found = ratios([2.0, 30.0, 3.0], [1.0, 10.0, 3.0])
    assert (found.median, found.least, found.most) == (2.0, 1.0, 3.0)


def test_a_spread_shows_its_bounds_if_it_has_some() -> None:
    assert f"{spread([1.0, 2.0, 4.0]):.1f}" == "2.0 (1.0 to 4.0)"
    assert f"{spread([1.5]):.1f}" == "1.5"


def test_costs_add_up() -> None:
    assert Cost(1, 2) + Cost(3, 4) == Cost(4, 6)
    before = cpu_seconds()
    cost = cost_of(lambda: sum(range(200_000)))
    assert 0 < cost.cpu <= cpu_seconds() - before


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [(0.9, False, Verdict.AIM), (1.5, False, Verdict.OK), (2.1, False, Verdict.MISSES), (2.1, True, Verdict.AIM)],
)
def test_verdicts(value: float, at_least: bool, verdict: Verdict) -> None:
    figure = Figure("x", 1.0 if at_least else 2.0, 2.0 if at_least else 1.0, lambda _: spread([value]), at_least)
    assert figure.verdict(figure.measured({})) is verdict


def test_nothing_measured_is_no_verdict() -> None:
    failed: dict[str, Any] = {"rule-sets": {"failed": "x"}, "workers": {"missing": "no"}}
    for results in ({}, failed):
        rows = acceptance(results)
        assert len(rows) == len(FIGURES)
        assert {row["verdict"] for row in rows} == {"not measured"}
        assert all(row["measured"] is None for row in rows)


def test_the_figures_of_a_whole_run() -> None:
    costs = {
        "orjson": runs(1.0, 2.0),
        "familiar": runs(0.5, 1.0),
        "rules 64": runs(1.0, 1.0),
        "rules 602": runs(1.5, 3.0),
        "rules 4096": runs(3.0, 6.0),
        "every type": runs(2.0, 5.0),
        "every type, familiar": runs(1.2, 2.4),
    }
    rows = acceptance(
        {
            "rule-sets": {"rules": 602, "sizes": [64, 602, 4096], "costs": costs},
            "python-eql": {"events": {"besra": 300, "peer": 2}, "costs": {"besra": runs(1.0), "peer": runs(1.0)}},
            "micro-batches": {"costs": {"1000": runs(1.3), "100000": runs(1.0)}},
            "memory": {"events": {"memory": 100}, "more_events": {"memory": 104}},
            "workers": {"workers": {"1": runs(1.8), "2": runs(1.0)}},
            "start": {"first": {"wall": 9.0}, "later": [{"wall": 0.4}]},
        }
    )
    assert [row["measured"]["median"] for row in rows] == pytest.approx(
        [1.5, 0.5, 2.25, 1.2, 150.0, 2.0, 2.25, 1.8, 1.3, 1.04, 0.4, 9.0]
    )
    assert [row["verdict"] for row in rows] == [
        "ok",
        "ok, aim reached",
        "misses",
        "ok",
        "ok",
        "misses",
        "misses",
        "ok",
        "ok",
        "ok, aim reached",
        "ok, aim reached",
        "misses",
    ]


def test_a_row_of_costs_is_microseconds_an_event() -> None:
    row = cost_row("x", runs(2.0, 4.0), 1_000_000, runs(1.0, 4.0))
    assert row == ("x", "3.00", "2.00 to 4.00", "6.00", "1.50 (1.00 to 2.00)", "333,333", "166,667")


def test_a_baseline_of_other_events_is_compared_by_event() -> None:
    row = cost_row("x", runs(2.0), 1_000, runs(4.0), 4_000)
    assert row[:2] == ("x", "2000.00")
    assert row[4] == "2.00"


def test_a_sample_is_spread_over_the_whole(tmp_path: Path) -> None:
    source = tmp_path / "all"
    source.write_bytes(b"".join(b"%d\n" % number for number in range(10)))
    assert spread_lines(tmp_path / "some", source, 4).read_bytes() == b"0\n2\n5\n7\n"
    assert spread_lines(tmp_path / "some", source, 10).read_bytes() == source.read_bytes()


def test_tables_line_up() -> None:
    assert table(("a", "bb"), [("ccc", "1")]) == "a    bb\n---  --\nccc   1"


def test_sizes_of_rule_sets() -> None:
    assert rule_counts(602, 4096) == [64, 256, 602, 4096]
    assert rule_counts(2, 4096) == [2, 4096]


def test_other_constants_match_other_events_and_exclusions_stay() -> None:
    query = 'process where process.name : "tool*" and not user.name == "root"'
    predicate = plan_query(query, bundled_catalogue()).clauses[0].predicate
    changed = varied(predicate, 3)

    def found(name: str, user: str) -> tuple[bool, bool]:
        fields = Fields({"event": {"category": "process"}, "process": {"name": name}, "user": {"name": user}})
        return holds(predicate, fields), holds(changed, fields)

    assert found("tool1", "me") == (True, False)
    assert found("to3olx", "me") == (False, True)
    assert found("to3olx", "root") == (False, False)
    assert varied(predicate, 3) == changed != varied(predicate, 4)
