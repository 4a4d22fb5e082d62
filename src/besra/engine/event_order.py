"""The order of events in numbers: time and tiebreaker of the rows of a batch, as far as 64 bits hold them.

Rows are sorted by these. Where they do not say enough - times outside of 1677 to 2262, tiebreakers that are texts - the
documents are asked (`engine.kept_hits`).
"""

import math

import numpy as np

from besra.events.batch import EventBatch
from besra.events.event_time import TIMESTAMP, parse_event_time
from besra.events.times import NO_TIME as UNREAD_TIME
from besra.events.times import times_of
from besra.events.value_table import ValueTable
from besra.language.expr import FieldRef
from besra.language.plan import Ordering
from besra.schema.fieldtype import FieldType, Scalar, to_typed

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Ints = np.ndarray[tuple[int], np.dtype[np.int32]]

NO_TIME = 2**63 - 1
"""Sorts behind all times: events without one come last."""

FAR_FUTURE, FAR_PAST = 2**63 - 2, -(2**63) + 3
"""Stand for all times beyond them."""

NO_TIEBREAKER = 2**63 - 1
"""An event without a tiebreaker comes behind those of its time that have one (eql.md 4.1)."""

ODD_TIEBREAKER = -(2**63)
"""A tiebreaker that is no whole number of 62 bits."""

UNKNOWN, UNFIT = -(2**63) + 1, -(2**63) + 2

UNREAD = -(2**63)
"""What the kernel says of anything but a plain integer."""


class ValueOrder:
    """Times and tiebreakers by value id, each computed once until the ids are renewed."""

    def __init__(self, *, compiled: bool = False) -> None:
        self._compiled = compiled
        self._known: dict[tuple[FieldRef, bool], Integers] = {}

    def forget(self) -> None:
        """Value ids are about to mean something else."""
        self._known.clear()

    def of(self, field: FieldRef, values: Ints, batch: EventBatch, *, is_time: bool) -> Integers:
        """The values as numbers; UNFIT for those that are no time or not of the field's type."""
        known = self._known.get((field, is_time))
        if known is None or len(known) < len(batch.scalars):
            grown = np.full(2 * len(batch.scalars), UNKNOWN, np.int64)
            if known is not None:
                grown[: len(known)] = known
            known = self._known[field, is_time] = grown
        found: Integers = known[values]
        unknown = np.unique(values[found == UNKNOWN])
        if len(unknown):
            if is_time:
                known[unknown] = _times(unknown, batch.scalars)
            else:
                known[unknown] = self._tiebreakers(field, unknown, batch.scalars)
            found = known[values]
        return found

    def _tiebreakers(self, field: FieldRef, ids: Ints, values: ValueTable) -> Integers:
        found = np.full(len(ids), UNREAD, np.int64)
        if self._compiled and field.type in (FieldType.LONG, FieldType.DOUBLE):
            from besra.events.kernels.integers import read_integers  # noqa: PLC0415  numba takes long to import

            held = np.ascontiguousarray(ids, np.int32)
            _, arena, offsets, _ = values.interned
            read_integers(arena.ctypes.data, offsets.ctypes.data, held.ctypes.data, len(held), found.ctypes.data)
        left = np.flatnonzero(found == UNREAD)
        found[left] = [_tiebreaker(scalar, field) for scalar in values.scalars(ids[left].tolist())]
        return found


def _times(ids: Ints, values: ValueTable) -> Integers:
    times = np.clip(times_of(ids, values), FAR_PAST, FAR_FUTURE)
    # `times_of` has no number for what 64 bits do not hold.
    unread = np.flatnonzero(times == FAR_PAST)
    times[unread] = [_time(scalar) for scalar in values.scalars(ids[unread].tolist())]
    return times


def _time(value: Scalar) -> int:
    time = parse_event_time(value)
    return UNFIT if time is None else max(FAR_PAST, min(time, FAR_FUTURE))


def _tiebreaker(value: Scalar, field: FieldRef) -> int:
    typed = to_typed(value, field.type)
    if typed is None:
        return UNFIT
    is_whole = isinstance(typed, int) or (isinstance(typed, float) and math.isfinite(typed) and typed.is_integer())
    return int(typed) if is_whole and abs(typed) < 2**62 else ODD_TIEBREAKER  # type: ignore[arg-type]


def row_order(ordering: Ordering, batch: EventBatch, rows: Ints, known: ValueOrder) -> tuple[Integers, Integers]:
    """Times and tiebreakers of some rows of a batch, ascending."""
    times = _row_times(ordering.timestamp, batch, rows, known)
    times[times == UNFIT] = NO_TIME
    if ordering.tiebreaker is None:
        return times, np.full(len(rows), NO_TIEBREAKER, np.int64)
    tiebreakers = _first(ordering.tiebreaker, batch, rows, known, is_time=False)
    tiebreakers[(tiebreakers == UNFIT) | (times == NO_TIME)] = NO_TIEBREAKER
    return times, tiebreakers


def _row_times(field: FieldRef, batch: EventBatch, rows: Ints, known: ValueOrder) -> Integers:
    if batch.times is None or field.name != TIMESTAMP:
        return _first(field, batch, rows, known, is_time=True)
    times = batch.times[rows]
    # No time, or one beyond 64 bits.
    unread = np.flatnonzero(times == UNREAD_TIME)
    if len(unread):
        times[unread] = _first(field, batch, rows[unread], known, is_time=True)
    return times


def _first(field: FieldRef, batch: EventBatch, rows: Ints, known: ValueOrder, *, is_time: bool) -> Integers:
    """The first fitting value of a field in every row."""
    found = np.full(len(rows), UNFIT, np.int64)
    column = batch.columns.get(field.name)
    if column is None:
        return found
    place = np.full(batch.size, -1, np.int64)
    place[rows] = np.arange(len(rows))
    places = place[column.rows]
    held = np.flatnonzero(places >= 0)
    numbers = known.of(field, column.values[held], batch, is_time=is_time)
    fit = np.flatnonzero(numbers != UNFIT)[::-1]
    # Written backwards, so that the first value of a row stays.
    found[places[held[fit]]] = numbers[fit]
    return found
