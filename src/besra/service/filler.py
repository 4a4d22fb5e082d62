"""Fills gaps by itself, and does the runs somebody asked for, behind what arrives (detection-engine.md 2.4).

What is left to do is in the alert store, so it outlives the process; a part that has been looked through is noted with
the alerts it led to.
"""

import threading
from collections.abc import Callable, Iterator, Sequence

from besra.detection.alert import Alert
from besra.detection.detect import Job
from besra.detection.rule_copy import rule_uuid
from besra.detection.schedule import Gap, interval_of
from besra.schema.timestamp import NANOS
from besra.service.backfill import Backfill, steps_of
from besra.service.runs import AlertSink, Clock
from besra.service.stores import Stores
from besra.storage.gap_log import GapKind, GapStatus, RecordedGap

DELAY = 300 * NANOS
"""A gap is left alone for so long: who sends events has been kept waiting too, and sends them now."""
OLDEST = 7 * 86_400 * NANOS
"""Gaps that ended longer ago are filled when somebody asks."""
MOST_RUNS = 200_000
"""Runs of the past that are planned together; each takes some memory."""
EVERY = 10.0
"""Seconds between two looks for something to do."""


class Filler:
    """Does what is left to do for the rules of a job. One thread calls `step`, or `run` does until told to stop.

    `hear` is told of the alerts that are new.
    """

    def __init__(
        self,
        job: Callable[[], Job],
        stores: Stores,
        alerts: AlertSink,
        clock: Clock,
        hear: Callable[[Sequence[Alert]], None],
    ) -> None:
        self._job = job
        self._events = stores.events
        self._gaps = stores.alerts
        self._alerts = alerts
        self._clock = clock
        self._hear = hear
        self.fills_gaps = True
        """Whether gaps are filled that nobody asked to be."""
        self._put_back()

    def run(self, stop: threading.Event, on_error: Callable[[Exception], None], on_step: Callable[[], None]) -> None:
        """Do what there is to do until told to stop. `on_step` is called after each look that went well."""
        while not stop.wait(EVERY):
            try:
                self.step(stop.is_set)
                on_step()
            except Exception as error:  # a defect, too, must be told and not end this for good
                on_error(error)

    def step(self, is_over: Callable[[], bool] = lambda: False) -> int:
        """Do what there is to do now; how many gaps that were. Raises BesraError.

        Those over which runs failed say so, and are left until somebody asks for them. Where a store is away they are
        tried again.
        """
        job = self._job()
        self._put_back()
        gaps = self._due(job)
        steps = steps_of(job, [(gap.rule_uuid, part) for gap in gaps for part in self._parts(gap)])
        if not steps:
            return 0
        ids = [gap.id for gap in gaps]
        self._gaps.mark_gaps(ids, GapStatus.IN_PROGRESS)
        for outcomes in Backfill(job, self._events, self._alerts, self._clock).outcomes(steps):
            new = frozenset(self._alerts.commit(outcomes).new)
            self._hear([alert for one in outcomes for alert in one.alerts if alert["kibana.alert.uuid"] in new])
            if is_over():
                self._put_back()
                return len(gaps)
        left = [gap.id for gap in self._gaps.gaps(statuses=[GapStatus.IN_PROGRESS]) if gap.id in ids]
        self._gaps.mark_gaps(
            left, GapStatus.ERROR, "runs over it failed, as the execution log says, or it is older than a week"
        )
        return len(gaps)

    def _put_back(self) -> None:
        """What was under way when this came to an end is to be done: the process ended, or a store was away."""
        under_way = self._gaps.gaps(statuses=[GapStatus.IN_PROGRESS])
        wanted = {gap.id for gap in under_way if not self._is_due(gap)}  # or it would not be under way
        self._gaps.mark_gaps(sorted(wanted), GapStatus.WANTED)
        self._gaps.mark_gaps([gap.id for gap in under_way if gap.id not in wanted], GapStatus.UNFILLED)

    def _due(self, job: Job) -> list[RecordedGap]:
        """The gaps to fill next, of rules there are: as many as are not too many runs at once, but at least one."""
        intervals = {rule_uuid(rule): interval_of(rule.schedule) for rule, _ in job.rules}
        found: list[RecordedGap] = []
        runs = 0
        for gap in self._gaps.gaps(statuses=[GapStatus.UNFILLED, GapStatus.WANTED]):
            if gap.rule_uuid in intervals and self._is_due(gap):
                runs += gap.time.length // intervals[gap.rule_uuid]
                if found and runs > MOST_RUNS:
                    break
                found.append(gap)
        return found

    def _parts(self, gap: RecordedGap) -> Iterator[Gap]:
        """What is to be looked through of a gap: nobody asked for what is very old."""
        oldest = self._clock() - OLDEST
        for part in gap.unfilled:
            if _is_asked_for(gap) or part.start >= oldest:
                yield part
            elif part.end > oldest:
                yield Gap(oldest, part.end)

    def _is_due(self, gap: RecordedGap) -> bool:
        if _is_asked_for(gap):
            return True
        now = self._clock()
        return self.fills_gaps and gap.found <= now - DELAY and gap.time.end >= now - OLDEST


def _is_asked_for(gap: RecordedGap) -> bool:
    return gap.kind is GapKind.ASKED or gap.status is GapStatus.WANTED
