"""The rules of a service at work: the pump that brings them events, and what is made up for beside it.

Rules may change while it runs. The new ones get a detector of their own, which is told of what is kept, and take over
between two steps of the pump; a rule that is new or has changed looks through its window at once.
"""

from dataclasses import replace

from besra.detection.detect import Job
from besra.detection.rule_copy import rule_uuid
from besra.service.detector import Detector
from besra.service.filler import Filler
from besra.service.pump import Pump
from besra.service.runs import POLICY, Clock, RunPolicy, Runs
from besra.service.stores import StoredAlerts, Stores


class Duty:
    """The rules of a job at work over some stores. Raises BesraError if the stores cannot be read."""

    def __init__(
        self, job: Job, stores: Stores, clock: Clock, policy: RunPolicy = POLICY, steady: Clock | None = None
    ) -> None:
        self.job = job
        self._stores = stores
        self._clock = clock
        self._policy = policy
        self._steady = steady
        self.alerts = StoredAlerts(stores.alerts)
        self._switch_off(job)
        self.pump = Pump(stores.journal, stores.events, self._runs(job), self.alerts, clock)
        self.filler = Filler(lambda: self.job, stores, self.alerts, clock, self.pump.hear)
        self.filler.fills_gaps = policy.fills_gaps

    def _runs(self, job: Job) -> Runs:
        return Runs(
            Detector(job, self._clock(), self._steady, is_live=self._policy.is_live),
            self.alerts,
            self._clock,
            self._policy,
        )

    def change(self, job: Job) -> None:
        """Have these rules from now on; any thread but the pump's may say so. Raises BesraError: then nothing changes.

        It takes as long as reading what may still be part of something new.
        """
        runs = self._runs(job)
        # Only then: a run of the rules there were, which is under way, would note again that they run.
        self.pump.take_over(runs, lambda: self._switch_off(job))
        self.job = job

    def _switch_off(self, job: Job) -> None:
        """Note which rules do not run any more: what they do not see from now on is no gap."""
        running = {rule_uuid(rule) for rule, _ in job.rules}
        for uuid, how_far in self.alerts.progress().items():
            if how_far.enabled and uuid not in running:
                self._stores.alerts.write_progress(uuid, replace(how_far, enabled=False))
