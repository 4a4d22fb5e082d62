"""Runs over time that is past: gaps that nobody looked through, and stretches somebody asks for.

As in Elastic a stretch is made up of the runs that would have started in it, an interval apart, each with its own
window and limit of alerts, told apart by their kind and by the time they stand for (detection-engine.md 2.4). Their
events come from the event store, those of all rules at once, and go through a detector of their own in the order of
their time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa

from besra.detection.detect import Job
from besra.detection.execution import Failed
from besra.detection.rule_copy import rule_uuid
from besra.detection.run import RunInfo
from besra.detection.schedule import Gap, interval_of, starts_within, window_at
from besra.detection.visibility import INGESTED, sight_of
from besra.detection.window import Window
from besra.events.event_time import TIMESTAMP
from besra.schema.timestamp import NANOS
from besra.service.detector import Detector
from besra.service.horizon import reach_of
from besra.service.runs import AlertSink
from besra.service.stored_arrivals import arrivals_in
from besra.storage.gap_log import joined
from besra.storage.outcome import Outcome, outcome_of_windows

SLICE = 6 * 3600 * NANOS
"""Time whose events are read together: it bounds memory."""
OTHER_CLOCKS = 86_400 * NANOS
"""How far the times of a field of a rule's own choice may be from those of their events."""


@dataclass(frozen=True, slots=True)
class Step:
    """A run of the past: of the rule at a position, as if it had started at a time (nanoseconds since 1970)."""

    number: int
    start: int


def steps_of(job: Job, wanted: Sequence[tuple[str, Gap]]) -> list[Step]:
    """The runs over stretches of time, of rules by their UUIDs, the earliest first; none of rules the job lacks."""
    numbers = {rule_uuid(rule): number for number, (rule, _) in enumerate(job.rules)}
    found = {
        Step(numbers[uuid], start)
        for uuid in {uuid for uuid, _ in wanted} & numbers.keys()
        for time in joined(gap for other, gap in wanted if other == uuid)
        for start in starts_within(job.rules[numbers[uuid]][0].schedule, time)
    }
    return sorted(found, key=lambda step: (step.start, step.number))


class Events(Protocol):
    """Where the events of the past are read from (`EventStore`)."""

    def read(self, start: int, end: int, *, by: str) -> Iterator[pa.RecordBatch]:
        """The rows of a closed range of times, of events or of their ingest."""


class Account(Protocol):
    """What runs over the past are told as, and whoever hears what each comes to."""

    def run_of(self, step: Step, now: int) -> RunInfo:
        """A run as its alerts tell of it; `now` is the time it is made up for."""

    def note(self, step: Step, outcome: Outcome | None) -> None:
        """What a run came to, None for nothing."""


class MadeUpFor:
    """Runs are told as such, and their outcomes are handed over by `Backfill.outcomes` alone."""

    def run_of(self, step: Step, now: int) -> RunInfo:
        """See `Account`."""
        return RunInfo(now, kind="manual", intended=step.start)

    def note(self, step: Step, outcome: Outcome | None) -> None:
        """See `Account`."""


MADE_UP_FOR = MadeUpFor()


class Backfill:
    """Runs steps over what the event store holds, beside what earlier runs have left in the alert store."""

    def __init__(
        self, job: Job, store: Events, alerts: AlertSink, clock: Callable[[], int], account: Account = MADE_UP_FOR
    ) -> None:
        self._account = account
        self._job = job
        self._store = store
        self._alerts = alerts
        self._clock = clock

    def outcomes(self, steps: Sequence[Step]) -> Iterator[list[Outcome]]:
        """What the runs come to: a list for each rule and some of its time. Raises EventStoreError."""
        of_clock: dict[str, list[Step]] = {}
        for step in steps:
            field = sight_of(self._job.rules[step.number][0]).field
            of_clock.setdefault(field, []).append(step)
        for field, some in of_clock.items():
            yield from self._by_clock(field, some)

    def _by_clock(self, field: str, steps: Sequence[Step]) -> Iterator[list[Outcome]]:
        """The runs of rules that see events by the same time."""
        numbers = sorted({step.number for step in steps})
        rules = tuple(self._job.rules[number] for number in numbers)
        job = replace(self._job, rules=rules, fingerprint="", now=steps[0].start)
        detector = Detector(job, steps[0].start)
        margin = 0 if field in (TIMESTAMP, INGESTED) else OTHER_CLOCKS
        ahead = max(reach_of(plan) for _, plan in rules) + margin
        read = min(self._window(step).start or 0 for step in steps) - ahead - 1
        detector.expect(self._alerts.buckets(detector.counting, read - ahead))
        while steps:
            last = max(steps[0].start, min(steps[-1].start, steps[0].start + SLICE))
            due = [step for step in steps if step.start <= last]
            steps = steps[len(due) :]
            until = max(self._window(step).end or step.start for step in due) + margin
            if until > read:
                for rows in self._store.read(read + 1, until, by="ingested" if field == INGESTED else "time"):
                    for arrivals in arrivals_in(rows):
                        detector.take(arrivals)
                read = until
            detector.see()
            for place in range(len(rules)):
                yield self._slice(detector, place, [step for step in due if step.number == numbers[place]])
            detector.forget(due[0].start)

    def _slice(self, detector: Detector, place: int, steps: Sequence[Step]) -> list[Outcome]:
        """What the runs of one rule come to, and last that all of its time has been looked through.

        A record of each run that finds nothing would be a hundred thousand for a day of a thousand rules.
        """
        if not steps:
            return []
        rule, _ = detector.rules[place]
        told = [outcome for step in steps if (outcome := self._run(detector, place, step)) is not None]
        whole = RunInfo(self._clock(), kind="manual", intended=steps[-1].start)
        if any(not outcome.run.is_done for outcome in told):
            return told
        time = Gap(steps[0].start - interval_of(rule.schedule), steps[-1].start)
        closing = outcome_of_windows(rule, [], whole, 0)
        return [*told, replace(closing, run=replace(closing.run, filled=time, metrics={"windows": len(steps)}))]

    def _window(self, step: Step) -> Window:
        return window_at(self._job.rules[step.number][0].schedule, step.start)

    def _run(self, detector: Detector, place: int, step: Step) -> Outcome | None:
        rule, _ = detector.rules[place]
        now = self._clock()
        run = replace(self._account.run_of(step, now), groups=self._alerts.groups())
        done = list(detector.look(place, [self._window(step)], run))
        outcome = None
        if any(isinstance(one, Failed) or one.alerts or one.warnings or one.groups for one in done):
            outcome = outcome_of_windows(rule, done, run, self._clock() - now)
        self._account.note(step, outcome)
        return outcome
