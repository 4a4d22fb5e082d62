"""Requests are taken while there is room, and wait for a moment while rules have much to see."""

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from besra.service import ingest as module
from besra.service.bulk import Put
from besra.service.ingest import BusyError, Ingest, Limits
from besra.storage.journal import Journal

NOW = 1_773_800_000 * 10**9
PUT = Put("logs-x", None, b'{"@timestamp":"2026-01-01T00:00:00Z","event":{"kind":"event"}}', False)


def taken(folder: Path, limits: Limits, work: Any) -> Any:
    journal = Journal(folder)
    try:
        made: Coroutine[Any, Any, Any] = work(Ingest(journal, folder, lambda: NOW, limits=limits))
        return asyncio.run(made)
    finally:
        journal.close()


def test_bodies_count_while_they_are_worked_on(tmp_path: Path) -> None:
    async def work(ingest: Ingest) -> None:
        with ingest.room() as hold:
            hold(50)
            with ingest.room() as other:
                other(50)
                with pytest.raises(BusyError, match="memory"):
                    other(1)
                with pytest.raises(BusyError, match="memory"):
                    hold(1)
        with ingest.room() as hold:
            hold(60)
            hold(1000)  # the only one there is
            with pytest.raises(BusyError, match="memory"), ingest.room():
                pass
        with ingest.room() as hold:
            hold(100)

    taken(tmp_path, Limits(memory=100, disk=0), work)


def test_a_full_disk(tmp_path: Path) -> None:
    async def work(ingest: Ingest) -> None:
        with pytest.raises(BusyError, match="disk"):
            await ingest.take([PUT])

    taken(tmp_path, Limits(disk=1 << 60), work)


@pytest.mark.parametrize("is_patient", [True, False])
def test_requests_wait_for_rules_unless_that_is_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_patient: bool
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)

    async def work(ingest: Ingest) -> tuple[float, float]:
        ingest.is_patient = is_patient
        await ingest.take([PUT])
        await asyncio.sleep(0.01)
        begun = time.monotonic()
        await ingest.take([PUT])
        waited = time.monotonic() - begun
        ingest.detected = ingest.last
        begun = time.monotonic()
        await ingest.take([PUT])
        return waited, time.monotonic() - begun

    behind, abreast = taken(tmp_path, Limits(disk=0, ahead=0), work)
    assert (behind >= 0.3) is is_patient
    if is_patient:
        assert abreast < behind
