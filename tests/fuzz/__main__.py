"""Fuzz readers and normalisers.

    python -m tests.fuzz [--inputs N] [--seed S] [--target GLOB] [--workers N] [--save DIR] [--list]
    python -m tests.fuzz --target NAME --replay FILE

Every target gets the same number of damaged inputs. An input fails if it raises, if it takes longer than ten seconds,
or if what comes out is not sound; it is saved, and the exit status is 1. Memory is watched over the whole run.
"""

import argparse
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from types import FrameType

from tests.fuzz.targets import Target, targets

TIME_LIMIT = 10
BATCH = 500


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: the failing inputs with what they raised, the seconds, the peak memory in MB."""

    target: str
    inputs: int
    failures: tuple[tuple[bytes, str], ...]
    seconds: float
    slowest: float
    memory: int


class TooSlowError(Exception):
    """An input took longer than the limit."""


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def run_batch(name: str, seed: str, count: int) -> Outcome:
    """Fuzz one target with inputs that follow from the seed."""
    target = next(target for target in targets() if target.name == name)
    random = Random(seed)
    failures = []
    signal.signal(signal.SIGALRM, _too_slow)
    started, slowest = time.perf_counter(), 0.0
    for _ in range(count):
        raw = target.make(random)
        before = time.perf_counter()
        if told := failure(target, raw):
            failures.append((raw, told))
        slowest = max(slowest, time.perf_counter() - before)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return Outcome(name, count, tuple(failures), time.perf_counter() - started, slowest, memory)


def failure(target: Target, raw: bytes) -> str | None:
    """What was raised for an input; None if nothing was."""
    signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT)
    try:
        target.check(raw)
    except BaseException:
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return None


def batches(names: list[str], inputs: int, seed: int) -> Iterator[tuple[str, str, int]]:
    """Batches of all targets in turn, so that a run that is cut off has been everywhere."""
    each = -(-inputs // len(names))
    for start in range(0, each, BATCH):
        for name in names:
            yield name, f"{seed}:{name}:{start}", min(BATCH, each - start)


def replay(name: str, path: Path) -> int:
    """Run one saved input."""
    target = next(target for target in targets() if target.name == name)
    signal.signal(signal.SIGALRM, _too_slow)
    told = failure(target, path.read_bytes())
    sys.stdout.write(told or "no failure\n")
    return 1 if told else 0


def save(outcome: Outcome, folder: Path) -> None:
    """Keep the failing inputs of a batch and tell of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (raw, told) in enumerate(outcome.failures):
        path = folder / f"{outcome.target.replace(' ', '-')}-{abs(hash(raw)):x}-{number}"
        path.write_bytes(raw)
        last = told.strip().rsplit("\n", 1)[-1]
        sys.stdout.write(
            f"FAILED {outcome.target}: {last}\n  python -m tests.fuzz --target '{outcome.target}' --replay {path}\n"
        )


def main() -> int:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--target", default="*")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--save", type=Path, default=Path("fuzz-failures"))
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    names = [target.name for target in targets() if fnmatchcase(target.name, given.target)]
    if given.list or not names:
        sys.stdout.write("\n".join(names) + "\n")
        return 0 if names else 2
    if given.replay:
        return replay(names[0], given.replay)
    totals: dict[str, list[float]] = {name: [0, 0, 0.0, 0.0] for name in names}
    failed = memory = 0
    with ProcessPoolExecutor(given.workers) as pool:
        for outcome in pool.map(run_batch, *zip(*batches(names, given.inputs, given.seed), strict=True)):
            total = totals[outcome.target]
            total[0] += outcome.inputs
            total[1] += len(outcome.failures)
            total[2] += outcome.seconds
            total[3] = max(total[3], outcome.slowest)
            memory, failed = max(memory, outcome.memory), failed + len(outcome.failures)
            save(outcome, given.save) if outcome.failures else None
    for name, (inputs, failures, seconds, slowest) in totals.items():
        sys.stdout.write(
            f"{name:40} {inputs:9,.0f} inputs {failures:5.0f} failed {seconds:8.1f} s, slowest {slowest:.2f} s\n"
        )
    inputs = sum(total[0] for total in totals.values())
    sys.stdout.write(f"{inputs:,.0f} inputs, {failed} failed, peak memory {memory} MB, seed {given.seed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
