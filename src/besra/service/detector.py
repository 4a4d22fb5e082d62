"""Detection while events arrive: each lot is evaluated once by all rules, and what satisfies them is kept as rows.

A run of a rule is about some rows, those that have just arrived or those of its window, and correlates them with what
is kept (`hit_log`). It makes the alerts a scan of all events makes, with the same ids: whoever keeps them can tell what
is new among them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from besra.detection.alert import Alert
from besra.detection.alert_event import reads_alerts
from besra.detection.bucket_document import bucket_told
from besra.detection.detect import Job
from besra.detection.execution import Execution, Failed, Limits, Scope, execute
from besra.detection.match import Indicators, Match
from besra.detection.plan_mark import plan_mark
from besra.detection.rule_copy import rule_uuid
from besra.detection.run import RunInfo
from besra.detection.visibility import INGESTED, Sight, sight_of
from besra.detection.window import Window
from besra.engine.kept_rows import ROW
from besra.engine.lane import Found, Lane
from besra.engine.pack_memory import remembered_pack
from besra.events.columns import Projection
from besra.events.document import Fields
from besra.events.event import Event, Origin
from besra.events.event_time import TIMESTAMP
from besra.events.identity import event_key
from besra.events.index_name import INDEX_FIELDS
from besra.events.json_line import document_text
from besra.events.line_block import RawLines
from besra.events.raw_event import RawEvent
from besra.events.recognise import Recogniser
from besra.language.plan import Plan, Threshold
from besra.language.plan import Sequence as EventSequence
from besra.language.relative import resolved
from besra.problems import Place, Problem
from besra.rules.rule import Rule
from besra.schema.datemath import nanoseconds
from besra.schema.timestamp import NANOS
from besra.service.hit_log import About, Asked, HitLog, Keeping, Since, Within
from besra.service.horizon import INDICATORS, horizon_of
from besra.service.kept_events import KeptEventsError
from besra.service.room import LookBack
from besra.storage.growth import ToldBucket
from besra.storage.journal import Record

ECS_ONLY = Recogniser(())
"""What arrives has been made ECS before."""

PLACES = 1 << 20
"""Room for the events of one batch among the positions of all."""


class Arrival(NamedTuple):
    """An event as it arrived: its record, its position among all that ever did, and when (nanoseconds since 1970)."""

    record: Record
    position: int
    received: int


Integers = np.ndarray[tuple[int], np.dtype[np.int64]]

GRACE = 120 * NANOS
"""How long an event that must be missing is waited for after it could have happened."""
WHOLE = Since(0)

Marks = Sequence[tuple[Integers, Integers]]
"""Positions of events, and beside each the mark of a rule that kept it. A pair may be there more than once."""


def position_of(batch: int, place: int) -> int:
    """The position of an event: batches in their order, and events in the order of their batch."""
    return batch * PLACES + place


@dataclass(frozen=True, slots=True)
class _Take:
    """How events are taken: when they arrived, for which rules, and where it is noted what is kept."""

    arrived: int
    only: Collection[int] | None
    marks: list[tuple[Integers, Integers]]


class Detector:
    """Runs the rules of a job over events as they arrive. Not to be used by several threads at once.

    Loading the kernels takes a while the first time. `steady` tells the time in nanoseconds evenly, whatever the clock
    is set to: what is kept goes by it. Without one it goes by the times of events' arrival. With `is_live` all that
    arrives is run for at once, and less is kept.
    """

    def __init__(
        self, job: Job, started: int, steady: Callable[[], int] | None = None, *, is_live: bool = False
    ) -> None:
        self._job = job
        self._steady = steady
        self._pack = job.pack()
        keeping = [
            Keeping(
                horizon_of(rule, plan, started, is_live=is_live), sight_of(rule), INDICATORS, reads_alerts(rule, plan)
            )
            for rule, plan in job.rules
        ]
        held = zip(keeping, job.rules, strict=True)
        self._lasts = [max((one.lasts(clause) for clause in plan.clauses), default=0) for one, (_, plan) in held]
        self.horizon = max(self._lasts, default=0)
        """For how long events may be part of something new, in nanoseconds after they arrived."""
        self.marks = [plan_mark(rule, plan) for rule, plan in job.rules]
        """What tells that a rule kept an event, by the rule's position."""
        self._log = HitLog(self._pack, keeping, steady() if steady else started)
        fields = {*self._pack.fields, *INDEX_FIELDS, TIMESTAMP, *ECS_ONLY.fields}
        projection = Projection(tuple(sorted(fields)))
        self._lane = Lane(self._pack, projection, ECS_ONLY, remembered_pack(self._pack, projection))
        self._lane.warm_up()
        self.reads_alerts = any(reads_alerts(rule, plan) for rule, plan in job.rules)
        """Whether one of the rules is over alerts."""
        numbers = [number for number, (_, plan) in enumerate(job.rules) if isinstance(plan.correlation, Threshold)]
        self._counting = {rule_uuid(job.rules[number][0]): number for number in numbers}
        self.counted_for = max((keeping[number].horizon for number in numbers), default=0)
        """For how long buckets may grow, in nanoseconds after their events arrived."""
        self._in_space: dict[str, list[int]] = {}
        for number, (rule, _) in enumerate(job.rules):
            self._in_space.setdefault(rule.space, []).append(number)
        self._fresh: dict[int, int] = {}
        """The rules with rows no run has seen, and the first of those rows."""
        self._running: dict[int, int] = {}
        """The same of rules that have been run, while nobody has said that the outcome is kept."""
        self._patient = [number for number, entry in enumerate(self._pack.entries) if ends_missing(entry.plan)]
        """Rules that have to wait and see whether something happens."""

    @property
    def rules(self) -> Sequence[tuple[Rule, Plan]]:
        """Its rules, which are known by their position."""
        return self._job.rules

    @property
    def counting(self) -> Collection[str]:
        """The rules that count events in buckets, by their UUIDs."""
        return self._counting.keys()

    def expect(self, buckets: Iterable[ToldBucket]) -> None:
        """There are alerts on these buckets: what belongs to one is in no other. To be said before events are taken."""
        for bucket in buckets:
            number = self._counting.get(bucket.rule_uuid)
            told = None if number is None else bucket_told(self._job.rules[number][1], bucket.result)
            if number is not None and told is not None:
                self._log.expect(number, *told)

    @property
    def kept(self) -> LookBack:
        """What is kept of events."""
        return self._log.kept

    def lasts(self, number: int) -> int:
        """For how long events may be part of something new for a rule, in nanoseconds after they arrived."""
        return self._lasts[number]

    def take(
        self, arrivals: Sequence[Arrival], only: Collection[int] | None = None, *, as_of: int | None = None
    ) -> Marks:
        """Evaluate events that arrived, if need be for some rules only. Which rules keep which of them.

        They have just arrived, or if they are told of again they are as old as they are at `as_of`.
        """
        marks: list[tuple[Integers, Integers]] = []
        if not arrivals:
            return marks
        take = _Take(self._arrived(arrivals, as_of), only, marks)
        lines = b"\n".join(arrival.record.line for arrival in arrivals)
        names = tuple(arrival.record.index for arrival in arrivals)
        outcome = self._lane.lines(RawLines(memoryview(lines), names=names))
        if isinstance(outcome.kept, Found):
            self._keep(outcome.kept, arrivals, take)
        # Lines the kernel does not vouch for are read one by one.
        slow = [arrivals[row] for row in np.flatnonzero(outcome.decoded.slow).tolist()]
        if slow:
            self._keep(self._lane.events([_raw(arrival).event() for arrival in slow]), slow, take)
        return marks

    def take_alerts(self, events: Sequence[Event], space: str, now: int) -> None:
        """Evaluate alerts of a space as events, which the rules of that space read and no others."""
        found = self._lane.events(events)
        if found.kept is not None:
            rows = [_held(events[row]) for row in found.kept.rows.tolist()]
            arrived = self._steady() if self._steady else now
            received = np.full(len(rows), now, np.int64)
            self._note(self._log.add(found.kept, rows, received, arrived, self._in_space.get(space, ())))

    def _arrived(self, arrivals: Sequence[Arrival], as_of: int | None) -> int:
        """When events arrived by the clock that goes on evenly, so that no leap of the other makes them old."""
        received = max(arrival.received for arrival in arrivals)
        if self._steady is None:
            return received
        return self._steady() - (max(as_of - received, 0) if as_of is not None else 0)

    def _keep(
        self,
        found: Found,
        arrivals: Sequence[Arrival],
        take: "_Take",
    ) -> None:
        if found.kept is None:
            return
        kept = [arrivals[row] for row in found.kept.rows.tolist()]
        positions = np.array([arrival.position for arrival in kept], np.int64)
        for group in found.kept.groups:
            told = np.array([self.marks[entry] for entry, _ in group.places], np.int64)
            take.marks.append((positions[group.table[ROW]], np.repeat(told, np.diff(group.ends, prepend=0))))
        received = np.array([arrival.received for arrival in kept], np.int64)
        self._note(self._log.add(found.kept, [_raw(arrival) for arrival in kept], received, take.arrived, take.only))

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

    def wake(self) -> None:
        """Time has passed: what waits for something to be missing may be complete."""
        for number in self._patient:
            if self._log.has_rows(number):
                self._fresh[number] = 0

    def run(self, numbers: Sequence[int], run: RunInfo) -> Iterator[Execution | Failed]:
        """Run rules that have something new, for what is. It is not new any more once that is `confirm`ed.

        Raises KeptEventsError or OSError if an event cannot be read back: nothing runs again for what has arrived.
        """
        for number in numbers:
            first = self._fresh.pop(number, None)
            if first is not None:
                self._running[number] = first
                yield from self._executed(number, Since(first), run)

    def look(self, number: int, windows: Sequence[Window], run: RunInfo) -> Iterator[Execution | Failed]:
        """Run a rule over windows, each with a limit of its own: the matches that have an event a window sees."""
        for window in windows:
            yield from self._executed(number, Within(window), run)

    def grown(self, run: RunInfo, due: int) -> Iterator[Alert]:
        """What alerts on buckets that have grown are to say, where it is due; it is no more once they are `told`."""
        for number, hits in self._log.grown(due).items():
            rule, plan = self._job.rules[number]
            yield from execute(rule, resolved(plan, run.started), hits, run, limits=Limits(0)).alerts

    def told(self, now: int) -> None:
        """Alerts are up to date with what has `grown`."""
        self._log.told(now)

    def _executed(self, number: int, about: About, run: RunInfo) -> Iterator[Execution | Failed]:
        rule, plan = self._job.rules[number]
        try:
            asked = self._log.hits(number, WHOLE if number in self._patient else about)
            if asked.hits:
                scope = Scope(is_due=_is_due(plan, asked, run.started))
                yield execute(rule, resolved(plan, run.started), asked.hits, run, scope=scope, limits=self._job.limits)
        except Exception as error:  # one rule must not stop the others
            if isinstance(about, Since) and isinstance(error, (KeptEventsError, OSError)):
                raise  # a run on a schedule is made up for by the next, this one only if it is tried again
            yield Failed(rule, Problem("rule-run-failed", f"{type(error).__name__}: {error}", place=Place(rule.path)))

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
        self._log.settle()

    def forget(self, now: int) -> None:
        """Let go of what nothing can join any more."""
        self._log.drop_old(self._steady() if self._steady else now, {**self._fresh, **self._running})


