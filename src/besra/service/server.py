"""The service put together: one process, one folder for what it keeps."""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from besra.detection.detect import Job
from besra.service.duty import Duty
from besra.service.ingest import Clock, Ingest
from besra.service.runs import POLICY, RunPolicy
from besra.service.stores import Places, Stores, stores_at


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs: what takes its events, what it keeps, its rules at work."""

    ingest: Ingest
    stores: Stores
    duty: Duty
    clock: Clock
    failures: list[str]
    """What went wrong behind the scenes, the newest last; empty again once it went well."""


@contextmanager
def running(
    job: Job, places: Places, clock: Clock, tell: Callable[[str], None], policy: RunPolicy = POLICY
) -> Iterator[Service]:
    """A service over the rules of a job, which ends with the block; what was acknowledged by then is dealt with.

    `tell` is told what goes wrong behind the scenes. Raises BesraError if a place cannot be used.
    """
    with ExitStack() as closing:
        stores = closing.enter_context(stores_at(places))
        duty = Duty(job, stores, clock, policy)
        ingest = Ingest(stores.journal, places.folder, clock)
        ingest.stored = ingest.last = duty.pump.stored
        # What is loaded by now stays: looking for garbage in it would cost more than taking events.
        gc.collect()
        gc.freeze()
        closing.callback(gc.unfreeze)
        failures: list[str] = []

        def failed(error: Exception) -> None:
            failures[:] = [str(error)]
            tell(f"error: {error}")

        def moved() -> None:
            failures.clear()
            ingest.stored = duty.pump.stored

        closing.enter_context(duty.work(ingest.arrived, failed, moved))
        yield Service(ingest, stores, duty, clock, failures)
