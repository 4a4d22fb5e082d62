"""Removing alerts nobody works on any more: closed ones only, by age and by number."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select

from besra.storage.alert_row import AT_ONCE
from besra.storage.alert_tables import ALERT, RULE_COPY
from besra.storage.columns import stored_name, stored_time
from besra.storage.run_tables import SUPPRESSION_GROUP
from besra.storage.workflow import Status

CLOSED = ALERT.c.status == str(Status.CLOSED)


def remove_before(connection: Connection, before: int) -> int:
    """Remove the closed alerts that were created before a time, with all that belongs to them. How many they were.

    A run that looks through their time again raises them again.
    """
    ids = connection.execute(select(ALERT.c.id).where(CLOSED, ALERT.c.created < stored_time(before))).scalars().all()
    return remove_alerts(connection, ids)


def remove_beyond(connection: Connection, most: int) -> int:
    """Remove the oldest closed alerts until no more than `most` alerts are left, or only others. How many they were."""
    excess = connection.execute(select(func.count()).select_from(ALERT)).scalar_one() - most
    if excess <= 0:
        return 0
    oldest = select(ALERT.c.id).where(CLOSED).order_by(ALERT.c.created, ALERT.c.id).limit(excess)
    return remove_alerts(connection, connection.execute(oldest).scalars().all())


def remove_rule(connection: Connection, rule_uuid: str) -> int:
    """Remove all alerts of a rule, whatever their status. How many they were."""
    ids = connection.execute(select(ALERT.c.id).where(ALERT.c.rule_uuid == stored_name(rule_uuid))).scalars().all()
    return remove_alerts(connection, ids)


def remove_alerts(connection: Connection, ids: Sequence[str]) -> int:
    """Remove alerts, with all that belongs to them. How many they were."""
    for start in range(0, len(ids), AT_ONCE):
        some = list(ids[start : start + AT_ONCE])
        connection.execute(delete(SUPPRESSION_GROUP).where(SUPPRESSION_GROUP.c.alert.in_(some)))
        connection.execute(delete(ALERT).where(ALERT.c.id.in_(some)))
    if ids:
        used = select(ALERT.c.rule_copy)
        connection.execute(delete(RULE_COPY).where(RULE_COPY.c.id.not_in(used)))
    return len(ids)
