"""How fast event logs (EVTX) become alerts, beside how fast they can be parsed at all.

    python -m benchmarks.evtx FILE… [--rules PATH] [--copies N]

FILE are event logs of your own: none can be shipped here. Each is read in `--copies` variants, in which runs of digits
within texts, the computer and the times are others, so that what is remembered of values seen before is not all there
is, no record is one that was read before, and no two machines do all in the same instants. The steps, each in one
process: *parse* (the evtx package's records as JSON, and orjson), *events* (ECS documents, written), *scan* (alerts of
all rules; the command's start, told apart by a run over half of the copies, is taken off). CPU and wall-clock time per
record; `x parse` is how many times as long as parsing alone a step takes. Of three runs the fastest counts.
"""

import argparse
import gc
import random
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
from evtx import PyEvtxParser

from benchmarks.scans import scanned
from besra.cli.garbage import YOUNG
from besra.events.event import Event
from besra.events.readers.evtx import read_evtx_events

DIGITS = re.compile(rb"(?:[0-9]\0){5,}")
"""Runs of digits in UTF-16; shorter ones are parts of times and of well-known ids."""

MILLISECONDS = re.compile(rb"(?<=:\0[0-9]\0[0-9]\0\.\0)(?:[0-9]\0){3}(?![0-9]\0)")
"""Those of a time that is text, as in Sysmon's records."""

WRITTEN = re.compile(rb"(?<=\*\*\0\0.{12}).{7}\x01", re.DOTALL)
"""When a record was written, in its header: 100 nanoseconds since 1601. The record itself says it once more."""

LATER = 1_234_567
"""How much later each copy's records were written, in these."""

RUNS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """What a step took, in seconds."""

    name: str
    cpu: float
    wall: float


def varied(log: bytes, seed: int, computer: str = "") -> bytes:
    """A log with other digits and times, and of another computer; its own for the seed 0.

    Checksums no longer hold, which no reader minds.
    """
    if seed == 0:
        return log
    digits = random.Random(seed)

    def other_digits(run: re.Match[bytes]) -> bytes:
        return b"".join(b"%d\0" % digits.randrange(10) for _ in range(len(run[0]) // 2))

    other = f"{computer[:-3]}{seed:03d}"[: len(computer)]
    log = log.replace(computer.encode("utf-16-le"), other.encode("utf-16-le")) if len(computer) > 3 else log
    return _written_later(MILLISECONDS.sub(other_digits, DIGITS.sub(other_digits, log)), seed * LATER)


def _written_later(log: bytes, much: int) -> bytes:
    for time_written in set(WRITTEN.findall(log)):
        later = int.from_bytes(time_written, "little") + much
        log = log.replace(time_written, later.to_bytes(8, "little"))
    return log


def computer_of(log: Path) -> str:
    """The computer of a log's first record."""
    first = next((item for item in read_evtx_events(log, log.name) if isinstance(item, Event)), None)
    return "" if first is None else str(first.source.get("host", {}).get("name", ""))


def parse(logs: list[Path]) -> int:
    """Parse every record to Python objects; their number."""
    count = 0
    for log in logs:
        records = PyEvtxParser(str(log), 1).records_json()
        while True:
            try:
                record = next(records, None)
            except (OSError, RuntimeError):
                continue
            if record is None:
                break
            orjson.loads(record["data"])
            count += 1
    return count


def events(logs: list[Path]) -> int:
    """Read every record as an event; their number."""
    return sum(isinstance(item, Event) for log in logs for item in read_evtx_events(log, log.name))


def timed(name: str, work: Callable[[list[Path]], int], logs: list[Path]) -> Step:
    """The fastest of some runs, in this process."""
    runs = []
    for _ in range(RUNS):
        cpu, wall = time.process_time(), time.perf_counter()
        work(logs)
        runs.append(Step(name, time.process_time() - cpu, time.perf_counter() - wall))
    return min(runs, key=lambda run: run.cpu)


def scan(folder: Path, rules: str, workers: int) -> Step:
    """The fastest of some runs of the command; one more before them, whose loading of rules is remembered."""
    more = ("--workers", str(workers), "--max-alerts", "100")
    with tempfile.TemporaryDirectory() as memory:  # of its own: other scans may make the common one forget
        own = {"BESRA_CACHE_DIR": memory}
        scanned(folder, rules, more, own)
        runs = [scanned(folder, rules, more, own) for _ in range(RUNS)]
    best = min(runs, key=lambda run: run.cpu)
    return Step("scan", best.cpu, min(run.wall for run in runs))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--rules", default="bundled", help="rules of the scan; by default those that come with besra")
    parser.add_argument("--copies", type=int, default=30)
    options = parser.parse_args()
    gc.set_threshold(YOUNG)
    with tempfile.TemporaryDirectory() as name:
        many, few = Path(name, "many"), Path(name, "few")
        for folder, copies in ((many, options.copies), (few, options.copies // 2)):
            folder.mkdir()
            for number, file in enumerate(options.files):
                computer = computer_of(file)
                for copy in range(copies):
                    log = varied(file.read_bytes(), copy, computer)
                    (folder / f"{number:03d}-{copy:03d}.evtx").write_bytes(log)
        logs, first = sorted(many.iterdir()), sorted(few.iterdir())
        count, fewer = parse(logs), parse(first)
        steps = [timed("parse", parse, logs), timed("events", events, logs)]
        # What starting costs, and loading kernels, does not grow with the input: two sizes tell it apart.
        small, large = scan(few, options.rules, 1), scan(many, options.rules, 1)
        share = count / (count - fewer)
        steps.append(Step("scan", (large.cpu - small.cpu) * share, (large.wall - small.wall) * share))
    print(f"{count:,} records in {len(logs)} logs")
    for step in steps:
        print(
            f"{step.name:8}{count / step.cpu:10,.0f} records/s of CPU {count / step.wall:10,.0f} of wall-clock time"
            f"{step.cpu / steps[0].cpu:8.1f} x parse"
        )
    print(
        f"start   {large.cpu - steps[-1].cpu:10.2f} s of CPU {large.wall - steps[-1].wall:10.2f} s of wall-clock time"
    )


if __name__ == "__main__":
    main()
