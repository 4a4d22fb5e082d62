"""A running `besra serve` for tests, and what its clients ask of it."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

PATIENCE = 60
"""Seconds until a server that does not answer is given up; it takes one or two."""


@dataclass
class Served:
    """A running server."""

    process: "subprocess.Popen[str]"
    address: str
    headers: dict[str, str] = field(default_factory=dict)
    """Of every request, such as a credential."""

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> Any:
        """The JSON answer to a request; a POST if it has a body."""
        request = urllib.request.Request(f"{self.address}{path}", body, {**self.headers, **headers})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert answer.headers["X-Elastic-Product"] == "Elasticsearch"
            return json.load(answer)

    def text(self, path: str) -> str:
        """The answer to a request as it is."""
        request = urllib.request.Request(f"{self.address}{path}", headers=self.headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def plain(self, path: str, body: bytes | None = None, **headers: str) -> str:
        """The answer to a request as it is, whichever API it is of."""
        request = urllib.request.Request(f"{self.address}{path}", body, {**self.headers, **headers})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def logs(self, body: bytes, **headers: str) -> tuple[int, bytes]:
        """The answer to a request of OTLP."""
        request = urllib.request.Request(f"{self.address}/v1/logs", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                status, told = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, told, answer = error.code, error.read(), error
        assert answer.headers["Content-Type"].partition(";")[0] in (headers["Content-Type"], "application/json")
        return status, told

    def send(self, documents: Sequence[dict[str, Any]]) -> None:
        lines = (line for number, d in enumerate(documents) for line in ({"create": {"_id": f"{number}"}}, d))
        answer = self.ask("/events-x/_bulk", b"".join(orjson.dumps(line) + b"\n" for line in lines))
        assert not answer["errors"]
        assert [item["create"]["status"] for item in answer["items"]] == [201] * len(documents)

    def alerts(self, least: int = 0) -> dict[str, Any]:
        """The alerts by id, once there are so many."""
        asked = orjson.dumps({"size": 1000})
        until = time.monotonic() + PATIENCE
        while True:
            hits = self.ask("/api/detection_engine/signals/search", asked)["hits"]
            if hits["total"]["value"] >= least or time.monotonic() > until:
                return {hit["_id"]: hit["_source"] for hit in hits["hits"]}
            time.sleep(0.05)

    def taken(self) -> int:
        """How many documents it has acknowledged since its start."""
        lines = self.text("/metrics").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("besra_documents_taken_total ")))

    def stop(self) -> tuple[int, str]:
        """End it as a service manager would; its exit code and what it said."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(folder: Path, *options: str, port: int | None = None, users: bool = False) -> Iterator[Served]:
    """A service with its data in a folder, once it answers; at a port of its own if none is given.

    It lets everybody through, unless there are `users`, who are in its folder already.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "besra.cli", "serve", "--data", str(folder), "--port", str(port), *options]
    command += [] if users else ["--no-auth"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    served = Served(process, f"http://127.0.0.1:{port}")
    until = time.monotonic() + PATIENCE
    try:
        while process.poll() is None and time.monotonic() < until:
            try:
                served.text("/healthz")
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        assert process.poll() is None, process.communicate()[1]
        yield served
    finally:
        process.kill()
        process.communicate()
