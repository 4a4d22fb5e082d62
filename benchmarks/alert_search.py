"""What it costs to search 100,000 alerts, to group them, and to keep them: `python -m benchmarks.alert_search`.

Alerts are made up: a hundred rules, 400 hosts, 900 users, documents of some 3 KB. Requests go the way of the service's
own from their body to the answer as JSON, all but HTTP.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.measure import Cost, Spread, cost_of, spread
from besra.detection.alert import Alert
from besra.rules.space import DEFAULT
from besra.schema.timestamp import NANOS, format_timestamp
from besra.service.search_alerts import alert_answer
from besra.service.signals import signal_search
from besra.storage.alert_store import AlertStore
from besra.storage.outcome import Outcome
from besra.storage.run_log import RunRecord
from besra.storage.space_alerts import SpaceAlerts
from besra.storage.workflow import Author, Edit, Names, Reason, Status

START = 1_772_323_200 * NANOS
LOT = 500
"""Alerts of a run."""
SEVERITIES = ("low", "low", "low", "medium", "medium", "high", "critical")
PROGRAMS = ("powershell.exe", "cmd.exe", "rundll32.exe", "wscript.exe", "mshta.exe", "svchost.exe", "python3", "bash")
FILL = "".join(chr(97 + n * 7 % 26) for n in range(700))


def group(field: str, size: int = 10) -> dict[str, Any]:
    """A `terms` aggregation."""
    return {"terms": {"field": field, "size": size}}


GROUPS = {
    "rules": group("kibana.alert.rule.name"),
    "hosts": group("host.name"),
    "users": group("user.name"),
    "severities": group("kibana.alert.severity"),
    "statuses": group("kibana.alert.workflow_status"),
}
REQUESTS: dict[str, dict[str, Any]] = {
    "newest": {"size": 20},
    "all, five groups": {"size": 20, "aggs": GROUPS},
    "KQL: status and severity": {
        "query": "kibana.alert.workflow_status: open and kibana.alert.severity: (high or critical)",
        "size": 20,
    },
    "the same, by rule": {
        "query": "kibana.alert.workflow_status: open and kibana.alert.severity: (high or critical)",
        "size": 20,
        "aggs": {"rules": GROUPS["rules"]},
    },
    "KQL: hosts, by user": {"query": "host.name: host-1*", "size": 20, "aggs": {"users": GROUPS["users"]}},
    "KQL: a user, five groups": {"query": "user.name: user-12", "size": 20, "aggs": GROUPS},
    "KQL: tags, by host": {
        "query": "kibana.alert.workflow_tags: phish*",
        "size": 20,
        "aggs": {"hosts": GROUPS["hosts"]},
    },
    "DSL: open, by host": {
        "query": {"bool": {"filter": [{"term": {"kibana.alert.workflow_status": "open"}}]}},
        "size": 20,
        "aggs": {"hosts": GROUPS["hosts"]},
    },
    "DSL: query_string, five groups": {
        "query": {
            "bool": {
                "filter": [
                    {"query_string": {"query": "kibana.alert.rule.name:Rule* AND NOT kibana.alert.severity:low"}},
                    {"range": {"@timestamp": {"gte": "2026-03-01T00:00:00Z"}}},
                ]
            }
        },
        "size": 20,
        "aggs": GROUPS,
    },
    "KQL: process.name, by host": {
        "query": "process.name: mshta.exe",
        "size": 20,
        "aggs": {"hosts": GROUPS["hosts"]},
    },
}


def made_up(count: int, seed: int = 1) -> Iterator[Alert]:
    """Alerts, a second apart."""
    chance = random.Random(seed)
    for number in range(count):
        rule = int(chance.triangular(0, 100, 0))
        host, user = f"host-{int(chance.triangular(0, 400, 0))}", f"user-{int(chance.triangular(0, 900, 0))}"
        time = format_timestamp(START + number * NANOS)
        program = chance.choices(PROGRAMS, weights=(8, 8, 6, 4, 1, 20, 10, 10))[0]
        command = f"{program} /c {number} {FILL[chance.randrange(300) :]}"
        yield {
            "@timestamp": time,
            "event": {
                "kind": "signal",
                "category": ["process"],
                "type": ["start"],
                "dataset": "endpoint.events.process",
            },
            "host": {
                "name": host,
                "os": {"type": "windows", "family": "windows"},
                "id": f"{chance.getrandbits(128):032x}",
            },
            "user": {"name": user, "domain": "CORP", "id": f"S-1-5-21-{chance.getrandbits(30)}"},
            "process": {
                "name": program,
                "pid": chance.randrange(65536),
                "entity_id": f"{chance.getrandbits(160):040x}",
                "executable": f"C:\\Windows\\System32\\{program}",
                "command_line": command,
                "args": command.split(),
                "hash": {"sha256": f"{chance.getrandbits(256):064x}"},
                "parent": {"name": "explorer.exe", "pid": chance.randrange(65536), "command_line": "explorer.exe"},
            },
            "kibana.alert.uuid": f"{chance.getrandbits(256):064x}",
            "kibana.alert.status": "active",
            "kibana.alert.workflow_status": "open",
            "kibana.alert.workflow_tags": [],
            "kibana.alert.workflow_assignee_ids": [],
            "kibana.alert.original_time": time,
            "kibana.alert.reason": f"process event with process {program}, by {user} on {host} created alert {rule}.",
            "kibana.alert.ancestors": [
                {"id": f"{chance.getrandbits(160):040x}", "type": "event", "index": "logs", "depth": 0}
            ],
            "kibana.alert.severity": SEVERITIES[rule % len(SEVERITIES)],
            "kibana.alert.risk_score": 21 + rule % 79,
            "kibana.alert.depth": 1,
            "kibana.alert.rule.uuid": f"00000000-0000-5000-8000-{rule:012}",
            "kibana.alert.rule.rule_id": f"10000000-0000-4000-8000-{rule:012}",
            "kibana.alert.rule.name": f"Rule number {rule} that finds a program",
            "kibana.alert.rule.tags": ["Domain: Endpoint", "Use Case: Threat Detection"],
            "kibana.alert.rule.execution.uuid": f"x{number // LOT}",
            "kibana.alert.rule.parameters": {"query": f"process where process.name == {rule}", "max_signals": 100},
            "besra": {"version": "0"},
        }


@dataclass(frozen=True, slots=True)
class Costs:
    """Milliseconds of several runs, by the clock and of this process: a server of a database uses more beside it."""

    wall: Spread
    cpu: Spread
    found: int


def fill(store: AlertStore, count: int) -> Cost:
    """Keep so many made-up alerts in runs of `LOT`, and work on a part of them. What keeping all of them costs."""
    total = Cost(0, 0)
    lot: list[Alert] = []
    for number, alert in enumerate(made_up(count), 1):
        lot.append(alert)
        if number % LOT == 0 or number == count:
            run = RunRecord(f"x{number // LOT}", "r", "r", "Rule", START + number * NANOS, NANOS)
            outcome = Outcome(run, lot)
            total += cost_of(lambda outcome=outcome: store.commit(outcome))
            _work(store, [found["kibana.alert.uuid"] for found in lot], number // LOT)
            lot = []
    return total


def _work(store: AlertStore, ids: Sequence[str], number: int) -> None:
    author = Author("bench", START)
    store.set_status(ids[: len(ids) // 4], author, Status.CLOSED, Reason.DUPLICATE)
    store.set_status(ids[len(ids) // 4 : len(ids) // 3], author, Status.ACKNOWLEDGED)
    store.change_names(ids[: len(ids) // 20], author, Edit(Names.TAGS, (f"phish-{number % 7}", "seen")))


def answer(store: SpaceAlerts, body: dict[str, Any]) -> bytes:
    """What the service answers a request with."""
    asked = signal_search(body, {}, START)
    return orjson.dumps(alert_answer(store, asked.page, asked.counted))


def measured(store: SpaceAlerts, body: dict[str, Any], repeats: int) -> Costs:
    """What a request costs, after once without counting."""
    found = json.loads(answer(store, body))["hits"]["total"]["value"]
    costs = [cost_of(lambda: answer(store, body)) for _ in range(repeats)]
    return Costs(spread([1000 * c.wall for c in costs]), spread([1000 * c.cpu for c in costs]), found)


def main() -> None:
    """Make a store, or take one that is there, and ask it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alert_search", description=__doc__)
    parser.add_argument("--alerts", type=int, default=100_000, help="how many there are  [%(default)s]")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each request  [%(default)s]")
    parser.add_argument("--place", help="a file, or the URL of a PostgreSQL database  [a temporary file]")
    parser.add_argument("--json", type=Path, help="file for all figures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="besra-bench-") as folder:
        place = given.place or Path(folder) / "alerts.sqlite"
        place = Path(place) if "://" not in str(place) else place
        with AlertStore(place) as store:
            figures = asked(store, given.alerts, given.repeats)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1), "utf-8")


def asked(store: AlertStore, alerts: int, repeats: int) -> dict[str, Any]:
    """All figures of a store, which is filled if it is empty; they are printed as they come."""
    figures: dict[str, Any] = {}
    if not store.count():
        kept = fill(store, alerts)
        one = {"cpu": 1e6 * kept.cpu / alerts, "wall": 1e6 * kept.wall / alerts}
        figures["keeping"] = one
        print(f"keeping an alert: {one['cpu']:.0f} µs of CPU, {one['wall']:.0f} by the clock")
    print(f"{'request':34} {'found':>8}  {'ms by the clock':24} ms of CPU")
    for name, body in REQUESTS.items():
        costs = measured(SpaceAlerts(store, DEFAULT), body, repeats)
        figures[name] = {"found": costs.found, "wall": costs.wall.median, "cpu": costs.cpu.median}
        print(f"{name:34} {costs.found:>8}  {costs.wall:24.0f} {costs.cpu:.0f}", flush=True)
    return figures


if __name__ == "__main__":
    main()
