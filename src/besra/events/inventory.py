"""What there is in a stream of events: sources with their kinds and fields, hosts with their times.

Memory is bounded by the numbers below, not by the number of events.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from besra.events.clock_watch import ClockWatch
from besra.events.document import field_values
from besra.events.event import Event
from besra.events.event_kind import EventKind, Told, told_by
from besra.events.event_time import event_time
from besra.events.field_names import FieldNames
from besra.schema.fieldtype import to_text

HOST_FIELDS = ("host.name", "host.hostname", "winlog.computer_name", "host.id")
"""What a host is called, by the first of these that an event has."""

MOST_KINDS = 1_000
"""Kinds kept apart in one scan; of those beyond only index and category count."""

MOST_HOSTS = 10_000
"""Hosts kept apart; the events of those beyond are counted together."""

OTHERS = "(other hosts)"
COARSE = ("event.kind", "event.category")


@dataclass(slots=True)
class Span:
    """Events counted, with the times of the first and the last, in nanoseconds since 1970."""

    events: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, time: int | None) -> None:
        """Count an event."""
        self.events += 1
        if time is not None:
            self.first = time if self.first is None or time < self.first else self.first
            self.last = time if self.last is None or time > self.last else self.last


@dataclass(slots=True)
class KindCount:
    """Events of one kind, and the names of their fields."""

    events: int = 0
    names: FieldNames = field(default_factory=FieldNames)


@dataclass(frozen=True, slots=True)
class SourceFound:
    """A source: the index its events are at home in, how many there are, of which kinds, with which fields."""

    home: str
    events: int
    kinds: tuple[EventKind, ...]

    @property
    def fields(self) -> frozenset[str]:
        """The names of all fields that some of the events have."""
        return frozenset().union(*(kind.fields for kind in self.kinds))


class Inventory:
    """Counts events while they are read, and watches their clocks. `hosts` has None for events that name no host."""

    def __init__(self) -> None:
        self.hosts: dict[str | None, Span] = {}
        self.clocks = ClockWatch()
        self._kinds: dict[tuple[tuple[str, ...], Told], KindCount] = {}

    def add(self, event: Event) -> None:
        """Take an event."""
        self._kind_of(event).names.add(event.source)
        host, time = host_of(event.source), event_time(event.source)
        self._span_of(host).add(time)
        self.clocks.add(event, host, time)

    def _kind_of(self, event: Event) -> KindCount:
        key = event.index, told_by(event.source)
        found = self._kinds.get(key)
        if found is None:
            if len(self._kinds) >= MOST_KINDS:
                key = event.index[:1], tuple(told for told in key[1] if told[0] in COARSE)
            found = self._kinds.setdefault(key, KindCount())
        found.events += 1
        return found

    def _span_of(self, host: str | None) -> Span:
        if host not in self.hosts and len(self.hosts) >= MOST_HOSTS:
            host = OTHERS
        return self.hosts.setdefault(host, Span())

    def sources(self) -> tuple[SourceFound, ...]:
        """The sources, the most frequent first."""
        by_home: dict[str, list[tuple[EventKind, int]]] = {}
        for kind, events in self._counted():
            by_home.setdefault(kind.names[0], []).append((kind, events))
        found = [
            SourceFound(home, sum(events for _, events in counted), tuple(kind for kind, _ in counted))
            for home, counted in by_home.items()
        ]
        return tuple(sorted(found, key=lambda source: (-source.events, source.home)))

    def _counted(self) -> Iterator[tuple[EventKind, int]]:
        for (names, told), count in self._kinds.items():
            yield EventKind(names, told, count.names.names(), count.names.is_complete), count.events


def host_of(source: Mapping[str, Any]) -> str | None:
    """What the host of an event is called; None if it names none."""
    for name in HOST_FIELDS:
        for value in field_values(source, name):
            return to_text(value)
    return None
