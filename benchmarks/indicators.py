"""What an indicator match rule costs: a scan with many indicators beside the scan of the same events without that rule.

The scan without it runs all other rules over the same events. Events and indicators are made up: connections and
downloads, of which about one in a thousand is known to be bad. This module imports nothing of besra: the peak memory
the system tells of a child begins with that of its parent.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.report import table
from benchmarks.scans import Scanned, scanned

Json = dict[str, Any]

START = 1_772_323_200
"""The second of the first event."""

BAD = 1_000
"""Of so many events one is made with a value that is an indicator's."""

GOAL = 3.0
"""Most that a scan may cost, measured by the scan without the rule."""

RULE = """\
[metadata]
creation_date = "2026/01/01"
maturity = "production"
updated_date = "2026/01/01"

[rule]
author = ["besra"]
description = "Made for a measurement."
language = "kuery"
max_signals = 100
name = "Known to be bad"
risk_score = 73
rule_id = "40000000-0000-4000-8000-000000000001"
severity = "high"
threat_index = ["filebeat-*", "logs-ti_*"]
threat_query = 'event.kind : "enrichment" and event.type : "indicator"'
type = "threat_match"
query = 'url.full : * or destination.ip : * or file.hash.sha256 : *'
"""
GROUP = """
[[rule.threat_mapping]]

[[rule.threat_mapping.entries]]
field = "{0}"
type = "mapping"
value = "threat.indicator.{1}"
"""
COMPARED = (("url.full", "url.full"), ("destination.ip", "ip"), ("file.hash.sha256", "file.hash.sha256"))


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a measurement. `none` holds one event that matches nothing."""

    events: Path
    indicators: Path
    none: Path
    rule: Path


def address(number: int) -> str:
    """One of 16 million addresses."""
    mixed = number * 0x9E3779B1 % 2**24
    return f"198.{mixed >> 16}.{mixed >> 8 & 255}.{mixed & 255}"


def page(number: int, drawn: random.Random) -> str:
    """The address of a page."""
    return f"https://www{number % 977}.example-{number:x}.test/{drawn.getrandbits(40):x}?session={number}"


def digest(drawn: random.Random) -> str:
    """Something like a SHA-256."""
    return f"{drawn.getrandbits(256):064x}"


def stamp(second: int) -> str:
    """A time as documents have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + second))


def indicators(count: int, wildcards: int, drawn: random.Random) -> Iterator[Json]:
    """Addresses of machines, addresses of pages and hashes in turn; `wildcards` of the pages end in a `*`."""
    for number in range(count):
        if number % 3 == 0:
            value: Json = {"type": "ipv4-addr", "ip": address(number)}
        elif number % 3 == 1:
            value = {"type": "url", "url": {"full": page(number, drawn)}}
        else:
            value = {"type": "file", "file": {"hash": {"sha256": digest(drawn)}}}
        yield indicator(number, value)
    for number in range(wildcards):
        yield indicator(count + number, {"type": "url", "url": {"full": f"https://*.bad-{number:x}.test/*"}})


def indicator(number: int, value: Json) -> Json:
    """An indicator as a feed's integration writes it."""
    return {
        "@timestamp": f"{stamp(-86_400 + number % 80_000)}.{number % 1000:03}Z",
        "event": {"kind": "enrichment", "category": ["threat"], "type": ["indicator"], "module": "ti_made_up"},
        "data_stream": {"type": "logs", "dataset": "ti_made_up.indicator", "namespace": "default"},
        "threat": {"feed": {"name": "made up"}, "indicator": {**value, "provider": "nobody", "confidence": "High"}},
        "tags": ["made-up", "forwarded"],
    }


def events(count: int, known: list[Json], drawn: random.Random) -> Iterator[Json]:
    """Connections and downloads; one in a thousand is of one of the `known` values."""
    for number in range(count):
        value: Json = {
            "destination": {"ip": address(2**23 + drawn.randrange(10**6)), "port": drawn.choice((80, 443))},
            "url": {"full": page(drawn.getrandbits(30), drawn)},
            "file": {"hash": {"sha256": digest(drawn)}, "path": f"C:\\Users\\u{number % 500}\\Downloads\\{number}.bin"},
        }
        if number % BAD == 0 and known:
            bad = drawn.choice(known)
            value |= (
                {"destination": {"ip": bad["ip"]}}
                if "ip" in bad
                else {name: bad[name] for name in ("url", "file") if name in bad}
            )
        yield {
            "@timestamp": f"{stamp(number // 50)}.{number % 50 * 20:03}Z",
            "event": {
                "kind": "event",
                "category": ["network"],
                "type": ["connection"],
                "action": "connection_attempted",
            },
            "data_stream": {"type": "logs", "dataset": "endpoint.events.network", "namespace": "default"},
            "host": {"name": f"wks-{number % 300:04}", "id": f"h{number % 300}", "os": {"type": "windows"}},
            "user": {"name": f"u{number % 500}", "domain": "CORP"},
            "process": {"name": "browser.exe", "pid": number % 30_000, "entity_id": f"E{number // 40}"},
            "source": {"ip": f"10.1.{number % 250}.7", "port": 1024 + number % 60_000},
            **value,
        }


