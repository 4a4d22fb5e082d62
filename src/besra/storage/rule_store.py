"""Rules made over the API, in the database of the alerts, with the history of what was changed about them.

A change is one transaction with its entry in the history. It names the revision it rests on, so that of two changes
made at once the later one is refused and nothing is overwritten unseen.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from besra.rules.space import DEFAULT
from besra.storage.alert_row import AT_ONCE
from besra.storage.columns import stored_name, stored_time
from besra.storage.database import AlertStoreError, Database
from besra.storage.rule_tables import RULE, RULE_CHANGE, RULE_SWITCH
from besra.storage.workflow import Author


class What(StrEnum):
    """What was done to a rule."""

    CREATED = "created"
    UPDATED = "updated"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule of the store. `document` is what its author gave; times are nanoseconds since 1970."""

    id: str
    rule_id: str
    enabled: bool
    revision: int
    created: int
    created_by: str
    updated: int
    updated_by: str
    document: Mapping[str, Any]
    space: str = DEFAULT


@dataclass(frozen=True, slots=True)
class RuleChange:
    """An entry of the history; `document` is what the rule said from then on, or had said, where it was deleted."""

    rule: str
    rule_id: str
    at: int
    by: str
    what: What
    revision: int
    document: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """A rule to write, and the one it takes the place of; None for one that is new."""

    new: StoredRule
    old: StoredRule | None = None


