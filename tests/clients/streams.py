"""The demo stream as clients send it: each test its own, so that all can share a service."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import besra
from besra.demo.stream import demo_documents
from tests.served import PATIENCE, Served

FIRST = "MsiExec Service Child Process With Network Connection"
SECOND = "Persistence via a Windows Installer"


@dataclass(frozen=True)
class Stream:
    """A demo stream of a seed; streams of different seeds share no process."""

    seed: int
    minutes: int = 1

    @cached_property
    def documents(self) -> list[dict[str, Any]]:
        return list(demo_documents(seed=self.seed, minutes=self.minutes, hosts=2))

    @cached_property
    def actions(self) -> list[dict[str, Any]]:
        """The documents with the data streams they belong to and ids of their own."""
        return [
            {"_index": index_of(document), "_id": f"{self.seed}-{number}", "_source": document}
            for number, document in enumerate(self.documents)
        ]

    @cached_property
    def alerting(self) -> dict[str, list[str]]:
        """By the names of rules, the processes that a scan alerts on, an entry an alert."""
        found: dict[str, list[str]] = {}
        for alert in besra.detect(besra.load_rules(), self.actions):
            if process := process_of(alert):
                found.setdefault(alert["kibana.alert.rule.name"], []).append(process)
        return {name: sorted(processes) for name, processes in found.items()}

    def come_out(self, served: Served) -> bool:
        """Whether exactly the alerts of a scan are there, once they had time to come."""
        own = {process for processes in self.alerting.values() for process in processes}

        def found() -> dict[str, list[str]]:
            by_rule: dict[str, list[str]] = {}
            for alert in served.alerts().values():
                if (process := process_of(alert)) in own:
                    by_rule.setdefault(alert["kibana.alert.rule.name"], []).append(process)
            return {name: sorted(processes) for name, processes in by_rule.items()}

        assert len(self.alerting[FIRST]) == 1
        return eventually(lambda: found() == self.alerting)


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold while one is patient."""
    until = time.monotonic() + PATIENCE
    while not (is_so := holds()) and time.monotonic() < until:
        time.sleep(0.1)
    return is_so


def index_of(document: dict[str, Any]) -> str:
    stream = document["data_stream"]
    return f"{stream['type']}-{stream['dataset']}-{stream['namespace']}"


def process_of(alert: dict[str, Any]) -> str | None:
    """The process an alert is about; none for building blocks, which are about one event of it each."""
    if "kibana.alert.building_block_type" in alert:
        return None
    process = alert.get("process")
    return process.get("entity_id") if isinstance(process, dict) else None


@lru_cache(maxsize=1)
def second_query() -> tuple[str, str]:
    """The query of the second rule and the indices it looks through."""
    (rule,) = (loaded.rule for loaded in besra.load_rules() if loaded.rule.name == SECOND)
    return rule.query.text, ",".join(rule.index)
