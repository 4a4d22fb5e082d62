"""Bodies of `_bulk` that are made once and sent often: times and ids are written into them anew before each sending.

What is written anew has a fixed width, so it costs a load client next to nothing, and no event is sent twice.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.events.stream import lines
from besra.events.index_name import index_names
from besra.schema.timestamp import NANOS, format_timestamp

MARK, NO_MARK = b"besra-mark.exe", b"besra-hush.exe"
"""The names of a process that the rule of the benchmark is about, and of one it is not."""
FRACTION = 9
STAMP = len("2026-01-05T08:00:00.000000000Z")
ID = 16
"""Digits of an event's id, which is its number."""
STEP = 1000
"""Nanoseconds between two events of a body."""

RULE = f'''[rule]
name = "Mark of the benchmark"
rule_id = "70000000-0000-4000-8000-000000000001"
description = "Finds the events a benchmark has marked."
type = "query"
language = "kuery"
index = ["logs-endpoint.events.*"]
query = """process.name : "{MARK.decode()}" """
severity = "low"
risk_score = 21
author = ["besra"]
interval = "5m"
from = "now-9m"
'''


class Body:
    """A body of events, one of which can be marked."""

    def __init__(self, documents: list[bytes]) -> None:
        self.size = len(documents)
        events = [orjson.loads(document) for document in documents]
        self.marked = next(n for n, e in enumerate(events) if isinstance(e.get("process"), dict) and "event" in e)
        """The place of the event that can be marked."""
        events[self.marked]["process"]["name"] = NO_MARK.decode()
        self._bytes = bytearray(b"".join(map(put, events)))
        self.view = np.frombuffer(self._bytes, np.uint8)
        """What is sent."""
        self._times = places(self._bytes, rb'"(?:@timestamp|(?:event\.)?(?:created|ingested))":"(0{%d})"' % STAMP)
        self._ids = places(self._bytes, rb'"(?:event\.)?id":"(#{%d})"' % ID)
        self._mark = self._bytes.index(NO_MARK)
        self._event_of_time = np.searchsorted(self._ids, self._times)

    def write(self, time: int, number: int, *, is_marked: bool) -> None:
        """Give its events the times from one on, and the ids from a number on."""
        second, fraction = divmod(time, NANOS)
        whole = np.frombuffer(format_timestamp(second * NANOS)[:19].encode() + b".", np.uint8)
        after = np.minimum(fraction + STEP * self._event_of_time, NANOS - 1)
        self.view[self._times[:, None] + np.arange(len(whole))] = whole
        self.view[self._times + STAMP - 1] = ord("Z")
        self.view[(self._times + len(whole))[:, None] + np.arange(FRACTION)] = digits(after, FRACTION)
        self.view[self._ids[:, None] + np.arange(ID)] = digits(number + np.arange(self.size), ID)
        name = MARK if is_marked else NO_MARK
        self._bytes[self._mark : self._mark + len(name)] = name


def bodies(count: int, batch: int, seed: int, unwanted: frozenset[int] = frozenset()) -> Iterator[Body]:
    """So many bodies of made-up events, those left out that stand at `unwanted` places among all."""
    made = (line for place, line in enumerate(lines(1 << 40, seed)) if place not in unwanted)
    for _ in range(count):
        yield Body(list(islice(made, batch)))


def put(event: dict[str, Any]) -> bytes:
    """The two lines of a `_bulk` body that add an event to its data stream, its times and id left to be written."""
    index = index_names(event)[0]
    event["@timestamp"] = "0" * STAMP
    for name, value in (("created", "0" * STAMP), ("ingested", "0" * STAMP), ("id", "#" * ID)):
        if "event" in event:
            event["event"][name] = value
        else:
            event[f"event.{name}"] = value
    return orjson.dumps({"create": {"_index": index}}) + b"\n" + orjson.dumps(event) + b"\n"


def places(text: bytes | bytearray, pattern: bytes) -> NDArray[np.int64]:
    """Where the group of a pattern begins, each time it is found."""
    return np.array([found.start(1) for found in re.finditer(pattern, text)], np.int64)


def digits(numbers: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """The decimal digits of numbers, a row each."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (np.asarray(numbers)[:, None] // powers % 10 + ord("0")).astype(np.uint8)
