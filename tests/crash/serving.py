"""A `besra serve` process: started by a plan, killed or stopped, and asked how it is."""

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 180
"""Seconds until a server that does not answer is given up; loading its kernels for the first time takes a while."""
TOLD_WITHIN = 3.0
"""Seconds within which alerts on counts that have grown are brought up to date; the end of a service does not do it."""
ROOT = Path(__file__).parents[2]


class ServingError(Exception):
    """The service did not do what it has to; the text says what."""


@dataclass(frozen=True)
class Trap:
    """System calls of which the n-th of a thread kills the process before it is carried out.

    Only those on a file count, if one is named. Needs strace.
    """

    calls: str
    nth: int
    path: Path | None = None

    def command(self, log: Path) -> list[str]:
        """What to start the process with."""
        only = ["-P", str(self.path)] if self.path else []
        trace = ["-e", f"trace={self.calls}", "-e", f"inject={self.calls}:signal=KILL:when={self.nth}"]
        return ["strace", "-D", "-f", "-qq", "-o", str(log), *only, *trace]


def has_strace() -> bool:
    """Whether processes can be traced here."""
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return done.returncode == 0


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Serving:
    """A service over one folder, which is started many times. To be used as a context manager."""

    folder: Path
    rules: Path
    data: Path
    port: int = field(default_factory=free_port)
    options: Sequence[str] = ()
    process: "subprocess.Popen[str] | None" = None
    starts: int = 0

    @property
    def died(self) -> Path:
        """The file that says at which point the process has died."""
        return self.folder / "died"

    @property
    def log(self) -> Path:
        """What all processes have said."""
        return self.folder / "log"

    def start(
        self, plan: Mapping[str, Any] | None = None, trap: Trap | None = None, tracer: Sequence[str] = ()
    ) -> None:
        """Start a process, by another one if `tracer` is its command; it is not ready yet."""
        assert self.process is None
        self.died.unlink(missing_ok=True)
        self.starts += 1
        plan = {**(plan or {}), "died": str(self.died)}
        rules = [part for name in (self.rules, "bundled", "examples") for part in ("--rules", str(name))]
        command = [sys.executable, "-m", "tests.crash.launcher", json.dumps(plan)]
        command += ["serve", "--no-auth", *rules, "--data", str(self.data), "--port", str(self.port), *self.options]
        if trap is not None:
            tracer = trap.command(self.folder / "traced")
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"--- start {self.starts}\n")
            log.flush()
            self.process = subprocess.Popen([*tracer, *command], stdout=log, stderr=log, cwd=ROOT, text=True)

    def is_up(self) -> bool:
        """Whether it takes connections."""
        return self.status("/healthz") == 200

    def status(self, path: str) -> int:
        """The status of an answer; 0 if there is none."""
        return self.ask(path)[0]

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of an answer; 0 if there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET" if body is None else "POST", path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def metric(self, name: str) -> float:
        """The value of a metric. Raises ServingError if there is none."""
        for line in self.ask("/metrics")[1].decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        raise ServingError(f"there is no metric {name}")

    def wait_up(self) -> None:
        """Wait until it takes requests. Raises ServingError if it ends before."""
        until = time.monotonic() + PATIENCE
        while not self.is_up():
            if self.has_ended():
                raise ServingError(f"the service ended when it was started: {self.said()}")
            if time.monotonic() > until:
                raise ServingError("the service does not begin to answer")
            time.sleep(0.05)

    def wait_up_or_end(self) -> None:
        """Wait until it takes requests or has ended. Raises ServingError."""
        until = time.monotonic() + PATIENCE
        while not (self.has_ended() or self.is_up()):
            if time.monotonic() > until:
                raise ServingError("the service does not begin to answer")
            time.sleep(0.05)

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Wait until something holds while it runs. Raises ServingError."""
        until = time.monotonic() + seconds
        while not condition():
            if self.has_ended():
                raise ServingError(f"the service ended, before {what}: {self.said()}")
            if time.monotonic() > until:
                raise ServingError(f"after {seconds:.0f} s, not yet: {what}; {self.said()}")
            time.sleep(0.05)

    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self.process is None or self.process.poll() is not None

    def said(self, most: int = 1500) -> str:
        """The end of what it has said."""
        return self.log.read_text("utf-8", "replace")[-most:]

    def wait_end(self, seconds: float) -> bool:
        """Whether it ends by itself in that time."""
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> str:
        """Kill it with `kill -9` unless it is dead. The point it died at, nothing if it was killed.

        Raises ServingError if it had ended in another way than by a kill.
        """
        process = self.process
        assert process is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.process = None
        if process.returncode != -signal.SIGKILL:
            raise ServingError(f"the service ended with {process.returncode}: {self.said()}")
        return self.died.read_text("utf-8") if self.died.exists() else ""

    def stop(self) -> None:
        """End it as a service manager would, once counts that have grown are told of.

        Raises ServingError unless everything was dealt with.
        """
        process = self.process
        assert process is not None
        time.sleep(TOLD_WITHIN)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise ServingError(f"the service does not stop: {self.said()}") from None
        finally:
            self.process = None
        if process.returncode != 0:
            raise ServingError(f"the service ended with {process.returncode}: {self.said()}")
        if "everything acknowledged has been dealt with" not in self.said():
            raise ServingError(f"the service did not say that all was dealt with: {self.said()}")

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
