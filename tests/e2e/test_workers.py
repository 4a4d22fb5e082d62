"""`besra scan` with worker processes when something is killed, interrupted or not read any more.

Those that evaluate lines, and those that make alerts when all has been read.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.command import BESRA, TIMEOUT, environment

from besra.events.line_block import BLOCK

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")

LINE = b'{"@timestamp":"2025-03-01T00:00:00Z","event":{"category":"process"},"process":{"name":"x%08d"}}\n'
RULE = """\
[metadata]
creation_date = "2026/01/01"
maturity = "production"
updated_date = "2026/01/01"

[rule]
author = ["besra"]
description = "A few processes."
language = "eql"
name = "A few processes"
risk_score = 21
rule_id = "20000000-0000-4000-8000-000000000001"
severity = "low"
type = "eql"
query = '''
process where process.name : "x000000*"
'''
"""


def lines(size: int) -> bytes:
    """About so many bytes of events."""
    return b"".join([LINE % number for number in range(size // len(LINE) + 1)])


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules" / "any.toml"
    path.parent.mkdir()
    path.write_text(RULE, "utf-8")
    return path.parent


@pytest.fixture
def scan(rules: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A scan of standard input that has two workers at work and waits for more."""
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [*BESRA, "scan", "-", "--rules", str(rules), "--workers", "2", "-q", "--format", "ndjson"]
    process = subprocess.Popen(command, env=environment(), **streams)
    try:
        feed(process, lines(5 * BLOCK))
        assert eventually(lambda: len(children(process.pid)) == 2)
        yield process
    finally:
        process.kill()
        process.communicate()


def feed(process: subprocess.Popen[bytes], text: bytes) -> None:
    assert process.stdin
    process.stdin.write(text)
    process.stdin.flush()


def children(process: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except FileNotFoundError:
        return []


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.02)
    return held


def ended(process: subprocess.Popen[bytes], rest: bytes = b"") -> str:
    """What it says on standard error, once it has been given the rest and has ended."""
    _, errors = process.communicate(rest, timeout=TIMEOUT)
    return errors.decode()


def test_a_worker_that_is_killed_ends_the_scan_with_a_reason(scan: subprocess.Popen[bytes]) -> None:
    workers = children(scan.pid)
    os.kill(workers[0], signal.SIGKILL)
    try:
        errors = ended(scan, lines(3 * BLOCK))
    except BrokenPipeError:  # it has ended before it was given all
        errors = ended(scan)
    assert "worker-killed" in errors
    assert "--workers 1" in errors
    assert "Traceback" not in errors
    assert scan.returncode == 3
    assert not any(map(is_running, workers))


def test_workers_end_with_a_scan_that_is_killed(scan: subprocess.Popen[bytes]) -> None:
    workers = children(scan.pid)
    scan.kill()
    assert eventually(lambda: not any(map(is_running, workers)))
    assert "Traceback" not in ended(scan)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_workers_end_with_a_scan_that_is_interrupted(scan: subprocess.Popen[bytes], kind: signal.Signals) -> None:
    workers = children(scan.pid)
    for process in (scan.pid, *workers) if kind is signal.SIGINT else (scan.pid,):  # Ctrl-C reaches all
        os.kill(process, kind)
    errors = ended(scan)
    assert eventually(lambda: not any(map(is_running, workers)))
    assert "Traceback" not in errors
    assert (scan.returncode, errors.strip()) == (
        (130, "interrupted") if kind is signal.SIGINT else (-signal.SIGTERM, "")
    )


def test_nobody_reads_the_alerts(scan: subprocess.Popen[bytes]) -> None:
    workers = children(scan.pid)
    assert scan.stdout
    scan.stdout.close()
    scan.stdout = None
    errors = ended(scan)
    assert scan.returncode == 128 + signal.SIGPIPE
    assert errors == ""
    assert not any(map(is_running, workers))


ALERTS = 1_900
"""Alerts of each rule, enough to be busy with when they are looked for."""


@pytest.fixture
def concluding(rules: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A scan that has two processes at making alerts."""
    for number in (2, 3):
        other = RULE.replace("000000000001", f"00000000000{number}").replace("x000000*", "x*")
        (rules / f"{number}.toml").write_text(other, "utf-8")
    events = tmp_path / "events.ndjson"
    events.write_bytes(lines(len(LINE) * 2 * ALERTS))
    how = ["--now", "2026-01-01T00:00:00Z", "--workers", "2", "--max-alerts", str(ALERTS), "-q", "--format", "ndjson"]
    command = [*BESRA, "scan", str(events), "--rules", str(rules), *how]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, env=environment(), **streams)
    try:
        assert eventually(lambda: len(children(process.pid)) == 2)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_process_that_is_killed_making_alerts_ends_the_scan_with_a_reason(
    concluding: subprocess.Popen[bytes],
) -> None:
    processes = children(concluding.pid)
    os.kill(processes[0], signal.SIGKILL)
    out, errors = concluding.communicate(timeout=TIMEOUT)
    assert (concluding.returncode, out) == (3, b"")
    assert b"worker-killed" in errors
    assert b"Traceback" not in errors
    assert not any(map(is_running, processes))


def test_processes_that_make_alerts_end_with_a_scan_that_is_interrupted(concluding: subprocess.Popen[bytes]) -> None:
    processes = children(concluding.pid)
    for process in (concluding.pid, *processes):
        os.kill(process, signal.SIGINT)
    out, errors = concluding.communicate(timeout=TIMEOUT)
    assert (concluding.returncode, out, errors.strip()) == (130, b"", b"interrupted")
    assert not any(map(is_running, processes))


def test_processes_that_make_alerts_end_with_a_scan_that_is_killed(concluding: subprocess.Popen[bytes]) -> None:
    processes = children(concluding.pid)
    concluding.kill()
    assert eventually(lambda: not any(map(is_running, processes)))
    assert b"Traceback" not in concluding.communicate(timeout=TIMEOUT)[1]


def test_alerts_made_in_two_processes_are_those_of_one(concluding: subprocess.Popen[bytes]) -> None:
    out, _ = concluding.communicate(timeout=TIMEOUT)
    assert out.count(b"\n") > 2 * ALERTS
    command = [word if word != "2" else "1" for word in concluding.args]  # type: ignore[union-attr]
    alone = subprocess.run(command, env=environment(), capture_output=True, timeout=TIMEOUT, check=False)
    assert alone.stdout == out
