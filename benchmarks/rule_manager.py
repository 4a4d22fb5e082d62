"""What a rule manager waits for: `python -m benchmarks.rule_manager [RULES]`, the shared public rules by default.

A service of its own is filled with rules, copies of those given until there are as many as wanted. Times are those of
the client, and the processor's of the service.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from besra.rules.cache import load_remembered
from besra.rules.ndjson import rules_to_ndjson

RULES = Path(__file__).parents[2] / "shared" / "data" / "rules"
PREFIX = "/api/detection_engine/rules"
NDJSON = "application/ndjson"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Service:
    """A service that runs, and what it is asked."""

    process: "subprocess.Popen[str]"
    address: str

    @property
    def cpu(self) -> float:
        """Seconds of the processor it has used."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / TICKS

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """The JSON answer to a request."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"kbn-xsrf": "x", "content-type": kind}
        request = urllib.request.Request(f"{self.address}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=600) as answer:
            text = answer.read()
        return json.loads(text) if kind != NDJSON else text

    def send(self, path: str, name: str, data: bytes) -> Any:
        """The answer to a file in a form."""
        head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        return self.ask("POST", path, head + data + b"\r\n--b--\r\n", "multipart/form-data; boundary=b")

    def rests(self) -> None:
        """Wait until it has nothing more to do."""
        last = -1.0
        while self.cpu - last > 0.02:
            last = self.cpu
            time.sleep(1)


@contextmanager
def service(folder: Path) -> Iterator[Service]:
    """A service without rules, until the block ends."""
    (folder / "none").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    how = ["--no-auth", "--rules", str(folder / "none"), "--data", str(folder / "data"), "--port", str(port)]
    command = [sys.executable, "-m", "besra.cli", "serve", "-q", *how]
    with subprocess.Popen(command, text=True, stderr=subprocess.DEVNULL) as process:
        running = Service(process, f"http://127.0.0.1:{port}")
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{running.address}/healthz", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.5)
            yield running
        finally:
            process.terminate()
            process.wait(60)


def rules_of(path: Path, count: int) -> bytes:
    """So many rules as NDJSON: those of a path, and copies of them."""
    ready = [loaded.rule for loaded in load_remembered(path).ready if loaded.rule]
    rules = [json.loads(line) for line in rules_to_ndjson(ready).splitlines() if '"rule_id"' in line]
    copies = [
        {**rules[number % len(rules)], "rule_id": str(uuid5(NAMESPACE_URL, str(number)))} for number in range(count)
    ]
    return b"".join(json.dumps(one).encode() + b"\n" for one in copies)


def measured(served: Service, what: str, work: Callable[[], Any], times: int = 1) -> Any:
    """Do something so often, and print the best time of it."""
    found, best = None, (float("inf"), 0.0)
    for _ in range(times):
        cpu, started = served.cpu, time.perf_counter()
        found = work()
        best = min(best, (time.perf_counter() - started, served.cpu - cpu))
    print(f"{what:<58} {best[0] * 1000:>9,.0f} ms  {best[1] * 1000:>9,.0f} ms of the processor", flush=True)
    return found


def of_rules(served: Service, rules: bytes) -> None:
    """The requests over rules."""
    imports = f"{PREFIX}/_import?overwrite=true"
    told = measured(served, "_import", lambda: served.send(imports, "r.ndjson", rules))
    print(f"  {told['success_count']:,} imported, {len(told['errors']):,} refused")
    measured(served, "  until they run", served.rests)
    measured(served, "_import of the same", lambda: served.send(imports, "r.ndjson", rules))
    served.rests()
    for what, asked in (
        ("_find, a page of 20", ""),
        ("_find, a page of 20 by name", "?sort_field=name"),
        (
            "_find, by tag and severity",
            "?filter=alert.attributes.tags:Windows%20and%20alert.attributes.params.severity:high",
        ),
        ("_find, a page of 100", "?per_page=100"),
        ("_find, all on one page", "?per_page=10000"),
    ):
        measured(served, what, lambda asked=asked: served.ask("GET", f"{PREFIX}/_find{asked}"), 5)
    for action in ("disable", "enable"):
        body = {"action": action, "query": ""}
        told = measured(
            served, f"_bulk_action, {action} all", lambda body=body: served.ask("POST", f"{PREFIX}/_bulk_action", body)
        )
        print(f"  {told['attributes']['summary']}")
        measured(served, "  until they run so", served.rests)
    measured(served, "_export of all", lambda: served.ask("POST", f"{PREFIX}/_export", kind=NDJSON))


def of_lists(served: Service, number: int) -> None:
    """The requests over a value list that an exception of all rules' list names."""
    texts = "\n".join(f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(number)).encode()
    name = f"addresses-{number}"
    served.send("/api/lists/items/_import?type=ip", "warm.txt", b"192.0.2.1\n")
    measured(
        served, f"_import of {number:,} addresses", lambda: served.send("/api/lists/items/_import?type=ip", name, texts)
    )
    measured(
        served, "_import of the same", lambda: served.send(f"/api/lists/items/_import?list_id={name}", name, texts)
    )
    measured(served, "a page of its values", lambda: served.ask("GET", f"/api/lists/items/_find?list_id={name}"), 3)
    served.ask("POST", "/api/exception_lists", {"list_id": name, "name": name, "description": "x", "type": "detection"})
    entry = {"type": "list", "field": "source.ip", "operator": "included", "list": {"id": name, "type": "ip"}}
    one = {"list_id": name, "item_id": name, "name": name, "description": "x", "type": "simple", "entries": [entry]}
    served.ask("POST", "/api/exception_lists/items", one)
    found = served.ask("GET", f"{PREFIX}/_find?per_page=1&filter=alert.attributes.params.type:eql")["data"][0]
    reference = {"id": "x", "list_id": name, "type": "detection", "namespace_type": "single"}
    served.ask("PATCH", PREFIX, {"id": found["id"], "exceptions_list": [reference]})
    measured(served, "  until a rule runs with it", served.rests)
    for text in ("192.0.2.9", "192.0.2.10"):
        body = {"list_id": name, "value": text}
        measured(served, "a value put into it", lambda body=body: served.ask("POST", "/api/lists/items", body))
        measured(served, "  until the rule runs with it", served.rests)
    measured(served, "its removal", lambda: served.ask("DELETE", f"/api/lists?id={name}&ignoreReferences=true"))
    served.rests()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="?", type=Path, default=RULES)
    parser.add_argument("--count", type=int, default=2000, help="rules there are to be")
    parser.add_argument("--values", type=int, nargs="*", default=[100_000, 1_000_000], help="lengths of value lists")
    given = parser.parse_args()
    rules = rules_of(given.rules, given.count)
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as served:
        of_rules(served, rules)
        for number in given.values:
            of_lists(served, number)


if __name__ == "__main__":
    main()
