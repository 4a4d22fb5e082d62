"""Looking after what a service keeps, by itself: joining small files, letting go of what is older than wanted.

What is due follows from what there is and the time (`due`). It is done one piece at a time in a thread of its own; a
piece that fails is tried again at the next look, and nothing else waits for it.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from besra.errors import BesraError
from besra.schema.timestamp import NANOS
from besra.service.allocator import give_back
from besra.service.ingest import Clock
from besra.storage.alert_store import AlertStore
from besra.storage.event_store import DAY, NO_DAY, day_of
from besra.storage.event_upkeep import EventUpkeep, Part, Sizes
from besra.storage.journal import forget_ids

LOOK_EVERY = 60.0
"""Seconds between two looks at what is due."""
MANY = 16
"""Small files of a part that are joined."""
LONG = 6 * 3600 * NANOS
"""How long fewer of them are left alone, after the last of their events arrived."""
CLEAN_EVERY = 6 * 3600 * NANOS
FORGET_EVERY = 3600 * NANOS
IDS_AT_ONCE = 5_000
RANGE = 90 * DAY
"""How far back somebody may ask for runs who is to meet the groups of suppressed matches there were."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long things are kept: days of events, bytes of them, days of closed alerts, of records of runs, of ids.

    None is for ever. Events count by the day they arrived, or by their own where that is later.
    """

    days: int | None = None
    bytes: int | None = None
    alert_days: int | None = None
    run_days: int = 7
    id_days: int = 7


KEEP_ALL = Keep()


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done to the event store: parts to let go of, untimed events from before a time, parts to join."""

    drops: tuple[Part, ...] = ()
    untimed_before: int | None = None
    joins: tuple[Part, ...] = ()


def due(parts: Sequence[Part], keep: Keep, now: int) -> Due:
    """What is due at a time, in nanoseconds since 1970. Pure.

    Beyond the bytes wanted those parts go first of which the last event arrived longest ago; what arrived within a day
    stays, since rules may still look at it.
    """
    drops: list[Part] = []
    untimed_before = None
    if keep.days is not None:
        bound = now - keep.days * DAY
        drops = [part for part in parts if part.day != NO_DAY and part.day < day_of(bound) and _arrived(part) < bound]
        if any(part.day == NO_DAY and part.first_ingested < bound for part in parts):
            untimed_before = bound
    left = [part for part in parts if part not in drops]
    if keep.bytes is not None:
        excess = sum(part.bytes for part in left) - keep.bytes
        for part in sorted(left, key=lambda part: (_arrived(part), part.day, part.stream)):
            if excess <= 0 or _arrived(part) > now - DAY:
                break
            drops.append(part)
            excess -= part.bytes
    joins = [part for part in parts if part not in drops and _is_to_join(part, now)]
    return Due(tuple(drops), untimed_before, tuple(joins))


def _arrived(part: Part) -> int:
    return part.last_ingested


def _is_to_join(part: Part, now: int) -> bool:
    return part.small >= MANY or (part.small > 1 and _arrived(part) < now - LONG)


@dataclass
class Told:
    """What maintenance has done since the start, and what it found the last time."""

    sizes: Sizes = field(default_factory=Sizes)
    done_at: int = 0
    """When it last found everything done, in nanoseconds since 1970; 0 for never."""
    joined: int = 0
    """Parts whose files were joined."""
    dropped: int = 0
    """Events let go of."""
    removed: int = 0
    """Files removed from disk."""
    failures: int = 0
    """Pieces of work that failed."""


