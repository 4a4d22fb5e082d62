"""A copy of what a service keeps, as it was at one moment, made while it runs (interfaces.md 4).

The service moves what it has acknowledged from the journal to the events and the alerts, and drops of the journal what
both have. So a copy loses nothing if all it lacks of those two is in its journal: they are held still first, and the
journal last; if it has dropped something meanwhile that they lack, all are looked at again. What is held still is a
transaction that reads, or a version of the table of events; nobody waits for it.
"""

import os
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree

import orjson
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from sqlalchemy import Connection

from besra.service import preview, set_up_token
from besra.service.backup_form import LIST, BackupError, Contents, File, copied, sum_of, sync_folders
from besra.service.stores import EVENTS, LOCK
from besra.storage import alert_store, journal
from besra.storage.database import Database
from besra.storage.event_store import APPLICATION
from besra.storage.progress import ALERTS, read_position
from besra.storage.row_copy import check_version, copy_store
from besra.storage.versions import bring_up
from besra.version import __version__

ATTEMPTS = 100
"""How often stores are looked at again that were not of one moment; a moment is enough for two looks in a row."""
LOG = "_delta_log"
LAST_CHECKPOINT = "_last_checkpoint"
SQLITE = ".sqlite"
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside its files: it is in their copies."""
TAR = ".tar"
BUSY = 30


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made: of how many files and bytes, and of which batches it is."""

    files: int
    bytes: int
    batch: int


@dataclass(frozen=True, slots=True)
class _Moment:
    """The stores held still: databases by the name of their file, the version of the events, the last batch."""

    databases: dict[str, sqlite3.Connection]
    alerts: Connection | None
    """Where they are in a database of their own."""
    events: DeltaTable | None
    batch: int


def back_up(folder: Path, to: Path, alerts: str | None = None) -> BackedUp:
    """Make a backup of a service's folder, and of the database its alerts are in if that is elsewhere.

    `to` is a folder that is made, or a file ending in `.tar`. Raises BackupError: `backup-source` for a folder without
    a service's data, `backup-exists`, `backup-failed`. Raises AlertStoreError (`database-older`) for other tables.
    """
    _check(folder, to, alerts)
    folder = folder.resolve()  # as the table of events names its files
    partial = to.with_name(f"{to.name}.partial")
    rmtree(partial, ignore_errors=True)
    try:
        with _still(folder, alerts) as moment:
            contents = _copy(folder, moment, partial)
        (partial / LIST).write_bytes(contents.as_json())
        sync_folders(partial)
        if to.suffix == TAR:
            _pack(partial, to)
        else:
            partial.rename(to)
    except (OSError, sqlite3.Error, DeltaError) as error:
        hint = "see whether there is room, and try again"
        raise BackupError.of("backup-failed", f"{to}: {error}", hint=hint) from error
    finally:
        rmtree(partial, ignore_errors=True)
    sizes = [file.bytes for file in contents.files.values()]
    return BackedUp(len(sizes), sum(sizes), contents.batch)


def _check(folder: Path, to: Path, alerts: str | None) -> None:
    if not (folder / journal.FILE).is_file():
        raise BackupError.of("backup-source", f"{folder} is no folder of besra serve", hint="name it with --data")
    if alerts is None and not (folder / alert_store.FILE).is_file():
        hint = "name their database with --alerts, as for besra serve"
        raise BackupError.of("backup-source", f"there are no alerts in {folder}", hint=hint)
    if to.exists() or to.is_symlink():
        raise BackupError.of("backup-exists", f"{to} is there already", hint="name a folder or file that is not")
    if folder.resolve() in to.resolve().parents:
        raise BackupError.of("backup-exists", f"{to} is within {folder}", hint="name a place outside of it")


# --- holding still ----------------------------------------------------------------------------------------------------


@contextmanager
def _still(folder: Path, alerts: str | None) -> Iterator[_Moment]:
    """The stores of one moment, held as long as the block runs."""
    for _ in range(ATTEMPTS):
        with ExitStack() as held:
            moment = _look(folder, alerts, held)
            if moment is not None:
                yield moment
                return
    raise BackupError.of("backup-failed", f"{folder} changes too fast", hint="try again when less comes in")


