"""The times of rows, from the column of the field that holds them; agrees with `event_time` on every value."""

import numpy as np
from numpy.typing import NDArray

from besra.events.columns import Column
from besra.events.event_time import parse_event_time
from besra.events.value_table import ValueTable

NO_TIME = np.iinfo(np.int64).min
"""Stands for the time of a row that has none."""


def times_of(ids: NDArray[np.int32], values: ValueTable) -> NDArray[np.int64]:
    """Nanoseconds since 1970 of values, NO_TIME for those that are no time."""
    times = np.full(len(ids), NO_TIME, np.int64)
    if values.is_compiled and len(ids):
        from besra.events.kernels.times import read_times  # noqa: PLC0415  numba takes long to import

        ids = np.ascontiguousarray(ids, np.int32)
        _, arena, offsets, _ = values.interned
        read_times(arena.ctypes.data, offsets.ctypes.data, ids.ctypes.data, len(ids), times.ctypes.data)
    unread = np.flatnonzero(times == NO_TIME)
    for place, scalar in zip(unread.tolist(), values.scalars(ids[unread].tolist()), strict=True):
        time = parse_event_time(scalar)
        # A time beyond 64 bits is none here: no event has one.
        if time is not None and abs(time) < -NO_TIME:
            times[place] = time
    return times


def times_of_rows(column: Column | None, size: int, values: ValueTable) -> NDArray[np.int64]:
    """The time of each of `size` rows: the first value that is one, else NO_TIME."""
    times = np.full(size, NO_TIME, np.int64)
    if column is not None:
        found = times_of(column.values, values)
        usable = np.flatnonzero(found != NO_TIME)[::-1]
        # Written backwards, so that the first one of a row stays.
        times[column.rows[usable]] = found[usable]
    return times
