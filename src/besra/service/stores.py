"""What a service keeps, and where: the journal, the events, the alerts."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from besra.detection.alert import Alert
from besra.detection.suppression_group import Groups
from besra.language.expr import FieldRef, Range
from besra.schema.fieldtype import FieldType
from besra.storage.alert_search import Search, Sort
from besra.storage.alert_store import FILE, AlertStore, Committed
from besra.storage.event_store import EventStore
from besra.storage.growth import ToldBucket
from besra.storage.journal import Journal
from besra.storage.outcome import Outcome
from besra.storage.progress import Progress

EVENTS = "events"
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
        journal = Journal(places.folder)
        closing.callback(journal.close)
        events = EventStore(places.event_place)
        alerts = closing.enter_context(AlertStore(places.alerts or places.folder / FILE))
        yield Stores(journal, events, alerts)


class StoredAlerts:
    """The alert store as runs know it."""

    def __init__(self, alerts: AlertStore) -> None:
        self._alerts = alerts
        self.position = alerts.position

    def groups(self) -> Groups:
        """See `runs.AlertSink`."""
        return self._alerts.groups()

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
        return committed
