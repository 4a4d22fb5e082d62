"""The service put together: one process, one folder for what it keeps."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from besra.events.recognise import Intake
from besra.notify.connectors_file import NotifySettings
from besra.service.allocator import use_few_arenas
from besra.service.dead_letters import DeadLetters
from besra.service.duty import Duty
from besra.service.ingest import DEFAULT_LIMITS, Clock, Ingest, Limits
from besra.service.maintenance import KEEP_ALL, Keep, Maintenance
from besra.service.notifying import NO_NOTIFICATIONS, Notifying, notifying
from besra.service.preview import Previews
from besra.service.rule_watch import RuleWatch, Source
from besra.service.runs import POLICY, RunPolicy
from besra.service.spaces import Spaces
from besra.service.stores import Places, Stores, stores_at
from besra.storage.event_rows import EventReader
from besra.storage.event_upkeep import EventUpkeep


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service is to run: when its rules do, how long things are kept, how documents are taken, and how many."""

    runs: RunPolicy = POLICY
    keep: Keep = KEEP_ALL
    intake: Intake = field(default_factory=Intake)
    notify: NotifySettings = NO_NOTIFICATIONS
    limits: Limits = DEFAULT_LIMITS


DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs: what takes its events, what it keeps, its rules at work."""

    ingest: Ingest
    stores: Stores
    duty: Duty
    letters: DeadLetters
    reader: EventReader
    maintenance: Maintenance
    spaces: Spaces
    source: Source
    previews: Previews
    notifying: Notifying
    clock: Clock
    failures: dict[str, str]
    """What goes wrong behind the scenes, by what does it; it leaves once that went well."""


@contextmanager
def running(
    source: Source, places: Places, clock: Clock, tell: Callable[[str], None], settings: Settings = DEFAULTS
) -> Iterator[Service]:
    """A service over the rules of a source, which ends with the block; what was acknowledged by then is dealt with.

    `tell` is told what goes on behind the scenes. Raises BesraError if rules or a place cannot be used.
    """
    use_few_arenas()
    with ExitStack() as closing:
        stores = closing.enter_context(stores_at(places))
        source.spaces.open(stores.alerts)
        told_of = notifying(settings.notify, stores.alerts, places.folder, clock, tell)
        source.spaces.holders.append(told_of.book.held)
        job = source.load()
        duty = Duty(job, stores, clock, settings.runs, time.monotonic_ns)
        watch = RuleWatch(source, duty, clock, tell)
        letters = DeadLetters(places.folder, clock)
        closing.callback(letters.close)
        ingest = Ingest(
            stores.journal, places.folder, clock, intake=settings.intake, limits=settings.limits, letters=letters
        )
        ingest.stored, ingest.last = duty.pump.dealt_with, duty.pump.stored
        # What is loaded by now stays: looking for garbage in it would cost more than taking events.
        gc.collect()
        gc.freeze()
        closing.callback(gc.unfreeze)
        failures: dict[str, str] = {}

        def failed(name: str, error: Exception) -> None:
            failures[name] = str(error)
            ingest.is_patient = False
            tell(f"error: {error}")

        def moved(name: str) -> None:
            failures.pop(name, None)
            ingest.is_patient = not failures
            ingest.stored = duty.pump.dealt_with
            ingest.saw(duty.pump.detected)

        def told(name: str) -> tuple[Callable[[Exception], None], Callable[[], None]]:
            return partial(failed, name), partial(moved, name)

        stop = threading.Event()
        maintenance = Maintenance(lambda: EventUpkeep(places.event_place), stores.alerts, places.folder, settings.keep)
        maintenance.looks_back = lambda: duty.pump.looks_back
        closing.enter_context(_beside(stop, maintenance.run, stop, clock, tell))
        closing.enter_context(_beside(stop, duty.filler.run, stop, *told("gaps")))
        closing.enter_context(_beside(stop, watch.run, stop))
        # What cannot be sent is seen in its metrics; events and alerts are as well as ever.
        deliver = told_of.deliverer.run
        closing.enter_context(_beside(stop, deliver, stop, lambda error: tell(f"error: {error}"), lambda: None))
        closing.callback(watch.wake)
        closing.enter_context(_beside(stop, duty.pump.storing.run, stop, *told("events")))
        closing.enter_context(_beside(stop, duty.pump.run, ingest.arrived, stop, *told("rules")))
        reader = EventReader(places.event_place, places.folder)
        previews = Previews(places.folder, stores.events, clock)
        closing.callback(previews.close)
        yield Service(
            ingest,
            stores,
            duty,
            letters,
            reader,
            maintenance,
            source.spaces,
            source,
            previews,
            told_of,
            clock,
            failures,
        )


@contextmanager
def _beside(stop: threading.Event, work: Callable[..., None], *arguments: object) -> Iterator[None]:
    """Something that is done in a thread of its own until the block ends."""
    thread = threading.Thread(target=work, args=arguments, name=work.__qualname__)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
