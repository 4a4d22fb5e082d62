"""An event: one record of telemetry as an ECS document, with who it is and where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event was read. `line` counts from 1; `record` is the record id an event log gave it."""

    path: str
    line: int | None = None
    record: str | None = None

    def __str__(self) -> str:
        if self.record is not None:
            return f"{self.path}#{self.record}"
        return self.path if self.line is None else f"{self.path}:{self.line}"


POSITION_BITS = 20
"""In files of lines an event's position is its line, shifted by so many bits, plus its place among the documents of
that line: no count has to be carried from block to block."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    `id` is its identity: equal ids are the same event, wherever they were read. `index` holds the names it answers to
    when index patterns are matched, the first being its home (the one alerts name). `source` is the document as it
    came or as a normaliser made it: nested, dotted or mixed keys. `position` is its place in reading order within its
    file, the last tiebreaker between events of one instant. `written` is the document as JSON, where a normaliser
    made it: parsed, it is equal to `source`.
    """

    id: str
    index: tuple[str, ...]
    source: Mapping[str, Any]
    origin: Origin = field(default=Origin("-"))
    position: int = 0
    written: bytes | None = field(default=None, compare=False, repr=False)


def written(document: Mapping[str, Any]) -> bytes | None:
    """A document of JSON values as JSON; None if it cannot be written: lone surrogates, integers beyond 64 bits."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return None
