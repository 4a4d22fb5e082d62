"""The figures besra is judged by: ratios of one run, what they must be and what they should become."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from benchmarks.measure import Spread, ratios, spread

Results = dict[str, Any]


class Verdict(StrEnum):
    """What is said of a figure."""

    AIM = "ok, aim reached"
    OK = "ok"
    MISSES = "misses"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio or a time in seconds; `at_least` says that more is better."""

    name: str
    must: float
    aim: float
    of: Callable[[Results], Spread]
    at_least: bool = False

    def measured(self, results: Results) -> Spread | None:
        """Its value, None where a part was not measured."""
        try:
            return self.of(results)
        except (KeyError, IndexError, TypeError, ZeroDivisionError):
            return None

    def verdict(self, value: Spread | None) -> Verdict:
        """Judged by the median."""
        if value is None:
            return Verdict.NOT_MEASURED
        if self._reaches(value.median, self.aim):
            return Verdict.AIM
        return Verdict.OK if self._reaches(value.median, self.must) else Verdict.MISSES

    def _reaches(self, value: float, bound: float) -> bool:
        return value >= bound if self.at_least else value <= bound


def seconds(runs: Sequence[dict[str, float]], kind: str = "cpu") -> list[float]:
    """The CPU or wall seconds of every run."""
    return [run[kind] for run in runs]


def cost_ratio(results: Results, task: str, over: str, under: str) -> Spread:
    """CPU of one way ÷ CPU of another, run by run."""
    costs = results[task]["costs"]
    return ratios(seconds(costs[over]), seconds(costs[under]))


def rate_ratio(results: Results, peer: str) -> Spread:
    """besra's events a second of CPU ÷ another engine's, run by run."""
    costs, events = results[peer]["costs"], results[peer]["events"]
    each = {who: [cpu / events[who] for cpu in seconds(costs[who])] for who in ("besra", "peer")}
    return ratios(each["peer"], each["besra"])


def all_rules(results: Results) -> str:
    """The name of the way with all rules as they are."""
    return f"rules {results['rule-sets']['rules']}"


def _many(results: Results) -> Spread:
    many = max(results["rule-sets"]["sizes"])
    if many == results["rule-sets"]["rules"]:
        raise KeyError(many)
    return cost_ratio(results, "rule-sets", f"rules {many}", all_rules(results))


def _memory(results: Results) -> Spread:
    memory = results["memory"]
    return spread([memory["more_events"]["memory"] / memory["events"]["memory"]])


def _workers(results: Results) -> Spread:
    runs = results["workers"]["workers"]
    return ratios(seconds(runs["1"], "wall"), seconds(runs["2"], "wall"))


FIGURES = (
    Figure(
        "CPU of a scan with all rules, cold values ÷ orjson.loads",
        2.0,
        1.0,
        lambda results: cost_ratio(results, "rule-sets", all_rules(results), "orjson"),
    ),
    Figure(
        "the same, second pass over familiar values",
        1.2,
        0.7,
        lambda results: cost_ratio(results, "rule-sets", "familiar", "orjson"),
    ),
    Figure(
        "rules of every type, cold values ÷ orjson.loads",
        2.0,
        1.0,
        lambda results: cost_ratio(results, "rule-sets", "every type", "orjson"),
    ),
    Figure(
        "the same, second pass",
        1.2,
        0.7,
        lambda results: cost_ratio(results, "rule-sets", "every type, familiar", "orjson"),
    ),
    Figure(
        "events/s ÷ python-eql's, decoding counted for besra only",
        100,
        200,
        lambda results: rate_ratio(results, "python-eql"),
        at_least=True,
    ),
    Figure("cost with 4,096 rules ÷ with all as they are", 1.5, 1.2, _many),
    Figure(
        "cost with all rules ÷ with 64",
        2.0,
        1.5,
        lambda results: cost_ratio(results, "rule-sets", all_rules(results), "rules 64"),
    ),
    Figure("one worker ÷ two, wall", 1.7, 1.9, _workers, at_least=True),
    Figure(
        "cost an event, batches of 1,000 ÷ of 100,000",
        1.5,
        1.2,
        lambda results: cost_ratio(results, "micro-batches", "1000", "100000"),
    ),
    Figure("peak memory, 10x the input ÷ 1x", 1.2, 1.05, _memory),
    Figure(
        "start on 1 MB, seconds, second time",
        1.5,
        0.5,
        lambda results: spread(seconds(results["start"]["later"], "wall")),
    ),
    Figure("the same, first time", 8.0, 3.0, lambda results: spread([results["start"]["first"]["wall"]])),
)


def acceptance(results: Results) -> list[dict[str, Any]]:
    """Every figure with its verdict, as JSON holds it."""
    rows = []
    for figure in FIGURES:
        value = figure.measured(results)
        rows.append(
            {
                "figure": figure.name,
                "must": f"{'≥' if figure.at_least else '≤'} {figure.must:g}",
                "aim": f"{'≥' if figure.at_least else '≤'} {figure.aim:g}",
                "measured": value and {"median": value.median, "least": value.least, "most": value.most},
                "verdict": str(figure.verdict(value)),
            }
        )
    return rows
