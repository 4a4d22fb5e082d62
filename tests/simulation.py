"""A service on a simulated clock: events arrive when told to, the process is up or down, time passes in steps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

import besra
from besra.api import runnable
from besra.detection.detect import Job
from besra.events.event_time import event_time
from besra.events.index_name import index_names
from besra.schema.timestamp import format_timestamp
from besra.service.admission import with_ingested
from besra.service.duty import Duty
from besra.service.runs import RunPolicy
from besra.service.stores import Places, Stores, stores_at
from besra.storage.alert_search import Search
from besra.storage.journal import Record

SECOND = 10**9
MINUTE = 60 * SECOND
START = 1_773_800_000 * SECOND

RULE = """
[rule]
name = "{name}"
rule_id = "{name}"
description = "A rule on a simulated clock."
type = "{type}"
language = "{language}"
index = ["logs-*"]
query = '''{query}'''
severity = "low"
risk_score = 21
author = ["besra"]
interval = "{interval}"
from = "{start}"
{more}
"""


def rule_text(name: str, query: str, *, interval: str = "5m", start: str = "now-9m", **more: str) -> str:
    """A rule as TOML; `more` are lines of its table but for `type` and `language`."""
    kind = {"type": more.pop("type", "eql"), "language": more.pop("language", "eql")}
    lines = "\n".join(f"{key} = {value}" for key, value in more.items())
    return RULE.format(name=name, query=query, interval=interval, start=start, more=lines, **kind)


def rules_of(folder: Path, *texts: str) -> besra.RuleSet:
    """The rules of some texts, which have to be ready."""
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"{number}.toml").write_text(text, "utf-8")
    rules = besra.load_rules(folder)
    assert len(rules.ready) == len(texts), list(rules.problems)
    return rules


def document(at: int, **fields: str) -> dict[str, Any]:
    """A process event that happened at a time."""
    own = {"event": {"category": "process", "type": "start"}, "data_stream": {"type": "logs", "dataset": "made"}}
    return {"@timestamp": at // 1_000_000, **own, **fields}


@dataclass
class World:
    """The service's folder, its clock, and what has arrived."""

    folder: Path
    rules: besra.RuleSet
    is_live: bool = True
    now: int = START
    arrived: list[dict[str, Any]] = field(default_factory=list)
    look_back: int | None = None

    @contextmanager
    def up(self) -> Iterator["Process"]:
        """The service runs while the block does; it ends without notice."""
        policy = RunPolicy(self.is_live, look_back=self.look_back)
        with stores_at(Places(self.folder)) as stores:
            duty = Duty(Job(runnable(self.rules), now=self.now), stores, lambda: self.now, policy)
            yield Process(self, duty, stores)

    def scanned(self) -> set[str]:
        """The ids of the alerts that a scan of all that arrived gives."""
        hits = [
            {"_index": index_names(document)[0], "_id": str(number), "_source": document}
            for number, document in enumerate(self.arrived)
        ]
        return {alert["kibana.alert.uuid"] for alert in besra.detect(self.rules, hits, now=self.now)}


@dataclass
class Process:
    """A service that is up."""

    world: World
    duty: Duty
    stores: Stores

    def arrive(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Events arrive now."""
        records = []
        for sent in documents:
            stamped = with_ingested(sent, format_timestamp(self.world.now))
            number = len(self.world.arrived)
            self.world.arrived.append(stamped)
            line = orjson.dumps(stamped)
            records.append(Record(line, index_names(stamped), str(number), event_time(stamped)))
        if records:
            self.stores.journal.submit(records, self.world.now).result()

    def passes(self, time: int, step: int = MINUTE, arriving: Sequence[tuple[int, Mapping[str, Any]]] = ()) -> None:
        """Let time pass; events arrive at their times."""
        end = self.world.now + time
        waiting = sorted(arriving, key=lambda one: one[0])
        while True:
            due = [document for at, document in waiting if at <= self.world.now]
            waiting = [(at, document) for at, document in waiting if at > self.world.now]
            self.arrive(due)
            while self.duty.pump.step():
                pass
            self.duty.pump.storing.step()
            if self.world.now >= end:
                return
            self.world.now = min(self.world.now + step, end)

    def found(self) -> dict[str, dict[str, Any]]:
        """The alerts by id."""
        return {alert["kibana.alert.uuid"]: alert for alert in self.stores.alerts.search(Search(size=1000)).alerts}
