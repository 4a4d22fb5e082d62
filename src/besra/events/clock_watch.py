"""What the events of a scan say about the clocks that dated them, gathered while they are read.

Memory is bounded by the numbers below. Samples are taken by place and by record number, never by chance, so that the
same files say the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from besra.events.document import field_values
from besra.events.event import Event, Origin
from besra.events.event_time import event_time

RECORDED = ("event.created", "event.ingested")
"""When something else than the sensor noted the event, by the first that an event has (sources.md 2)."""

RECORD, CHANNEL = "winlog.record_id", "winlog.channel"

MOST_CLOCKS = 2_000
"""Hosts in files, and channels of hosts, that are looked at."""

SAMPLE = 128
"""Events of a host in a file whose lag is kept, and records of a channel by which files are compared."""

MONTH = 30 * 86_400 * 1_000_000_000

MOST_MONTHS = 600
"""Months of a host in a file that are told apart: times that are noise have any number of them."""


@dataclass(slots=True)
class Lags:
    """Event times with how much later they were recorded, both in nanoseconds; every n-th event, n growing."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    seen: int = 0
    step: int = 1

    def add(self, time: int, recorded: int) -> None:
        """Take an event, if it is its turn."""
        if self.seen % self.step == 0:
            self.pairs.append((time, recorded - time))
            if len(self.pairs) > SAMPLE:
                self.pairs = self.pairs[::2]
                self.step *= 2
        self.seen += 1


@dataclass(slots=True)
class HostClock:
    """The clock of a host as one file shows it: lags, the newest event, and events by month with the first of each."""

    lags: Lags = field(default_factory=Lags)
    newest: tuple[int, Origin] | None = None
    months: dict[int, tuple[int, Origin]] = field(default_factory=dict)

    def add(self, time: int, recorded: int | None, origin: Origin) -> None:
        """Take an event."""
        if recorded is not None:
            self.lags.add(time, recorded)
        if self.newest is None or time > self.newest[0]:
            self.newest = time, origin
        month = time // MONTH
        if month in self.months or len(self.months) < MOST_MONTHS:
            count, first = self.months.get(month, (0, origin))
            self.months[month] = count + 1, first


@dataclass(slots=True)
class Numbered:
    """Of one channel of a host in one file: the records with the lowest and the highest number, and their times."""

    lowest: tuple[int, int]
    highest: tuple[int, int]

    def add(self, number: int, time: int) -> None:
        """Take a record."""
        self.lowest = min(self.lowest, (number, time))
        self.highest = max(self.highest, (number, time))


@dataclass(slots=True)
class ChannelRecords:
    """The numbered records of one channel of a host, in all files.

    Of the records whose scattered numbers are least the times in each file are kept: so files are compared by records
    they have in common, however long they are.
    """

    files: dict[str, Numbered] = field(default_factory=dict)
    times: dict[int, dict[str, int]] = field(default_factory=dict)
    bound: int = 1 << 64

    def add(self, path: str, number: int, time: int) -> None:
        """Take a record."""
        known = self.files.get(path)
        if known is None:
            self.files[path] = Numbered((number, time), (number, time))
        else:
            known.add(number, time)
        scattered = number * 0x9E3779B97F4A7C15 & (1 << 64) - 1
        if scattered < self.bound:
            self.times.setdefault(scattered, {}).setdefault(path, time)
            if len(self.times) > 2 * SAMPLE:
                kept = sorted(self.times)[: SAMPLE + 1]
                self.bound = kept.pop()
                self.times = {least: self.times[least] for least in kept}


class ClockWatch:
    """Gathers what the events say: of hosts by file, of channels by host."""

    def __init__(self) -> None:
        self.hosts: dict[tuple[str, str | None], HostClock] = {}
        self.channels: dict[tuple[str, str], ChannelRecords] = {}

    def add(self, event: Event, host: str | None, time: int | None) -> None:
        """Take an event of a host with its time."""
        if time is None:
            return
        clock = self.hosts.get((event.origin.path, host))
        if clock is None and len(self.hosts) < MOST_CLOCKS:
            clock = self.hosts[event.origin.path, host] = HostClock()
        if clock is not None:
            clock.add(time, _recorded(event.source), event.origin)
        if host is not None and (number := _number(event.source)) is not None:
            self._add_record(event, host, number, time)

    def _add_record(self, event: Event, host: str, number: int, time: int) -> None:
        channels = field_values(event.source, CHANNEL)
        if not channels:
            return
        key = host, str(channels[0])
        if key in self.channels or len(self.channels) < MOST_CLOCKS:
            self.channels.setdefault(key, ChannelRecords()).add(event.origin.path, number, time)


def _recorded(source: Mapping[str, Any]) -> int | None:
    for name in RECORDED:
        if (time := event_time(source, name)) is not None:
            return time
    return None


def _number(source: Mapping[str, Any]) -> int | None:
    for value in field_values(source, RECORD):
        text = str(value)
        if text.isascii() and text.isdecimal() and len(text) < 20:
            return int(text)
    return None
