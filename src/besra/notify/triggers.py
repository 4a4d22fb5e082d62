"""Which entries of the outbox go with new alerts: what their rules want told, and what the service does by itself."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from besra.detection.alert import Alert
from besra.notify.action import Action, actions_of
from besra.schema.timestamp import NANOS
from besra.storage.outbox import Entry, add

ACTIONS, THROTTLE = "kibana.alert.rule.actions", "kibana.alert.rule.throttle"
RUN = 60 * NANOS
"""How long the alerts of "a run" wait for each other."""


class Triggers:
    """Makes the entries that go with alerts. Called within their transaction, by any thread.

    `defaults` are about the alerts of every rule. `tell` is told of alerts for which something went wrong: they are
    kept without entries, since an alert that is not told of is better than none.
    """

    def __init__(
        self, defaults: Sequence[Action], clock: Callable[[], int], tell: Callable[[str], None], run: int = RUN
    ) -> None:
        self._defaults = tuple(defaults)
        self._clock = clock
        self._tell = tell
        self._run = run
        self.failed = 0
        """Alerts for which no entries could be made."""

    def __call__(self, connection: Connection, alerts: Sequence[Alert]) -> None:
        """Write the entries of new alerts. Raises SQLAlchemyError."""
        entries = self.entries(alerts)
        if entries:
            add(connection, entries)

    def entries(self, alerts: Sequence[Alert]) -> list[Entry]:
        """The entries of new alerts. Building blocks have none (detection-engine.md 7.1)."""
        now, known = self._clock(), dict[int, tuple[Action, ...]]()
        found: list[Entry] = []
        for alert in alerts:
            if "kibana.alert.building_block_type" in alert:
                continue
            try:
                found += self._of_alert(alert, now, known)
            except Exception as error:  # must not keep the alert from being stored
                self.failed += 1
                told = f"{type(error).__name__}: {error}"
                self._tell(f"error: no notification of alert {alert.get('kibana.alert.uuid')}: {told}")
        return found

    def _of_alert(self, alert: Alert, now: int, known: dict[int, tuple[Action, ...]]) -> list[Entry]:
        own = self._of_rule(alert, now, known)
        space = str(next(iter(alert.get("kibana.space_ids") or ["default"])))
        has_own = bool(alert.get(ACTIONS))
        others = (
            action
            for action in self._defaults
            if not (action.only_without_actions and has_own) and action.space in (None, space)
        )
        return [_entry(alert, action, space, now) for action in (*own, *others) if action.is_about(alert, now)]

    def _of_rule(self, alert: Alert, now: int, known: dict[int, tuple[Action, ...]]) -> tuple[Action, ...]:
        given = alert.get(ACTIONS)
        if not given:
            return ()
        # The alerts of a run share what their rule says, and all of them are there while this goes on.
        if id(given) not in known:
            known[id(given)] = tuple(actions_of(given, alert.get(THROTTLE), self._run, now))
        return known[id(given)]


def _entry(alert: Alert, action: Action, space: str, now: int) -> Entry:
    id_: Any = alert["kibana.alert.uuid"]
    until = None if action.waits is None else (now // action.waits + 1) * action.waits
    return Entry(
        key=key_of(space, str(id_), action.uuid),
        space=space,
        connector=action.connector,
        action=(action.id, action.document),
        alert=str(id_),
        until=until,
        at=now,
        problem="; ".join(action.problems) or None,
    )


def key_of(space: str, alert: str, action: str) -> str:
    """The key of what an action tells of an alert: the same whenever it is made again."""
    return hashlib.sha256(f"{space}\n{alert}\n{action}".encode("utf-8", "replace")).hexdigest()[:40]
