"""Health: as the worst of its parts, and without a word of what only the log should tell."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import msgspec
import pytest

from besra.service.dead_letters import Counts
from besra.service.health import Health, HealthWatch
from besra.service.maintenance import Told
from besra.storage.database import AlertStoreError

SECRET = "postgresql://besra:hunter2@db: connection refused"


def service(**changed: Any) -> Any:
    """One in which everything is fine, but for what is changed."""
    ingest = MagicMock(taken=5, refused=0, last=3, failure="")
    ingest.free_space.return_value, ingest.limits.disk = 10 << 30, 512 << 20
    spaces = MagicMock(ids=("default",))
    spaces.rules.return_value.entries = []
    alerts = MagicMock()
    alerts.count.return_value, alerts.gaps.return_value = 7, []
    fine = {
        "ingest": ingest,
        "duty": SimpleNamespace(pump=SimpleNamespace(stored=3, detected=3), job=SimpleNamespace(rules=[1])),
        "spaces": spaces,
        "stores": SimpleNamespace(alerts=alerts),
        "maintenance": SimpleNamespace(told=Told()),
        "letters": MagicMock(counts=lambda: Counts(0, 0, 0, 0, 0)),
        "clock": lambda: 10**18,
        "failures": {},
    }
    return SimpleNamespace(**{**fine, **changed})


def states(found: Health) -> dict[str, str]:
    return {part.name: part.state for part in found.parts if part.state != "ok"}


def test_all_is_well() -> None:
    found = HealthWatch(service()).told()
    assert (found.state, states(found)) == ("ok", {})


@pytest.mark.parametrize("name", ["events", "rules"])
def test_what_fails_is_told_and_not_why(name: str) -> None:
    found = HealthWatch(service(failures={name: SECRET})).told()
    assert (found.state, states(found)) == ("failing", {{"events": "store", "rules": "detection"}[name]: "failing"})
    assert b"hunter2" not in msgspec.json.encode(found)


def test_a_store_that_is_away_and_a_journal_that_cannot_be_written() -> None:
    broken = service()
    broken.stores.alerts.count.side_effect = AlertStoreError.of("database-failed", SECRET)
    broken.ingest.failure = SECRET
    found = HealthWatch(broken).told()
    assert states(found) == {"alerts": "failing", "ingest": "failing"}
    assert b"hunter2" not in msgspec.json.encode(found)


def test_what_needs_a_look() -> None:
    odd = service(
        maintenance=SimpleNamespace(told=Told(failures=1)), letters=MagicMock(counts=lambda: Counts(0, 0, 0, 0, 2))
    )
    odd.ingest.free_space.return_value = 1
    odd.duty.job.rules = []
    found = HealthWatch(odd).told()
    assert found.state == "warning"
    assert states(found) == dict.fromkeys(("ingest", "rules", "maintenance", "dead_letters"), "warning")
