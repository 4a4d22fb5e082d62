"""Groups of suppressed matches that later runs may go on with (detection-engine.md 5.1)."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, select

from besra.detection.suppression_group import Group, Term
from besra.schema.timestamp import format_timestamp
from besra.storage.alert_tables import ALERT
from besra.storage.columns import stored_name, stored_time
from besra.storage.growth import LAST_DETECTED, grow
from besra.storage.run_tables import SUPPRESSION_GROUP
from besra.storage.upsert import insert_or
from besra.storage.workflow import Status


def write_groups(connection: Connection, rule_uuid: str, groups: Iterable[Group], detected: int) -> None:
    """Keep the groups a run has left, and bring the alerts they are told on up to them.

    `detected` is the start of the run, in nanoseconds since 1970. A run that is run again leaves the same groups, so
    what it has counted is not counted twice; of a group that has gone on since, the later state stays.
    """
    ordered = sorted(groups, key=lambda group: group.instance_id)
    grown = [group for group in ordered if _write(connection, rule_uuid, group)]
    last = {LAST_DETECTED: format_timestamp(detected)}
    grow(connection, {group.alert_id: {**group.fields(), **last} for group in grown})


def _write(connection: Connection, rule_uuid: str, group: Group) -> bool:
    row = {
        "instance_id": group.instance_id,
        "rule_uuid": stored_name(rule_uuid),
        "terms": [{"name": term.name, "mark": term.mark, "value": term.value} for term in group.terms],
        "start": None if group.start is None else stored_time(group.start),
        "end": None if group.end is None else stored_time(group.end),
        "docs_count": group.docs_count,
        "alert": group.alert_id,
    }
    table = SUPPRESSION_GROUP.c
    known = connection.execute(
        select(table.alert, table.start, table.docs_count).where(table.instance_id == group.instance_id)
    ).first()
    if known is not None and _is_behind(group, known.alert, known.start, known.docs_count):
        return False
    statement = insert_or(connection, SUPPRESSION_GROUP, row)
    changed = {name: statement.excluded[name] for name in row if name != "instance_id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["instance_id"], set_=changed))
    return True


def _is_behind(group: Group, alert: str, start: int | None, docs_count: int) -> bool:
    """Whether what is known of a group is newer: the same alert that counts more, or an alert that began later."""
    if group.alert_id == alert:
        return group.docs_count < docs_count
    return start is not None and group.start is not None and stored_time(group.start) < start


OPEN = (
    select(SUPPRESSION_GROUP)
    .join(ALERT, ALERT.c.id == SUPPRESSION_GROUP.c.alert)
    .where(ALERT.c.status != str(Status.CLOSED))
)
"""The groups but for those whose alert somebody has closed."""


def read_groups(connection: Connection, rule_uuid: str | None = None) -> Mapping[str, Group]:
    """The groups earlier runs have left, of one rule or of all, but for those whose alert somebody has closed."""
    rows = OPEN if rule_uuid is None else OPEN.where(SUPPRESSION_GROUP.c.rule_uuid == stored_name(rule_uuid))
    return {row["instance_id"]: _group(row) for row in connection.execute(rows).mappings()}


def read_group(connection: Connection, instance_id: str) -> Group | None:
    """One of these, if it is there."""
    found = connection.execute(OPEN.where(SUPPRESSION_GROUP.c.instance_id == instance_id)).mappings().first()
    return None if found is None else _group(found)


def _group(row: Mapping[Any, Any]) -> Group:
    terms = tuple(Term(term["name"], _mark(term["mark"]), term["value"]) for term in row["terms"])
    return Group(row["instance_id"], terms, row["start"], row["end"], row["docs_count"], row["alert"])


def _mark(mark: Any) -> str | tuple[str, ...] | None:
    return tuple(mark) if isinstance(mark, list) else mark


def forget_groups(connection: Connection, rule_uuid: str | None, before: int) -> int:
    """Drop the groups of a rule, or of all, that began before a time, and say how many they were.

    To be said once they can neither go on nor be met again: the rule's duration and its look-back have passed.
    """
    table = SUPPRESSION_GROUP.c
    chosen = [table.start < stored_time(before)]
    if rule_uuid is not None:
        chosen.append(table.rule_uuid == stored_name(rule_uuid))
    return connection.execute(delete(SUPPRESSION_GROUP).where(*chosen)).rowcount
