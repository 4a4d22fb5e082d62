"""Whether the folder of a service is fit for it: what `besra doctor --data` looks at, while the service runs or not."""

import os
import shutil
import socket
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from besra.cli.self_check import Check, State
from besra.schema.timestamp import NANOS, format_timestamp

LITTLE = 1 << 30
"""Bytes free that are few."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
DATABASES = ("journal.sqlite", "alerts.sqlite", "watched.sqlite", "dead_letters.sqlite")
LOOPBACK = "127.0.0.1"
MOUNTS = Path("/proc/self/mounts")


def service_checks(folder: Path, port: int) -> Iterator[Check]:
    """All checks, each whatever the others found."""
    checks: dict[str, Callable[[str], Check]] = {
        "folder": lambda name: check_folder(name, folder),
        "in use": lambda name: check_use(name, folder),
        "databases": lambda name: check_databases(name, folder),
        "alerts": lambda name: check_alerts(name, folder),
        "journal": lambda name: check_journal(name, folder),
        "events": lambda name: check_events(name, folder),
        "disk": lambda name: check_disk(name, folder),
        "temporary": check_temporary,
        "clock": lambda name: check_clock(name, folder),
        "port": lambda name: check_port(name, port),
    }
    for name, check in checks.items():
        try:
            yield check(name)
        except Exception as error:  # a check that fails is a finding, whatever is broken
            yield Check(name, State.BAD, f"{type(error).__name__}: {error}", "see the message")


def check_folder(name: str, folder: Path) -> Check:
    """Whether it is there, one's own, and nobody else's."""
    if not folder.is_dir():
        return Check(
            name, State.BAD, f"{folder} is not there", "name the --data of besra serve, which makes it when it starts"
        )
    status = folder.stat()
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Check(name, State.BAD, f"{folder} cannot be read or written", "run as the user of the service")
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        detail = f"{folder} belongs to user {status.st_uid}, and this is {os.getuid()}"
        return Check(name, State.NOTE, detail, "files made now would not be the service's: run as its user")
    if status.st_mode & OTHERS:
        hint = f"chmod 700 {folder}: it holds all events and alerts"
        return Check(name, State.NOTE, f"{folder} is open to others ({stat.filemode(status.st_mode)})", hint)
    return Check(name, State.GOOD, str(folder))


def check_use(name: str, folder: Path) -> Check:
    """Whether a service has it."""
    from besra.errors import InputError  # noqa: PLC0415  only where there is a folder to look at
    from besra.service.stores import LOCK, alone_in  # noqa: PLC0415

    if not (folder / LOCK).exists():
        return Check(name, State.GOOD, "no service has used it")
    try:
        with alone_in(folder):
            return Check(name, State.GOOD, "no service uses it now")
    except InputError:
        return Check(name, State.GOOD, "a service uses it now")


def check_databases(name: str, folder: Path) -> Check:
    """Whether the files of SQLite are whole."""
    found = [folder / file for file in DATABASES if (folder / file).is_file()]
    for path in found:
        with _reading(path) as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            return Check(name, State.BAD, f"{path.name}: {said}", "stop the service and restore a backup")
    return Check(name, State.GOOD, f"{len(found)} files, all whole")


def check_alerts(name: str, folder: Path) -> Check:
    """Of which version the tables of alerts are."""
    from besra.storage.versions import VERSION_TABLE, knows_version, newest_version  # noqa: PLC0415  as above

    path = folder / "alerts.sqlite"
    if not path.is_file():
        return Check(name, State.GOOD, "none in this folder")
    with _reading(path) as connection:
        row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
        count = connection.execute("SELECT count(*) FROM alert").fetchone()[0]
    version, newest = row[0] if row else None, newest_version()
    if not knows_version(version):
        return Check(name, State.BAD, f"written by a newer besra (version {version})", "use that version of besra")
    if version != newest:
        hint = "make a backup; the next start brings them up, and there is no way back"
        return Check(name, State.NOTE, f"{count:,} alerts, tables of version {version} of {newest}", hint)
    return Check(name, State.GOOD, f"{count:,} alerts, tables of version {version}")


def check_journal(name: str, folder: Path) -> Check:
    """How much waits there."""
    path = folder / "journal.sqlite"
    if not path.is_file():
        return Check(name, State.GOOD, "nothing was taken yet")
    with _reading(path) as connection:
        waiting, documents = connection.execute("SELECT count(*), coalesce(sum(documents), 0) FROM batch").fetchone()
    if waiting > 1000:
        hint = "see /readyz and the log of the service: events or alerts are not stored"
        return Check(name, State.NOTE, f"{waiting:,} requests wait, {documents:,} documents", hint)
    return Check(name, State.GOOD, f"{waiting:,} requests wait, {documents:,} documents")


def check_events(name: str, folder: Path) -> Check:
    """Whether the table of events can be read."""
    from deltalake import DeltaTable  # noqa: PLC0415  as above

    if not (folder / "events" / "_delta_log").is_dir():
        return Check(name, State.GOOD, "none in this folder")
    table = DeltaTable(str(folder / "events"))
    files = table.file_uris()
    missing = [path for path in files if not Path(path).exists()]
    if missing:
        return Check(name, State.BAD, f"{len(missing)} of {len(files)} files are missing", "restore a backup")
    return Check(name, State.GOOD, f"{len(files):,} files, version {table.version()}")


def check_disk(name: str, folder: Path) -> Check:
    """How much is free where it is."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    detail = f"{free / (1 << 30):,.1f} GB free"
    if free < LITTLE:
        return Check(name, State.NOTE, detail, "make room: below --min-free senders have to wait")
    return Check(name, State.GOOD, detail)


def check_temporary(name: str) -> Check:
    """Whether temporary files are on a disk."""
    folder = Path(tempfile.gettempdir()).resolve()
    mounts = [line.split() for line in MOUNTS.read_text("utf-8").splitlines()] if MOUNTS.exists() else []
    held = [mount for mount in mounts if folder.is_relative_to(mount[1])]
    kind = max(held, key=lambda mount: len(mount[1]))[2] if held else ""
    if kind in ("tmpfs", "ramfs"):
        return Check(
            name, State.NOTE, f"{folder} is in memory", "let TMPDIR name a folder on a disk: rules keep much there"
        )
    return Check(name, State.GOOD, str(folder))


def check_clock(name: str, folder: Path) -> Check:
    """Whether it is later than when something was last taken."""
    now = time.time_ns()
    path = folder / "journal.sqlite"
    last = 0
    if path.is_file():
        with _reading(path) as connection:
            last = connection.execute("SELECT coalesce(max(received), 0) FROM batch").fetchone()[0]
    if last > now + NANOS:
        hint = "set the clock: runs on schedules wait for the time they were last at"
        return Check(
            name, State.BAD, f"{format_timestamp(now)}, but something was taken at {format_timestamp(last)}", hint
        )
    return Check(name, State.GOOD, format_timestamp(now))


def check_port(name: str, port: int) -> Check:
    """Whether somebody listens."""
    with socket.socket() as asking:
        asking.settimeout(2)
        is_taken = asking.connect_ex((LOOPBACK, port)) == 0
    return Check(name, State.GOOD, f"{port}: {'somebody listens there' if is_taken else 'free'}")


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A database, nothing of which is changed."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=10, uri=True)) as connection:
        yield connection
