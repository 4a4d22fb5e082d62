"""Which process an event is of, and which is its parent: by entity ids, else by pid and start on a host.

By the fields an event has, whatever agent sent it (detection-engine.md 6.4, 13).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from besra.events.document import Fields
from besra.events.event_time import TIMESTAMP
from besra.language.expr import Equals, FieldRef, Predicate
from besra.language.simplify import all_of
from besra.schema.fieldtype import FieldType, to_text
from besra.schema.timestamp import format_timestamp, parse_timestamp

ENTITY, PARENT_ENTITY, ANCESTRY = "process.entity_id", "process.parent.entity_id", "process.Ext.ancestry"
PID, PARENT_PID = "process.pid", "process.parent.pid"
START, PARENT_START = "process.start", "process.parent.start"
HOSTS = ("host.id", "host.name")
LONGEST_ANCESTRY = 100
"""Ancestors that are taken from one event."""
MILLI = 1_000_000
"""Nanoseconds; sensors write the start of a process with different precision in its events and in those of children."""


@dataclass(frozen=True, slots=True)
class ProcessKey:
    """What tells processes apart: an `entity` id, or a `pid` that started (milliseconds since 1970) on a `host`."""

    entity: str = ""
    host: str = ""
    pid: int = 0
    start: int = 0

    @property
    def name(self) -> str:
        """The key as text: the entity id, else `pid@start on host`."""
        return self.entity or f"{self.pid}@{format_timestamp(self.start * MILLI)} on {self.host}"


def process_of(fields: Fields) -> ProcessKey | None:
    """The process an event is of, None if it does not say so that others can be told to be of the same."""
    started = _first(fields, TIMESTAMP) if "start" in fields.scalars("event.type") else None
    return _key(fields, ENTITY, PID, _first(fields, START) or started)


def parent_of(fields: Fields) -> ProcessKey | None:
    """The parent of that process, None if the event does not tell."""
    return _key(fields, PARENT_ENTITY, PARENT_PID, _first(fields, PARENT_START))


def ancestry_of(fields: Fields) -> tuple[ProcessKey, ...]:
    """The ancestors an event lists, the nearest first."""
    return tuple(ProcessKey(to_text(id_)) for id_ in fields.scalars(ANCESTRY)[:LONGEST_ANCESTRY] if id_ != "")


def _key(fields: Fields, entity: str, pid: str, start: Any) -> ProcessKey | None:
    id_ = _first(fields, entity)
    if id_ not in (None, ""):
        return ProcessKey(to_text(id_))
    number = fields.values(pid, FieldType.LONG)
    host = next((value for name in HOSTS if (value := _first(fields, name)) not in (None, "")), None)
    time = None if start is None else parse_timestamp(start)
    if not number or host is None or time is None:
        return None
    return ProcessKey("", to_text(host), int(number[0]), time // MILLI)  # type: ignore[arg-type]  # a LONG is an int


def _first(fields: Fields, name: str) -> Any:
    return next(iter(fields.scalars(name)), None)


# --- conditions on events ---------------------------------------------------------------------------------------------


def of_processes(keys: Mapping[ProcessKey, object] | frozenset[ProcessKey]) -> list[Predicate]:
    """Conditions of which one holds of every event of some processes, and of few others."""
    return _named(frozenset(keys), ENTITY, PID)


def of_children(keys: frozenset[ProcessKey]) -> list[Predicate]:
    """The same of the events of their children."""
    return _named(keys, PARENT_ENTITY, PARENT_PID)


def _named(keys: frozenset[ProcessKey], entity: str, pid: str) -> list[Predicate]:
    found: list[Predicate] = []
    if ids := frozenset(key.entity for key in keys if key.entity):
        found.append(Equals(FieldRef(entity, FieldType.KEYWORD), ids))
    pids: dict[str, set[int]] = {}
    for key in keys:
        if not key.entity:
            pids.setdefault(key.host, set()).add(key.pid)
    for host, numbers in sorted(pids.items()):
        of_pid = Equals(FieldRef(pid, FieldType.LONG), frozenset(numbers))
        found += [all_of([Equals(FieldRef(name, FieldType.KEYWORD), frozenset({host})), of_pid]) for name in HOSTS]
    return found
