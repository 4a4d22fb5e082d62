"""What `besra doctor --data` finds of a service's folder."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.served import free_port
from tests.unit.storage.samples import alert, run

from besra.cli import service_check
from besra.cli.self_check import Check, State
from besra.cli.service_check import service_checks
from besra.schema.timestamp import NANOS
from besra.service.stores import Places, Stores, stores_at
from besra.storage.journal import Record
from besra.storage.outcome import Outcome


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a service that was stopped."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    with stores_at(Places(folder)) as stores:
        _fill(stores)
    return folder


def _fill(stores: Stores) -> None:
    stores.journal.submit([Record(b"{}", ("x",), "1")], time.time_ns()).result()
    stores.alerts.commit(Outcome(run(), [alert(1)]))


def checks(folder: Path) -> dict[str, Check]:
    return {check.name: check for check in service_checks(folder, free_port())}


def worse(folder: Path) -> dict[str, State]:
    return {check.name: check.state for check in checks(folder).values() if check.state is not State.GOOD}


@pytest.fixture(autouse=True)
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with room, and temporary files on a disk."""
    monkeypatch.setattr(service_check, "LITTLE", 0)
    monkeypatch.setattr(service_check, "MOUNTS", Path("/nowhere"))


def test_all_is_well(folder: Path, tmp_path: Path) -> None:
    found = checks(folder)
    assert worse(folder) == {}
    assert found["alerts"].detail.startswith("1 alerts, tables of version ")
    assert found["journal"].detail == "1 requests wait, 1 documents"
    assert found["in use"].detail == "no service uses it now"
    assert found["port"].detail.endswith(": free")
    assert worse(tmp_path / "none") == {"folder": State.BAD}


def test_while_it_runs(tmp_path: Path) -> None:
    with stores_at(Places(tmp_path / "data")) as stores:
        (tmp_path / "data").chmod(0o700)
        _fill(stores)
        assert checks(tmp_path / "data")["in use"].detail == "a service uses it now"
        assert worse(tmp_path / "data") == {}


def _set(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_what_is_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder.chmod(0o755)
    _set(folder / "journal.sqlite", f"UPDATE batch SET received = {time.time_ns() + 3600 * NANOS}")
    _set(folder / "alerts.sqlite", "UPDATE besra_version SET version_num = '0001'")
    monkeypatch.setattr(service_check, "LITTLE", 1 << 60)
    (tmp_path / "mounts").write_text("tmpfs / tmpfs rw 0 0\n")
    monkeypatch.setattr(service_check, "MOUNTS", tmp_path / "mounts")
    notes = dict.fromkeys(("folder", "alerts", "disk", "temporary"), State.NOTE)
    assert worse(folder) == {**notes, "clock": State.BAD}
    _set(folder / "alerts.sqlite", "UPDATE besra_version SET version_num = '9999'")
    (folder / "watched.sqlite").write_bytes(b"this is no database, but long enough to be looked at" * 100)
    found = worse(folder)
    assert (found["alerts"], found["databases"]) == (State.BAD, State.BAD)
