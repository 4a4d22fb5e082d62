"""Dead letters: what was refused for good, kept for a person to look at, since whoever sent it will not send it again.

A SQLite file with when, from where, why, and the bytes. It is bounded: the oldest leave to make room, and are counted.
One thread writes, and nobody waits for it who does not want to: a letter that cannot be kept, since the disk is full or
too many come at once, is counted and told of by the answer to `add`, and fails nothing else.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from besra.errors import BesraError

FILE = "dead_letters.sqlite"
TOGETHER = 1000
"""Most letters written by one transaction."""
BUSY = 10
"""Seconds to wait for another process that reads the file."""
OVERHEAD = 100
"""Bytes counted for a letter beside what it holds."""
LONGEST_REASON = 2000

SCHEMA = """CREATE TABLE IF NOT EXISTS letter (
    number INTEGER PRIMARY KEY AUTOINCREMENT, received INTEGER NOT NULL, origin TEXT NOT NULL, reason TEXT NOT NULL,
    size INTEGER NOT NULL, cost INTEGER NOT NULL, body BLOB NOT NULL
)"""
ROOM = "SELECT count(*), coalesce(sum(cost), 0) FROM letter"
LAST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'letter'), 0)"
PAGE = """SELECT number, received, origin, reason, size, coalesce(substr(body, 1, ?), x'') FROM letter WHERE number < ?
    ORDER BY number DESC LIMIT ?"""
ONE = "SELECT number, received, origin, reason, size, body FROM letter WHERE number = ?"
NEWEST = (1 << 63) - 1
WHOLE = 1 << 30


class DeadLetterError(BesraError):
    """The file of dead letters cannot be opened or read."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept, in bytes: in all, of one letter (the rest is cut off), and in memory on the way to the disk."""

    kept: int = 64 << 20
    letter: int = 1 << 20
    waiting: int = 16 << 20


DEFAULT_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Letter:
    """Something refused for good: the way it came in and where it was there (`_bulk`, `kafka:logs/0@17`), why, and its
    bytes as they came."""

    origin: str
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A letter that is kept. Numbers ascend without end; `received` is in nanoseconds since 1970.

    `size` is how many bytes were refused; `body` may hold only the first of them.
    """

    number: int
    received: int
    origin: str
    reason: str
    size: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Counts:
    """`kept`: letters that are there, and their `bytes`. `dropped`: those that left to make room, ever.

    `added` and `lost` are of this process: letters written, and letters that could not be.
    """

    kept: int
    bytes: int
    dropped: int
    added: int
    lost: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    letter: Letter
    received: int
    size: int
    answer: "Future[bool]"


class DeadLetters:
    """The letters of a data folder, open for writing. To be closed; what waits is written then.

    All methods may be called by any thread. Raises DeadLetterError if the file cannot be opened.
    """

    def __init__(self, folder: Path, clock: Callable[[], int], bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self._path = folder / FILE
        self._clock = clock
        self._bounds = bounds
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._held = 0
        self._added = 0
        self._lost = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = FULL")
            self._file.execute(SCHEMA)
            self._count, self._cost = self._file.execute(ROOM).fetchone()
            (last,) = self._file.execute(LAST).fetchone()
            self._dropped = last - self._count
        except (OSError, sqlite3.Error) as error:
            raise DeadLetterError(f"{self._path}: {error}") from error
        self._thread = threading.Thread(target=self._write, name="dead letters", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what waits, then close the file."""
        self._waiting.put(None)
        self._thread.join()
        self._file.close()

    def add(self, letter: Letter) -> "Future[bool]":
        """Keep a letter, without waiting. The answer comes later: whether it is on disk."""
        answer: Future[bool] = Future()
        answer.set_running_or_notify_cancel()  # nobody can cancel what is on its way
        kept = Letter(letter.origin, letter.reason[:LONGEST_REASON], letter.body[: self._bounds.letter])
        cost = _cost(kept)
        with self._lock:
            if self._held + cost > self._bounds.waiting:
                self._lost += 1
                answer.set_result(False)
                return answer
            self._held += cost
        self._waiting.put(_Waiting(kept, self._clock(), len(letter.body), answer))
        return answer

    def counts(self) -> Counts:
        """How many there are, and what became of the others."""
        with self._lock:
            return Counts(self._count, self._cost, self._dropped, self._added, self._lost)

    def page(self, before: int = NEWEST, limit: int = 100, body: int = WHOLE) -> list[KeptLetter]:
        """Letters, the newest first, those below a number; at most `body` bytes of each. Raises DeadLetterError."""
        return read_letters(self._path, before, limit, body)

    def one(self, number: int) -> KeptLetter | None:
        """The letter of a number, if it is there. Raises DeadLetterError."""
        return next(_read(self._path, ONE, (number,)), None)

    def _write(self) -> None:
        while first := self._waiting.get():
            letters = [first]
            is_last = False
            while len(letters) < TOGETHER and not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    is_last = True
                    break
                letters.append(more)
            self._keep(letters)
            if is_last:
                return

    def _keep(self, letters: Sequence[_Waiting]) -> None:
        try:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany(
                "INSERT INTO letter (received, origin, reason, size, cost, body) VALUES (?, ?, ?, ?, ?, ?)",
                map(_row, letters),
            )
            cost = self._cost + sum(_cost(waiting.letter) for waiting in letters)
            dropped, cost = self._make_room(cost)
            self._file.execute("COMMIT")
        except Exception:  # whatever it was: counted, and nothing else fails for it
            if self._file.in_transaction:
                self._file.rollback()
            self._answer(letters, False)
            return
        with self._lock:
            self._count += len(letters) - dropped
            self._cost, self._dropped = cost, self._dropped + dropped
        self._answer(letters, True)

    def _make_room(self, cost: int) -> tuple[int, int]:
        """Drop the oldest letters of those that cost so much, until the others are within the bounds.

        How many those were, and what the others cost.
        """
        oldest, dropped = 0, 0
        for number, own in self._file.execute("SELECT number, cost FROM letter ORDER BY number"):
            if cost <= self._bounds.kept:
                break
            oldest, cost, dropped = number, cost - own, dropped + 1
        self._file.execute("DELETE FROM letter WHERE number <= ?", (oldest,))
        return dropped, cost

    def _answer(self, letters: Sequence[_Waiting], is_kept: bool) -> None:
        with self._lock:
            self._held -= sum(_cost(waiting.letter) for waiting in letters)
            self._added += len(letters) if is_kept else 0
            self._lost += 0 if is_kept else len(letters)
        for waiting in letters:
            waiting.answer.set_result(is_kept)


def read_letters(path: Path, before: int = NEWEST, limit: int = 100, body: int = WHOLE) -> list[KeptLetter]:
    """As `DeadLetters.page`, of a file that another process may be writing. Raises DeadLetterError."""
    return list(_read(path, PAGE, (body, before, limit)))


def _read(path: Path, query: str, values: tuple[int, ...]) -> Iterator[KeptLetter]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY)) as file:
            for row in file.execute(query, values):
                yield KeptLetter(*row)
    except sqlite3.Error as error:
        raise DeadLetterError(f"{path}: {error}") from error


def _cost(letter: Letter) -> int:
    return len(letter.body) + 4 * (len(letter.origin) + len(letter.reason)) + OVERHEAD


def _row(waiting: _Waiting) -> tuple[object, ...]:
    letter = waiting.letter
    origin, reason = (text.encode("utf-8", "replace").decode() for text in (letter.origin, letter.reason))
    return (waiting.received, origin, reason, waiting.size, _cost(letter), letter.body)
