"""The journal: what has been acknowledged and not yet found its place in the stores.

A SQLite file in WAL mode that syncs every commit. One thread writes: requests that wait while it commits are committed
together by its next transaction, so many clients cost hardly more syncs than one. Documents are kept compressed, in
batches as they came; a batch leaves once everything that has to know it does (`trim`).

Ids are remembered longer than batches: a document that is to be created under an id that is there is refused.
"""

import hashlib
import queue
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import orjson
import zstandard

from besra.errors import BesraError
from besra.storage.recent import Recent

FILE = "journal.sqlite"
LEVEL = 1
"""The compression is for the disk's sake; a higher level would cost more than the sync."""
TOGETHER = 64
"""Most requests committed together: it bounds how long the first one waits for the others."""
BUSY = 10
"""Seconds to wait for another process that reads the file."""

BATCHES = """CREATE TABLE IF NOT EXISTS batch (
    number INTEGER PRIMARY KEY AUTOINCREMENT, received INTEGER NOT NULL, documents INTEGER NOT NULL,
    names BLOB NOT NULL, lines BLOB NOT NULL
)"""
KNOWN = "CREATE TABLE IF NOT EXISTS known (id BLOB PRIMARY KEY, batch INTEGER NOT NULL) WITHOUT ROWID"
KNOWN_BATCH = "CREATE INDEX IF NOT EXISTS known_batch ON known (batch)"
NOTES = "CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value BLOB NOT NULL)"
IDENTITY = "besra: journal"
"""The name of the note that says which journal this is."""
SCHEMA = (BATCHES, KNOWN, KNOWN_BATCH, NOTES)


class JournalError(BesraError):
    """The journal cannot be written or read: the disk is full, read-only or broken. Nothing was acknowledged."""


class Verdict(Enum):
    """What became of a record: new, there before and taken again, or refused since its id is there."""

    CREATED = "created"
    UPDATED = "updated"
    CONFLICT = "conflict"


class Record(NamedTuple):
    """A document on its way in: one line of JSON, the names it answers to, its home first, its id and its time.

    The time is in nanoseconds since 1970, None if it has none. With `is_create` it is refused if its id is known in its
    home. Without `has_own_id` nobody will ask for its id again.
    """

    line: bytes
    index: tuple[str, ...]  # type: ignore[assignment]  # tuples have a method of that name
    id: str
    time: int | None = None
    is_create: bool = False
    has_own_id: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """What was asked for together. Numbers ascend without end; `received` is when, in nanoseconds since 1970."""

    number: int
    received: int
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a request: the verdicts in the order of its records, and its batch unless all were refused."""

    verdicts: tuple[Verdict, ...]
    number: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be remembered under a name, instead of what was, together with a batch or not at all."""

    name: str
    value: bytes


@dataclass(slots=True)
class _Request:
    records: Sequence[Record]
    received: int
    note: Note | None
    answer: "Future[Receipt]"


