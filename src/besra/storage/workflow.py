"""What people do with alerts: status, tags, assignees and notes, each change with who made it and when.

Source: detection-engine.md 6.1 and 8.2. Changes go by id or by a condition, each in one transaction. A change that
leaves an alert as it is leaves no entry in its history.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from besra.language.expr import Predicate
from besra.storage.alert_question import matching_ids
from besra.storage.alert_row import AT_ONCE, Values
from besra.storage.alert_tables import ALERT, ALERT_ASSIGNEE, ALERT_CHANGE, ALERT_NOTE, ALERT_TAG
from besra.storage.columns import LONGEST_NAME, is_storable, stored_name, stored_time
from besra.storage.database import AlertStoreError

LONGEST_NOTE = 100_000
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Status(StrEnum):
    """Where the work on an alert is."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


LEGACY = {"in-progress": Status.ACKNOWLEDGED}


class Reason(StrEnum):
    """Why an alert was closed."""

    FALSE_POSITIVE = "false_positive"
    ISSUE_RESOLVED = "issue_resolved"
    ACCEPTABLE_RISK = "acceptable_risk"
    EXPECTED_ACTIVITY = "expected_activity"
    LOW_SEVERITY = "low_severity"
    DUPLICATE = "duplicate"
    INVESTIGATION_REQUIRED = "investigation_required"


class Names(StrEnum):
    """What an alert has a set of."""

    TAGS = "tags"
    ASSIGNEES = "assignees"


@dataclass(frozen=True, slots=True)
class Edit:
    """What is added to the tags or assignees of alerts, and what taken away."""

    names: Names
    added: Collection[str] = ()
    removed: Collection[str] = ()


TABLES: Mapping[Names, Table] = {Names.TAGS: ALERT_TAG, Names.ASSIGNEES: ALERT_ASSIGNEE}


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something, and when: nanoseconds since 1970."""

    name: str
    at: int


Chosen = Sequence[str] | Predicate
"""Alerts by their ids, or by a condition."""


@dataclass(frozen=True, slots=True)
class Changed:
    """How many alerts were meant and are there, and how many of them are other than before."""

    total: int
    changed: int


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of a history. `what` is `status`, `tags`, `assignees` or `note`; a note has no `old`."""

    at: int
    by: str
    what: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Note:
    """A note on an alert."""

    id: int
    at: int
    by: str
    text: str


def status_of(text: str) -> Status:
    """A status by its name, also by an old one. Raises AlertStoreError (`alert-change`)."""
    if text in LEGACY:
        return LEGACY[text]
    if text in list(Status):
        return Status(text)
    raise _refused(f"there is no status {text!r}", f"use one of {', '.join(Status)}")


def reason_of(text: str) -> Reason:
    """A reason by its name. Raises AlertStoreError (`alert-change`)."""
    if text in list(Reason):
        return Reason(text)
    raise _refused(f"there is no reason {text!r}", f"use one of {', '.join(Reason)}")


def _refused(message: str, hint: str) -> AlertStoreError:
    return AlertStoreError.of("alert-change", message, hint=hint)


# --- changes ----------------------------------------------------------------------------------------------------------


def set_status(
    connection: Connection, chosen: Chosen, author: Author, status: Status, reason: Reason | None = None
) -> Changed:
    """Give alerts a status; only a closed one has a reason. Raises AlertStoreError (`alert-change`)."""
    _check_name("the name of who changes it", author.name)
    if reason is not None and status is not Status.CLOSED:
        raise _refused("a reason is told of closed alerts only", "leave it out")
    new = {"status": str(status), "reason": None if reason is None else str(reason)}

    def change(rows: Sequence[Any]) -> int:
        olds = {row.id: {"status": row.status, "reason": row.status_reason} for row in rows}
        others = {id_: old for id_, old in olds.items() if old != new}
        values: Values = {"status": new["status"], "status_reason": new["reason"]}
        values |= {"status_by": author.name, "status_at": stored_time(author.at)}
        connection.execute(update(ALERT).where(ALERT.c.id.in_(list(others))).values(values))
        _note_changes(connection, author, "status", {id_: (old, new) for id_, old in others.items()})
        return len(others)

    return _in_parts(connection, chosen, change)


