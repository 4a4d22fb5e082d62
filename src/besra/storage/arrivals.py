"""The order alerts came in, so that whoever follows them misses none and gets none twice.

The times of alerts are no such order: those of a run that took long are committed after later ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, text

from besra.detection.alert import Alert
from besra.storage.alert_row import documents
from besra.storage.alert_tables import ALERT, ALERT_ARRIVAL

LOCK = 0x62657372_61
"""The number of the lock under which PostgreSQL lets one transaction at a time add alerts to the order: else a later
position could be seen before an earlier one is there, and the earlier one be missed."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Alerts in the order they came in, each with its position; up to `until` there are no others."""

    alerts: tuple[tuple[int, Alert], ...]
    until: int


def add_arrivals(connection: Connection, ids: Iterable[str]) -> None:
    """Put new alerts at the end of the order. The last thing a transaction does, so that none waits for it in turn."""
    rows = [{"alert": id_} for id_ in ids]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    connection.execute(insert(ALERT_ARRIVAL), rows)


def last_arrival(connection: Connection) -> int:
    """The position of the last alert there is, 0 for none."""
    return connection.execute(select(func.max(ALERT_ARRIVAL.c.position))).scalar_one() or 0


def arrived(connection: Connection, after: int, limit: int, space: str) -> Arrived:
    """The next alerts of a space after a position, in order."""
    table = ALERT_ARRIVAL.c
    last = max(after, last_arrival(connection))
    rows = (
        select(table.position, table.alert)
        .join(ALERT, ALERT.c.id == table.alert)
        .where(table.position > after, table.position <= last, ALERT.c.space == space)
        .order_by(table.position)
        .limit(limit)
    )
    positions = {row.alert: row.position for row in connection.execute(rows)}
    found = tuple((positions[id_], alert) for id_, alert in documents(connection, positions).items())
    return Arrived(found, found[-1][0] if len(found) == limit else last)
