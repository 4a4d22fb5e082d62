"""How far each rule is: stored with the alerts it has led to, and never without them (detection-engine.md 13)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from besra.storage.columns import stored_name, stored_time
from besra.storage.run_tables import JOURNAL_POSITION, RULE_PROGRESS
from besra.storage.upsert import insert_or, upsert

ALERTS = "alerts"
OWNER = "journal"
"""In place of a batch, which journal it is whose batches are meant."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rule is. `started` is when its last run that succeeded began, in nanoseconds since 1970.

    `batch` is the number of the last batch of the journal that it has seen. `enabled` says whether the rule was
    switched on, so that the time it was off is no gap. `state` is what else its next run wants to know, as JSON.
    """

    started: int
    batch: int
    enabled: bool = True
    state: Mapping[str, Any] = field(default_factory=dict)


def write_progress(connection: Connection, rule_uuid: str, progress: Progress) -> None:
    """Keep how far a rule is, unless it is known to be further: by its batches, for clocks are set back."""
    row = {
        "rule_uuid": stored_name(rule_uuid),
        "started": stored_time(progress.started),
        "batch": progress.batch,
        "enabled": progress.enabled,
        "state": dict(progress.state),
    }
    upsert(connection, RULE_PROGRESS, ("rule_uuid",), row, _is_further)


def _is_further(statement: postgresql.Insert | sqlite.Insert) -> ColumnElement[bool]:
    further: ColumnElement[bool] = statement.excluded.batch >= RULE_PROGRESS.c.batch
    return further


def read_progress(connection: Connection) -> dict[str, Progress]:
    """How far all rules are, by the UUIDs of their objects."""
    columns = RULE_PROGRESS.c
    rows = select(columns.rule_uuid, columns.started, columns.batch, columns.enabled, columns.state)
    return {row.rule_uuid: Progress(row.started, row.batch, row.enabled, row.state) for row in connection.execute(rows)}


def write_position(connection: Connection, batch: int) -> None:
    """Keep up to which batch of the journal alerts are there, unless they are further."""
    statement = insert_or(connection, JOURNAL_POSITION, {"reader": ALERTS, "batch": batch})
    is_further = statement.excluded.batch > JOURNAL_POSITION.c.batch
    changed = {"batch": statement.excluded.batch}
    connection.execute(statement.on_conflict_do_update(index_elements=["reader"], set_=changed, where=is_further))


def read_position(connection: Connection) -> int:
    """The last batch of the journal whose alerts are there, 0 for none."""
    columns = JOURNAL_POSITION.c
    return connection.execute(select(columns.batch).where(columns.reader == ALERTS)).scalar_one_or_none() or 0


def claim(connection: Connection, journal: int, *, is_new: bool) -> bool:
    """Have alerts belong to a journal, if they belong to none or the journal `is_new`; whether they do now.

    The batches of two journals have the same numbers: what one has dealt with is not what the other has.
    """
    statement = insert_or(connection, JOURNAL_POSITION, {"reader": OWNER, "batch": journal})
    if is_new:
        changed = {"batch": statement.excluded.batch}
        connection.execute(statement.on_conflict_do_update(index_elements=["reader"], set_=changed))
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=["reader"]))
    return is_owned(connection, journal)


def is_owned(connection: Connection, journal: int) -> bool:
    """Whether the alerts belong to a journal."""
    columns = JOURNAL_POSITION.c
    return connection.execute(select(columns.batch).where(columns.reader == OWNER)).scalar_one_or_none() == journal


def forget_rule(connection: Connection, rule_uuid: str) -> None:
    """Forget how far a rule is, as when it is deleted."""
    connection.execute(delete(RULE_PROGRESS).where(RULE_PROGRESS.c.rule_uuid == stored_name(rule_uuid)))
