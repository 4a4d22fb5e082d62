"""Times that cannot be right, told from what `clock_watch` gathered.

| Code | Said where |
|---|---|
| `clock-skew` | events are dated after they were recorded, or a constant time before; or files disagree on records |
| `clock-future` | events are dated after their file was last written |
| `clock-set-back` | the later records of a channel, by their numbers, are dated earlier in another file |
| `clock-outlier` | few events of a host are years away from all its others |
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

from besra.events.clock_watch import MONTH, ChannelRecords, ClockWatch, HostClock, Lags
from besra.events.event import Origin
from besra.problems import Place, Problem, Severity
from besra.schema.timestamp import format_timestamp

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND

AHEAD = 2 * MINUTE
"""Nothing is recorded before it happens: this much is put down to rounding and small drift."""

BEHIND, STEADY, WATCHED = 5 * MINUTE, MINUTE, 10 * MINUTE
"""Events are often recorded late. Late by so much in all of a stretch of time, give or take little, is a clock."""

LATE = 30 * MINUTE
"""How long after its file was last written an event may be dated: clocks of file servers, times in archives."""

QUARTER, NEAR, WIDEST = 15 * MINUTE, 90 * SECOND, 14 * HOUR
"""Time zones are apart by quarters of hours, up to so many hours from UTC."""

SHARED = 3
"""Records that two files have to have in common, to be compared."""

EMPTY_MONTHS, FEW = 24, 100
"""Events so many months away from the others, and at most one in so many."""


def clock_problems(watch: ClockWatch, written: Callable[[str], int | None]) -> Iterator[Problem]:
    """What is wrong, in the order of files. `written` says when a file was last written, None if nobody knows."""
    for (path, host), clock in watch.hosts.items():
        yield from _skew(path, host, clock.lags)
        yield from _future(path, host, clock, written(path))
    yield from _outliers(watch)
    for (host, channel), records in watch.channels.items():
        yield from _differences(host, channel, records)
        yield from _set_back(host, channel, records)


def _skew(path: str, host: str | None, lags: Lags) -> Iterator[Problem]:
    if not lags.pairs:
        return
    lag = _quantile([lag for _, lag in lags.pairs], 2)
    whose = f"events of {host}" if host else "events"
    if lag <= -AHEAD:
        message = f"{whose} are dated {duration(-lag)} after they were recorded (median){_zone(lag)}"
        yield _trouble("clock-skew", message, path, _hint(lag))
    elif lag >= BEHIND and _is_steady(lags):
        message = f"{whose} are all dated {duration(lag)} before they were recorded (median){_zone(lag)}"
        yield _trouble("clock-skew", message, path, _hint(lag))


def _is_steady(lags: Lags) -> bool:
    """Whether the lag is as good as constant over a stretch of time: queues and batches make it grow and shrink."""
    times, late = [time for time, _ in lags.pairs], [lag for _, lag in lags.pairs]
    return _quantile(times, 3) - _quantile(times, 1) >= WATCHED and _quantile(late, 3) - _quantile(late, 1) <= STEADY


def _quantile(values: list[int], quarter: int) -> int:
    return sorted(values)[(len(values) - 1) * quarter // 4]


def _zone(difference: int) -> str:
    return ", as far as time zones are apart" if is_zone(difference) else ""


def is_zone(difference: int) -> bool:
    """Whether times are apart as those of two time zones."""
    size = abs(difference)
    rest = size % QUARTER
    return QUARTER - NEAR <= size <= WIDEST + NEAR and min(rest, QUARTER - rest) <= NEAR


def _hint(difference: int) -> str:
    if is_zone(difference):
        return "local time was taken for UTC: export the events with their zone"
    return "a clock was wrong; sequences over several hosts may be in a wrong order"


def _future(path: str, host: str | None, clock: HostClock, written: int | None) -> Iterator[Problem]:
    if written is None or clock.newest is None or clock.newest[0] <= written + LATE:
        return
    time, origin = clock.newest
    late = duration(time - written)
    message = f"an event{_of(host)} is dated {format_timestamp(time)}, {late} after the file was last written"
    yield _trouble("clock-future", message, path, "a wrong clock or zone, or a copy that kept a wrong time", origin)


def _outliers(watch: ClockWatch) -> Iterator[Problem]:
    months: dict[str | None, dict[int, list[tuple[int, Origin]]]] = {}
    for (_, host), clock in watch.hosts.items():
        for month, counted in clock.months.items():
            months.setdefault(host, {}).setdefault(month, []).append(counted)
    for host, by_month in months.items():
        counts = {month: sum(count for count, _ in found) for month, found in by_month.items()}
        for group in _groups(sorted(counts)):
            events = sum(counts[month] for month in group)
            if events * FEW <= sum(counts.values()):
                first = by_month[group[0]][0][1]
                dated = format_timestamp(group[0] * MONTH)[:7]
                message = (
                    f"{events:,} of {sum(counts.values()):,} events{_of(host)} are dated about {dated}, years away"
                )
                yield _trouble("clock-outlier", message, first.path, "a clock without battery or an empty time", first)


def _groups(months: list[int]) -> Iterator[list[int]]:
    """Months with few empty ones between them."""
    group: list[int] = []
    for month in months:
        if group and month - group[-1] > EMPTY_MONTHS:
            yield group
            group = []
        group.append(month)
    if group:
        yield group


def _differences(host: str, channel: str, records: ChannelRecords) -> Iterator[Problem]:
    apart: dict[tuple[str, str], list[int]] = {}
    for times in records.times.values():
        (first, time), *others = times.items()
        for path, other in others:
            apart.setdefault((first, path), []).append(other - time)
    for (first, path), differences in apart.items():
        difference = _quantile(differences, 2)
        if abs(difference) >= AHEAD and _are_the_same(differences):
            order = "later" if difference > 0 else "earlier"
            message = (
                f"the same records of {host} ({channel}) are dated {duration(abs(difference))} {order} than in"
                f" {first}{_zone(difference)}"
            )
            yield _trouble("clock-skew", message, path, _hint(difference))


def _are_the_same(differences: list[int]) -> bool:
    """Whether records of equal numbers are the same: their times differ by one time, not by any. Numbers begin anew."""
    is_constant = _quantile(differences, 3) - _quantile(differences, 1) <= 2 * SECOND
    return len(differences) >= SHARED and is_constant


def _set_back(host: str, channel: str, records: ChannelRecords) -> Iterator[Problem]:
    in_order = sorted(records.files.items(), key=lambda item: item[1].lowest)
    for (first, before), (path, after) in pairwise(in_order):
        (last, ended), (number, began) = before.highest, after.lowest
        if last < number and began < ended - BEHIND:
            message = (
                f"record {number:,} of {host} ({channel}) is dated {duration(ended - began)} before record {last:,}"
                f" in {first}{_zone(ended - began)}"
            )
            hint = "the clock was set back, the log was cleared, or one file has times of another zone"
            yield _trouble("clock-set-back", message, path, hint)


def _of(host: str | None) -> str:
    return f" of {host}" if host else ""


def _trouble(code: str, message: str, path: str, hint: str, origin: Origin | None = None) -> Problem:
    return Problem(code, message, Severity.WARNING, Place(str(origin) if origin else path), hint)


UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


def duration(nanos: int) -> str:
    """A length of time in its two largest units: `2 h`, `10 min 2 s`."""
    parts: list[tuple[int, str]] = []
    for unit, name in UNITS:
        count, nanos = divmod(nanos, unit)
        if count or parts:
            parts.append((count, name))
    return " ".join(f"{count:,} {name}" for count, name in parts[:2] if count) or "less than 1 s"
