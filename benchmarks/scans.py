"""The command `besra scan` from outside: memory, workers, start.

This module imports nothing of besra: the peak memory the system tells of a child begins with that of its parent.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BESRA = (sys.executable, "-m", "besra.cli")
NOW = ("--now", "2030-01-01T00:00:00Z")
NOT_AVAILABLE = "not available"


@dataclass(frozen=True, slots=True)
class Scanned:
    """One run of the command: seconds, bytes of memory at the peak, lines of alerts."""

    cpu: float
    wall: float
    memory: int
    alerts: int

    def as_json(self) -> dict[str, float]:
        """As JSON holds it."""
        return {"cpu": self.cpu, "wall": self.wall, "memory": self.memory, "alerts": self.alerts}


def scanned(
    events: Path, rules: str, more: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Scanned:
    """Run `besra scan` once, alerts as NDJSON. Raises RuntimeError if it fails."""
    given = () if rules == "bundled" else ("--rules", rules)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        child = subprocess.Popen(
            [*BESRA, "scan", str(events), *given, *NOW, "-q", "--format", "ndjson", *more],
            stdout=out,
            stderr=errors,
            env={**os.environ, **(environment or {})},
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1, 2):  # findings, or rules that cannot be used: the others ran
            errors.seek(0)
            raise RuntimeError(f"besra scan ended with {child.returncode}: {errors.read()[-300:]!r}")
        out.seek(0)
        alerts = sum(1 for _ in out)
    return Scanned(usage.ru_utime + usage.ru_stime, wall, 1024 * usage.ru_maxrss, alerts)


def has_workers() -> bool:
    """Whether `besra scan` can be told how many workers to use."""
    told = subprocess.run([*BESRA, "scan", "--help"], capture_output=True, text=True, check=True)
    return "--workers" in told.stdout


def measure(parameters: dict[str, Any]) -> dict[str, Any]:
    """`what` is memory, workers or start; `rules`, and what each asks for."""
    return {"memory": memory, "workers": workers, "start": start}[parameters["what"]](parameters)


def memory(parameters: dict[str, Any]) -> dict[str, Any]:
    """Peak memory for `events` and `more_events`, one worker."""
    more = ("--workers", "1") if has_workers() else ()
    return {
        name: scanned(Path(parameters[name]), parameters["rules"], more).as_json() for name in ("events", "more_events")
    }


def workers(parameters: dict[str, Any]) -> dict[str, Any]:
    """One worker and two, in turns, over `events`."""
    if not has_workers():
        return {"missing": f"besra scan --workers is {NOT_AVAILABLE}"}
    if (os.cpu_count() or 1) < 2:
        return {"missing": f"a second core is {NOT_AVAILABLE}"}
    runs: dict[str, list[dict[str, float]]] = {"1": [], "2": []}
    for _ in range(parameters["repeats"]):
        for count, kept in runs.items():
            kept.append(scanned(Path(parameters["events"]), parameters["rules"], ("--workers", count)).as_json())
    return {"workers": runs}


def start(parameters: dict[str, Any]) -> dict[str, Any]:
    """A small file with empty memories, then with those the first run left."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"BESRA_CACHE_DIR": f"{folder}/besra", "NUMBA_CACHE_DIR": f"{folder}/numba"}
        runs = [
            scanned(Path(parameters["events"]), parameters["rules"], environment=environment).as_json()
            for _ in range(1 + parameters["repeats"])
        ]
    return {"first": runs[0], "later": runs[1:], "bytes": Path(parameters["events"]).stat().st_size}
