"""Rules tried on the events there are, as scheduled runs would see them; real alerts are left alone (8.1).

The alerts of a trial are in a store of their own beside the others, for an hour at most, and of the last few trials. A
trial ends when its time is over, or when it has found more than anybody reads.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from besra.detection.detect import Job
from besra.detection.run import RunInfo
from besra.detection.schedule import interval_of
from besra.problems import Problem, Severity
from besra.rules.rule import Rule
from besra.schema.timestamp import NANOS, format_timestamp
from besra.service.answering import RequestError
from besra.service.backfill import Backfill, Events, Step
from besra.service.ingest import BusyError
from besra.service.stores import StoredAlerts
from besra.storage.alert_store import AlertStore
from besra.storage.outcome import Outcome

FILE = "previews.sqlite"
SECONDS = 60.0
"""What a trial may take."""
KEPT = 3600 * NANOS
"""How long its alerts are kept."""
MOST_KEPT = 20
"""Trials whose alerts are kept."""
MOST_ALERTS = 10_000
"""Of a trial."""
MOST_RUNS = 1_000
AT_ONCE = 2
"""Trials that run at the same time, of one asker only one."""
MILLI = 1_000_000


@dataclass(frozen=True, slots=True)
class Trial:
    """What is asked for: a rule, whose id is that of the trial, and when its runs would have started, in order."""

    rule: Rule
    job: Job
    starts: tuple[int, ...]


def starts_of(rule: Rule, count: int, end: int) -> tuple[int, ...]:
    """When so many runs would have started, the last one at `end`."""
    interval = interval_of(rule.schedule)
    return tuple(end - back * interval for back in range(count - 1, -1, -1))


class StoppedError(Exception):
    """A trial that was not gone through to its end, and why."""


@dataclass
class _Account:
    """What the runs of a trial come to; their alerts are stored at once, so that later runs know of them."""

    alerts: StoredAlerts
    until: float
    logs: dict[int, dict[str, Any]] = field(default_factory=dict)
    found: int = 0

    def run_of(self, step: Step, _: int) -> RunInfo:
        """See `backfill.Account`."""
        return RunInfo(step.start, kind="scheduled", intended=step.start)

    def note(self, step: Step, outcome: Outcome | None) -> None:
        """See `backfill.Account`. Raises StoppedError."""
        run = outcome.run if outcome else None
        self.logs[step.start] = {
            "errors": _told(run.problems if run else (), is_error=True),
            "warnings": _told(run.problems if run else (), is_error=False),
            "startedAt": format_timestamp(step.start),
            "duration": (run.duration if run else 0) // MILLI,
        }
        if outcome:
            self.alerts.commit([outcome])
            self.found += len(outcome.alerts)
        if self.found > MOST_ALERTS:
            raise StoppedError(f"there are more than {MOST_ALERTS:,} alerts; try fewer runs, or a narrower rule")
        self.check()

    def check(self) -> None:
        """Raises StoppedError when the time is over."""
        if time.monotonic() > self.until:
            raise StoppedError(f"it took longer than {SECONDS:g} seconds; try fewer runs")


def _told(problems: Sequence[Problem], *, is_error: bool) -> list[str]:
    return [one.message for one in problems if (one.severity is Severity.ERROR) is is_error]


@dataclass(frozen=True, slots=True)
class _Watched:
    """Events that are read as long as there is time."""

    events: Events
    check: Callable[[], None]

    def read(self, start: int, end: int, *, by: str) -> Iterator[pa.RecordBatch]:
        """See `backfill.Events`."""
        for rows in self.events.read(start, end, by=by):
            self.check()
            yield rows


class Previews:
    """The trials of a service. Any thread may use it. To be closed."""

    def __init__(self, folder: Path, events: Events, clock: Callable[[], int]) -> None:
        self._file = folder / FILE
        self._events = events
        self._clock = clock
        self._lock = threading.Lock()
        self._store: AlertStore | None = None
        self._kept: dict[str, int] = {}
        self._askers: set[str] = set()
        self._remove()

    def close(self) -> None:
        """Close the store, and remove it: nobody finds a trial again after a start."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
        self._remove()

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)

    @property
    def store(self) -> AlertStore:
        """The alerts of the last trials, those that are too old removed. Raises AlertStoreError."""
        with self._lock:
            if self._store is None:
                self._store = AlertStore(self._file)
            self._tidy(self._store)
            return self._store

    def _tidy(self, store: AlertStore) -> None:
        now = self._clock()
        old = [uuid for uuid, made in self._kept.items() if not now - KEPT <= made <= now]
        old += [uuid for uuid in [*self._kept][:-MOST_KEPT] if uuid not in old]
        for uuid in old:
            store.remove_rule(uuid)
            del self._kept[uuid]

    def run(self, asker: str, trial: Trial) -> Mapping[str, Any]:
        """Try a rule; what is told of it. Raises BusyError, AlertStoreError, EventStoreError."""
        with self._turn(asker):
            store, uuid = self.store, str(trial.rule.parameters["id"])
            with self._lock:
                self._kept[uuid] = self._clock()
            account = _Account(StoredAlerts(store), time.monotonic() + SECONDS)
            events = _Watched(self._events, account.check)
            stopped = ""
            try:
                steps = [Step(0, start) for start in trial.starts] if trial.job.rules else []
                for _ in Backfill(trial.job, events, account.alerts, self._clock, account).outcomes(steps):
                    account.check()
            except StoppedError as error:
                stopped = str(error)
        logs = [account.logs[start] for start in trial.starts if start in account.logs]
        if stopped:
            logs.append({"errors": [stopped], "warnings": [], "startedAt": _last(trial, logs), "duration": 0})
        return {"previewId": uuid, "logs": logs, "isAborted": bool(stopped)}

    @contextmanager
    def _turn(self, asker: str) -> Iterator[None]:
        with self._lock:
            if asker in self._askers:
                raise BusyError("a preview of yours is running; wait for it", 5)
            if len(self._askers) >= AT_ONCE:
                raise BusyError("too many previews are running", 5)
            self._askers.add(asker)
        try:
            yield
        finally:
            with self._lock:
                self._askers.discard(asker)


def _last(trial: Trial, logs: list[dict[str, Any]]) -> str:
    return format_timestamp(trial.starts[min(len(logs), len(trial.starts) - 1)])


def refuse_runs(count: object) -> int:
    """How many runs are asked for. Raises RequestError (400)."""
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_RUNS:
        raise RequestError(400, f"invocationCount is a number from 1 to {MOST_RUNS:,}")
    return count


def with_id(rule: Rule, id_: str, space: str) -> Rule:
    """The rule in a space under the id of a trial, by which its alerts are told from those of others."""
    return replace(rule, space=space, enabled=True, parameters={**rule.parameters, "id": id_, "enabled": True})
