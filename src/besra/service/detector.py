"""Detection while events arrive: each lot is evaluated once by all rules, and rules with something new are run.

A run of a rule correlates what is new with what is kept for it (`hit_log`), and makes the alerts a scan of all events
makes, with the same ids: whoever keeps them can tell what is new among them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from besra.detection.alert_event import reads_alerts
from besra.detection.detect import Job
from besra.detection.execution import Execution, execute
from besra.detection.run import RunInfo
from besra.engine.lane import Found, Lane
from besra.engine.pack_memory import remembered_pack
from besra.events.columns import Projection
from besra.events.event import Event, Origin
from besra.events.event_time import TIMESTAMP
from besra.events.index_name import INDEX_FIELDS
from besra.events.json_line import document_text
from besra.events.line_block import RawLines
from besra.events.raw_event import RawEvent
from besra.events.recognise import Recogniser
from besra.language.relative import resolved
from besra.service.hit_log import HitLog
from besra.service.horizon import horizon_of
from besra.storage.journal import Record

ECS_ONLY = Recogniser(())
"""What arrives has been made ECS before."""

PLACES = 1 << 20
"""Room for the events of one batch among the positions of all."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as it arrived: its record, and its position among all that ever did."""

    record: Record
    position: int


def position_of(batch: int, place: int) -> int:
    """The position of an event: batches in their order, and events in the order of their batch."""
    return batch * PLACES + place


class Detector:
    """Runs the rules of a job over events as they arrive. Not to be used by several threads at once.

    Loading the kernels takes a while the first time.
    """

    def __init__(self, job: Job, started: int) -> None:
        self._job = job
        self._pack = job.pack()
        horizons = [horizon_of(rule, plan, started) for rule, plan in job.rules]
        self.horizon = max(horizons, default=0)
        """For how long events may be part of something new, in nanoseconds after they arrived."""
        self._log = HitLog(self._pack, horizons)
        fields = {*self._pack.fields, *INDEX_FIELDS, TIMESTAMP, *ECS_ONLY.fields}
        projection = Projection(tuple(sorted(fields)))
        self._lane = Lane(self._pack, projection, ECS_ONLY, remembered_pack(self._pack, projection))
        self._lane.warm_up()
        self.reads_alerts = any(reads_alerts(rule, plan) for rule, plan in job.rules)
        """Whether one of the rules is over alerts."""
        self._fresh: dict[int, int] = {}
        """The rules with rows no run has seen, and the first of those rows."""
        self._running: dict[int, int] = {}
        """The same of rules that have been run, while nobody has said that the outcome is kept."""

    def take(self, arrivals: Sequence[Arrival], now: int) -> None:
        """Evaluate events that arrived."""
        if not arrivals:
            return
        lines = b"\n".join(arrival.record.line for arrival in arrivals)
        names = tuple(arrival.record.index for arrival in arrivals)
        outcome = self._lane.lines(RawLines(memoryview(lines), names=names))
        if isinstance(outcome.kept, Found):
            self._keep(outcome.kept, arrivals, now)
        # Lines the kernel does not vouch for are read one by one.
        slow = [arrivals[row] for row in np.flatnonzero(outcome.decoded.slow).tolist()]
        if slow:
            self._keep(self._lane.events([_raw(arrival).event() for arrival in slow]), slow, now)

    def take_events(self, events: Sequence[Event], now: int) -> None:
        """Evaluate events that are no arrivals, as alerts are."""
        found = self._lane.events(events)
        if found.kept is not None:
            self._note(self._log.add(found.kept, [_held(events[row]) for row in found.kept.rows.tolist()], now))

    def _keep(self, found: Found, arrivals: Sequence[Arrival], now: int) -> None:
        if found.kept is not None:
            rows = [_raw(arrivals[row]) for row in found.kept.rows.tolist()]
            self._note(self._log.add(found.kept, rows, now))

    def _note(self, fresh: dict[int, int]) -> None:
        for number, first in fresh.items():
            self._fresh.setdefault(number, first)

    @property
    def fields(self) -> frozenset[str]:
        """The fields its rules read."""
        return self._pack.fields

    @property
    def waiting(self) -> tuple[int, ...]:
        """The rules with something new, by their position in the job."""
        return tuple(sorted(self._fresh))

    def run(self, numbers: Sequence[int], run: RunInfo) -> Iterator[Execution]:
        """Run rules that have something new. It is not new any more once that is `confirm`ed."""
        for number in numbers:
            first = self._fresh.pop(number, None)
            if first is None:
                continue
            self._running[number] = first
            hits = self._log.hits(number, first)
            if hits:
                rule, plan = self._job.rules[number]
                yield execute(rule, resolved(plan, run.started), hits, run, limits=self._job.limits)

    def confirm(self) -> None:
        """What the rules that were run have come to is kept."""
        self._running.clear()

    def again(self) -> None:
        """It is not kept: what they were run for is new to them as it was."""
        self._fresh.update(self._running)
        self._running.clear()

    def see(self) -> None:
        """What has been taken is new to no rule."""
        self._fresh.clear()

    def forget(self, now: int) -> None:
        """Let go of what nothing can join any more."""
        self._log.drop_old(now, {**self._fresh, **self._running})


def _raw(arrival: Arrival) -> RawEvent:
    record = arrival.record
    return RawEvent(record.id, record.index, record.line, Origin("(arrived)"), arrival.position)


def _held(event: Event) -> RawEvent:
    return RawEvent(event.id, event.index, document_text(event) or b"{}", event.origin, event.position)
