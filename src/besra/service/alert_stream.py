"""New alerts as they come, for those who follow them: server-sent events (interfaces.md 4).

Each listener asks the alert store for what came after the last alert it was sent, so a slow one holds up nobody, and
one that comes again misses nothing.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from besra.detection.alert import Alert
from besra.service.access import Who
from besra.service.answering import refused
from besra.service.author import WHO
from besra.service.gate import STILL
from besra.storage.alert_store import AlertStore
from besra.storage.arrivals import Arrived
from besra.storage.database import AlertStoreError

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Nobody in between keeps events back."""


@dataclass(frozen=True, slots=True)
class StreamBounds:
    """How many listen at once, and those of one user among them, how many alerts one is sent at a time, and seconds:
    between two looks for new alerts, and between signs of life."""

    listeners: int = 20
    of_one: int = 5
    at_once: int = 100
    every: float = 0.5
    alive: float = 15.0


DEFAULT_BOUNDS = StreamBounds()


class AlertStream:
    """Those who follow new alerts. One for a process."""

    def __init__(self, alerts: AlertStore, bounds: StreamBounds = DEFAULT_BOUNDS) -> None:
        self.listening = 0
        """How many there are."""
        self.by_user: Counter[str] = Counter()
        """How many a user has, whatever the credentials."""
        self.bounds = bounds
        self._alerts = alerts
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Send nobody anything more. To be called on the loop that answers requests."""
        self._ended.set()

    def start(self, asked: int | None) -> int:
        """Behind which position a listener begins: the one it asks for, else the last there is. Raises AlertStoreError.

        One that no alert has had is from another store, which has other alerts: then it begins at the last, too.
        """
        last = self._alerts.last_arrival
        return last if asked is None else min(asked, last)

    async def events(self, position: int, space: str) -> AsyncIterator[bytes]:
        """What a listener is sent of the alerts of a space, until the end."""
        yield b": alerts follow as they come\n\n"
        said = time.monotonic()
        while not self._ended.is_set():
            found: Arrived | None
            try:
                found = await run_in_threadpool(self._alerts.arrived, position, self.bounds.at_once, space)
            except AlertStoreError:
                found = None  # told where the service tells of its failures; a later look finds them
            alerts = found.alerts if found else ()
            for number, alert in alerts:
                yield event_of(number, alert)
            if found:
                position = found.until
            if alerts:
                said = time.monotonic()
            elif time.monotonic() - said >= self.bounds.alive:
                yield b": still here\n\n" if found is not None else b": the alerts cannot be read at the moment\n\n"
                said = time.monotonic()
            if len(alerts) < self.bounds.at_once:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), self.bounds.every)


class Listening(Response):
    """The answer to a listener in a space, from behind a position on; or that there are too many already."""

    media_type = "text/event-stream"

    def __init__(self, stream: AlertStream, position: int, space: str) -> None:
        super().__init__(headers=HEADERS)
        self._stream = stream
        self._position = position
        self._space = space

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        most = self._stream.bounds.listeners
        who: Who | None = scope.get(WHO)
        of_one, told = self._stream.bounds.of_one, ""
        if self._stream.listening >= most:
            told = f"{most} follow the alerts already"
        elif who and self._stream.by_user[who.name] >= of_one:
            told = f"{who.name!r} follows the alerts {of_one} times already"
        if told:
            await refused(429, told, {"Retry-After": "10"})(scope, receive, send)
            return
        self._stream.listening += 1
        if who:
            self._stream.by_user[who.name] += 1
        try:
            events = allowed(self._stream.events(self._position, self._space), scope)
            answer = StreamingResponse(events, headers=HEADERS, media_type=self.media_type)
            await answer(scope, receive, send)
        finally:
            self._stream.listening -= 1
            if who:
                self._stream.by_user -= Counter((who.name,))


async def allowed(events: AsyncIterator[bytes], scope: Scope) -> AsyncIterator[bytes]:
    """What a listener is sent for as long as the credential is good."""
    still = scope.get(STILL)
    async for event in events:
        if still is not None and not await still():
            return
        yield event


def event_of(position: int, alert: Alert) -> bytes:
    """An alert as an event, in one line."""
    try:
        told = orjson.dumps(alert)
    except TypeError:  # a lone surrogate, or deeper than its quick writer goes
        told = json.dumps(alert).encode()
    return b"id: %d\nevent: alert\ndata: %b\n\n" % (position, told)
