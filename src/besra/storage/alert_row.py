"""An alert document to the rows it is stored as, and back."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from besra.detection.alert import Alert
from besra.events.document import Fields
from besra.events.envelope import space_of_alert
from besra.schema.fieldtype import FieldType, to_text
from besra.schema.timestamp import format_timestamp, parse_timestamp
from besra.storage.alert_tables import ALERT, ALERT_ASSIGNEE, ALERT_DOCUMENT, ALERT_TAG, NAMED, RULE_COPY
from besra.storage.columns import is_storable, stored_name, stored_time
from besra.storage.name_list import joined
from besra.storage.stored_json import to_json

Values = dict[str, Any]

RULE = "kibana.alert.rule."
OWN_OF_ALERT = ("kibana.alert.rule.name", "kibana.alert.rule.execution.")
"""Below the copy of the rule, but not the same for all alerts of a version of it."""

STATUS, STATUS_AT = "kibana.alert.workflow_status", "kibana.alert.workflow_status_updated_at"
USER, REASON = "kibana.alert.workflow_user", "kibana.alert.workflow_reason"
TAGS, ASSIGNEES = "kibana.alert.workflow_tags", "kibana.alert.workflow_assignee_ids"
WORKFLOW = frozenset((STATUS, STATUS_AT, USER, REASON, TAGS, ASSIGNEES))
"""The fields people change. They are kept apart from the document."""

AT_ONCE = 500
"""Alerts asked for by id at once: databases bound the length of a statement."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is stored of an alert: a row of each table. `copy` is the id of the copy of its rule and the copy."""

    alert: Values
    document: Values
    copy: tuple[str, Values]
    tags: tuple[Values, ...]
    assignees: tuple[Values, ...]


def is_of_copy(field: str) -> bool:
    """Whether a field is the same for all alerts of a version of a rule."""
    return field.startswith(RULE) and not field.startswith(OWN_OF_ALERT)


def rows_of(alert: Alert) -> Rows:
    """The rows of an alert as besra makes them: `kibana.alert.*` are keys of their own at its top."""
    copy = {name: value for name, value in alert.items() if is_of_copy(name)}
    copy_id = hashlib.sha256(to_json(dict(sorted(copy.items()))).encode()).hexdigest()
    document = {name: value for name, value in alert.items() if name not in copy and name not in WORKFLOW}
    id_ = alert["kibana.alert.uuid"]
    row = {
        "id": id_,
        "space": stored_name(space_of_alert(alert)),
        "rule_uuid": stored_name(_text(alert, "kibana.alert.rule.uuid")),
        "rule_id": stored_name(_text(alert, "kibana.alert.rule.rule_id")),
        "rule_name": stored_name(_text(alert, "kibana.alert.rule.name")),
        "rule_copy": copy_id,
        "severity": stored_name(_text(alert, "kibana.alert.severity")),
        "risk_score": float(alert.get("kibana.alert.risk_score") or 0),
        "status": _text(alert, STATUS) or "open",
        "created": _time(alert, "@timestamp") or 0,
        "original_time": _time(alert, "kibana.alert.original_time"),
        "building_block": "kibana.alert.building_block_type" in alert,
        "group_id": alert.get("kibana.alert.group.id"),
    }
    fields = Fields(alert)
    for field, column in NAMED.items():
        row[column.name] = joined(map(str, fields.values(field, FieldType.KEYWORD)))
    return Rows(
        row,
        {"alert": id_, "document": document},
        (copy_id, copy),
        _names(id_, alert.get(TAGS)),
        _names(id_, alert.get(ASSIGNEES)),
    )


def _text(alert: Alert, name: str) -> str:
    value = alert.get(name)
    return to_text(value) if isinstance(value, str | int | float) else ""


def _time(alert: Alert, name: str) -> int | None:
    value = alert.get(name)
    time = parse_timestamp(value) if isinstance(value, str | int | float) else None
    return None if time is None else stored_time(time)


def _names(alert: str, names: Any) -> tuple[Values, ...]:
    return tuple({"alert": alert, "name": stored_name(str(name))} for name in dict.fromkeys(names or ()))


# --- back -------------------------------------------------------------------------------------------------------------

READ = (ALERT.c.id, ALERT.c.rule_copy)
WORKED = (ALERT.c.status, ALERT.c.status_reason, ALERT.c.status_by, ALERT.c.status_at)
OF_ALERT = ALERT_DOCUMENT.c.alert == ALERT.c.id
WITH_DOCUMENT = select(*READ, ALERT_DOCUMENT.c.document, *WORKED).join_from(ALERT, ALERT_DOCUMENT, OF_ALERT)


class RuleCopies:
    """The copies of rules a transaction has read, so that each is read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, Values] = {}

    def __getitem__(self, copy: str) -> Values:
        if copy not in self._known:
            fields = RULE_COPY.c.fields
            self._known[copy] = self._connection.execute(select(fields).where(RULE_COPY.c.id == copy)).scalar_one()
        return self._known[copy]


def documents(connection: Connection, ids: Iterable[str]) -> dict[str, Alert]:
    """The documents of alerts by id, in the order given; those that are not there are left out."""
    asked = list(filter(is_storable, dict.fromkeys(ids)))
    copies = RuleCopies(connection)
    found: dict[str, Alert] = {}
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        tags, assignees = _named(connection, ALERT_TAG, some), _named(connection, ALERT_ASSIGNEE, some)
        rows: Select[Any] = WITH_DOCUMENT.where(ALERT.c.id.in_(some))
        for row in connection.execute(rows):
            found[row.id] = document_of(
                row, {**row.document, **copies[row.rule_copy]}, tags.get(row.id, []), assignees.get(row.id, [])
            )
    return {id_: found[id_] for id_ in asked if id_ in found}


def document_of(row: Row[Any], told: Alert, tags: list[str], assignees: list[str]) -> Alert:
    """A document with what people have done about it, by a row of `WORKED`."""
    alert = {**told, STATUS: row.status, TAGS: tags, ASSIGNEES: assignees}
    if row.status_at is not None:
        alert[STATUS_AT] = format_timestamp(row.status_at)
    for name, value in ((USER, row.status_by), (REASON, row.status_reason)):
        if value is not None:
            alert[name] = value
    return alert


def _named(connection: Connection, table: Any, ids: list[str]) -> dict[str, list[str]]:
    rows = connection.execute(select(table.c.alert, table.c.name).where(table.c.alert.in_(ids)).order_by(table.c.name))
    found: dict[str, list[str]] = {}
    for alert, name in rows:
        found.setdefault(alert, []).append(name)
    return found
