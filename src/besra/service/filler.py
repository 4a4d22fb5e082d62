"""Fills gaps by itself, and does the runs somebody asked for, behind what arrives (detection-engine.md 2.4).

What is left to do is in the alert store, so it outlives the process; a part that has been looked through is noted with
the alerts it led to.
"""

import threading
from collections.abc import Callable, Sequence

from besra.detection.alert import Alert
from besra.detection.detect import Job
from besra.errors import BesraError
from besra.schema.timestamp import NANOS
from besra.service.backfill import Backfill, steps_of
from besra.service.runs import AlertSink, Clock
from besra.service.stores import Stores
from besra.storage.gap_log import GapKind, GapStatus, RecordedGap

DELAY = 300 * NANOS
"""A gap is left alone for so long: who sends events has been kept waiting too, and sends them now."""
OLDEST = 7 * 86_400 * NANOS
"""Gaps that ended longer ago are filled when somebody asks."""
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
        # What was under way when the process ended is not any more.
        under_way = self._gaps.gaps(statuses=[GapStatus.IN_PROGRESS])
        self._gaps.mark_gaps([gap.id for gap in under_way], GapStatus.UNFILLED)

    def run(self, stop: threading.Event, on_error: Callable[[Exception], None], on_step: Callable[[], None]) -> None:
        """Do what there is to do until told to stop. `on_step` is called after each look that went well."""
        while not stop.wait(EVERY):
            try:
                self.step(stop.is_set)
                on_step()
            except (BesraError, OSError) as error:
                on_error(error)

    def step(self, is_over: Callable[[], bool] = lambda: False) -> int:
        """Do what there is to do now; how many gaps that were. Raises BesraError.

        Those that cannot be filled say why, and are left until somebody asks for them.
        """
        job = self._job()
        gaps = [gap for gap in self._gaps.gaps(statuses=[GapStatus.UNFILLED]) if self._is_due(gap)]
        steps = steps_of(job, [(gap.rule_uuid, part) for gap in gaps for part in gap.unfilled])
        if not steps:
            return 0
        ids = [gap.id for gap in gaps]
        self._gaps.mark_gaps(ids, GapStatus.IN_PROGRESS)
        why = "runs over it failed; the execution log says how"
        try:
            for outcomes in Backfill(job, self._events, self._alerts, self._clock).outcomes(steps):
                new = frozenset(self._alerts.commit(outcomes).new)
                self._hear([alert for one in outcomes for alert in one.alerts if alert["kibana.alert.uuid"] in new])
                if is_over():
                    self._gaps.mark_gaps(ids, GapStatus.UNFILLED)
                    return len(gaps)
        except BesraError as error:
            why = str(error)
            raise
        finally:
            left = [gap.id for gap in self._gaps.gaps(statuses=[GapStatus.IN_PROGRESS]) if gap.id in ids]
            self._gaps.mark_gaps(left, GapStatus.ERROR, why)
        return len(gaps)

    def _is_due(self, gap: RecordedGap) -> bool:
        if gap.kind is GapKind.ASKED:
            return True
        now = self._clock()
        return self.fills_gaps and gap.found <= now - DELAY and gap.time.end >= now - OLDEST
