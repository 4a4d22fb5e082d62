"""A service that is killed again and again under load: at random times, and at chosen points."""

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.crash.launcher import POINTS
from tests.crash.load import Load
from tests.crash.rules import loaded, write_rules
from tests.crash.serving import Serving, Trap, has_strace
from tests.crash.verdict import Verdict, verdict_on

PATIENCE = 3.0
LONG_PATIENCE = 7.5
"""Seconds after a process takes requests until it is killed where it is, if it has not come to its point: the event
store is written every five."""
LONGEST = 2.5
"""Seconds after a process takes requests until it is killed, at the most."""
AT_START = 0.15
"""The share of random kills that may come before it takes requests."""


@dataclass(frozen=True)
class Life:
    """How a process is to die: by a plan of the launcher, by a trap, or after so many seconds."""

    plan: dict[str, Any] = field(default_factory=dict)
    trap: Trap | None = None
    name: str = ""


@dataclass
class Killed:
    """What was done, and what came of it."""

    kills: int = 0
    points: Counter[str] = field(default_factory=Counter)
    """Where processes died that died at a point."""
    verdict: Verdict = field(default_factory=Verdict)

    def add(self, other: "Killed") -> None:
        """Count another round."""
        self.kills += other.kills
        self.points += other.points
        self.verdict.add(other.verdict)


def lives(random: Random, data: Path, count: int) -> list[Life]:
    """So many lives: half of them end at random times, the others at points."""
    chosen = [_at_point(random, data, has_strace()) if random.random() < 0.5 else Life() for _ in range(count)]
    return [_keeping_house(random, life) for life in chosen]


NTH = {
    "journal submit": 15,
    "journal statement": 120,
    "journal commit": 25,
    "journal trim": 1,
    "store add": 1,
    "delta write": 1,
    "delta compact": 2,
    "delta vacuum": 1,
    "delta checkpoint": 1,
    "migration": 1,
    "fsync": 6,
    "detector take": 8,
    "alert store commit": 8,
    "alerts commit": 15,
    "alerts statement": 100,
}
"""The most calls after which a process dies at a point."""


def _at_point(random: Random, data: Path, traces: bool) -> Life:
    if traces and random.random() < 0.4:
        name, trap = random.choice(sorted(_traps(random, data).items()))
        return Life(trap=trap, name=f"system call: {name}")
    point = random.choice(POINTS)
    return Life({"point": point, "nth": random.randint(1, NTH[point.partition(":")[0]])}, name=point)


def _traps(random: Random, data: Path) -> dict[str, Trap]:
    return {
        "write to the journal's log": Trap("pwrite64", random.randint(1, 40), data / "journal.sqlite-wal"),
        "sync of the journal's log": Trap("fdatasync,fsync", random.randint(1, 15), data / "journal.sqlite-wal"),
        "write to the journal": Trap("pwrite64", random.randint(1, 20), data / "journal.sqlite"),
        "write to the log of alerts": Trap("pwrite64", random.randint(1, 40), data / "alerts.sqlite-wal"),
        "sync of the log of alerts": Trap("fdatasync,fsync", random.randint(1, 20), data / "alerts.sqlite-wal"),
        "commit to the table": Trap("link,linkat,rename,renameat,renameat2", random.randint(1, 3)),
        "any sync": Trap("fdatasync,fsync", random.randint(1, 20)),
    }


def _keeping_house(random: Random, life: Life) -> Life:
    """Some join files of the event store all the while; all that are to die there."""
    if life.name.startswith(("delta compact", "delta vacuum", "delta checkpoint")) or random.random() < 0.2:
        return Life({**life.plan, "keeps_house": True}, life.trap, life.name)
    return life


def kill_round(folder: Path, seed: int, count: int) -> Killed:
    """Kill a service over a new folder so many times, let it come to its end, and compare."""
    random = Random(seed)
    folder.mkdir(parents=True)
    rules = write_rules(folder)
    data = folder / "data"
    result = Killed()
    with Serving(folder, rules, data) as serving, Load(serving.port, seed) as load:
        for life in lives(random, data, count):
            serving.start(life.plan, life.trap)
            died = _live(serving, life, random)
            result.kills += 1
            if died:
                result.points[died] += 1
        serving.start()
        serving.wait_up()
        sent = load.finish()
        serving.stop()
    result.verdict = verdict_on(sent, data, loaded(rules))
    return result


def _live(serving: Serving, life: Life, random: Random) -> str:
    """Let a process die. The point it died at, if it was one."""
    if life.name:
        is_slow = life.name.startswith(("journal trim", "store", "delta", "fsync")) or life.trap is not None
        serving.wait_up_or_end()
        is_trapped = serving.wait_end(LONG_PATIENCE if is_slow else PATIENCE)
        died = serving.kill()
        return died or (life.name if is_trapped else "")
    if random.random() < AT_START:
        time.sleep(random.uniform(0, LONGEST))
    else:
        serving.wait_up()
        time.sleep(random.uniform(0, LONGEST))
    return serving.kill()
