"""From the journal to where everything belongs: events into the store, alerts into theirs, in the order of arrival.

Alerts do not wait for the store, which somebody else writes in larger pieces (`storing`). What both have is trimmed
from the journal; what one of them lacks after a crash is still there, and either takes a batch only once. What
detection remembers of events it has dealt with is made anew from the store.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from besra.detection.alert import Alert
from besra.schema.timestamp import NANOS
from besra.service.detector import Arrival, position_of
from besra.service.recall import Known, recall
from besra.service.room import LookBack, NoRoomError, lack_of_room
from besra.service.runs import AlertSink, Clock, Runs
from besra.service.storing import Storing
from besra.storage.event_store import EventStore
from besra.storage.journal import Batch, Journal

TOGETHER = 20_000
"""Most events evaluated together."""
FORGET_EVERY = 10 * NANOS
PAUSE = 1.0
"""Seconds until a step that failed is tried again."""
IDLE = 0.2
"""Seconds between two looks for new events if nobody tells of some."""
LAST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class _Next:
    """Runs that are to take over, the last batch they have been told of, and what to do then."""

    runs: Runs
    known: int
    then: Callable[[], None]


class Pump:
    """Moves what is in the journal. One thread calls `step`, or `run` does until it is told to stop.

    `on_error` is told what went wrong in a step, which is then tried again.
    """

    def __init__(
        self,
        journal: Journal,
        store: EventStore,
        runs: Runs,
        alerts: AlertSink,
        clock: Clock,
    ) -> None:
        self.storing = Storing(journal, store, alerts, clock)
        self._journal = journal
        self._store = store
        self._runs = runs
        self._alerts = alerts
        self._clock = clock
        self._read = min(self.stored, alerts.position)
        self._taken = self._read
        """The last batch the detector has; one that is read again after a failure is not taken again."""
        self._forgot_at = clock()
        self._next: _Next | None = None
        self._then: Callable[[], None] | None = None
        """What is still to be done about runs that have taken over."""
        self.has_lost_runs = False
        """Whether runs that were to take over could not; they are to be made anew."""
        self.kept = LookBack()
        """What is kept of events, as of a moment ago."""
        self.lacking = ""
        """Why no more events are taken at the moment; nothing if they are."""
        recall(runs.detector, store, runs.followed, Known(0, self._read), clock())
        self._take_known()
        # Not before: of alerts that are recalled nobody knows whether rules over alerts have seen them.
        runs.begin()

    def _take_known(self) -> None:
        """Tell the detector of what is dealt with and not in the store yet."""
        detector, known = self._runs.detector, self._alerts.position
        for batch in takewhile(lambda batch: batch.number <= known, self._journal.after(self._read)):
            self.storing.marks.add(detector.take(arrivals_of([batch]), as_of=self._clock()), batch.number)
            self._taken = batch.number
        detector.see()

    @property
    def stored(self) -> int:
        """The number of the last batch that is in the store."""
        return self.storing.stored

    @property
    def dealt_with(self) -> int:
        """The number of the last batch that is in the store and has its alerts."""
        return min(self.stored, self._alerts.position)

    @property
    def detected(self) -> int:
        """The number of the last batch that rules have seen."""
        return self._read

    @property
    def looks_back(self) -> int:
        """See `Runs`."""
        return self._runs.looks_back

    def take_over(self, runs: Runs, then: Callable[[], None]) -> None:
        """Let other runs go on from one of the next steps, and do something then, when those before have ended.

        Any thread but the pump's may say so. Raises EventStoreError, NoRoomError.
        """
        stored = self.stored
        recall(runs.detector, self._store, runs.followed, Known(0, stored), self._clock())
        self._next = _Next(runs, stored, then)

    def _hand_over(self) -> None:
        """Go on with the runs that are to take over, once those before have no work left."""
        if self._next is not None and not self._runs.detector.waiting:
            following, self._next = self._next, None
            try:
                self._tell(following.runs, following.known)
            except Exception:
                # What it was told of already it must not be told of twice.
                self.has_lost_runs = True
                raise
            self._runs, self._then = following.runs, following.then
        if self._then is not None:
            self._then()
            self._then = None

    def _tell(self, runs: Runs, known: int) -> None:
        """Tell other runs of what these have seen since a batch."""
        with self.storing.lock:
            recall(runs.detector, self._store, {}, Known(known, self._taken), self._clock())
            for batch in self._journal.after(max(self.stored, known)):
                if batch.number <= self._taken:
                    runs.detector.take(arrivals_of([batch]), as_of=self._clock())
        runs.detector.see()
        runs.begin()

    def hear(self, alerts: Sequence[Alert]) -> None:
        """Somebody else has made new alerts, which rules over alerts should read."""
        self._runs.hear(alerts)

    def run(
        self,
        arrived: threading.Event,
        stop: threading.Event,
        on_error: Callable[[Exception], None],
        on_step: Callable[[], None],
    ) -> None:
        """Move things until told to stop, then what is left. `on_step` is called after each step that went well."""
        while not stop.is_set():
            arrived.wait(IDLE)
            arrived.clear()
            try:
                while self.step():
                    on_step()
                on_step()
            except Exception as error:  # a defect, too, must be told and not end this for good
                on_error(error)
                stop.wait(PAUSE)
        try:
            self.finish()
        except Exception as error:
            on_error(error)

    def step(self) -> bool:
        """Take what has arrived, up to a lot of it; whether there was anything.

        Raises BesraError. NoRoomError means that all else has been done, and events wait.
        """
        self._hand_over()
        self.kept = self._runs.detector.kept
        self.lacking = lack_of_room(self.kept, self._runs.look_back)
        batches = [] if self.lacking else self._next_batches()
        if batches:
            self._detect(batches)
            self._read = batches[-1].number
        are_due = self._runs.scheduled(self._taken)
        now = self._clock()
        # A clock that has been set back would otherwise keep it waiting for as long.
        self._forgot_at = min(self._forgot_at, now)
        if now - self._forgot_at >= FORGET_EVERY:
            self._runs.detector.forget(now)
            self._runs.detector.wake()
            self._runs.refresh()
            self._forgot_at = now
        self._runs.listen()
        if self._runs.detector.waiting:
            self._runs.arrived(None)
        if self.lacking and self._journal.waiting(self._read):
            raise NoRoomError(self.lacking)
        return bool(batches) or are_due

    def finish(self) -> None:
        """Take all that has arrived, and leave nothing waiting. Raises BesraError."""
        while self.step():
            pass
        self._runs.refresh(is_last=True)
        self.storing.finish()

    def _next_batches(self) -> list[Batch]:
        batches, events = [], 0
        for batch in self._journal.after(self._read):
            batches.append(batch)
            events += len(batch.records)
            if events >= TOGETHER:
                break
        return batches

    def _detect(self, batches: Sequence[Batch]) -> None:
        detector, known, last = self._runs.detector, self._alerts.position, batches[-1].number
        fresh = [batch for batch in batches if batch.number > self._taken]
        self.storing.marks.add(detector.take(arrivals_of(fresh)), last)
        self._taken = max(self._taken, last)
        if last > known:
            self._runs.arrived(last)


def arrivals_of(batches: Sequence[Batch]) -> list[Arrival]:
    """The events of batches as a detector takes them."""
    return [
        Arrival(record, position_of(batch.number, place), batch.received)
        for batch in batches
        for place, record in enumerate(batch.records)
    ]
