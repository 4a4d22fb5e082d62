"""What the measurement of searches over alerts asks."""

import json
from pathlib import Path

from benchmarks.alert_search import REQUESTS, answer, asked

from besra.rules.space import DEFAULT
from besra.storage.alert_store import AlertStore
from besra.storage.space_alerts import SpaceAlerts


def test_every_request_finds_some(tmp_path: Path) -> None:
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        figures = asked(store, 1_000, 1)
        assert all(figures[name]["found"] for name in REQUESTS)
        told = json.loads(answer(SpaceAlerts(store, DEFAULT), REQUESTS["all, five groups"]))["aggregations"]
    assert {name: sum(bucket["doc_count"] for bucket in group["buckets"]) for name, group in told.items()}[
        "statuses"
    ] == 1_000
