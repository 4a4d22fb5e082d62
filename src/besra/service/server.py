"""The service put together: one process, one folder for what it keeps."""

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from besra.detection.detect import Job
from besra.detection.execution import Execution
from besra.detection.run import RunInfo
from besra.detection.suppression_group import NO_GROUPS, Groups
from besra.service.detector import Detector
from besra.service.ingest import Clock, Ingest
from besra.service.pump import Pump
from besra.storage.alert_store import FILE as ALERTS
from besra.storage.alert_store import AlertStore
from besra.storage.event_rows import EventReader
from besra.storage.event_store import EventStore
from besra.storage.journal import Journal
from besra.storage.outcome import outcome_of

EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are kept: the journal in `folder`, and what is not elsewhere by URL."""

    folder: Path
    events: str | None = None
    alerts: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs: what takes its events, what keeps its alerts, and how far it is."""

    ingest: Ingest
    alerts: AlertStore
    pump: Pump
    reader: EventReader
    clock: Clock
    failures: list[str]
    """What went wrong behind the scenes, the newest last; empty again once it went well."""


class _Sink:
    """The alert store as the pump knows it."""

    def __init__(self, alerts: AlertStore, job: Job, clock: Clock) -> None:
        self._alerts = alerts
        self._clock = clock
        self._suppresses = any(rule.parameters.get("alert_suppression") for rule, _ in job.rules)
        self.position = alerts.position

    def groups(self) -> Groups:
        return self._alerts.groups() if self._suppresses else NO_GROUPS

    def commit(self, executions: Sequence[Execution], run: RunInfo, position: int | None) -> None:
        # A record of every look at new events would be longer than the events.
        outcomes = [outcome_of(done, run, self._clock() - run.started) for done in executions if done.alerts]
        self._alerts.commit(*outcomes, position=position)
        self.position = max(self.position, position or 0)


@contextmanager
def running(job: Job, places: Places, clock: Clock, tell: Callable[[str], None]) -> Iterator[Service]:
    """A service over the rules of a job, which ends with the block; what was acknowledged by then is dealt with.

    `tell` is told what goes wrong behind the scenes. Raises BesraError if a place cannot be used.
    """
    with ExitStack() as closing:
        journal = Journal(places.folder)
        closing.callback(journal.close)
        store = EventStore(places.events or places.folder / EVENTS)
        alerts = closing.enter_context(AlertStore(places.alerts or places.folder / ALERTS))
        detector = Detector(job, clock())
        pump = Pump(journal, store, detector, _Sink(alerts, job, clock), clock)
        ingest = Ingest(journal, places.folder, clock)
        ingest.stored = ingest.last = pump.stored
        # What is loaded by now stays: looking for garbage in it would cost more than taking events.
        gc.collect()
        gc.freeze()
        closing.callback(gc.unfreeze)
        failures: list[str] = []
        stop = threading.Event()

        def failed(error: Exception) -> None:
            failures[:] = [str(error)]
            tell(f"error: {error}")

        def moved() -> None:
            failures.clear()
            ingest.stored = pump.stored

        thread = threading.Thread(target=pump.run, args=(ingest.arrived, stop, failed, moved), name="pump")
        thread.start()
        closing.callback(thread.join)
        closing.callback(ingest.arrived.set)
        closing.callback(stop.set)
        reader = EventReader(places.events or places.folder / EVENTS, places.folder)
        yield Service(ingest, alerts, pump, reader, clock, failures)
