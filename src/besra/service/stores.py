"""What a service keeps, and where: the journal, the events, the alerts."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from besra.detection.alert import Alert
from besra.detection.suppression_group import Group, Groups
from besra.errors import InputError
from besra.language.expr import FieldRef, Range
from besra.schema.fieldtype import FieldType
from besra.schema.timestamp import NANOS
from besra.service.exposition import Histogram
from besra.storage.alert_search import Search, Sort
from besra.storage.alert_store import FILE, AlertStore, Committed
from besra.storage.event_store import EventStore
from besra.storage.growth import ToldBucket
from besra.storage.journal import Journal
from besra.storage.outcome import Outcome
from besra.storage.progress import Progress

EVENTS = "events"
LOCK = "lock"
"""A file that whoever uses the folder holds."""
PAGE = 1000
"""Alerts read at a time."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are kept: the journal in `folder`, and what is not elsewhere by URL."""

    folder: Path
    events: str | None = None
    alerts: str | None = None

    @property
    def event_place(self) -> Path | str:
        """Where events are."""
        return self.events or self.folder / EVENTS


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of a service, open."""

    journal: Journal
    events: EventStore
    alerts: AlertStore


@contextmanager
def stores_at(places: Places) -> Iterator[Stores]:
    """The stores, until the block ends. Raises BesraError if a place cannot be used."""
    with ExitStack() as closing:
        closing.enter_context(alone_in(places.folder))
        journal = Journal(places.folder)
        closing.callback(journal.close)
        events = EventStore(places.event_place)
        alerts = closing.enter_context(AlertStore(places.alerts or places.folder / FILE))
        alerts.claim(journal.identity, is_new=journal.is_new)
        # A journal that is new beside stores that are not: what they have of its numbers was another's.
        journal.number_after(max(events.last_batch, alerts.position))
        yield Stores(journal, events, alerts)


@contextmanager
def for_owner_alone() -> Iterator[None]:
    """What the process makes while the block runs is for its user alone to read, unless it says otherwise."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Nobody else uses the folder while the block runs. Two would each trim what the other has taken.

    The folder is made where there is none, for its owner alone: who may read it has the hashes of passwords, too.
    Raises InputError (`serve-data`, `serve-data-in-use`). The system lets go of the lock however the process ends.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / LOCK).open("w")
    except OSError as error:
        why = "it is a file" if folder.is_file() else error.strerror
        hint = "name a folder that you may write as --data, or run as the user it belongs to"
        raise InputError.of("serve-data", f"{folder} cannot be used as data folder: {why}", hint=hint) from error
    with file:
        try:
            import fcntl  # noqa: PLC0415  not everywhere
        except ImportError:
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"another besra serve uses {folder}"
            raise InputError.of("serve-data-in-use", message, hint="stop it, or choose another --data") from error
        yield


class _GroupsThere:
    """The groups of a store as they were when somebody first asked for each."""

    def __init__(self, alerts: AlertStore) -> None:
        self._alerts = alerts
        self._known: dict[str, Group | None] = {}

    def get(self, instance_id: str, /) -> Group | None:
        """See `suppression_group.Groups`."""
        if instance_id not in self._known:
            self._known[instance_id] = self._alerts.group(instance_id)
        return self._known[instance_id]


class StoredAlerts:
    """The alert store as runs know it."""

    def __init__(self, alerts: AlertStore) -> None:
        self._alerts = alerts
        self.position = alerts.position
        self.durations = Histogram()
        """Of runs of rules."""

    def groups(self) -> Groups:
        """See `runs.AlertSink`."""
        return _GroupsThere(self._alerts)

    def progress(self) -> Mapping[str, Progress]:
        """See `runs.AlertSink`."""
        return self._alerts.progress()

    def recent(self, since: int) -> Iterator[Alert]:
        """See `runs.AlertSink`."""
        condition = Range(FieldRef("@timestamp", FieldType.DATE), ">=", since)
        asked = Search(condition, (Sort(descending=False),), size=PAGE)
        while (page := self._alerts.search(asked)).alerts:
            yield from page.alerts
            asked = replace(asked, after=page.sort_values[-1])

    def bring_up_to_date(self, alerts: Sequence[Alert]) -> None:
        """See `runs.AlertSink`."""
        self._alerts.bring_up_to_date(alerts)

    def buckets(self, rule_uuids: Collection[str], since: int) -> Sequence[ToldBucket]:
        """See `runs.AlertSink`."""
        return self._alerts.buckets(rule_uuids, since)

    def commit(self, outcomes: Sequence[Outcome], position: int | None = None) -> Committed:
        """See `runs.AlertSink`."""
        committed = self._alerts.commit(*outcomes, position=position)
        self.position = max(self.position, position or 0)
        for outcome in outcomes:
            self.durations.observe(outcome.run.duration / NANOS)
        return committed
