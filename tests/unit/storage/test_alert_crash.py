"""A process that is killed while it commits: what it was told is committed is there, and no run is there in part."""

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.storage.samples import run

from besra.storage.alert_store import AlertStore
from besra.storage.outcome import Outcome

PER_RUN = 5
WRITER = """
import sys
from pathlib import Path
from tests.unit.storage.samples import NOW, alerts, run
from besra.detection.schedule import Gap
from besra.detection.suppression_group import Group
from besra.storage.alert_store import AlertStore
from besra.storage.outcome import Outcome
from besra.storage.progress import Progress

place, per_run = sys.argv[1], int(sys.argv[2])
with AlertStore(place if "://" in place else Path(place)) as store:
    print("open", flush=True)
    for number in range(store.progress()["r1"].batch + 1 if store.progress() else 0, 10**9):
        ids = range(number * per_run, (number + 1) * per_run)
        group = Group(f"g{number}", (), NOW, NOW, 0, f"a{ids[0]}")
        told = run(number, gap=Gap(number, number + 1))
        store.commit(Outcome(told, alerts(*ids), Progress(NOW + number, number), [group]))
        print(number, flush=True)
"""


def test_killed_while_committing(place: Any) -> None:
    chance = random.Random(5)
    acknowledged = -1
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(place), str(PER_RUN)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            for _ in range(chance.randrange(2, 25)):
                acknowledged = max(acknowledged, int(process.stdout.readline()))
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split()
        acknowledged = max([acknowledged, *map(int, rest[:-1])])
        with AlertStore(place) as store:
            check_whole(store, acknowledged)


def check_whole(store: AlertStore, acknowledged: int) -> None:
    """What is there is what so many whole runs have come to, all acknowledged ones among them."""
    runs = store.runs(limit=10**6)
    last = len(runs) - 1
    assert last >= acknowledged
    assert [told.id for told in runs] == [run(number).id for number in range(last, -1, -1)]
    ids = {f"a{number}" for number in range((last + 1) * PER_RUN)}
    assert store.known_ids(ids) == ids
    assert store.count() == len(ids)
    assert store.progress()["r1"].batch == last
    assert len(store.gaps()) == len(store.groups()) == last + 1
    assert {told.new_alerts for told in runs} == {PER_RUN}
    again = store.commit(Outcome(runs[0], [store.alerts(ids)[f"a{last * PER_RUN}"]]))
    assert again.new == ()
