"""Sends what is in the outbox, beside everything else: each connector at its pace, and none held up by another.

What is sent is kept before it is sent, and that it was taken is noted after. So a crash in between sends the same
again, under the same key.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from besra.notify.answer import Answer, failed
from besra.notify.connector import Connector, Message
from besra.notify.connectors_file import NotifySettings
from besra.notify.context import MOST, Told
from besra.notify.pace import GIVEN_UP, Pace
from besra.notify.payload import payload_of
from besra.notify.sending import Sender
from besra.problems import Problem
from besra.schema.timestamp import NANOS
from besra.service.connector_book import ConnectorBook
from besra.storage import outbox
from besra.storage.alert_row import documents
from besra.storage.database import Database
from besra.storage.outbox import Target, Waiting

WORKERS = 8
"""Connectors that are sent through at once."""
TOGETHER = 20
"""Things sent through a connector before others have their turn."""
EVERY = 0.25
"""Seconds between two looks at what is due."""
FORGET_EVERY = 600 * NANOS
KEPT = 7 * 86_400 * NANOS
DEAD_KEPT = 30 * 86_400 * NANOS
"""For how long what was sent is remembered, and what was given up."""

Clock = Callable[[], int]


@dataclass
class Counts:
    """What was done since the start."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    gathered: int = 0


