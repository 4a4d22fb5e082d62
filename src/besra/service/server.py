"""The service put together: one process, one folder for what it keeps."""

import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from besra.detection.alert import Alert
from besra.detection.detect import Job
from besra.detection.suppression_group import NO_GROUPS, Groups
from besra.language.expr import FieldRef, Range
from besra.schema.fieldtype import FieldType
from besra.service.detector import Detector
from besra.service.ingest import Clock, Ingest
from besra.service.pump import Pump
from besra.service.runs import Runs
from besra.storage.alert_search import Search, Sort
from besra.storage.alert_store import FILE as ALERTS
from besra.storage.alert_store import AlertStore, Committed
from besra.storage.event_store import EventStore
from besra.storage.journal import Journal
from besra.storage.outcome import Outcome
from besra.storage.progress import Progress

EVENTS = "events"
PAGE = 1000
"""Alerts read at a time."""


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
    clock: Clock
    failures: list[str]
    """What went wrong behind the scenes, the newest last; empty again once it went well."""


class _Sink:
    """The alert store as runs know it."""

    def __init__(self, alerts: AlertStore, job: Job) -> None:
        self._alerts = alerts
        self._suppresses = any(rule.parameters.get("alert_suppression") for rule, _ in job.rules)
        self.position = alerts.position

    def groups(self) -> Groups:
        return self._alerts.groups() if self._suppresses else NO_GROUPS

    def progress(self) -> Mapping[str, Progress]:
        return self._alerts.progress()

    def recent(self, since: int) -> Iterator[Alert]:
        condition = Range(FieldRef("@timestamp", FieldType.DATE), ">=", since)
        asked = Search(condition, (Sort(descending=False),), size=PAGE)
        while (page := self._alerts.search(asked)).alerts:
            yield from page.alerts
            asked = replace(asked, after=page.sort_values[-1])

    def commit(self, outcomes: Sequence[Outcome], position: int | None = None) -> Committed:
        committed = self._alerts.commit(*outcomes, position=position)
        self.position = max(self.position, position or 0)
        return committed


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
        sink = _Sink(alerts, job)
        pump = Pump(journal, store, Runs(Detector(job, clock()), sink, clock), sink, clock)
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
        yield Service(ingest, alerts, pump, clock, failures)
