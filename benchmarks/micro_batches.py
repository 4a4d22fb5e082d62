"""besra with events as they would arrive: a few hundred or thousand at a time."""

from pathlib import Path
from typing import Any

from benchmarks.besra_run import BesraRun
from benchmarks.corpus import read_lines
from benchmarks.measure import cost_of
from benchmarks.rule_sets import as_json, decode_all, warm_up
from benchmarks.selection import eql_rules

SIZES = (200, 1_000, 10_000, 100_000)


def measure(parameters: dict[str, Any]) -> dict[str, Any]:
    """`rules`, `events` and `repeats` to the cost of every batch size, run by run; values are cold at each start."""
    lines = read_lines(Path(parameters["events"]))
    rules = eql_rules(parameters["rules"])
    sizes = [size for size in SIZES if size <= len(lines)]
    buffers = {size: [b"".join(lines[at : at + size]) for at in range(0, len(lines), size)] for size in sizes}
    costs: dict[str, list[dict[str, float]]] = {"orjson": [], **{str(size): [] for size in sizes}}
    matches: dict[str, dict[str, int]] = {}
    warm_up(rules, lines)
    for _ in range(parameters["repeats"]):
        costs["orjson"].append(as_json(cost_of(lambda: decode_all(lines))))
        for size in sizes:
            run = BesraRun(rules)
            costs[str(size)].append(as_json(run.scan_buffers(buffers[size]) + run.conclude()))
            matches[str(size)] = run.matches
    return {"events": len(lines), "rules": len(rules), "costs": costs, "matches": matches}
