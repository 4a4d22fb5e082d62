"""Detection while events arrive gives the alerts of a scan of all of them, however they arrive."""

from collections.abc import Sequence
from random import Random
from typing import Any

import orjson
import pytest

import besra
from besra.api import runnable
from besra.demo.stream import demo_documents
from besra.detection.detect import Job
from besra.detection.execution import Execution
from besra.detection.run import RunInfo
from besra.events.event_time import event_time
from besra.events.index_name import index_names
from besra.service.detector import Arrival, Detector, position_of
from besra.storage.journal import Record

NOW = 1_773_800_000 * 10**9


def arrivals_of(documents: Sequence[dict[str, Any]]) -> list[Arrival]:
    return [
        Arrival(
            Record(orjson.dumps(document), index_names(document), str(number), event_time(document)),
            position_of(1, number),
            NOW,
        )
        for number, document in enumerate(documents)
    ]


def detected(rules: besra.RuleSet, lots: Sequence[Sequence[Arrival]], *, each: bool = True) -> list[str]:
    detector = Detector(Job(runnable(rules), now=NOW), NOW)
    found: dict[str, None] = {}
    for number, lot in enumerate(lots):
        detector.take(lot)
        if each or number == len(lots) - 1:
            for execution in detector.run(detector.waiting, RunInfo(NOW)):
                assert isinstance(execution, Execution)
                found.update(dict.fromkeys(alert["kibana.alert.uuid"] for alert in execution.alerts))
        detector.forget(NOW + number)
    return sorted(found)


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return list(demo_documents())


@pytest.fixture(scope="module")
def rules() -> besra.RuleSet:
    return besra.load_rules()


def scanned(rules: besra.RuleSet, documents: Sequence[dict[str, Any]]) -> list[str]:
    hits = [
        {"_index": index_names(document)[0], "_id": str(number), "_source": document}
        for number, document in enumerate(documents)
    ]
    return sorted(alert["kibana.alert.uuid"] for alert in besra.detect(rules, hits, now=NOW))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("each", [True, False])
def test_any_lots_give_the_alerts_of_a_scan(
    rules: besra.RuleSet, documents: list[dict[str, Any]], seed: int, each: bool
) -> None:
    random, rest, lots = Random(seed), arrivals_of(documents), []
    while rest:
        size = random.choice((1, 7, 100, 1000))
        lots.append(rest[:size])
        rest = rest[size:]
    found = detected(rules, lots, each=each)
    assert found == scanned(rules, documents)
    assert found
