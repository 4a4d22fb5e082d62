"""What is acknowledged reaches the event store and becomes alerts, once, wherever the process dies in between."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

import besra
from besra.api import runnable
from besra.demo.stream import demo_documents
from besra.detection.detect import Job
from besra.detection.suppression_group import NO_GROUPS, Groups
from besra.errors import BesraError
from besra.events.event_time import event_time
from besra.events.index_name import index_names
from besra.service.detector import Detector
from besra.service.pump import Pump
from besra.service.runs import Runs
from besra.storage.alert_store import Committed
from besra.storage.event_store import EventStore
from besra.storage.growth import ToldBucket
from besra.storage.journal import Journal, Record
from besra.storage.outcome import Outcome
from besra.storage.progress import Progress

NOW = 1_773_800_000 * 10**9


OVER_ALERTS = """
[rule]
name = "Something Settled In"
rule_id = "5d6f1f2e-8f0b-4f0e-9c0e-3f1f0d7a1b11"
description = "An alert on persistence."
type = "query"
language = "kuery"
index = [".alerts-security.alerts-*"]
query = '''kibana.alert.rule.name : Persistence*'''
severity = "high"
risk_score = 70
author = ["besra"]
interval = "5m"
from = "now-9m"
"""


class DiedError(BesraError):
    """The process dies here."""


class Kept:
    """What outlives a process, with alerts in memory; `die` says at which of its chances a process dies."""

    def __init__(self, folder: Path, die: Iterator[bool]) -> None:
        self.journal = Journal(folder)
        self.store = EventStore(folder / "events")
        self.position = 0
        self.alerts: dict[str, Any] = {}
        self._die = die

    def groups(self) -> Groups:
        return NO_GROUPS

    def progress(self) -> Mapping[str, Progress]:
        return {}

    def recent(self, _since: int) -> Iterable[dict[str, Any]]:
        return list(self.alerts.values())

    def bring_up_to_date(self, alerts: Sequence[Any]) -> None:
        assert not alerts

    def buckets(self, _rules: Collection[str], _since: int) -> Iterable[ToldBucket]:
        return ()

    def commit(self, outcomes: Sequence[Outcome], position: int | None = None) -> Committed:
        self.chance()
        made = {alert["kibana.alert.uuid"]: alert for outcome in outcomes for alert in outcome.alerts}
        new = tuple(made.keys() - self.alerts.keys())
        self.alerts = made | self.alerts
        self.position = max(self.position, position or 0)
        self.chance()
        return Committed(new, tuple(made.keys() - set(new)))

    def chance(self) -> None:
        if next(self._die):
            raise DiedError("died")


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return list(demo_documents(minutes=1))


def record(number: int, document: dict[str, Any]) -> Record:
    return Record(orjson.dumps(document), index_names(document), str(number), event_time(document))


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> besra.RuleSet:
    path = tmp_path_factory.mktemp("rules") / "over.toml"
    path.write_text(OVER_ALERTS, "utf-8")
    loaded = besra.load_rules("bundled", path)
    assert len(loaded.ready) == 3
    return loaded


def scanned(rules: besra.RuleSet, documents: Sequence[dict[str, Any]]) -> set[str]:
    hits = [{"_index": index_names(d)[0], "_id": str(n), "_source": d} for n, d in enumerate(documents)]
    return {alert["kibana.alert.uuid"] for alert in besra.detect(rules, hits, now=NOW)}


@pytest.mark.parametrize("goes_on", [False, True], ids=["killed", "database away"])
@pytest.mark.parametrize("seed", range(5))
def test_every_event_and_every_alert_once(
    tmp_path: Path, rules: besra.RuleSet, documents: list[dict[str, Any]], seed: int, goes_on: bool
) -> None:
    random = Random(seed)
    kept = Kept(tmp_path, iter(lambda: random.random() < 0.3, None))
    job = Job(runnable(rules), now=NOW)
    clock = iter(range(NOW, NOW + 10**15, 10**9)).__next__
    records = [record(number, document) for number, document in enumerate(documents)]

    def started() -> Pump:
        return Pump(kept.journal, kept.store, Runs(Detector(job, NOW), kept, clock), kept, clock)

    def after_failure(pump: Pump) -> Pump:
        """The same one, where only what it writes to has failed."""
        return pump if goes_on else started()

    pump, died = started(), 0
    while records:
        size = random.choice((1, 50, 400))
        kept.journal.submit(records[:size], NOW).result()
        records = records[size:]
        try:
            pump.step()
            pump.storing.step()
        except DiedError:
            pump, died = after_failure(pump), died + 1
    while True:
        try:
            pump.finish()
            break
        except DiedError:
            pump, died = after_failure(pump), died + 1
    rows = [id_ for batch in kept.store.read(0, 2 * NOW) for id_ in batch.column("_id").to_pylist()]
    assert sorted(rows, key=int) == [str(number) for number in range(len(documents))]
    assert list(kept.journal.after(0)) == []
    assert died > 0
    kept.journal.close()
    assert set(kept.alerts) == scanned(rules, documents)