class Maintenance:
    """Does what is due. One thread calls `look`, or `run` does until it is told to stop."""

    def __init__(self, open_store: Callable[[], EventUpkeep], alerts: AlertStore, folder: Path, keep: Keep) -> None:
        self.told = Told()
        self._open = open_store
        self._store: EventUpkeep | None = None
        self._alerts = alerts
        self._folder = folder
        self._keep = keep
        self.looks_back: Callable[[], int] = int
        """For how long after it was made an alert may be found again or be added to, in nanoseconds."""
        self._cleaned_at: int | None = None
        self._forgot_at: int | None = None

    def run(self, stop: threading.Event, clock: Clock, tell: Callable[[str], None]) -> None:
        """Look again and again until told to stop. `tell` is told what goes wrong."""
        while not stop.wait(LOOK_EVERY):
            for error in self.look(clock(), stop):
                tell(f"error: maintenance: {error}; it will be tried again")
            give_back()

    def look(self, now: int, stop: threading.Event | None = None) -> list[Exception]:
        """Do what is due at a time; what went wrong. `stop` ends it between two pieces of work."""
        failed: list[Exception] = []
        for work in self._works(now, failed):
            if stop is not None and stop.is_set():
                return failed
            _tried(work, failed)
        if failed:
            self.told.failures += len(failed)
        else:
            self.told.done_at = now
        return failed

    def _works(self, now: int, failed: list[Exception]) -> Iterable[Callable[[], None]]:
        # A clock that has been set back would otherwise keep both waiting for as long.
        self._forgot_at = _until(self._forgot_at, now)
        self._cleaned_at = _until(self._cleaned_at, now)
        if self._forgot_at is None or now - self._forgot_at >= FORGET_EVERY:
            yield lambda: self._forget(now)
        found: list[Due] = []
        yield lambda: found.append(due(self._upkeep().parts(), self._keep, now))
        for one in found:
            yield from self._event_works(one)
        if self._cleaned_at is None or now - self._cleaned_at >= CLEAN_EVERY:
            yield lambda: self._clean(now)
        yield self._measure

    def _event_works(self, found: Due) -> Iterable[Callable[[], None]]:
        for part in found.drops:
            yield lambda part=part: self._drop(part)  # type: ignore[misc]
        before = found.untimed_before
        if before is not None:
            yield lambda: self._drop_untimed(before)
        for part in found.joins:
            yield lambda part=part: self._join(part)  # type: ignore[misc]

    def _upkeep(self) -> EventUpkeep:
        if self._store is None:
            self._store = self._open()
        return self._store

    def _drop(self, part: Part) -> None:
        self.told.dropped += self._upkeep().drop(part)

    def _drop_untimed(self, before: int) -> None:
        self.told.dropped += self._upkeep().drop_untimed(before)

    def _join(self, part: Part) -> None:
        self._upkeep().compact(part)
        self.told.joined += 1

    def _clean(self, now: int) -> None:
        self.told.removed += self._upkeep().clean()
        self._cleaned_at = now

    def _measure(self) -> None:
        self.told.sizes = self._upkeep().sizes()

    def _forget(self, now: int) -> None:
        """Let go of ids, records of runs, groups of suppressed matches, and closed alerts no run finds again."""
        days = self._keep.id_days if self._keep.days is None else min(self._keep.id_days, self._keep.days)
        # Before the events that tell when a batch arrived.
        forget_ids(self._folder, self._upkeep().last_batch_before(now - days * DAY), IDS_AT_ONCE)
        self._alerts.forget_log(now - self._keep.run_days * DAY)
        # Gaps may be filled, and find alerts again, for as long as they are recorded.
        found_for = max(self.looks_back(), self._keep.run_days * DAY)
        self._alerts.forget_groups(None, now - found_for - RANGE)
        if self._keep.alert_days is not None:
            self._alerts.remove_before(now - max(self._keep.alert_days * DAY, found_for))
        self._forgot_at = now


def _until(time: int | None, now: int) -> int | None:
    return None if time is None else min(time, now)


def _tried(work: Callable[[], None], failed: list[Exception]) -> None:
    try:
        work()
    except (BesraError, OSError) as error:
        failed.append(error)


def maintenance_metrics(told: Told) -> dict[str, tuple[str, str, int]]:
    """The metrics of what is kept and of what looks after it: kind, meaning and value by name."""
    return {
        "besra_event_store_events": ("gauge", "Events in the event store.", told.sizes.rows),
        "besra_event_store_bytes": ("gauge", "Bytes of the event store's files.", told.sizes.bytes),
        "besra_event_store_files": ("gauge", "Files of the event store.", told.sizes.files),
        "besra_maintenance_done_seconds": ("gauge", "When maintenance last had nothing to do.", told.done_at // NANOS),
        "besra_maintenance_failures_total": ("counter", "Pieces of maintenance that failed.", told.failures),
        "besra_events_dropped_total": ("counter", "Events let go of since the start.", told.dropped),
    }
