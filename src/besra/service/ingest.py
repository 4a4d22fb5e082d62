"""Taking events in: admitted, journalled, and acknowledged when they are on disk; refused before room runs out."""

import asyncio
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from besra.events.recognise import DEFAULTS, Intake
from besra.schema.timestamp import NANOS
from besra.service.admission import Admission
from besra.service.bulk import Done, Item, Put, Refused
from besra.service.dead_letters import DeadLetters, Letter
from besra.service.exposition import Histogram
from besra.service.footprint import memory_of_process
from besra.storage.journal import Journal, JournalError, Note, Receipt, Record

Clock = Callable[[], int]
"""The time in nanoseconds since 1970."""


class BusyError(Exception):
    """There is no room for more at the moment; to be tried again after so many seconds."""

    def __init__(self, reason: str, seconds: int = 5) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken, in bytes but for `waiting` and `ahead`.

    `body`: of one request in the clear. `memory`: of the bodies being worked on. `process`: of the whole process, None
    for any. `disk`: what has to stay free.
    `waiting`: batches that are acknowledged and not yet in the store. `ahead`: for how many nanoseconds events may have
    been acknowledged before rules see them; if it is longer, more have to wait for a moment.
    """

    body: int = 100 << 20
    memory: int = 256 << 20
    process: int | None = None
    disk: int = 512 << 20
    waiting: int = 20_000
    ahead: int = NANOS // 2


DEFAULT_LIMITS = Limits()
LOOK_EVERY = NANOS
"""How long what the disk has free is taken for true."""
PATIENCE = 2.0
MOMENT = 0.01
"""Seconds a request waits at most for rules to see what came before, and between two looks whether they have."""


class Ingest:
    """What takes events. One for a process; its methods may be called from any task of one event loop.

    `stored` tells the number of the last batch that is in the store.
    """

    def __init__(
        self,
        journal: Journal,
        folder: Path,
        clock: Clock,
        *,
        intake: Intake = DEFAULTS,
        limits: Limits = DEFAULT_LIMITS,
        letters: DeadLetters | None = None,
    ) -> None:
        self.limits = limits
        self.letters = letters
        """Where documents go that are refused for good."""
        self.stored = 0
        self.taken = 0
        """Documents acknowledged since the start."""
        self.refused = 0
        self.last = 0
        """The number of the last batch acknowledged."""
        self.arrived = threading.Event()
        """Set when there is something new in the journal."""
        self.failure = ""
        """Why the journal could not be written the last time; nothing if it could."""
        self._journal = journal
        self._folder = folder
        self._clock = clock
        self.intake = intake
        """How documents become events."""
        self._admission = Admission(intake)
        self.detected = 0
        """The number of the last batch that rules have seen."""
        self.is_patient = True
        """Whether requests wait for rules; it is for nothing while events or alerts cannot be stored."""
        self.takes = Histogram()
        """From the arrival of a request's documents to their acknowledgement."""
        self.latencies = Histogram()
        """From the acknowledgement of a request until rules have seen what it brought, and their alerts are kept."""
        self._ahead: deque[tuple[int, float]] = deque()
        """The batches rules have not seen, and when they were acknowledged."""
        self._passing = threading.Lock()
        self._bytes = 0
        self._free = self._process = 0
        self._looked: int | None = None

    def check(self) -> None:
        """Raises BusyError if there is no room for another request."""
        if self._bytes > self.limits.memory:
            raise BusyError("requests are being worked on that fill the memory allowed")
        if self.last - self.stored > self.limits.waiting:
            raise BusyError("the event store or the alerts are behind", 10)
        if self.free_space() < self.limits.disk:
            raise BusyError("the disk is nearly full", 60)
        if self.limits.process is not None and self._process > self.limits.process:
            raise BusyError("the service has all the memory it may have", 10)

    def free_space(self) -> int:
        """Bytes free on the disk, as of a moment ago; what the process has in memory is looked at with it."""
        now = self._clock()
        if self._looked is None or not 0 <= now - self._looked < LOOK_EVERY:
            self._free, self._process = shutil.disk_usage(self._folder).free, memory_of_process()
            self._looked = now
        return self._free

    @contextmanager
    def room(self) -> Iterator[Callable[[int], None]]:
        """Room for a request, which tells how many bytes more it holds. Raises BusyError, and so does telling."""
        self.check()
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            # The only one may be larger than what is allowed for all of them.
            if self._bytes > held and self._bytes + size > self.limits.memory:
                raise BusyError("requests are being worked on that fill the memory allowed")
            held += size
            self._bytes += size

        try:
            yield hold
        finally:
            self._bytes -= held

    async def take(
        self, items: Sequence[Item], origin: str = "_bulk", note: Note | None = None
    ) -> list[Done | Refused]:
        """Take documents; the answer comes when they are on disk. Raises BusyError, JournalError if they are not.

        What is refused becomes a dead letter that says it came from `origin`. The journal keeps a note with the
        documents, or neither.
        """
        self.check()
        started = time.monotonic()
        await self._let_rules_catch_up()
        received = self._clock()
        outcomes = await run_in_threadpool(self._admission.admitted, items, received)
        records = [outcome for outcome in outcomes if isinstance(outcome, Record)]
        receipt: Receipt | None = None
        if records:
            receipt = await self._journalled(records, received, note)
        if receipt is not None and receipt.number is not None:
            self.last = max(self.last, receipt.number)
            self._ahead.append((receipt.number, time.monotonic()))
            self.arrived.set()
        verdicts = iter(receipt.verdicts if receipt else ())
        answers = [
            Done(item, outcome.id, next(verdicts)) if isinstance(outcome, Record) and isinstance(item, Put) else outcome
            for item, outcome in zip(items, outcomes, strict=True)
        ]
        done = [found for found in answers if not isinstance(found, Record)]
        self.takes.observe(time.monotonic() - started)
        self.taken += len(records)
        self.refused += len(done) - len(records)
        self.bury((found for found in done if isinstance(found, Refused)), origin)
        return done

    async def _journalled(self, records: Sequence[Record], received: int, note: Note | None) -> Receipt:
        try:
            receipt = await asyncio.wrap_future(self._journal.submit(records, received, note))
        except JournalError as error:
            self.failure = str(error)
            raise
        self.failure = ""
        return receipt

    async def _let_rules_catch_up(self) -> None:
        """Wait while rules have much to see: alerts are late for as long as it takes to look at what came before."""
        until = time.monotonic() + PATIENCE
        while self._is_ahead() and self.is_patient and time.monotonic() < until:
            await asyncio.sleep(MOMENT)

    def saw(self, number: int) -> None:
        """Rules have seen the batches up to that number. Any thread may say so."""
        self.detected = number
        self._pass_seen()

    def _pass_seen(self) -> float | None:
        """Forget the batches that rules have seen; when the first of the others was acknowledged."""
        now = time.monotonic()
        with self._passing:
            while self._ahead and self._ahead[0][0] <= self.detected:
                self.latencies.observe(now - self._ahead.popleft()[1])
            return self._ahead[0][1] if self._ahead else None

    def _is_ahead(self) -> bool:
        first = self._pass_seen()
        return first is not None and time.monotonic() - first > self.limits.ahead / NANOS

    def bury(self, refused: Iterable[Refused], origin: str) -> None:
        """Keep what is refused for good and has something to keep as dead letters."""
        for found in refused:
            if found.body:
                self.bury_body(f"{origin} {found.index}", found.reason, found.body)

    def bury_body(self, origin: str, reason: str, body: bytes) -> None:
        """Keep a body nothing can be taken from as a dead letter."""
        if self.letters is not None:
            self.letters.add(Letter(origin, reason, body))

    def note(self, name: str) -> bytes:
        """What was last noted under a name. Raises JournalError."""
        return self._journal.note(name)
