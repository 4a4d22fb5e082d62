"""The outbox: what is to be told of alerts, written with them, and what became of it (detection-engine.md 7).

An entry waits, is sent, or is dead: it was refused for good, or for too long. Entries that go together name the digest
they are in, which then waits in their place. Keys are unique, so what is written again changes nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from besra.storage.alert_row import AT_ONCE
from besra.storage.columns import stored_name, stored_text, stored_time
from besra.storage.notify_tables import NOTIFICATION, NOTIFY_ACTION
from besra.storage.upsert import insert_or

TABLE = NOTIFICATION.c


class Standing(StrEnum):
    """Where an entry is. `gathered` are those in a digest, which is an entry itself; `dropped` is what people did."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    GATHERED = "gathered"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be told of an alert: `action` is the id and the content of what wants it.

    `until` is the time up to which it waits for others; None to go by itself. Times are in nanoseconds since 1970.
    """

    key: str
    space: str
    connector: str
    action: tuple[str, Mapping[str, Any]]
    alert: str
    until: int | None
    at: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A connector of a space."""

    space: str
    connector: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that is to be sent. `payload` is None until what is sent is known."""

    number: int
    key: str
    target: Target
    kind: str
    action: Mapping[str, Any]
    alert: str | None
    count: int
    created: int
    attempts: int
    payload: Mapping[str, Any] | None
    problem: str | None
    is_crowded: bool
    """Whether it is a digest of what was to go one by one."""


def add(connection: Connection, entries: Iterable[Entry]) -> None:
    """Keep entries, but for those whose keys are there."""
    rows = {entry.key: _row(entry) for entry in entries}
    actions = {entry.action[0]: entry.action[1] for entry in entries}
    documents = [{"id": id_, "document": dict(actions[id_])} for id_ in sorted(actions)]
    connection.execute(insert_or(connection, NOTIFY_ACTION).on_conflict_do_nothing(), documents)
    statement = insert_or(connection, NOTIFICATION).on_conflict_do_nothing(index_elements=["key"])
    # In the order of the alerts: two that write the same entries have waited for each other at their alerts.
    connection.execute(statement, [*rows.values()])


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "space": stored_name(entry.space),
        "connector": stored_name(entry.connector),
        "action": entry.action[0],
        "kind": "alert",
        "alert": entry.alert,
        "alerts": 1,
        "until": None if entry.until is None else stored_time(entry.until),
        "created": stored_time(entry.at),
        "due": stored_time(entry.at if entry.until is None else entry.until),
        "status": str(Standing.WAITING),
        "attempts": 0,
        "changed": stored_time(entry.at),
        "problem": None if entry.problem is None else stored_text(entry.problem),
    }


# --- what is due ------------------------------------------------------------------------------------------------------


def due_targets(connection: Connection, now: int) -> dict[Target, int]:
    """The connectors something is due for, and how much."""
    rows = connection.execute(
        select(TABLE.space, TABLE.connector, func.count())
        .where(TABLE.status == Standing.WAITING, TABLE.due <= now)
        .group_by(TABLE.space, TABLE.connector)
        .order_by(func.min(TABLE.due))
    )
    return {Target(space, connector): count for space, connector, count in rows}


def gather(connection: Connection, target: Target, now: int, left: int) -> int:
    """Make digests of what has waited for others, and of what is more than may be sent by itself. How many digests.

    `left` is how many may be sent through the connector by now. Where more is due, what is not sent goes together.
    """
    of = _is_due(target, now)
    together = and_(of, TABLE.until.is_not(None), TABLE.kind == "alert", TABLE.payload.is_(None))
    groups = connection.execute(select(TABLE.action, TABLE.until).where(together).distinct()).all()
    made = sum(_digest(connection, and_(together, TABLE.action == a, TABLE.until == u), now) for a, u in groups)
    single = and_(of, TABLE.kind == "alert", TABLE.until.is_(None), TABLE.attempts == 0, TABLE.payload.is_(None))
    count = connection.execute(select(func.count()).where(single)).scalar_one()
    if left <= 0 or count <= left:
        return made
    kept = select(TABLE.number).where(single).order_by(TABLE.number).limit(left - 1)
    # By number: a condition on a limit would change with what it changes.
    first = connection.execute(select(func.coalesce(func.max(kept.subquery().c.number), 0))).scalar_one()
    rest = and_(single, TABLE.number > first)
    actions = connection.execute(select(TABLE.action).where(rest).distinct()).scalars().all()
    return made + sum(_digest(connection, and_(rest, TABLE.action == action), now) for action in actions)


def _digest(connection: Connection, condition: ColumnElement[bool], now: int) -> int:
    """Put entries of one action and connector into a digest; how many digests. Its key follows from theirs."""
    ends = connection.execute(select(func.min(TABLE.number), func.max(TABLE.number)).where(condition)).one()
    rows = connection.execute(select(NOTIFICATION).where(TABLE.number.in_([end or 0 for end in ends]))).all()
    if not rows:
        return 0
    first = min(rows, key=lambda row: row.number)
    row = {
        "key": hashlib.sha256("\n".join(sorted(row.key for row in rows)).encode() + b"\ndigest").hexdigest()[:40],
        "space": first.space,
        "connector": first.connector,
        "action": first.action,
        "kind": "digest",
        "alerts": 0,
        "until": first.until,
        "created": first.created,
        "due": now,
        "status": str(Standing.WAITING),
        "attempts": 0,
        "changed": now,
        "problem": first.problem,
    }
    number = connection.execute(insert(NOTIFICATION).returning(TABLE.number), [row]).scalar_one()
    gathered = update(NOTIFICATION).where(condition, TABLE.number <= ends[1])
    done = connection.execute(gathered.values(status=str(Standing.GATHERED), digest=number, changed=now))
    connection.execute(update(NOTIFICATION).where(TABLE.number == number).values(alerts=done.rowcount))
    return 1


def next_due(connection: Connection, target: Target, now: int, limit: int) -> list[Waiting]:
    """The next that are to be sent through a connector, the oldest first."""
    rows = connection.execute(
        select(NOTIFICATION, NOTIFY_ACTION.c.document)
        .join(NOTIFY_ACTION, NOTIFY_ACTION.c.id == TABLE.action)
        .where(_is_due(target, now), or_(TABLE.kind == "digest", TABLE.until.is_(None)))
        .order_by(TABLE.due, TABLE.number)
        .limit(limit)
    )
    return [
        Waiting(
            row.number,
            row.key,
            target,
            row.kind,
            row.document,
            row.alert,
            row.alerts,
            row.created,
            row.attempts,
            row.payload,
            row.problem,
            row.kind == "digest" and row.until is None,
        )
        for row in rows
    ]


def _is_due(target: Target, now: int) -> ColumnElement[bool]:
    return and_(
        TABLE.space == target.space,
        TABLE.connector == target.connector,
        TABLE.status == Standing.WAITING,
        TABLE.due <= now,
    )


def alerts_of(connection: Connection, number: int, limit: int) -> list[str]:
    """The ids of the first alerts in a digest."""
    rows = select(TABLE.alert).where(TABLE.digest == number).order_by(TABLE.number).limit(limit)
    return [str(alert) for alert in connection.execute(rows).scalars()]


# --- what became of it ------------------------------------------------------------------------------------------------


def keep_payload(
    connection: Connection, number: int, payload: Mapping[str, Any], problem: str | None
) -> Mapping[str, Any]:
    """Keep what is sent, before it is sent for the first time. What is kept is returned: the first is, for good."""
    told = {"payload": dict(payload), "problem": None if problem is None else stored_text(problem)}
    first = and_(TABLE.number == number, TABLE.payload.is_(None))
    if connection.execute(update(NOTIFICATION).where(first).values(told)).rowcount:
        return payload
    kept = connection.execute(select(TABLE.payload).where(TABLE.number == number)).scalar_one_or_none()
    return payload if kept is None else kept


def note_sent(connection: Connection, number: int, now: int, answer: Mapping[str, Any]) -> None:
    """Note that something was taken."""
    _note(connection, number, status=str(Standing.SENT), changed=now, answer=dict(answer))


def note_failed(connection: Connection, number: int, now: int, answer: Mapping[str, Any], due: int | None) -> None:
    """Note that something was not taken, and when it is tried again; it is dead if `due` is None."""
    status = Standing.DEAD if due is None else Standing.WAITING
    later = {} if due is None else {"due": stored_time(due)}
    _note(connection, number, status=str(status), changed=now, answer=dict(answer), **later)


def _note(connection: Connection, number: int, **values: Any) -> None:
    # Somebody may have dropped it meanwhile.
    waiting = and_(TABLE.number == number, TABLE.status == Standing.WAITING)
    connection.execute(update(NOTIFICATION).where(waiting).values(attempts=TABLE.attempts + 1, **values))


def forget(connection: Connection, before: int, dead_before: int) -> int:
    """Forget what was sent or dropped before a time, and what died before another, with what was in it. How many."""
    done = and_(TABLE.status.in_((str(Standing.SENT), str(Standing.DROPPED))), TABLE.changed < before)
    dead = and_(TABLE.status == Standing.DEAD, TABLE.changed < dead_before)
    whole = select(TABLE.number).where(or_(done, dead)).limit(10_000)
    numbers = connection.execute(whole).scalars().all()
    for start in range(0, len(numbers), AT_ONCE):
        part = numbers[start : start + AT_ONCE]
        connection.execute(delete(NOTIFICATION).where(or_(TABLE.number.in_(part), TABLE.digest.in_(part))))
    return len(numbers)
