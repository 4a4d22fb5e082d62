"""All measurements in one run: `python -m benchmarks` (`make bench`). See docs/benchmarks.md."""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.acceptance import Results, acceptance
from benchmarks.child import in_child
from benchmarks.corpus import BUNDLED, default_rules, shared_folder
from benchmarks.machine import machine

SHARED_EVENTS = "ecs-events.ndjson.zst"
PEERS = ("python-eql", "duckdb", "polars", "reference")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: events of each part, and repetitions. Of python-eql and reference it is the sample."""

    events: int = 100_000
    batches: int = 100_000
    tables: int = 10_000
    python_eql: int = 3_000
    reference: int = 1_000
    memory: int = 50_000
    start: int = 330
    many: int = 4_096
    repeats: int = 3


QUICK = Sizes(events=20_000, batches=20_000, tables=3_000, python_eql=1_000, reference=300, memory=10_000, repeats=1)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the run was asked for."""

    rules: str
    events: tuple[str, ...]
    seed: int
    sizes: Sizes


def main() -> int:
    """Measure, print, save."""
    settings, saved = arguments()
    with tempfile.TemporaryDirectory(prefix="besra-bench-") as folder:
        os.environ["BESRA_CACHE_DIR"] = str(Path(folder) / "memory")
        results = measured(settings, Path(folder), say)
    print_report(settings, results)
    if saved:
        whole = {"machine": machine(), "settings": asdict(settings), "results": results}
        saved.write_text(json.dumps(whole | {"acceptance": acceptance(results)}, indent=1), "utf-8")
    return int(any("failed" in result for result in results.values()))


def arguments() -> tuple[Settings, Path | None]:
    """The settings, and where the JSON goes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What besra costs, beside others.")
    parser.add_argument("--rules", default=default_rules(), help="folder of rules, or `bundled`  [%(default)s]")
    parser.add_argument("--events", type=Path, nargs="+", default=[], help="NDJSON, plain or zst  [made up]")
    parser.add_argument("--seed", type=int, default=1, help="of the made-up events")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument("--quick", action="store_true", help="smaller, for a first look: figures are rougher")
    given = parser.parse_args()
    try:
        rules = given.rules if given.rules == BUNDLED else str(Path(given.rules).resolve(strict=True))
        events = tuple(str(path.resolve(strict=True)) for path in given.events)
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    return Settings(rules, events, given.seed, QUICK if given.quick else Sizes()), given.json


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def measured(settings: Settings, folder: Path, tell: Callable[[str], None]) -> Results:
    """All results by task; `rule-sets` is that of the first corpus, others have their name behind it."""
    sizes, rules = settings.sizes, {"rules": settings.rules}
    started, results = time.monotonic(), {}

    def run(name: str, task: str, parameters: dict[str, Any], environment: dict[str, str] | None = None) -> None:
        tell(f"{time.monotonic() - started:5.0f} s  {name}")
        results[name] = in_child(task, rules | parameters, environment)

    def part(name: str, source: Path, count: int) -> dict[str, Any]:
        path = folder / f"{name}.ndjson"
        made = in_child("events", {"path": str(path), "sources": [str(source)], "count": count})
        return {"events": str(path), "count": made["events"]}

    def sample(name: str, source: Path, count: int) -> dict[str, Any]:
        path = folder / f"{name}.ndjson"
        made = in_child("events", {"path": str(path), "of": str(source), "count": count})
        return {"sample": str(path), "sample count": made["events"]}

    made = folder / "made.ndjson"
    run("made-up events", "events", {"path": str(made), "count": 10 * sizes.memory, "seed": settings.seed})
    corpora = sources(settings, made)
    parts = {name: part(f"corpus {number}", source, sizes.events) for number, (name, source) in enumerate(corpora)}
    whole = next(iter(parts.values()))
    first = Path(whole["events"])
    asked = {
        "python-eql": whole | sample("eql", first, sizes.python_eql),
        "duckdb": (tables := part("tables", first, sizes.tables)),
        "polars": tables,
        "reference": whole | sample("reference", first, sizes.reference),
    }
    repeats = {"repeats": sizes.repeats}
    for number, (name, parameters) in enumerate(parts.items()):
        suffix = f": {name}" if number else ""
        run(f"rule-sets{suffix}", "rule-sets", parameters | repeats | {"many": sizes.many})
    run("micro-batches", "micro-batches", part("batches", made, sizes.batches) | {"repeats": max(1, sizes.repeats - 1)})
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for peer in PEERS:
        run(peer, peer, asked[peer] | {"repeats": max(1, sizes.repeats - 1), "cores": cores})
    one = part("once", made, sizes.memory)["events"]
    run("memory", "scans", {"what": "memory", "events": one, "more_events": str(made)})
    run("workers", "scans", {"what": "workers", "events": str(made)} | repeats)
    run("start", "scans", {"what": "start", **part("start", made, sizes.start)} | repeats)
    tell(f"{time.monotonic() - started:5.0f} s  done")
    return results


def sources(settings: Settings, made: Path) -> Iterable[tuple[str, Path]]:
    """The corpora: those given, else the made-up events and, where they are, those of the shared test inputs."""
    if settings.events:
        return [(Path(path).name, Path(path)) for path in settings.events]
    shared = shared_folder() / "data" / SHARED_EVENTS
    return [("made-up events", made), *([(SHARED_EVENTS, shared)] if shared.is_file() else [])]


def print_report(settings: Settings, results: Results) -> None:
    """Everything, as text on standard output."""
    print("# besra benchmarks\n")
    for name, value in machine().items():
        print(f"{name}: {value}")
    print(f"rules: {settings.rules}\nseed: {settings.seed}\n")
    for name, result in results.items():
        if name.startswith("rule-sets"):
            print_part(report.rule_sets(name.partition(": ")[2] or "first corpus", result))
    print_part(report.batches(results["micro-batches"]))
    for peer in PEERS:
        print_part(report.peer(peer, results[peer]))
    print_part(report.scans(results))
    print_part(report.verdicts(results))


def print_part(lines: Iterable[str]) -> None:
    """A part of the report and an empty line."""
    print("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