def change_names(
    connection: Connection,
    chosen: Chosen,
    author: Author,
    edit: Edit,
) -> Changed:
    """Add tags or assignees to alerts and take others away. Raises AlertStoreError (`alert-change`)."""
    added, removed = frozenset(edit.added), frozenset(edit.removed)
    _check_name("the name of who changes it", author.name)
    for name in (*edit.added, *edit.removed):
        _check_name(f"a name among the {edit.names}", name)
    if both := sorted(added & removed):
        raise _refused(f"{both[0]!r} is to be added and removed", "name it once")
    table = TABLES[edit.names]

    def change(rows: Sequence[Any]) -> int:
        ids = [row.id for row in rows]
        olds: dict[str, set[str]] = {id_: set() for id_ in ids}
        for alert, name in connection.execute(select(table.c.alert, table.c.name).where(table.c.alert.in_(ids))):
            olds[alert].add(name)
        news = {id_: (old | added) - removed for id_, old in olds.items()}
        others = [id_ for id_ in ids if news[id_] != olds[id_]]
        rows_added = [{"alert": id_, "name": name} for id_ in others for name in sorted(news[id_] - olds[id_])]
        connection.execute(delete(table).where(table.c.alert.in_(others), table.c.name.in_(list(removed))))
        if rows_added:
            connection.execute(insert(table), rows_added)
        pairs = {id_: (sorted(olds[id_]), sorted(news[id_])) for id_ in others}
        _note_changes(connection, author, str(edit.names), pairs)
        return len(others)

    return _in_parts(connection, chosen, change)


def add_note(connection: Connection, chosen: Chosen, author: Author, text: str) -> Changed:
    """Put a note on alerts. Raises AlertStoreError (`alert-change`)."""
    _check_name("the name of who writes it", author.name)
    if not text.strip() or len(text) > LONGEST_NOTE or UNPRINTABLE.search(text):
        raise _refused("this is no text for a note", f"write up to {LONGEST_NOTE:,} printable characters")

    def change(rows: Sequence[Any]) -> int:
        written = {"at": stored_time(author.at), "by": author.name, "text": text}
        connection.execute(insert(ALERT_NOTE), [{"alert": row.id, **written} for row in rows])
        _note_changes(connection, author, "note", {row.id: (None, {"text": text}) for row in rows})
        return len(rows)

    return _in_parts(connection, chosen, change)


def _in_parts(connection: Connection, chosen: Chosen, change: Callable[[Sequence[Any]], int]) -> Changed:
    """Change alerts some at a time, in order of their ids, so that two changes never wait for each other."""
    total = changed = 0
    for rows in _locked(connection, chosen):
        total += len(rows)
        changed += change(rows)
    return Changed(total, changed)


def _locked(connection: Connection, chosen: Chosen) -> Iterator[Sequence[Any]]:
    ids = sorted(filter(is_storable, {*chosen})) if isinstance(chosen, Sequence) else matching_ids(connection, chosen)
    for start in range(0, len(ids), AT_ONCE):
        some = select(ALERT.c.id, ALERT.c.status, ALERT.c.status_reason).where(
            ALERT.c.id.in_(ids[start : start + AT_ONCE])
        )
        rows = connection.execute(some.order_by(ALERT.c.id).with_for_update()).all()
        if rows:
            yield rows


def _note_changes(connection: Connection, author: Author, what: str, pairs: Mapping[str, tuple[Any, Any]]) -> None:
    told = {"at": stored_time(author.at), "by": author.name, "what": what}
    rows: list[Values] = [{"alert": id_, **told, "old": old, "new": new} for id_, (old, new) in pairs.items()]
    if rows:
        connection.execute(insert(ALERT_CHANGE), rows)


def _check_name(whose: str, name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or UNPRINTABLE.search(name):
        raise _refused(f"{name[:40]!r} cannot be {whose}", f"give 1 to {LONGEST_NAME} printable characters")


# --- what was done ----------------------------------------------------------------------------------------------------


def history(connection: Connection, alert: str) -> tuple[Change, ...]:
    """All changes of an alert, the first one first."""
    table = ALERT_CHANGE.c
    rows = (
        select(table.at, table.by, table.what, table.old, table.new)
        .where(table.alert == stored_name(alert))
        .order_by(table.id)
    )
    return tuple(Change(*row) for row in connection.execute(rows))


def notes(connection: Connection, alert: str) -> tuple[Note, ...]:
    """All notes on an alert, the first one first."""
    table = ALERT_NOTE.c
    rows = select(table.id, table.at, table.by, table.text).where(table.alert == stored_name(alert)).order_by(table.id)
    return tuple(Note(*row) for row in connection.execute(rows))