class Deliverer:
    """Sends what is due. One thread calls `step`, or `run` does until told to stop."""

    def __init__(
        self,
        database: Database,
        book: ConnectorBook,
        sender: Sender,
        clock: Clock,
        settings: NotifySettings,
        tell: Callable[[str], None],
    ) -> None:
        self.counts = Counts()
        self._database = database
        self._book = book
        self._sender = sender
        self._clock = clock
        self._settings = settings
        self._tell = tell
        self._paces: dict[Target, Pace] = {}
        self._busy: set[Target] = set()
        self._lock = threading.Lock()
        self._forgot_at = clock()
        self._is_over = threading.Event()
        self._error: Exception | None = None

    @property
    def failing(self) -> int:
        """How many connectors did not take what was sent last."""
        return sum(pace.failures > 0 for pace in list(self._paces.values()))

    def run(self, stop: threading.Event, on_error: Callable[[Exception], None], on_step: Callable[[], None]) -> None:
        """Send until told to stop. What is under way then is ended first."""
        with ThreadPoolExecutor(WORKERS, "notify") as pool:
            while not stop.wait(EVERY):
                try:
                    self.step(lambda target: pool.submit(self.serve, target))
                    on_step()
                except Exception as error:  # a defect, too, must be told and not end this for good
                    on_error(error)
                    stop.wait(1.0)
            self._is_over.set()

    def step(self, start: Callable[[Target], object]) -> int:
        """Have everything sent that is due; through how many connectors. Raises AlertStoreError.

        `start` is called with each of them, and calls `serve`, here or in a thread.
        """
        error, self._error = self._error, None
        if error is not None:
            raise error
        now = self._clock()
        self._forget(now)
        with self._database.reading() as connection:
            due = outbox.due_targets(connection, now)
        started = 0
        for target in due:
            pace = self._paces.setdefault(target, Pace())
            with self._lock:
                if target in self._busy or pace.left(self._limit(target), now) <= 0:
                    continue
                self._busy.add(target)
            start(target)
            started += 1
        return started

    def serve(self, target: Target) -> int:
        """Send what is due through a connector, as much as may be now. How many were sent, or tried."""
        try:
            return self._serve(target)
        except Exception as error:  # raised again by the step that had this worker started
            self._error = error
            return 0
        finally:
            with self._lock:
                self._busy.discard(target)

    def _serve(self, target: Target) -> int:
        now, pace = self._clock(), self._paces.setdefault(target, Pace())
        left = pace.left(self._limit(target), now)
        connector = self._book.get(target.space, target.connector)
        with self._database.writing() as connection:
            self.counts.gathered += outbox.gather(connection, target, now, left)
            waiting = outbox.next_due(connection, target, now, min(left, TOGETHER))
        messages = self._prepared(waiting, connector)
        for number, (one, message) in enumerate(zip(waiting, messages, strict=True)):
            if self._is_over.is_set() or pace.left(self._limit(target), self._clock()) <= 0:
                return number
            answer = _unknown(target) if connector is None or message is None else self._sender.send(connector, message)
            self._note(one, pace, answer)
        return len(waiting)

    def _limit(self, target: Target) -> int:
        connector = self._book.get(target.space, target.connector)
        return (connector and connector.per_minute) or self._settings.per_minute

    def _prepared(self, waiting: Sequence[Waiting], connector: Connector | None) -> list[Message | None]:
        """What is sent, kept if it was not yet. Made in no transaction: nobody waits for somebody's templates."""
        if connector is None:
            return [None] * len(waiting)
        made = [None if one.payload is not None else self._rendered(one, connector) for one in waiting]
        messages: list[Message | None] = []
        with self._database.writing() as connection:
            for one, new in zip(waiting, made, strict=True):
                payload = one.payload
                if new is not None:
                    payload = outbox.keep_payload(connection, one.number, new[0], "; ".join(new[1]) or None)
                messages.append(Message(one.key, one.kind, payload or {}))
        return messages

    def _rendered(self, one: Waiting, connector: Connector) -> tuple[dict[str, Any], list[str]]:
        """The parameters that are sent, and the problems of making them."""
        with self._database.reading() as connection:
            ids: Iterable[str] = [one.alert] if one.alert else outbox.alerts_of(connection, one.number, MOST)
            alerts = [*documents(connection, ids).values()]
        told = Told(alerts, one.count, self._clock(), one.target.space, one.key, one.kind)
        params = one.action.get("params") or {}
        problems = [one.problem] if one.problem else []
        try:
            payload, found = payload_of(
                connector.type, params, told, self._settings.public_url, is_crowded=one.is_crowded
            )
        except Exception as error:  # one that cannot be made must not hold up the others
            payload, found = payload_of(connector.type, {}, told, is_crowded=True)
            found = [f"the parameters could not be used: {type(error).__name__}: {error}", *found]
        if not alerts:
            found.append("its alerts have been removed meanwhile")
        return payload, [*problems, *found]

    def _note(self, one: Waiting, pace: Pace, answer: Answer) -> None:
        now = self._clock()
        self._tell_of(one.target, pace, answer)
        with self._database.writing() as connection:
            if answer.is_sent:
                pace.note_sent(now)
                self.counts.sent += 1
                outbox.note_sent(connection, one.number, now, answer.as_json())
                return
            self.counts.failed += 1
            if answer.is_final:
                pace.note_refused(now)
                due = None
            else:
                due = pace.note_failed(now, answer.retry_after)
                due = due if now - one.created < GIVEN_UP else None
            self.counts.dead += due is None
            outbox.note_failed(connection, one.number, now, answer.as_json(), due)

    def _tell_of(self, target: Target, pace: Pace, answer: Answer) -> None:
        """Tell when a connector begins to take nothing, and when it takes something again."""
        if pace.is_troubled and answer.is_sent:
            self._tell(f"connector {target.connector}: it takes notifications again")
        elif not pace.is_troubled and answer.problem is not None and not answer.is_sent:
            what = "given up" if answer.is_final else "tried again"
            self._tell(f"error: connector {target.connector}: {answer.problem.message}; {what}")
        pace.is_troubled = not answer.is_sent

    def _forget(self, now: int) -> None:
        self._forgot_at = min(self._forgot_at, now)
        if now - self._forgot_at >= FORGET_EVERY:
            with self._database.writing() as connection:
                outbox.forget(connection, now - KEPT, now - DEAD_KEPT)
            self._forgot_at = now


def _unknown(target: Target) -> Answer:
    hint = "make one of this id, and try again"
    message = f"there is no connector {target.connector!r} in the space {target.space!r}"
    return failed(Problem("connector-missing", message, hint=hint), is_final=True)
