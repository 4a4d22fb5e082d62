"""The events of a key that are in no bucket, and which of them become one (`detection.correlate.buckets`)."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from besra.engine.event_order import NO_TIME
from besra.language.plan import Threshold
from besra.service.open_bucket import Row, in_order


def end_of(threshold: Threshold, start: int) -> int:
    """Up to when a bucket that begins at a time holds events. Those without a time are far from all others."""
    if start == NO_TIME:
        return NO_TIME
    return NO_TIME - 1 if threshold.within is None else min(start + threshold.within, NO_TIME - 1)


class Waiting:
    """Events of one key, in any order. There may be many, so nothing but what is new is looked at twice."""

    __slots__ = ("_distinct", "_is_ordered", "_rows", "_since", "_threshold")

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold
        self._rows: list[Row] = []
        self._is_ordered = True
        self._since: int | None = None
        """The time of the first that is new."""
        self._distinct = _Distinct(threshold)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, rows: Iterable[Row]) -> None:
        """More events."""
        for row in rows:
            self._is_ordered = self._is_ordered and (not self._rows or in_order(self._rows[-1]) < in_order(row))
            self._since = row.time if self._since is None else min(self._since, row.time)
            self._rows.append(row)
            self._distinct.add(row)

    def full(self) -> Iterator[list[Row]]:
        """Take away the events of each bucket they make, the earliest first."""
        since, self._since = self._since, None
        if since is None or len(self._rows) < self._threshold.count or not self._distinct.suffice():
            return
        if not self._is_ordered:
            self._rows.sort(key=in_order)
            self._is_ordered = True
        rows, within = self._rows, self._threshold.within
        # What begins too early for anything new has been looked at.
        at = 0 if within is None or since == NO_TIME else bisect_left(rows, since - within, key=_time)
        stop, held = at, _Distinct(self._threshold)
        while len(rows) - at >= self._threshold.count:
            end = bisect_right(rows, end_of(self._threshold, rows[at].time), max(at, stop), key=_time)
            held.add(*rows[stop:end])
            stop = end
            if stop - at >= self._threshold.count and held.suffice():
                found = rows[at:stop]
                del rows[at:stop]
                self._distinct.remove(*found)
                stop, held = at, _Distinct(self._threshold)
                yield found
            elif stop == len(rows):
                # From later on there are less.
                return
            else:
                held.remove(rows[at])
                at += 1

    def drop_before(self, number: int) -> None:
        """Let go of those with a smaller number."""
        old = [row for row in self._rows if row.number < number]
        if old:
            self._distinct.remove(*old)
            self._rows = [row for row in self._rows if row.number >= number]


def _time(row: Row) -> int:
    return row.time


class _Distinct:
    """How many distinct keys some events have under each clause of the cardinality."""

    __slots__ = ("_counts", "_least")

    def __init__(self, threshold: Threshold) -> None:
        self._least = [part.least for part in threshold.cardinality]
        self._counts: Sequence[Counter[int]] = [Counter() for _ in self._least]

    def add(self, *rows: Row) -> None:
        for row in rows if self._least else ():
            for counts, values in zip(self._counts, row.values, strict=True):
                counts.update(values)

    def remove(self, *rows: Row) -> None:
        for row in rows if self._least else ():
            for counts, values in zip(self._counts, row.values, strict=True):
                for value in values:
                    if counts[value] == 1:
                        del counts[value]
                    else:
                        counts[value] -= 1

    def suffice(self) -> bool:
        return all(len(counts) >= least for counts, least in zip(self._counts, self._least, strict=True))
