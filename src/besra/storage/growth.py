"""Alerts on what grows: a group of suppressed matches, or a bucket of events, of which a later run finds more.

The alert is brought up to date, and never backwards: a run that saw less, as one that is run again, changes nothing.
What people do with alerts is kept apart from documents and stays as it is; so does when an alert was made.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from besra.detection.alert import Alert
from besra.schema.timestamp import parse_timestamp
from besra.storage.alert_row import AT_ONCE, OF_ALERT, Values
from besra.storage.alert_tables import ALERT, ALERT_DOCUMENT
from besra.storage.columns import stored_name, stored_time

LAST_DETECTED, ORIGINAL_TIME = "kibana.alert.last_detected", "kibana.alert.original_time"
DOCS_COUNT, THRESHOLD_RESULT = "kibana.alert.suppression.docs_count", "kibana.alert.threshold_result"

OF_BUCKET = (THRESHOLD_RESULT, ORIGINAL_TIME, LAST_DETECTED, "besra")
"""What an alert says of a bucket that changes when it grows."""

Size = tuple[int, ...]


def _bucket_size(alert: Mapping[str, Any]) -> Size:
    """How many events, how many distinct values of each field, and the time of the last event."""
    result = alert[THRESHOLD_RESULT]
    distinct = (part["value"] for part in result.get("cardinality", ()))
    return result["count"], *distinct, _time(alert, ORIGINAL_TIME)


SIZES: Mapping[str, Callable[[Mapping[str, Any]], Size]] = {
    THRESHOLD_RESULT: _bucket_size,
    DOCS_COUNT: lambda alert: (alert[DOCS_COUNT],),
}
"""How much an alert says it stands for, by the field that says so."""


def told_of_bucket(alert: Alert) -> Values:
    """What an alert says of a bucket; empty if it is on none."""
    return {name: alert[name] for name in OF_BUCKET if name in alert} if THRESHOLD_RESULT in alert else {}


@dataclass(frozen=True, slots=True)
class ToldBucket:
    """A bucket there is an alert on: whose rule's, and what the alert says of it (`threshold_result`)."""

    rule_uuid: str
    result: Mapping[str, Any]


def told_buckets(connection: Connection, rule_uuids: Collection[str], since: int) -> Iterator[ToldBucket]:
    """The buckets of some rules whose alerts were made or whose last events happened since a time."""
    names = sorted({stored_name(uuid) for uuid in rule_uuids})
    recent = or_(ALERT.c.created >= stored_time(since), ALERT.c.original_time >= stored_time(since))
    for start in range(0, len(names), AT_ONCE):
        some = select(ALERT.c.rule_uuid, ALERT_DOCUMENT.c.document).join_from(ALERT, ALERT_DOCUMENT, OF_ALERT)
        some = some.where(ALERT.c.rule_uuid.in_(names[start : start + AT_ONCE]), recent)
        for row in connection.execute(some):
            if THRESHOLD_RESULT in row.document:
                yield ToldBucket(row.rule_uuid, row.document[THRESHOLD_RESULT])


def grow(connection: Connection, told: Mapping[str, Values]) -> None:
    """Bring alerts up to date: by their ids the fields that tell of what they are on, with `last_detected`.

    In order of the ids, so that two commits never wait for each other.
    """
    ids = sorted(told)
    changed = []
    for start in range(0, len(ids), AT_ONCE):
        some = select(ALERT.c.id, ALERT_DOCUMENT.c.document).join_from(ALERT, ALERT_DOCUMENT, OF_ALERT)
        some = some.where(ALERT.c.id.in_(ids[start : start + AT_ONCE]))
        for row in connection.execute(some.order_by(ALERT.c.id).with_for_update()):
            fields = told[row.id]
            if _is_more(fields, row.document):
                document = {**row.document, **fields, **_later(LAST_DETECTED, fields, row.document)}
                time = stored_time(_time(document, ORIGINAL_TIME)) if ORIGINAL_TIME in document else None
                changed.append({"of": row.id, "document": document, "original_time": time})
    if changed:
        for table, key, column in (
            (ALERT, ALERT.c.id, "original_time"),
            (ALERT_DOCUMENT, ALERT_DOCUMENT.c.alert, "document"),
        ):
            values = [{"of": row["of"], column: row[column]} for row in changed]
            connection.execute(update(table).where(key == bindparam("of")), values)


def _is_more(told: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    kinds = [name for name in SIZES if name in told]
    return any(name not in known or SIZES[name](told) > SIZES[name](known) for name in kinds)


def _later(name: str, told: Mapping[str, Any], known: Mapping[str, Any]) -> Values:
    """The later of two times. A clock that was set back does not make an alert older."""
    times = [fields[name] for fields in (told, known) if name in fields]
    return {name: max(times, key=lambda time: parse_timestamp(time) or 0)} if times else {}


def _time(fields: Mapping[str, Any], name: str) -> int:
    return parse_timestamp(fields[name]) or 0 if name in fields else 0
