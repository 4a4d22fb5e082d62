"""What the documents of all sources share: the type, the base time, and when a document reaches the index."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from besra.schema.timestamp import NANOS, format_timestamp

Document = dict[str, Any]
"""One ECS document, nested, ready for JSON."""

DEFAULT_SEED = 20
DEFAULT_BASE = 1_773_740_467_231_845_600
"""2026-03-17T09:41:07.2318456Z in nanoseconds since 1970: the base time of every demo that names none."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = 100
"""Nanoseconds. Windows counts time in these, so no sensor writes finer."""

LATE_ONE_IN = 50


def to_nanos(base: int | datetime) -> int:
    """Nanoseconds since 1970, whole ticks, of a base time; a datetime without zone is UTC."""
    if isinstance(base, datetime):
        aware = base if base.tzinfo else base.replace(tzinfo=UTC)
        base = (aware - EPOCH) // timedelta(microseconds=1) * 1_000
    return base - base % TICK


def ingested(time: int, rng: Random) -> str:
    """`event.ingested` of a document of that time: 2 to 40 s later, one in fifty 4 to 7 minutes (demo-events.md).

    The late ones show why a rule that runs every 5 minutes looks 9 minutes back.
    """
    low, high = (240.0, 420.0) if rng.randrange(LATE_ONE_IN) == 0 else (2.0, 40.0)
    return format_timestamp(time + int(rng.uniform(low, high) * NANOS), digits=3)
