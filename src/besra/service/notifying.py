"""Notifications put together: what writes them with alerts, what sends them, what is asked about them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from besra.notify.connectors_file import NotifySettings
from besra.notify.sealing import Sealing
from besra.notify.sending import Sender
from besra.notify.triggers import Triggers
from besra.service.connector_book import ConnectorBook
from besra.service.deliverer import Deliverer
from besra.service.runs import Clock
from besra.storage.alert_store import AlertStore
from besra.storage.database import AlertStoreError
from besra.storage.outbox import Standing
from besra.storage.outbox_pages import OutboxPages

NO_NOTIFICATIONS = NotifySettings()


@dataclass(frozen=True, slots=True)
class Notifying:
    """The notifications of a service."""

    book: ConnectorBook
    sender: Sender
    deliverer: Deliverer
    pages: OutboxPages

    def counts(self) -> Mapping[Standing, int]:
        """How many notifications wait and are dead; none while the store is away. Asks the store."""
        try:
            return self.pages.counts()
        except AlertStoreError:
            return {}


def notifying(
    settings: NotifySettings, alerts: AlertStore, folder: Path, clock: Clock, tell: Callable[[str], None]
) -> Notifying:
    """Have new alerts of a store told of; `folder` is where the key of secrets is. Raises BesraError."""
    book = ConnectorBook(settings.connectors, alerts.connectors, Sealing(folder))
    sender = Sender(settings.outgoing, tell)
    deliverer = Deliverer(alerts.database, book, sender, clock, settings, tell)
    alerts.beside.append(Triggers(settings.defaults, clock, tell, settings.together))
    return Notifying(book, sender, deliverer, OutboxPages(alerts.database))
