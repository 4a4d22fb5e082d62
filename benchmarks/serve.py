"""What `besra serve` takes: events a second, how late alerts are, memory over time. `python -m benchmarks.serve`

A real server, and a client that sends it made-up events in prepared bodies, on the same machine. Events on which one of
the rules would fire are left out, and instead some are marked, at a known rate, for a rule of the benchmark's own: an
alert that names its event tells how long after the acknowledgement it could be found. Needs /proc.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from benchmarks.events.stream import lines
from benchmarks.load_bodies import RULE
from benchmarks.machine import machine
from benchmarks.report import table
from benchmarks.scans import BESRA, NOW
from besra.events.index_name import index_names

LOOKED = 0.1
"""Seconds between two looks for alerts: latencies are told that much too long at most."""
PATIENCE = 60.0
"""Seconds until what does not come is given up."""
NANOS = 10**9
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = 50
SIGNALS = "/api/detection_engine/signals/search"


@dataclass(frozen=True, slots=True)
class Sample:
    """The server at a time: seconds since the start, bytes of memory, seconds of CPU, batches not stored yet."""

    at: float
    memory: int
    cpu: float
    waiting: int


@dataclass
class Seen:
    """What was seen while the load ran. Times are nanoseconds since 1970; events of marks are known by their number."""

    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    """When, and how many events."""
    marked: dict[int, int] = field(default_factory=dict)
    alerted: dict[int, int] = field(default_factory=dict)
    refused: int = 0
    client_cpu: float = 0.0
    samples: list[Sample] = field(default_factory=list)

    @property
    def latencies(self) -> list[float]:
        """Seconds from acknowledgement to alert, ascending."""
        return sorted(max(self.alerted[n] - at, 0) / NANOS for n, at in self.marked.items() if n in self.alerted)


class Server:
    """A `besra serve` of its own, over these rules, in this folder."""

    def __init__(self, rules: list[str], folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "mark.toml").write_text(RULE, "utf-8")
        named = [part for rule in (*rules, str(folder / "mark.toml")) for part in ("--rules", rule)]
        self.data = folder / "data"
        self._log = (folder / "log").open("wb")
        command = [*BESRA, "serve", "--no-auth", "--data", str(self.data), "--port", str(self.port), *named]
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        until = time.monotonic() + 5 * PATIENCE
        while True:
            try:
                self.ask("/healthz")
                return
            except (urllib.error.URLError, ConnectionError) as error:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((folder / "log").read_text()[-2000:]) from error
                time.sleep(0.1)

    def ask(self, path: str, body: bytes | None = None) -> bytes:
        """The answer to a request."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", body, timeout=PATIENCE) as answer:
            text: bytes = answer.read()
        return text

    def sample(self, started: float) -> Sample:
        """What it uses now."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        memory = int(told[21]) * os.sysconf("SC_PAGE_SIZE")
        found = [
            line for line in self.ask("/metrics").decode().splitlines() if line.startswith("besra_batches_waiting")
        ]
        waiting = int(float(found[0].split()[1])) if found else 0
        return Sample(time.perf_counter() - started, memory, (int(told[11]) + int(told[12])) / TICKS, waiting)

    def stop(self) -> float:
        """End it; the seconds it took to deal with what was left."""
        before = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()
        return time.monotonic() - before


def unwanted(rules: list[str], count: int, seed: int) -> list[int]:
    """The places of made-up events on which a rule fires."""
    with tempfile.TemporaryDirectory(prefix="besra-serve-") as folder:
        path = Path(folder) / "events.ndjson"
        with path.open("wb") as out:
            for place, line in enumerate(islice(lines(1 << 40, seed), count)):
                out.write(b'{"_index":"%b","_id":"%d","_source":%b}\n' % (index_of(line), place, line.rstrip()))
        named = [part for rule in rules for part in ("--rules", rule)]
        command = [*BESRA, "scan", str(path), *named, *NOW, "-q", "--format", "ndjson", "--max-alerts", "0"]
        done = subprocess.run(command, capture_output=True, check=False)
        found = [orjson.loads(line) for line in done.stdout.splitlines()]
    ids = {ancestor["id"] for alert in found for ancestor in alert.get("kibana.alert.ancestors", ())}
    return sorted(int(id_) for id_ in ids if id_.isdigit())


def index_of(line: bytes) -> bytes:
    """The data stream of an event."""
    return index_names(orjson.loads(line))[0].encode()


def measured(server: Server, given: argparse.Namespace, left_out: list[int]) -> Seen:
    """Put the load on a server and watch."""
    told = {name: getattr(given, name) for name in ("bodies", "batch", "seed", "connections", "seconds", "marks")}
    told |= {"port": server.port, "rate": 0 if given.rate == "max" else float(given.rate), "unwanted": left_out}
    command = [sys.executable, "-m", "benchmarks.load_client"]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(json.dumps(told).encode() + b"\n")
    client.stdin.flush()
    client.stdout.readline()
    seen, done = Seen(), threading.Event()
    started = time.perf_counter()
    client.stdin.write(b"go\n")
    client.stdin.close()
    watching = threading.Thread(target=watch, args=(server, seen, done, started))
    watching.start()
    with client:
        for line in client.stdout:
            note(json.loads(line), seen)
    until = time.monotonic() + PATIENCE
    while seen.marked.keys() - seen.alerted.keys() and time.monotonic() < until:
        time.sleep(LOOKED)
    done.set()
    watching.join()
    return seen


def note(told: dict[str, Any], seen: Seen) -> None:
    """Take down what the client has told."""
    if "cpu" in told:
        seen.client_cpu = told["cpu"]
        return
    seen.acknowledged.append((told["at"], told["events"]))
    seen.refused += told["refused"]
    if "mark" in told:
        seen.marked[told["mark"]] = told["at"]


def watch(server: Server, seen: Seen, done: threading.Event, started: float) -> None:
    """Look for alerts, and once a second at the server."""
    asked = orjson.dumps({"query": 'kibana.alert.rule.name : "Mark of the benchmark"', "size": PAGE})
    sampled = 0.0
    while not done.wait(LOOKED):
        hits = orjson.loads(server.ask(SIGNALS, asked))["hits"]["hits"]
        now = time.time_ns()
        for hit in hits:
            seen.alerted.setdefault(int(hit["_source"]["event"]["id"]), now)
        if time.perf_counter() - sampled >= 1:
            sampled = time.perf_counter()
            seen.samples.append(server.sample(started))


def report(seen: Seen, seconds: float) -> dict[str, Any]:
    """The figures. Of the load's first tenth none count, in which caches fill."""
    first, last = seen.acknowledged[0][0], max(at for at, _ in seen.acknowledged)
    start = first + int(seconds / 10 * NANOS)
    taken = sum(count for at, count in seen.acknowledged if at > start)
    loaded = [sample for sample in seen.samples if seconds / 10 <= sample.at <= seconds]
    events = sum(count for _, count in seen.acknowledged)
    span = max((last - start) / NANOS, 1e-9)
    cpu = loaded[-1].cpu - loaded[0].cpu if len(loaded) > 1 else 0.0
    each = 1e6 / max(taken * (loaded[-1].at - loaded[0].at) / span, 1) if len(loaded) > 1 else 0.0
    late = seen.latencies
    return {
        "events": events,
        "events a second": taken / span,
        "refused for want of room": seen.refused,
        "marked": len(seen.marked),
        "alerts found": len(late),
        "latency p50 s": statistics.median(late) if late else None,
        "latency p99 s": late[max(0, -(-99 * len(late) // 100) - 1)] if late else None,
        "latency most s": late[-1] if late else None,
        "server CPU us an event": cpu * each,
        "client CPU us an event": seen.client_cpu * 1e6 / events,
        "batches waiting, most": max((sample.waiting for sample in loaded), default=0),
        "memory MB": [round(sample.memory / 2**20) for sample in loaded[:: max(1, len(loaded) // 10)]],
    }


def main() -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve", description=__doc__.partition("\n")[0])
    parser.add_argument("--rules", action="append", default=[], help="the rules  [the bundled ones]")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long  [60]")
    parser.add_argument("--rate", default="10000", help="events a second, or max  [10000]")
    parser.add_argument("--marks", type=float, default=5.0, help="events a second that fire  [5]")
    parser.add_argument("--batch", type=int, default=1000, help="events of a request  [1000]")
    parser.add_argument("--bodies", type=int, default=40, help="different requests  [40]")
    parser.add_argument("--connections", type=int, default=4, help="of the client  [4]")
    parser.add_argument("--seed", type=int, default=1, help="of what is made up  [1]")
    parser.add_argument("--folder", type=Path, help="where the server keeps its data  [a temporary one]")
    parser.add_argument("--json", type=Path, help="file for all figures")
    given = parser.parse_args()
    rules = given.rules or ["bundled"]
    with tempfile.TemporaryDirectory(prefix="besra-serve-", dir=given.folder) as folder:
        left_out = unwanted(rules, given.bodies * given.batch * 5 // 4, given.seed)
        server = Server(rules, Path(folder))
        try:
            seen = measured(server, given, left_out)
        finally:
            rest = server.stop()
    figures = {**report(seen, given.seconds), "seconds to deal with the rest": rest}
    print(table(("figure", "measured"), [(name, shown(value)) for name, value in figures.items()]))
    if given.json:
        kept = {"machine": machine(), "given": vars(given), "figures": figures}
        given.json.write_text(json.dumps(kept, indent=1, default=str), "utf-8")
    return 0


def shown(value: object) -> str:
    """A figure as the table has it."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else "none"


if __name__ == "__main__":
    sys.exit(main())
