"""From the journal into the event store, in a thread of its own: to write in large pieces must not hold up alerts.

It follows the journal by itself, so nothing waits in memory while the store cannot be written.
"""

import threading
from collections.abc import Callable
from typing import Protocol

from besra.schema.timestamp import NANOS
from besra.service.allocator import give_back
from besra.service.kept_marks import KeptMarks
from besra.storage.event_store import EventStore, StoredEvent
from besra.storage.journal import Batch, Journal

TOGETHER = 50_000
BYTES = 192 << 20
"""Events are written when there are so many, or so many bytes of them."""
EVERY = 5 * NANOS
"""They are written after so long, however few they are."""
LOOK_EVERY = 0.5
PAUSE = 1.0
"""Seconds between two looks at what there is, and until something that failed is tried again."""


class HasPosition(Protocol):
    """Where alerts go."""

    @property
    def position(self) -> int:
        """The number of the last batch whose alerts are there."""


class Storing:
    """Stores what is in a journal, and trims it of what has its alerts, too. Any thread may call it."""

    def __init__(self, journal: Journal, store: EventStore, alerts: HasPosition, clock: Callable[[], int]) -> None:
        self.stored = store.last_batch
        """The number of the last batch that is in the store."""
        self.marks = KeptMarks(min(self.stored, alerts.position))
        """Which rules kept what is to be stored."""
        self.lock = threading.Lock()
        """To be held by whoever must not have anything stored or trimmed meanwhile."""
        self._journal = journal
        self._store = store
        self._alerts = alerts
        self._clock = clock
        self._trimmed = 0
        self._stored_at = clock()

    def run(self, stop: threading.Event, on_error: Callable[[Exception], None], on_step: Callable[[], None]) -> None:
        """Store things until told to stop; what is left then is for `finish`."""
        while not stop.wait(LOOK_EVERY):
            try:
                while not stop.is_set() and self.step():
                    give_back()
                    on_step()
            except Exception as error:  # a defect, too, must be told and not end this for good
                on_error(error)
                stop.wait(PAUSE)

    def step(self) -> bool:
        """Store what has waited long enough, up to a lot of it; whether there was anything. Raises BesraError."""
        with self.lock:
            now = self._clock()
            is_due = not 0 <= now - self._stored_at < EVERY
            return (is_due or self._journal.waiting(self.stored) >= TOGETHER) and self._write(now)

    def finish(self) -> None:
        """Store all there is. Raises BesraError."""
        with self.lock:
            while self._write(self._clock()):
                pass

    def _write(self, now: int) -> bool:
        batches = self._next()
        if batches:
            last = batches[-1].number
            self._store.add(stored_events(batches, self.marks), last)
            self.marks.forget(last)
            self.stored = last
        self._stored_at = now
        done = min(self.stored, self._alerts.position)
        if done > self._trimmed:
            self._journal.trim(done)
            self._trimmed = done
        return bool(batches)

    def _next(self) -> list[Batch]:
        batches, events, size = [], 0, 0
        for batch in self._journal.after(self.stored):
            batches.append(batch)
            events += len(batch.records)
            size += sum(len(record.line) for record in batch.records)
            if events >= TOGETHER or size >= BYTES:
                break
        return batches


def stored_events(batches: list[Batch], marks: KeptMarks) -> list[StoredEvent]:
    """The events of batches as the store takes them."""
    told = iter(marks.of_batches(batches))
    return [
        StoredEvent(batch.number, place, record.index, record.id, record.line, record.time, batch.received, next(told))
        for batch in batches
        for place, record in enumerate(batch.records)
    ]
