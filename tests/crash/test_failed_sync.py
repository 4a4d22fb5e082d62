"""A sync that fails: what could not be synced is not forgotten."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("deltalake")

from besra.storage.event_store import EventStore, EventStoreError, StoredEvent

NOW = 1_773_800_000 * 10**9


def event(batch: int) -> StoredEvent:
    return StoredEvent(batch, 0, ("logs-x",), f"e{batch}", b"{}", NOW, NOW)


def test_what_could_not_be_synced_is_synced_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = EventStore(tmp_path / "events")
    store.add([event(1)], 1)
    sync, synced, is_broken = os.fsync, set(), True

    def fsync(handle: Any) -> None:
        if is_broken:
            raise OSError(errno.EIO, "Input/output error")
        synced.add(str(Path(f"/proc/self/fd/{handle}").readlink()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    before = {*tmp_path.rglob("*.parquet")}
    with pytest.raises(EventStoreError):
        store.add([event(2)], 2)
    is_broken = False
    store.add([event(2)], 2)
    written = {str(path) for path in tmp_path.rglob("*.parquet")} - {str(path) for path in before}
    assert written
    assert written <= synced