def _look(folder: Path, place: str | None, held: ExitStack) -> _Moment | None:
    """What there is; None if the journal has meanwhile dropped what the others have not got as they are held."""
    with ExitStack() as first:
        before, _ = _batches(_snapshot(folder / journal.FILE, first))
    apart = (journal.FILE, preview.FILE)
    names = sorted(path.name for path in folder.glob(f"*{SQLITE}") if path.name not in apart)
    if place is not None:
        names = [name for name in names if name != alert_store.FILE]
    databases = {name: _snapshot(folder / name, held) for name in names}
    alerts = None
    if place is None:
        position = _position(databases[alert_store.FILE])
    else:
        database = held.enter_context(closing(Database(place)))
        alerts = held.enter_context(database.reading())
        check_version(alerts, database.name)
        position = read_position(alerts)
    events = DeltaTable(str(folder / EVENTS)) if (folder / EVENTS / LOG).is_dir() else None
    stored = (events.transaction_version(APPLICATION) or 0) if events else 0
    databases[journal.FILE] = _snapshot(folder / journal.FILE, held)
    dropped, last = _batches(databases[journal.FILE])
    is_one = dropped == before or min(position, stored) >= dropped
    return _Moment(databases, alerts, events, last) if is_one else None


def _snapshot(path: Path, held: ExitStack) -> sqlite3.Connection:
    """A database as it is now, whatever is written to it later."""
    address = f"{path.absolute().as_uri()}?mode=rw"  # never made anew
    connection = sqlite3.connect(address, timeout=BUSY, isolation_level=None, uri=True)
    held.callback(connection.close)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection


def _position(alerts: sqlite3.Connection) -> int:
    found = alerts.execute("SELECT batch FROM journal_position WHERE reader = ?", (ALERTS,)).fetchone()
    return int(found[0]) if found else 0


def _batches(connection: sqlite3.Connection) -> tuple[int, int]:
    """The last batch the journal has dropped, and the last one it has taken."""
    first, last = connection.execute("SELECT min(number), max(number) FROM batch").fetchone()
    given = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'batch'").fetchone()[0]
    return (given, given) if first is None else (first - 1, max(last, given))


# --- copying ----------------------------------------------------------------------------------------------------------


def _copy(folder: Path, moment: _Moment, to: Path) -> Contents:
    to.mkdir(mode=0o700, parents=True)
    files: dict[str, File] = {}
    for name, connection in moment.databases.items():
        files[name] = _copy_database(connection, to / name)
    if moment.alerts is not None:
        files[alert_store.FILE] = _copy_alerts(moment.alerts, to / alert_store.FILE)
    for path in sorted(folder.iterdir()):
        if path.is_file() and _is_plain(path.name):
            files[path.name] = _copy_file(path, to / path.name)
    if moment.events is not None:
        for path in _event_files(folder / EVENTS, moment.events):
            files[path.relative_to(folder).as_posix()] = _copy_file(path, to / path.relative_to(folder))
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Contents(__version__, made, moment.batch, files)


def _is_plain(name: str) -> bool:
    beside = tuple(SQLITE + suffix for suffix in ("", *BESIDE))
    # A service that is restored without users makes a token of its own.
    return name not in (LOCK, set_up_token.FILE) and not name.endswith(beside)


def _copy_file(path: Path, to: Path) -> File:
    with path.open("rb") as file:
        return copied(file, to)


def _copy_database(connection: sqlite3.Connection, to: Path) -> File:
    with closing(sqlite3.connect(to)) as copy:
        connection.backup(copy)
    to.chmod(0o600)
    return sum_of(to)


def _copy_alerts(source: Connection, to: Path) -> File:
    with closing(Database(to)) as database:
        bring_up(database)
        copy_store(source, database)
    to.chmod(0o600)
    return sum_of(to)


def _event_files(folder: Path, table: DeltaTable) -> Iterator[Path]:
    """The files of a version of the table, and its log up to there."""
    version = table.version()
    for path in sorted((folder / LOG).iterdir()):
        if path.name == LAST_CHECKPOINT:
            if orjson.loads(path.read_bytes())["version"] <= version:
                yield path
        elif path.name[:20].isdigit() and int(path.name[:20]) <= version and path.suffix in (".json", ".parquet"):
            yield path
    yield from sorted(Path(name) for name in table.file_uris())


def _pack(folder: Path, to: Path) -> None:
    """The files of a backup in one, its list first: whoever restores it need not look for it."""
    packed = to.with_name(f"{to.name}.packed")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / LIST)
    try:
        with packed.open("xb") as file:
            packed.chmod(0o600)
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for path in (folder / LIST, *files):
                    tar.add(path, path.relative_to(folder).as_posix())
            file.flush()
            os.fsync(file.fileno())
        packed.rename(to)
    finally:
        packed.unlink(missing_ok=True)