def _raw(arrival: Arrival) -> RawEvent:
    record = arrival.record
    return RawEvent(record.id, record.index, record.line, Origin("(arrived)"), arrival.position)


def _held(event: Event) -> RawEvent:
    return RawEvent(event.id, event.index, document_text(event) or b"{}", event.origin, event.position)


def ends_missing(plan: Plan) -> bool:
    """Whether a match of a plan is complete only when something has not happened for a while."""
    return isinstance(plan.correlation, EventSequence) and plan.correlation.stages[-1].missing


def _is_due(plan: Plan, asked: Asked, now: int) -> Callable[[Match], bool]:
    """Says of a match whether a run at a time is about it."""

    def is_due(match: Match) -> bool:
        others = match.finding.found if isinstance(match.finding, Indicators) else ()
        hits = (*match.present, *(indicator.hit for indicator in others))
        return any(event_key(hit.event) in asked.about for hit in hits)

    correlation = plan.correlation
    if not (isinstance(correlation, EventSequence) and ends_missing(plan) and correlation.maxspan is not None):
        return is_due
    span = nanoseconds(correlation.maxspan)

    def is_over(match: Match) -> bool:
        first = match.present[0]
        arrived = Sight(INGESTED).time_of(Fields(first.event.source)) or 0
        return is_due(match) and now >= max((first.time or 0) + span, arrived) + GRACE

    return is_over
