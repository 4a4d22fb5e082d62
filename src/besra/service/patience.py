"""Connections that take too long, and too many of them.

Who sends the head of a request bit by bit, or a body so slowly that it never ends, holds a connection for as long as it
likes: so these are closed. Time that besra takes itself, and that a client waits between two requests, does not count.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

HEAD_WITHIN = 30.0
"""Seconds in which the head of a request comes, from the first byte or from the connection on."""
BODY_WITHIN, LEAST = 30.0, 4096
"""Seconds in which at least so many bytes of a body come, or all that is left."""
MOST = 1000
"""Connections at a time, or half of the files the process may have open if that is less."""


class Phase(Enum):
    """What a connection is at."""

    HEAD = "head"
    BODY = "body"
    OURS = "ours"
    """Nothing is to come, or besra is not ready for it."""


@dataclass(slots=True)
class Progress:
    """What a connection was at, since when, and how many bytes had come by then."""

    phase: Phase
    since: float
    received: int


def most_connections() -> int:
    """How many connections there may be."""
    try:
        import resource  # noqa: PLC0415  not everywhere
    except ImportError:
        return MOST
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST if files == resource.RLIM_INFINITY else max(10, min(MOST, files // 2))


class Watched:
    """What a connection of uvicorn's needs beside, to be watched; a mix-in before it."""

    most = MOST

    def connection_made(self, transport: Any) -> None:
        """See asyncio."""
        self.received = 0
        self.progress: Progress | None = None
        super().connection_made(transport)  # type: ignore[misc]
        if len(self.connections) > self.most:  # type: ignore[attr-defined]
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self.received += len(data)
        super().data_received(data)  # type: ignore[misc]


def phase_of(connection: Any) -> Phase:
    """What a connection is at."""
    cycle = connection.cycle
    if connection.timeout_keep_alive_task is not None or connection.flow.read_paused:
        return Phase.OURS
    if cycle is None or cycle.response_complete:
        return Phase.HEAD
    return Phase.BODY if cycle.more_body and not cycle.waiting_for_100_continue else Phase.OURS


def is_overdue(connection: Any, now: float) -> bool:
    """Whether a connection has taken too long; to be asked again and again, with seconds that only go forward."""
    phase, progress = phase_of(connection), connection.progress
    if progress is None or progress.phase is not phase:
        connection.progress = Progress(phase, now, connection.received)
        return False
    match phase:
        case Phase.HEAD:
            return bool(now - progress.since > HEAD_WITHIN)
        case Phase.BODY if now - progress.since > BODY_WITHIN:
            has_come = connection.received - progress.received
            connection.progress = Progress(phase, now, connection.received)
            return bool(has_come < LEAST)
    return False


def close_overdue(connections: Iterable[Any], now: float) -> None:
    """Close those that have taken too long."""
    for connection in [one for one in connections if is_overdue(one, now)]:
        connection.transport.abort()
