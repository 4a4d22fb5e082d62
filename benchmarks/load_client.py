"""The client of a load measurement, a process of its own: sends prepared bodies, and tells when each was acknowledged.

It reads parameters as JSON from standard input. To standard output go `ready`, and after a line on standard input a
line of JSON for each body and one at the end.
"""

import http.client
import itertools
import json
import sys
import threading
import time
from typing import Any

from benchmarks.load_bodies import Body, bodies
from benchmarks.measure import cpu_seconds

TRIES_AGAIN = 0.25
"""Seconds until a body that was refused for want of room is sent again."""


class Sender:
    """Sends bodies over some connections, each of which has one under way at a time."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given
        self._pool = list(bodies(given["bodies"], given["batch"], given["seed"], frozenset(given["unwanted"])))
        self._free = list(self._pool)
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._marks = 0
        self._started = 0.0

    def run(self) -> None:
        """Send until the time is over."""
        self._started = time.perf_counter()
        threads = [threading.Thread(target=self._connection) for _ in range(self._given["connections"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _next(self) -> tuple[Body, int, bool] | None:
        """A body, the number of its first event, and whether it is to be marked."""
        with self._lock:
            passed = time.perf_counter() - self._started
            if passed >= self._given["seconds"]:
                return None
            is_marked = self._marks < passed * self._given["marks"]
            self._marks += is_marked
            return self._free.pop(0), next(self._numbers) * self._given["batch"], is_marked

    def _connection(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._given["port"])
        rate = self._given["rate"]
        while (taken := self._next()) is not None:
            body, number, is_marked = taken
            if rate:
                time.sleep(max(0.0, self._started + number / rate - time.perf_counter()))
            body.write(time.time_ns(), number, is_marked=is_marked)
            refused = self._send(connection, body)
            told = {"at": time.time_ns(), "events": body.size, "refused": refused}
            if is_marked:
                told["mark"] = number + body.marked
            say(told)
            with self._lock:
                self._free.append(body)

    def _send(self, connection: http.client.HTTPConnection, body: Body) -> int:
        """Send a body until it is taken; how often there was no room for it."""
        refused = 0
        while True:
            connection.request("POST", "/_bulk", memoryview(body.view), {"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status == 200 and text.startswith(b'{"errors":false'):
                return refused
            if answer.status != 429:
                raise RuntimeError(f"answered with {answer.status}: {text[:300]!r}")
            refused += 1
            time.sleep(TRIES_AGAIN)


def say(told: dict[str, Any]) -> None:
    """A line of JSON, whole."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Make the bodies, then send them when told to."""
    sender = Sender(json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    sys.stdin.readline()
    before = cpu_seconds()
    sender.run()
    say({"cpu": cpu_seconds() - before})


if __name__ == "__main__":
    main()
