"""What a threshold costs the service an event: time of the processor to count it, and what is kept of it.

Events are made up, and only their places, times and keys: reading and evaluating them is not what is measured. They
arrive at 10,000 a second of their own clock, whatever that of the machine says.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from besra.engine.hits import Key
from besra.engine.join_hash import hashes_of_keys
from besra.events.event import Origin
from besra.events.raw_event import RawEvent
from besra.language.expr import FieldRef
from besra.language.plan import Cardinality, Clause, JoinKey, Plan, Threshold
from besra.language.simplify import TRUE
from besra.schema.fieldtype import FieldType
from besra.schema.timestamp import NANOS
from besra.service.bucket_log import BucketLog, Lot
from besra.service.horizon import LATENESS

START = 1_772_323_200 * NANOS
APART = NANOS // 10_000
USERS = 50
FORGET_EVERY = 10 * NANOS
INTERVALS = 5 * 4 * 60 * NANOS
"""What four runs look back on that are made up for."""


@dataclass(frozen=True, slots=True)
class Load:
    """So many events of so many hosts, in lots, and the threshold that counts them by host."""

    events: int
    lot: int
    hosts: int
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class Cost:
    """Nanoseconds of the processor to count all events and to look for full buckets, bytes of memory in the end."""

    counting: int
    looking: int
    memory: int
    buckets: int


def lots(load: Load) -> Iterator[tuple[Lot, "np.ndarray[tuple[int], np.dtype[np.int64]]"]]:
    """The events, and the host of each by number."""
    random, origin = np.random.default_rng(1), Origin("(arrived)")
    texts = [b'{"host":{"name":"h%d"}}' % number for number in range(load.hosts)]
    for first in range(0, load.events, load.lot):
        hosts = random.integers(0, load.hosts, load.lot)
        events = [
            RawEvent(f"event-{first + place:020}", ("logs-made-default",), texts[host], origin, first + place)
            for place, host in enumerate(hosts.tolist())
        ]
        yield Lot(first, events), hosts


def cost_of(load: Load) -> Cost:
    """Count all events of a load."""
    host = JoinKey(FieldRef("host.name", FieldType.KEYWORD))
    log = BucketLog(Plan((Clause(TRUE, (host,)), Clause(TRUE, (host,))), load.threshold))
    hosts, users = (_hashes([(f"{kind}{n}",) for n in range(most)]) for kind, most in (("h", load.hosts), ("u", USERS)))
    within = load.threshold.within or 0
    before, forgot = _memory(), START
    counting = looking = buckets = 0
    for lot, by_host in lots(load):
        rows = np.arange(lot.first, lot.end)
        times = START + rows * APART
        order = np.stack([rows, times, np.zeros_like(rows)])
        tables = {
            0: np.concatenate([order, hosts[by_host].T]),
            1: np.concatenate([order, users[rows % 7919 % USERS].T]),
        }
        identities = np.fromiter((hash(event.id) for event in lot.events), np.int64, len(lot.events))
        begun = time.process_time_ns()
        log.add(tables, times, identities, lot)
        counted = time.process_time_ns()
        buckets += sum(1 for _ in log.filled_since(lot.first).filled(load.threshold))
        now = int(times[-1])
        if now - forgot >= FORGET_EVERY:
            old, waiting = (
                (now - START - kept) // APART for kept in (2 * within + INTERVALS + LATENESS, within + LATENESS)
            )
            log.drop_before(max(old, 0), max(waiting, 0))
            len(log.grown(now))
            log.told(now)
            forgot = now
        counting += counted - begun
        looking += time.process_time_ns() - counted
    return Cost(counting, looking, _memory() - before, buckets)


def _hashes(keys: list[Key]) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    return hashes_of_keys(keys).view(np.int64)


def _memory() -> int:
    """Bytes in use by this process (Linux)."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--lot", type=int, default=5_000, help="events that arrive together")
    parser.add_argument("--hosts", type=int, default=1_000)
    parser.add_argument("--value", type=int, default=1, help="the threshold's")
    parser.add_argument("--users", type=int, default=0, help="distinct users there have to be")
    parser.add_argument("--minutes", type=int, default=30, help="how long the rule looks back")
    told = parser.parse_args()
    cardinality = (Cardinality(1, told.users),) if told.users else ()
    threshold = Threshold(told.value, cardinality, told.minutes * 60 * NANOS)
    load = Load(told.events // told.lot * told.lot, told.lot, told.hosts, threshold)
    cost = cost_of(load)
    counting, looking = (spent / load.events / 1000 for spent in (cost.counting, cost.looking))
    print(
        f"{load.events:,} events, {cost.buckets:,} buckets: counting {counting:.2f} us and looking {looking:.2f} us"
        f" an event; {cost.memory / 1e6:,.0f} MB"
    )


if __name__ == "__main__":
    main()
