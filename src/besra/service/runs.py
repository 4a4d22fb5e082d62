"""The runs of a service's rules: for what has just arrived, and on their schedules; what they come to is committed.

Both make the alerts of a scan, so what one has found the other finds there. Runs for what arrives are why alerts do not
wait; runs on schedules look through the windows their rules ask for, and keep account of what was looked through.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from queue import SimpleQueue
from typing import Protocol

from besra.detection.alert import Alert
from besra.detection.alert_event import event_of_alert, names_read
from besra.detection.execution import Execution, Failed
from besra.detection.rule_copy import rule_uuid
from besra.detection.run import RunInfo
from besra.detection.suppression import suppression_of
from besra.detection.suppression_group import NO_GROUPS, Groups
from besra.events.envelope import space_of_alert
from besra.schema.datemath import nanoseconds
from besra.schema.timestamp import NANOS
from besra.service.detector import Detector
from besra.service.timetable import Slot, Timetable
from besra.storage.alert_store import Committed
from besra.storage.growth import ToldBucket
from besra.storage.outcome import Outcome, outcome_of, outcome_of_windows
from besra.storage.progress import Progress

TURNS = 8
"""Rules over alerts read alerts of rules over alerts, so many times."""
DAY = 86_400 * NANOS
TOGETHER = 16
"""Scheduled runs committed together: new events wait for them."""

Clock = Callable[[], int]
"""The time in nanoseconds since 1970."""


class AlertSink(Protocol):
    """Where alerts go. `position` is the number of the last batch whose alerts are there."""

    @property
    def position(self) -> int:
        """See above."""

    def groups(self) -> Groups:
        """The groups of suppressed matches that earlier runs have left."""

    def progress(self) -> Mapping[str, Progress]:
        """How far the rules are, by their UUIDs."""

    def recent(self, since: int) -> Iterable[Alert]:
        """The alerts created since a time, the oldest first."""

    def bring_up_to_date(self, alerts: Sequence[Alert]) -> None:
        """Bring those of some alerts on buckets up to date that are there."""

    def buckets(self, rule_uuids: Collection[str], since: int) -> Iterable[ToldBucket]:
        """The buckets of some rules there are alerts on since a time."""

    def commit(self, outcomes: Sequence[Outcome], position: int | None = None) -> Committed:
        """Keep what some runs have come to, and the position if there is one, all or nothing."""


@dataclass(frozen=True, slots=True)
class RunPolicy:
    """Whether rules run as soon as something arrives, beside their schedules; whether gaps are filled by themselves.

    `look_back`: bytes of temporary files that what rules look back on may take, None for any number.
    """

    is_live: bool = True
    fills_gaps: bool = True
    look_back: int | None = None


POLICY = RunPolicy()


class Runs:
    """Runs the rules of a detector and commits what they come to. One thread at a time.

    Any thread may tell it of alerts that others have made (`hear`).
    """

    def __init__(self, detector: Detector, alerts: AlertSink, clock: Clock, policy: RunPolicy = POLICY) -> None:
        self.detector = detector
        self._alerts = alerts
        self._clock = clock
        self._is_live = policy.is_live
        self.look_back = policy.look_back
        """Bytes of files that what is kept of events may take."""
        self._suppresses = any(rule.parameters.get("alert_suppression") for rule, _ in detector.rules)
        self._heard: SimpleQueue[Sequence[Alert]] = SimpleQueue()
        detector.expect(alerts.buckets(detector.counting, clock() - 2 * detector.counted_for))
        self._timetable = Timetable(detector.rules, alerts.progress(), clock())
        self._fields = names_read(detector.fields)
        self._failing: dict[str, str] = {}

    def _groups(self) -> Groups:
        """The groups that runs have left."""
        return self._alerts.groups() if self._suppresses else NO_GROUPS

    @property
    def looks_back(self) -> int:
        """For how long after it was made an alert may be found again or be added to, in nanoseconds."""
        rules = self.detector.rules
        lasting = (suppression.duration for rule, plan in rules if (suppression := suppression_of(rule, plan)))
        longest = max((one for one in lasting if one is not None), default=timedelta())
        return self.detector.horizon + nanoseconds(longest)

    @property
    def followed(self) -> Mapping[int, int]:
        """Since when all that arrived has been evaluated for a rule as it is, by its position."""
        return self._timetable.followed

    def begin(self) -> None:
        """From now on all that arrives is evaluated.

        The detector is told of earlier alerts: some may have been kept and not been read by rules over alerts.
        """
        self._timetable.begin(self._clock())
        if self.detector.reads_alerts:
            now = self._clock()
            self._read(list(self._alerts.recent(now - self.detector.horizon)))

    def hear(self, alerts: Sequence[Alert]) -> None:
        """Somebody else has made new alerts, which rules over alerts should read."""
        self._heard.put(alerts)

    def listen(self) -> None:
        """Read what was heard of."""
        while not self._heard.empty():
            self._read(self._heard.get())

    def _read(self, alerts: Sequence[Alert]) -> None:
        if not self.detector.reads_alerts:
            return
        by_space: dict[str, list[Alert]] = {}
        for alert in alerts:
            by_space.setdefault(space_of_alert(alert), []).append(alert)
        for space, some in by_space.items():
            self.detector.take_alerts([event_of_alert(alert, self._fields) for alert in some], space, self._clock())

    def arrived(self, position: int | None) -> None:
        """Run the rules with something new, then those that read the alerts; keep that it was up to this batch."""
        if not self._is_live:
            if position is not None:
                self._alerts.commit((), position)
            self.detector.see()
            return
        now = self._clock()
        for turn in range(TURNS):
            run = RunInfo(now + turn, kind="live", groups=self._groups())
            try:
                done = list(self.detector.run(self.detector.waiting, run))
                made = [alert for one in done if isinstance(one, Execution) for alert in one.alerts]
                # Not before the last turn: what rules over alerts make of them would be lost with this process.
                is_last = turn == TURNS - 1 or not (made and self.detector.reads_alerts)
                outcomes = [outcome_of(one, run, self._clock() - now) for one in done if self._is_told(one)]
                self._alerts.commit(outcomes, position if is_last else None)
            except Exception:
                self.detector.again()
                raise
            self.detector.confirm()
            if is_last:
                return
            self._read(made)

    def _is_told(self, done: Execution | Failed) -> bool:
        """Whether a run for new events gets a record: one of every look would be longer than the events."""
        if isinstance(done, Execution):
            self._failing.pop(rule_uuid(done.rule), None)
            return bool(done.alerts or done.groups)  # what it adds to groups is to be kept
        before = self._failing.get(rule_uuid(done.rule))
        self._failing[rule_uuid(done.rule)] = done.problem.message
        return before != done.problem.message

    def refresh(self, *, is_last: bool = False) -> None:
        """Bring alerts on buckets that have grown up to date, now and then, and the last time whenever that is.

        No limit holds: they are there.
        """
        if self._is_live and self.detector.counting:
            now = self._clock()
            due = now + DAY if is_last else now
            self._alerts.bring_up_to_date(list(self.detector.grown(RunInfo(now, kind="live"), due)))
            self.detector.told(due)

    def scheduled(self, batch: int) -> bool:
        """Run rules that are due, over events up to a batch; whether some are left."""
        now = self._clock()
        slots = self._timetable.slots(now, TOGETHER)
        if not slots:
            return False
        run = RunInfo(now, kind="scheduled", groups=self._groups())
        outcomes = [self._looked(slot, run, batch) for slot in slots]
        committed = self._alerts.commit(outcomes)
        for slot, outcome in zip(slots, outcomes, strict=True):
            self._timetable.done(slot, now, has_succeeded=outcome.progress is not None)
        new = frozenset(committed.new)
        self._read([alert for one in outcomes for alert in one.alerts if alert["kibana.alert.uuid"] in new])
        return len(slots) == TOGETHER

    def _looked(self, slot: Slot, run: RunInfo, batch: int) -> Outcome:
        """What a scheduled run comes to."""
        rule, _ = self.detector.rules[slot.number]
        begun = self._clock()
        done = list(self.detector.look(slot.number, slot.due.windows, run))
        outcome = outcome_of_windows(rule, done, run, self._clock() - begun, slot.due.gap)
        record = outcome.run
        metrics = {
            **record.metrics,
            "schedule_delay_ms": max(run.started - slot.planned, 0) // 1_000_000,
            "windows": len(slot.due.windows),
        }
        has_failed = any(isinstance(one, Failed) for one in done)
        state = self._timetable.state_of(slot.number)
        progress = None if has_failed else Progress(run.started, batch, state=state)
        return replace(outcome, run=replace(record, metrics=metrics), progress=progress)
