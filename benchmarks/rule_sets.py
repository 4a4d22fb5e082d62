"""besra with few, all and many rules, in turns with `orjson.loads` of the same lines: the ratios of one run."""

import resource
from pathlib import Path
from typing import Any

import orjson

from benchmarks.besra_run import BesraRun
from benchmarks.corpus import read_lines
from benchmarks.measure import Cost, cost_of
from benchmarks.selection import eql_rules, every_rule, of_size, rule_counts
from benchmarks.variation import Planned
from besra.rules.ruleset import load_rules


def measure(parameters: dict[str, Any]) -> dict[str, Any]:
    """`rules`, `events` (a plain file), `many` rules and `repeats` to the costs of every way, run by run."""
    path, repeats = Path(parameters["events"]), parameters["repeats"]
    lines = read_lines(path)
    loading = cost_of(lambda: load_rules(parameters["rules"]))
    rules, every = eql_rules(parameters["rules"]), every_rule(parameters["rules"])
    sizes = rule_counts(len(rules), parameters["many"])
    costs: dict[str, list[Cost]] = {
        "orjson": [],
        "familiar": [],
        "alerts": [],
        **{f"rules {size}": [] for size in sizes},
        "every type": [],
        "every type, familiar": [],
    }
    loads: dict[str, list[Cost]] = {f"rules {size}": [] for size in sizes}
    matches: dict[str, dict[str, int]] = {}
    warm_up(rules, lines)
    for _ in range(repeats):
        costs["orjson"].append(cost_of(lambda: decode_all(lines)))
        for size in sizes:
            name = f"rules {size}"
            run = BesraRun(of_size(rules, size))
            read, end = run.scan(path), run.conclude()
            costs[name].append(read + end)
            loads[name].append(run.load)
            matches[name] = run.matches
            if size == len(rules):
                costs["alerts"].append(end)
                costs["familiar"].append(familiar_pass(rules, path) + end)
        run = BesraRun(every)
        read, end = run.scan(path), run.conclude()
        costs["every type"].append(read + end)
        costs["every type, familiar"].append(familiar_pass(every, path) + end)
        matches["every type"] = run.matches
    return {
        "events": len(lines),
        "bytes": sum(map(len, lines)),
        "rules": len(rules),
        "rules of every type": len(every),
        "sizes": sizes,
        "rule loading": as_json(loading),
        "costs": {name: [as_json(cost) for cost in runs] for name, runs in costs.items()},
        "preparing": {name: [as_json(cost) for cost in runs] for name, runs in loads.items()},
        "matches": matches,
        "peak memory": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def warm_up(rules: tuple[Planned, ...], lines: list[bytes]) -> None:
    """Loads kernels and touches what both sides use."""
    run = BesraRun(rules)
    run.scan_buffers([b"".join(lines[:1000])])
    run.conclude()
    decode_all(lines)


def familiar_pass(rules: tuple[Planned, ...], path: Path) -> Cost:
    """Reading and evaluating a file by an evaluator that has read it before."""
    run = BesraRun(rules)
    run.scan(path)
    return run.scan(path)


def decode_all(lines: list[bytes]) -> None:
    """`orjson.loads` of every line, keeping nothing."""
    for line in lines:
        orjson.loads(line)


def as_json(cost: Cost) -> dict[str, float]:
    """A cost as JSON holds it."""
    return {"cpu": cost.cpu, "wall": cost.wall}
