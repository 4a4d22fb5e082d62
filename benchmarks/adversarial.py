"""Inputs made to exhaust a scan: `python -m benchmarks.adversarial`. Each at a quarter of its size and at all of it.

What is bounded costs four times the time and hardly more memory on four times the input. The scan is given so many
seconds of CPU and so much memory, and fails beyond them. This module imports nothing of besra: the peak memory the
system tells of a child begins with that of its parent.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.report import table

COMMAND = (sys.executable, "-m", "besra.cli", "scan", "--any-index", "-q", "--format", "ndjson", "--workers")
ENDED_WELL = (0, 1)
NOW = ("--now", "2030-01-01T00:00:00Z")
START = 1_740_787_200

MOST_GROWTH = 5.0
"""Of CPU time, on four times the input."""

MOST_MEMORY_GROWTH = 1.2
USUAL_MEMORY = 512 * 2**20
"""Bytes at the peak below which growth does not count: what a scan keeps may take as much, see `--memory-limit`."""

MOST_CPU = 600
MOST_DATA = 4 * 2**30
"""Seconds of CPU after which a scan is killed, and bytes of memory beyond which it gets none."""

RULE = """\
[metadata]
creation_date = "2026/01/01"
maturity = "production"
updated_date = "2026/01/01"

[rule]
author = ["besra"]
description = "Made for a measurement."
language = "eql"
name = "Rule {number}"
risk_score = 21
rule_id = "30000000-0000-4000-8000-{number:012}"
severity = "low"
type = "eql"
query = '''
{query}
'''
"""

Json = dict[str, Any]
Lines = Callable[[int, random.Random], Iterator[Json]]

PATTERNS = (
    'process where process.command_line : ("*a*a*a*b", "*a?a*a?a*ac", "*?????a*b?")',
    'process where process.command_line regex "(a+)+b"',
    'process where process.command_line : "*-enc*" and not process.command_line : ("*a*", "*é*")',
)


@dataclass(frozen=True, slots=True)
class Case:
    """An input of `count` lines, and the queries that run over it. `files`: how many files they are spread over."""

    name: str
    count: int
    lines: Lines
    queries: tuple[str, ...] = PATTERNS
    files: int = 1


@dataclass(frozen=True, slots=True)
class Run:
    """A scan: lines and bytes read, seconds, bytes of memory at the peak, alerts. `code` is what it ended with."""

    lines: int
    bytes: int
    cpu: float
    wall: float
    memory: int
    alerts: int
    code: int


def event(number: int, command_line: object, **more: object) -> Json:
    """A small event of one process; ten of them a second."""
    moment = time.gmtime(START + number // 10)
    stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{number % 10}Z"
    return {
        "@timestamp": stamp,
        "event": {"category": "process"},
        "process": {"command_line": command_line},
        **more,
    }


def distinct(count: int, drawn: random.Random) -> Iterator[Json]:
    """Command lines none of which comes twice."""
    return (event(n, f"cmd.exe /c run {drawn.getrandbits(64):x} a{n} --quiet") for n in range(count))


def wide(count: int, drawn: random.Random) -> Iterator[Json]:
    """The same, and none is ASCII."""
    return (event(n, f"cmd.exe /c Ünï {drawn.getrandbits(64):x} ç{n} 😀") for n in range(count))


def numbers(count: int, drawn: random.Random) -> Iterator[Json]:
    """Numbers where texts are meant."""
    return (event(n, drawn.random() if n % 2 else drawn.getrandbits(60)) for n in range(count))


def long_values(count: int, drawn: random.Random) -> Iterator[Json]:
    """Values of a quarter of a megabyte each, put together to one."""
    text = "".join(drawn.choices("abc -\\/é", k=1 << 18))
    return iter([event(0, text * count), event(1, "short")])


def arrays(count: int, drawn: random.Random) -> Iterator[Json]:
    """Arrays of 100,000 elements."""
    return (event(n, [f"{drawn.getrandbits(40):x}" for _ in range(100_000)]) for n in range(count))


def backtracking(count: int, drawn: random.Random) -> Iterator[Json]:
    """Long texts of one letter, for patterns that might try every way to divide them."""
    return (event(n, "a" * drawn.randrange(9_000, 10_000) + f"c{n}") for n in range(count))


def hosts(count: int, drawn: random.Random) -> Iterator[Json]:
    """Events of a thousand hosts."""
    return (event(n, "x", host={"id": f"host-{drawn.randrange(1000)}"}) for n in range(count))


def keys(count: int, drawn: random.Random) -> Iterator[Json]:
    """A thousand keys a document, none of which comes twice, nor does any rule ask for one."""
    return (event(n, "x", more={f"k{drawn.getrandbits(48):x}": i for i in range(1_000)}) for n in range(count))


def homes(count: int, _: random.Random) -> Iterator[Json]:
    """Events each of which names an index of its own."""
    return (event(n, "x", data_stream={"dataset": f"made.up{n}", "type": "logs"}) for n in range(count))


def blank(count: int, _: random.Random) -> Iterator[Json]:
    """Blank lines between two events: `written` makes them of empty documents."""
    return (event(n, "x") if n in (0, count - 1) else {} for n in range(count))


EVERYTHING = ("any where true",)
BY_HOST = (
    "sequence by host.id with maxspan=1m [any where true] [any where true] [any where process.command_line == null]",
)
PAIRS = ("sequence by host.id with maxspan=1m [any where true] [any where true]",)

CASES = (
    Case("distinct command lines", 1_000_000, distinct),
    Case("distinct command lines, not ASCII", 1_000_000, wide),
    Case("distinct numbers in a text field", 200_000, numbers),
    Case("one value, in quarters of a MB", 40, long_values),
    Case("arrays of 100,000 elements", 40, arrays),
    Case("patterns on texts of one letter", 4_000, backtracking),
    Case("any where true", 1_000_000, hosts, EVERYTHING),
    Case("sequence of any where true", 1_000_000, hosts, PAIRS),
    Case("sequence of any where true, never whole", 1_000_000, hosts, BY_HOST),
    Case("documents of 1,000 keys", 8_000, keys),
    Case("small files", 15_000, distinct, files=5_000),
    Case("an index for every event", 200_000, homes, EVERYTHING),
    Case("blank lines", 40_000_000, blank, EVERYTHING),
)


def main() -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adversarial", description=__doc__.partition("\n")[0])
    parser.add_argument("--case", action="append", help="only cases with this in their name (repeatable)")
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes  [1]")
    parser.add_argument("--workers", type=int, default=1, help="of every scan  [1]")
    parser.add_argument("--json", type=Path, help="file for all figures")
    given = parser.parse_args()
    chosen = [case for case in CASES if not given.case or any(part in case.name for part in given.case)]
    results = {}
    for case in chosen:
        sys.stderr.write(f"{case.name}\n")
        results[case.name] = [measured(case, part, given.workers) for part in (given.scale / 4, given.scale)]
    print(table(HEAD, [row(name, *runs) for name, runs in results.items()]))
    if given.json:
        kept = {name: [asdict(run) for run in runs] for name, runs in results.items()}
        given.json.write_text(json.dumps({"machine": machine(), "adversarial": kept}, indent=1), "utf-8")
    return int(not all(is_bounded(*runs) for runs in results.values()))


def measured(case: Case, scale: float, workers: int) -> Run:
    """One scan of a part of a case."""
    count = max(4, int(case.count * scale))
    with tempfile.TemporaryDirectory(prefix="besra-adversarial-") as folder:
        size = written(case, count, max(1, int(case.files * scale)), Path(folder))
        return scanned(Path(folder), Run(count, size, 0, 0, 0, 0, 0), workers)


def written(case: Case, count: int, files: int, folder: Path) -> int:
    """Writes the rules and the events of a case; the bytes of the events."""
    rules, events = folder / "rules", folder / "events"
    rules.mkdir()
    events.mkdir()
    for number, query in enumerate(case.queries):
        (rules / f"{number}.toml").write_text(RULE.format(number=number, query=query), "utf-8")
    lines = case.lines(count, random.Random(1))
    for number in range(files):
        part = lines if number == files - 1 else islice(lines, count // files)
        with (events / f"{number}.ndjson").open("w", encoding="utf-8") as file:
            for document in part:
                file.write(json.dumps(document, ensure_ascii=False) + "\n" if document else "\n")
    return sum(path.stat().st_size for path in events.iterdir())


def scanned(folder: Path, run: Run, workers: int) -> Run:
    """The scan of a folder made by `written`."""
    command = [*COMMAND, str(workers), str(folder / "events"), "--rules", str(folder / "rules"), *NOW]
    with (folder / "alerts").open("w+b") as out, (folder / "errors").open("w+b") as errors:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=errors, preexec_fn=limit)  # noqa: PLW1509  no threads here
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if child.returncode not in ENDED_WELL:
            last = errors.read().decode(errors="replace").strip().split("\n")[-3:]
            sys.stderr.write(f"  ended with {child.returncode}: {' '.join(last)[-300:]}\n")
        out.seek(0)
        alerts = sum(1 for _ in out)
    cpu = usage.ru_utime + usage.ru_stime
    return Run(run.lines, run.bytes, cpu, wall, 1024 * usage.ru_maxrss, alerts, child.returncode)


def limit() -> None:
    """Bounds the process that is about to begin."""
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU, MOST_CPU))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_DATA, MOST_DATA))


HEAD = ("input", "lines", "MB", "CPU s", "wall s", "µs a line", "peak MB", "alerts", "CPU 4x", "memory 4x", "bounded")


def row(name: str, quarter: Run, whole: Run) -> tuple[str, ...]:
    """A row of the table."""
    return (
        name,
        f"{whole.lines:,}",
        f"{whole.bytes / 1e6:,.0f}",
        f"{whole.cpu:.1f}",
        f"{whole.wall:.1f}",
        f"{1e6 * whole.cpu / whole.lines:,.1f}",
        f"{whole.memory / 2**20:,.0f}",
        f"{whole.alerts:,}",
        f"{whole.cpu / quarter.cpu:.2f}",
        f"{whole.memory / quarter.memory:.2f}",
        "yes" if is_bounded(quarter, whole) else "NO",
    )


def is_bounded(quarter: Run, whole: Run) -> bool:
    """Whether time grows with the input and memory does not."""
    if not {quarter.code, whole.code} <= {*ENDED_WELL} or whole.cpu / quarter.cpu > MOST_GROWTH:
        return False
    return whole.memory <= max(USUAL_MEMORY, MOST_MEMORY_GROWTH * quarter.memory)


if __name__ == "__main__":
    sys.exit(main())
