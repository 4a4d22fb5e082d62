"""What the service keeps of events for rules that look back: memory and files as events arrive, on a simulated clock.

Made-up events go straight to a detector, as fast as it takes them; by its clock they arrive at a rate. Every five
minutes all rules look through nine minutes, as their schedules have them do. Needs /proc.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson

import besra
from benchmarks.events.stream import lines
from benchmarks.load_bodies import Body, put
from benchmarks.report import table
from benchmarks.serve import unwanted
from besra.api import runnable
from besra.detection.detect import Job
from besra.detection.run import RunInfo
from besra.detection.window import Window
from besra.schema.timestamp import NANOS
from besra.service.allocator import give_back, use_few_arenas
from besra.service.detector import Arrival, Detector
from besra.storage.journal import Record

START = 1_773_800_000 * NANOS
SIZE = 1000
"""Events of a body."""
TOGETHER = 4
"""Bodies taken together."""
LOOKED = 300 * NANOS
WINDOW = 540 * NANOS
FORGOTTEN = 10 * NANOS
MIB = 1 << 20


def arrivals(body: Body, indices: list[tuple[str, ...]], number: int, now: int) -> list[Arrival]:
    """The events of a body as they arrive."""
    body.write(now, number, is_marked=False)
    documents = body.view.tobytes().split(b"\n")[1::2]
    return [
        Arrival(Record(document, index, f"{number + place:040d}", now), number + place, now)
        for place, (document, index) in enumerate(zip(documents, indices, strict=True))
    ]


def bodies(count: int, left_out: frozenset[int]) -> Iterator[tuple[Body, list[tuple[str, ...]]]]:
    """Bodies, and the indices of their events."""
    made = (line for place, line in enumerate(lines(1 << 40, 1)) if place not in left_out)
    for _ in range(count):
        documents = list(islice(made, SIZE))
        heads = [orjson.loads(put(orjson.loads(document)).partition(b"\n")[0]) for document in documents]
        yield Body(documents), [(head["create"]["_index"],) for head in heads]


def memory() -> int:
    """Bytes of memory of this process that no file has."""
    told = Path("/proc/self/status").read_text().partition("RssAnon:")[2].split()
    return int(told[0]) << 10


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.look_back", description=__doc__.partition("\n")[0])
    parser.add_argument("--rules", default="bundled", help="the rules  [the bundled ones]")
    parser.add_argument("--events", type=int, default=6_000_000, help="how many  [6000000]")
    parser.add_argument("--rate", type=int, default=10_000, help="events a second of its clock  [10000]")
    parser.add_argument("--bodies", type=int, default=40, help="different bodies of 1,000 events  [40]")
    given = parser.parse_args()
    use_few_arenas()
    pool = list(bodies(given.bodies, frozenset(unwanted([given.rules], given.bodies * SIZE * 5 // 4, 1))))
    now = START
    detector = Detector(Job(runnable(besra.load_rules(given.rules)), now=now), now, lambda: now, is_live=True)
    looked = forgot = now
    taking = looking = 0.0
    told: list[tuple[str, ...]] = []
    for number in range(0, given.events, SIZE * TOGETHER):
        some = [
            arrival
            for place in range(number, number + SIZE * TOGETHER, SIZE)
            for arrival in arrivals(*pool[place // SIZE % len(pool)], place, now)
        ]
        before = time.process_time()
        detector.take(some)
        list(detector.run(detector.waiting, RunInfo(now, kind="live")))
        detector.confirm()
        if now - forgot >= FORGOTTEN:
            detector.forget(now)
            detector.wake()
            give_back()
            forgot = now
        taking += time.process_time() - before
        now += SIZE * TOGETHER * NANOS // given.rate
        if now - looked >= LOOKED:
            before, looked = time.process_time(), now
            for rule in range(len(detector.rules)):
                list(detector.look(rule, [Window(now - WINDOW, now)], RunInfo(now, kind="scheduled")))
            looking += time.process_time() - before
        done = number + SIZE * TOGETHER
        if done // (given.events // 10) > number // (given.events // 10):
            kept = detector.kept
            sizes = (f"{size / MIB:,.0f}" for size in (memory(), kept.memory, kept.disk))
            told.append((f"{done:,}", *sizes, f"{kept.rows:,}", f"{taking / done * 1e6:.1f}", f"{looking:.1f}"))
    heads = ("events", "memory MiB", "of it kept", "files MiB", "rows", "us an event", "looking s")
    print(f"temporary files in {tempfile.gettempdir()}", table(heads, told), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
