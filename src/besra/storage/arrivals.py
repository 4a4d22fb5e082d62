"""The order alerts came in, so that whoever follows them misses none and gets none twice.

The times of alerts are no such order: those of a run that took long are committed after later ones.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, func, insert, select, text

from besra.detection.alert import Alert
from besra.storage.alert_row import documents
from besra.storage.alert_tables import ALERT_ARRIVAL

LOCK = 0x62657372_61
"""The number of the lock under which PostgreSQL lets one transaction at a time add alerts to the order: else a later
position could be seen before an earlier one is there, and the earlier one be missed."""


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


def arrived(connection: Connection, after: int, limit: int) -> list[tuple[int, Alert]]:
    """The next alerts after a position, in order, each with its own."""
    table = ALERT_ARRIVAL.c
    rows = select(table.position, table.alert).where(table.position > after).order_by(table.position).limit(limit)
    positions = {row.alert: row.position for row in connection.execute(rows)}
    return [(positions[id_], alert) for id_, alert in documents(connection, positions).items()]