class Journal:
    """An open journal. To be closed; requests still waiting then are answered first.

    `submit`, `after` and `waiting` may be called by any thread, `trim` by one. Raises JournalError if the file cannot
    be opened.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._writing = self._connection()
            with self._writing:
                for statement in SCHEMA:
                    self._writing.execute(statement)
            self._trimming = self._connection()
            (last,) = self._trimming.execute("SELECT coalesce(max(number), 0) FROM batch").fetchone()
            self._recent = Recent(last)
            self.identity, self.is_new = self._identity()
            """The number that tells it from other journals; whether it never had a batch."""
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"{self._path}: {error}") from error
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _identity(self) -> tuple[int, bool]:
        with self._writing:
            made = (IDENTITY, secrets.token_bytes(8))
            self._writing.execute("INSERT INTO note VALUES (?, ?) ON CONFLICT DO NOTHING", made)
        (kept,) = self._writing.execute("SELECT value FROM note WHERE name = ?", (IDENTITY,)).fetchone()
        counted = self._writing.execute("SELECT seq FROM sqlite_sequence WHERE name = 'batch'").fetchone()
        return int.from_bytes(kept, "big", signed=True), counted is None

    def number_after(self, number: int) -> None:
        """Give batches numbers beyond this one. To be said before any is taken. Raises JournalError."""
        try:
            with self._writing:
                (last,) = self._writing.execute(
                    "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'batch'"
                ).fetchone()
                if last >= number:
                    return
                self._writing.execute("DELETE FROM sqlite_sequence WHERE name = 'batch'")
                self._writing.execute("INSERT INTO sqlite_sequence VALUES ('batch', ?)", (number,))
        except sqlite3.Error as error:
            raise JournalError(f"{self._path}: {error}") from error

    def close(self) -> None:
        """Answer what waits, then close the file."""
        self._waiting.put(None)
        self._thread.join()
        self._writing.close()
        self._trimming.close()

    def submit(self, records: Sequence[Record], received: int, note: Note | None = None) -> "Future[Receipt]":
        """Ask for records to be kept. The receipt comes once they are on disk; JournalError if they are not."""
        answer: Future[Receipt] = Future()
        answer.set_running_or_notify_cancel()  # whoever gives up waiting cannot take back what is on its way
        self._waiting.put(_Request(records, received, note, answer))
        return answer

    def note(self, name: str) -> bytes:
        """What was last noted under a name; nothing if nothing was. Raises JournalError."""
        try:
            with closing(self._connection()) as connection:
                found = connection.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            raise JournalError(f"{self._path}: {error}") from error
        return found[0] if found else b""

    def _write(self) -> None:
        while request := self._waiting.get():
            requests = [request]
            is_last = False
            while len(requests) < TOGETHER and not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    is_last = True
                    break
                requests.append(more)
            self._commit(requests)
            if is_last:
                return

    def _commit(self, requests: Sequence[_Request]) -> None:
        """Keep what several requests hold, all of it or nothing, and answer them."""
        connection = self._writing
        try:
            connection.execute("BEGIN IMMEDIATE")
            receipts = [self._keep(request) for request in requests]
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.rollback()
            for request in requests:
                request.answer.set_exception(JournalError(f"{self._path}: {error}"))
            return
        for request, receipt in zip(requests, receipts, strict=True):
            if receipt.number is not None:
                self._recent.add(Batch(receipt.number, request.received, _kept(request.records, receipt.verdicts)))
            request.answer.set_result(receipt)

    def _keep(self, request: _Request) -> Receipt:
        verdicts = self._verdicts(request.records)
        kept = _kept(request.records, verdicts)
        if not kept:
            return Receipt(verdicts, None)
        compress = zstandard.ZstdCompressor(LEVEL).compress
        names = compress(orjson.dumps([(record.index, record.id, record.time) for record in kept]))
        lines = compress(b"\n".join(record.line for record in kept))
        cursor = self._writing.execute(
            "INSERT INTO batch (received, documents, names, lines) VALUES (?, ?, ?, ?)",
            (request.received, len(kept), names, lines),
        )
        number = cursor.lastrowid
        own = [(known_id(record), number) for record in kept if record.has_own_id]
        self._writing.executemany(
            "INSERT INTO known VALUES (?, ?) ON CONFLICT DO UPDATE SET batch = excluded.batch", own
        )
        if request.note:
            self._writing.execute(
                "INSERT INTO note VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (request.note.name, request.note.value),
            )
        return Receipt(verdicts, number)

    def _verdicts(self, records: Sequence[Record]) -> tuple[Verdict, ...]:
        seen: set[bytes] = set()
        verdicts = []
        for record in records:
            if not record.has_own_id:
                verdicts.append(Verdict.CREATED)
                continue
            key = known_id(record)
            is_known = key in seen or self._knows(key)
            seen.add(key)
            verdicts.append(
                Verdict.CREATED if not is_known else Verdict.CONFLICT if record.is_create else Verdict.UPDATED
            )
        return tuple(verdicts)

    def _knows(self, key: bytes) -> bool:
        return self._writing.execute("SELECT 1 FROM known WHERE id = ?", (key,)).fetchone() is not None

    def after(self, number: int) -> Iterator[Batch]:
        """The batches after one of that number, in their order. Raises JournalError."""
        recent = self._recent.after(number)
        if recent is not None:
            yield from recent
            return
        try:
            with closing(self._connection()) as reading:
                yield from batches_after(reading, number)
        except DEFECTS as error:
            raise JournalError(f"{self._path}: {error}") from error

    def waiting(self, number: int) -> int:
        """The documents of the batches after one of that number. Raises JournalError."""
        try:
            with closing(self._connection()) as reading:
                asked = "SELECT coalesce(sum(documents), 0) FROM batch WHERE number > ?"
                return int(reading.execute(asked, (number,)).fetchone()[0])
        except sqlite3.Error as error:
            raise JournalError(f"{self._path}: {error}") from error

    def trim(self, number: int, *, forget: int = 0) -> None:
        """Drop the batches up to that number, and forget the ids of those up to `forget`. Raises JournalError."""
        try:
            self._trimming.execute("BEGIN IMMEDIATE")
            self._trimming.execute("DELETE FROM batch WHERE number <= ?", (number,))
            self._trimming.execute("DELETE FROM known WHERE batch <= ?", (forget,))
            self._trimming.execute("COMMIT")
            self._recent.drop(number)
        except sqlite3.Error as error:
            if self._trimming.in_transaction:
                self._trimming.rollback()
            raise JournalError(f"{self._path}: {error}") from error


def _kept(records: Sequence[Record], verdicts: Sequence[Verdict]) -> tuple[Record, ...]:
    """The records that are not refused."""
    if Verdict.CONFLICT not in verdicts:
        return tuple(records)
    return tuple(r for r, verdict in zip(records, verdicts, strict=True) if verdict is not Verdict.CONFLICT)


class PendingBatches:
    """What a journal holds at the moment, read beside whoever writes it, also by another process. To be closed.

    Raises JournalError if it cannot be read; a folder without a journal has no batches.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._connection: sqlite3.Connection | None = None
        if not self._path.exists():
            return
        try:
            # From the first look on it sees what there was then, whatever is written or trimmed meanwhile.
            address = f"{self._path.absolute().as_uri()}?mode=ro"
            connection = sqlite3.connect(address, BUSY, isolation_level=None, check_same_thread=False, uri=True)
            self._connection = connection
            connection.execute("BEGIN")
            connection.execute("SELECT max(number) FROM batch").fetchone()
        except sqlite3.Error as error:
            self.close()
            raise JournalError(f"{self._path}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()

    def after(self, number: int) -> Iterator[Batch]:
        """The batches after one of that number, in their order. Raises JournalError."""
        if self._connection is None:
            return
        try:
            yield from batches_after(self._connection, number)
        except DEFECTS as error:
            raise JournalError(f"{self._path}: {error}") from error


DEFECTS = (sqlite3.Error, zstandard.ZstdError, orjson.JSONDecodeError)
"""What a journal that cannot be read raises."""


def forget_ids(folder: Path, number: int, at_once: int) -> int:
    """Forget the ids of batches up to one of that number, so many at once that nobody has to wait. How many they were.

    A document that is to be created under such an id is new again. Raises JournalError.
    """
    path, forgotten = folder / FILE, 0
    try:
        connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
        try:
            some = "SELECT id FROM known WHERE batch <= ? LIMIT ?"
            while count := connection.execute(f"DELETE FROM known WHERE id IN ({some})", (number, at_once)).rowcount:
                forgotten += count
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {error}") from error
    return forgotten


def batches_after(connection: sqlite3.Connection, number: int) -> Iterator[Batch]:
    """The batches after one of that number, in their order. Raises `DEFECTS`."""
    rows = connection.execute(
        "SELECT number, received, names, lines FROM batch WHERE number > ? ORDER BY number", (number,)
    )
    for own, received, names, lines in rows:
        expand = zstandard.ZstdDecompressor().decompress
        told, texts = orjson.loads(expand(names)), expand(lines).split(b"\n")
        records = (Record(line, tuple(index), id_, time) for line, (index, id_, time) in zip(texts, told, strict=True))
        yield Batch(own, received, tuple(records))


def known_id(record: Record) -> bytes:
    """Sixteen bytes for an index and an id: ids are told apart within their index only."""
    told = f"{len(record.index[0])}:{record.index[0]}{record.id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(told, digest_size=16).digest()