class RuleStore:
    """The rules of a space, in a database that has been brought up. Any thread may use it.

    Every method is one transaction and raises AlertStoreError, in which case nothing has changed: `rule-conflict` where
    somebody else has changed or made one of the rules meanwhile.
    """

    def __init__(self, database: Database, space: str = DEFAULT) -> None:
        self._database = database
        self.space = space

    def all(self) -> list[StoredRule]:
        """All rules, in the order of their making."""
        with self._database.reading() as connection:
            own = select(RULE).where(RULE.c.space == self.space)
            rows = connection.execute(own.order_by(RULE.c.created, RULE.c.id))
            return [_rule(row) for row in rows]

    def switches(self) -> dict[str, bool]:
        """The rules of files that are on or off whatever their files say, by `rule_id`."""
        with self._database.reading() as connection:
            rows = select(RULE_SWITCH.c.rule_id, RULE_SWITCH.c.enabled).where(RULE_SWITCH.c.space == self.space)
            return {row.rule_id: row.enabled for row in connection.execute(rows)}

    def write(self, writes: Sequence[Write]) -> None:
        """Write rules, all or none."""
        made = [write.new for write in writes if write.old is None]
        changed = [(write.new, write.old) for write in writes if write.old is not None]
        with self._database.writing() as connection:
            self._refuse_known(connection, made)
            if made:
                connection.execute(insert(RULE), [self._row(rule) for rule in made])
            for new, old in sorted(changed, key=lambda pair: pair[0].id):
                statement = update(RULE).where(
                    RULE.c.space == self.space, RULE.c.id == old.id, RULE.c.revision == old.revision
                )
                if connection.execute(statement.values(self._row(new))).rowcount != 1:
                    raise _conflict(old.rule_id)
            self._note(connection, [_change(new, What.CREATED) for new in made])
            self._note(connection, [_change(new, What.UPDATED) for new, _ in changed])

    def delete(self, rules: Sequence[StoredRule], author: Author) -> None:
        """Delete rules; those that are gone are gone."""
        with self._database.writing() as connection:
            for start in range(0, len(rules), AT_ONCE):
                ids = [rule.id for rule in rules[start : start + AT_ONCE]]
                connection.execute(delete(RULE).where(RULE.c.space == self.space, RULE.c.id.in_(ids)))
            self._note(connection, [_change(rule, What.DELETED, author) for rule in rules])

    def switch(self, rules: Sequence[StoredRule], author: Author, *, enabled: bool) -> None:
        """Switch rules on or off, which makes no new revision."""
        values = {"enabled": enabled, "updated": stored_time(author.at), "updated_by": stored_name(author.name)}
        what = What.ENABLED if enabled else What.DISABLED
        with self._database.writing() as connection:
            for start in range(0, len(rules), AT_ONCE):
                ids = sorted(rule.id for rule in rules[start : start + AT_ONCE])
                own = update(RULE).where(RULE.c.space == self.space, RULE.c.id.in_(ids))
                connection.execute(own.values(values))
            self._note(connection, [_change(rule, what, author, with_document=False) for rule in rules])

    def switch_files(self, own: Mapping[str, tuple[str, bool]], author: Author, *, enabled: bool) -> None:
        """Switch rules of files on or off: by `rule_id` their object's id, and what their files say."""
        what = What.ENABLED if enabled else What.DISABLED
        others = [
            {"space": self.space, "rule_id": rule_id, "enabled": enabled}
            for rule_id, (_, said) in own.items()
            if said != enabled
        ]
        with self._database.writing() as connection:
            names = sorted(own)
            for start in range(0, len(names), AT_ONCE):
                some = RULE_SWITCH.c.rule_id.in_(names[start : start + AT_ONCE])
                connection.execute(delete(RULE_SWITCH).where(RULE_SWITCH.c.space == self.space, some))
            if others:
                connection.execute(insert(RULE_SWITCH), others)
            told = (RuleChange(id_, rule_id, author.at, author.name, what, 0) for rule_id, (id_, _) in own.items())
            self._note(connection, list(told))

    def history(self, rule: str, limit: int = 100) -> list[RuleChange]:
        """What was changed about a rule, by its id or `rule_id`, the last first; also of one that is deleted."""
        table = RULE_CHANGE.c
        name = stored_name(rule)
        rows = (
            select(table.rule, table.rule_id, table.at, table.by, table.what, table.revision, table.document)
            .where(table.space == self.space, (table.rule == name) | (table.rule_id == name))
            .order_by(table.number.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [
                RuleChange(
                    *row[:4], What(row.what), row.revision, None if row.document is None else _read(row.document)
                )
                for row in connection.execute(rows)
            ]

    def _refuse_known(self, connection: Connection, rules: Sequence[StoredRule]) -> None:
        for start in range(0, len(rules), AT_ONCE):
            names = [rule.rule_id for rule in rules[start : start + AT_ONCE]]
            there = select(RULE.c.rule_id).where(RULE.c.space == self.space, RULE.c.rule_id.in_(names))
            known = connection.execute(there).scalars().first()
            if known is not None:
                raise _conflict(known)

    def _row(self, rule: StoredRule) -> dict[str, Any]:
        return {
            "id": rule.id,
            "space": self.space,
            "rule_id": rule.rule_id,
            "enabled": rule.enabled,
            "revision": rule.revision,
            "created": stored_time(rule.created),
            "created_by": stored_name(rule.created_by),
            "updated": stored_time(rule.updated),
            "updated_by": stored_name(rule.updated_by),
            "document": _written(rule.document),
        }

    def _note(self, connection: Connection, changes: Sequence[RuleChange]) -> None:
        rows = [
            {
                "space": self.space,
                "rule": stored_name(change.rule),
                "rule_id": stored_name(change.rule_id),
                "at": stored_time(change.at),
                "by": stored_name(change.by),
                "what": str(change.what),
                "revision": change.revision,
                "document": None if change.document is None else _written(change.document),
            }
            for change in changes
        ]
        if rows:
            connection.execute(insert(RULE_CHANGE), rows)


def _conflict(rule_id: str) -> AlertStoreError:
    message = f"the rule {rule_id} was changed by somebody else meanwhile"
    return AlertStoreError.of("rule-conflict", message, hint="read it again, and make the change to what it is now")


def _rule(row: Row[Any]) -> StoredRule:
    values = dict(row._mapping)
    return StoredRule(**{**values, "document": _read(row.document)})


def _change(rule: StoredRule, what: What, author: Author | None = None, *, with_document: bool = True) -> RuleChange:
    by, at = (author.name, author.at) if author else (rule.updated_by, rule.updated)
    return RuleChange(rule.id, rule.rule_id, at, by, what, rule.revision, rule.document if with_document else None)


def _written(document: Mapping[str, Any]) -> str:
    """JSON in ASCII, which every database takes, whatever characters and numbers a rule holds."""
    return json.dumps(document, separators=(",", ":"))


def _read(text: str) -> Any:
    return json.loads(text)
