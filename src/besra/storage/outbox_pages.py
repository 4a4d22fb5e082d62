"""The outbox as people look at it, and what they do about it: try again, drop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select, update

from besra.storage.columns import stored_name
from besra.storage.database import Database
from besra.storage.notify_tables import NOTIFICATION, NOTIFY_ACTION
from besra.storage.outbox import TABLE, Standing

LAST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries are meant: of a space, of a standing, through a connector, under a key, about an alert."""

    space: str
    status: Standing | None = None
    connector: str | None = None
    key: str | None = None
    alert: str | None = None
    before: int = LAST
    size: int = 100

    @property
    def conditions(self) -> list[Any]:
        """The same as a database knows it."""
        found: list[Any] = [TABLE.space == stored_name(self.space), TABLE.number < self.before]
        for column, value in (
            (TABLE.status, self.status),
            (TABLE.connector, self.connector),
            (TABLE.key, self.key),
            (TABLE.alert, self.alert),
        ):
            if value is not None:
                found.append(column == stored_name(value))
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as it is shown. Times are in nanoseconds since 1970; `digest` is the key of the digest it is in."""

    number: int
    key: str
    kind: str
    connector: str
    action: str
    alert: str | None
    count: int
    created: int
    due: int
    changed: int
    status: Standing
    attempts: int
    payload: Mapping[str, Any] | None
    problem: str | None
    answer: Mapping[str, Any] | None
    digest: str | None


class OutboxPages:
    """The outbox of a database that has been brought up. Any thread may use it; methods raise AlertStoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, asked: Asked) -> list[Shown]:
        """Some entries, the newest first."""
        outer = NOTIFICATION.alias("outer_digest")
        digest = select(outer.c.key).where(outer.c.number == TABLE.digest).scalar_subquery()
        rows = (
            select(NOTIFICATION, NOTIFY_ACTION.c.document, digest.label("digest_key"))
            .join(NOTIFY_ACTION, NOTIFY_ACTION.c.id == TABLE.action)
            .where(*asked.conditions)
            .order_by(TABLE.number.desc())
            .limit(asked.size)
        )
        with self._database.reading() as connection:
            return [_shown(row) for row in connection.execute(rows)]

    def counts(self) -> dict[Standing, int]:
        """How many entries wait, and how many are dead. What was sent is not counted: there may be very many."""
        statuses = [str(standing) for standing in (Standing.WAITING, Standing.DEAD)]
        counted = select(TABLE.status, func.count()).where(TABLE.status.in_(statuses)).group_by(TABLE.status)
        with self._database.reading() as connection:
            return {Standing(status): count for status, count in connection.execute(counted)}

    def retry(self, asked: Asked, now: int) -> int:
        """Have dead ones tried again at once, and those that wait for a later try. How many.

        They are as old as now, else they would be given up at once; they keep their keys.
        """
        waiting = and_(TABLE.status == Standing.WAITING, TABLE.attempts > 0)
        again = waiting | (TABLE.status == Standing.DEAD)
        values = {"status": str(Standing.WAITING), "due": now, "created": now, "attempts": 0, "changed": now}
        return self._update([*asked.conditions, again], values)

    def drop(self, asked: Asked, now: int) -> int:
        """Have some not sent any more. How many."""
        open_ = TABLE.status.in_((str(Standing.WAITING), str(Standing.DEAD)))
        return self._update([*asked.conditions, open_], {"status": str(Standing.DROPPED), "changed": now})

    def _update(self, conditions: Sequence[Any], values: Mapping[str, Any]) -> int:
        with self._database.writing() as connection:
            return int(connection.execute(update(NOTIFICATION).where(*conditions).values(values)).rowcount)


def _shown(row: Any) -> Shown:
    return Shown(
        row.number,
        row.key,
        row.kind,
        row.connector,
        str(row.document.get("uuid")),
        row.alert,
        row.alerts,
        row.created,
        row.due,
        row.changed,
        Standing(row.status),
        row.attempts,
        row.payload,
        row.problem,
        row.answer,
        row.digest_key,
    )