def write(path: Path, documents: Iterator[Json]) -> list[Json]:
    """Write documents; the values of every thousandth indicator among them."""
    some = []
    with path.open("w", encoding="utf-8") as file:
        for number, document in enumerate(documents):
            file.write(json.dumps(document) + "\n")
            if number % 997 == 0 and "threat" in document:
                some.append(document["threat"]["indicator"])
    return some


def inputs(folder: Path, given: argparse.Namespace) -> Inputs:
    """Make the files up."""
    made = Inputs(*(folder / name for name in ("events.ndjson", "indicators.ndjson", "none.ndjson", "rule.toml")))
    drawn = random.Random(given.seed)
    known = write(made.indicators, indicators(given.indicators, given.wildcards, drawn))
    write(made.events, events(given.events, [bad for bad in known if "*" not in str(bad)], drawn))
    write(made.none, iter([{"@timestamp": "2026-03-01T00:00:00Z"}]))
    made.rule.write_text(RULE + "".join(GROUP.format(*pair) for pair in COMPARED), "utf-8")
    return made


def main() -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.indicators", description=__doc__.partition("\n")[0])
    parser.add_argument("--indicators", type=int, default=1_000_000, help="how many  [1,000,000]")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many  [1,000,000]")
    parser.add_argument("--wildcards", type=int, default=0, help="further indicators that are patterns  [0]")
    parser.add_argument("--rules", default="bundled", help="the other rules  [bundled]")
    parser.add_argument("--workers", type=int, default=1, help="of every scan  [1]")
    parser.add_argument("--repeat", type=int, default=1, help="how often  [1]")
    parser.add_argument("--seed", type=int, default=1, help="of what is made up  [1]")
    parser.add_argument("--json", type=Path, help="file for all figures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="besra-indicators-") as folder:
        made = inputs(Path(folder), given)
        sizes = {name: path.stat().st_size for name, path in (("events", made.events), ("indicators", made.indicators))}
        runs = [measured(made, given.rules, given.workers) for _ in range(given.repeat)]
    print(f"{given.events:,} events of {sizes['events'] / given.events:,.0f} bytes; ", end="")
    print(f"{given.indicators:,} indicators of {sizes['indicators'] / (given.indicators + given.wildcards):,.0f} bytes")
    ratio = min(run["with"].cpu / run["without"].cpu for run in runs)
    for number, run in enumerate(runs):
        print(f"run {number + 1}", table(HEAD, [row(name, run[name], run["without"]) for name in run]), sep="\n")
    print(f"with the rule ÷ without it: {ratio:.2f} (goal: at most {GOAL})")
    if given.json:
        kept = [{name: one.as_json() for name, one in run.items()} for run in runs]
        given.json.write_text(json.dumps({"machine": machine(), "bytes": sizes, "runs": kept}, indent=1), "utf-8")
    return 0


def measured(made: Inputs, rules: str, workers: int) -> dict[str, Scanned]:
    """The scan without the rule and with it, and the rule alone: over no events, and over all."""
    more = ("--workers", str(workers))
    known = ("--indicators", str(made.indicators))
    both = ("--rules", str(made.rule), *known, *more)
    parts: dict[str, Callable[[], Scanned]] = {
        "without": lambda: scanned(made.events, rules, more),
        "with": lambda: scanned(made.events, rules, both if rules != "bundled" else ("--rules", "bundled", *both)),
        "indicators alone": lambda: scanned(made.none, str(made.rule), (*known, *more)),
        "the rule alone": lambda: scanned(made.events, str(made.rule), (*known, *more)),
    }
    found = {}
    parts["with"]()  # compiles kernels where nobody has, and brings files to memory
    for name, part in parts.items():
        sys.stderr.write(f"{name}\n")
        found[name] = part()
    return found


HEAD = ("scan", "CPU s", "wall s", "peak MB", "alerts", "CPU ÷ without")


def row(name: str, run: Scanned, base: Scanned) -> tuple[str, ...]:
    """A row of the table."""
    figures = (f"{run.cpu:.1f}", f"{run.wall:.1f}", f"{run.memory / 2**20:,.0f}", f"{run.alerts:,}")
    return (name, *figures, f"{run.cpu / base.cpu:.2f}")


if __name__ == "__main__":
    sys.exit(main())
