"""The join keys of the rows of a batch, as hashes: every combination of the values of the key's fields.

Most rows have one key. A row with very many has none here but a mark, and its document is asked when it comes to that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from besra.engine.join_hash import SEVERAL, Hashes, ValueHashes, combined, hashes_of
from besra.events.batch import EventBatch
from besra.language.plan import JoinKey

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Ints = np.ndarray[tuple[int], np.dtype[np.int32]]

MOST_KEYS = 16
"""Keys of one row that are written out."""


@dataclass(frozen=True, slots=True)
class RowKeys:
    """The keys of some rows: `counts[i]` of them of row *i*, one after the other, without repeats.

    They are in the order of `reference.keys_of`: of an event that several matches end with, it is that of the matches.
    """

    counts: Integers
    hashes: Hashes


def row_keys(keys: Sequence[JoinKey], batch: EventBatch, rows: Ints, known: ValueHashes) -> RowKeys:
    """The keys of some rows of a batch, ascending; SEVERAL for rows that have too many."""
    parts = [_values(key, batch, rows, known) for key in keys]
    counts = np.ones(len(rows), np.int64)
    many = np.zeros(len(rows), np.bool_)
    for part in parts:
        counts *= part.counts
        many |= counts > MOST_KEYS
        counts[many] = 1
    row = np.repeat(np.arange(len(rows)), counts)
    number = np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
    chosen = []
    for part in reversed(parts):
        of = part.counts[row]
        chosen.append(part.hashes[(np.cumsum(part.counts) - part.counts)[row] + number % of])
        number //= of
    hashes = combined(chosen[::-1], len(row))
    hashes[many[row]] = SEVERAL
    return RowKeys(counts, hashes)


def _values(key: JoinKey, batch: EventBatch, rows: Ints, known: ValueHashes) -> RowKeys:
    """The values of one field, or that there is none; those that do not fit its type count for nothing."""
    missing = hashes_of([None])
    column = batch.columns.get(key.field.name)
    if column is None:
        return RowKeys(np.ones(len(rows), np.int64), np.repeat(missing, len(rows), axis=0))
    place = np.full(batch.size, -1, np.int64)
    place[rows] = np.arange(len(rows))
    places = place[column.rows]
    held = np.flatnonzero(places >= 0)
    places, hashes = places[held], known.of(key.field, column.values[held], batch)
    counts = np.bincount(places, minlength=len(rows))
    if (counts > 1).any():
        places, hashes = _distinct(places, hashes, hashes == missing)
        counts = np.bincount(places, minlength=len(rows))
    if (counts == 0).any():
        without = np.flatnonzero(counts == 0)
        order = np.argsort(np.concatenate([places, without]), kind="stable")
        hashes = np.concatenate([hashes, np.repeat(missing, len(without), axis=0)])[order]
        counts[without] = 1
    return RowKeys(counts, hashes)


def _distinct(
    places: Integers, hashes: Hashes, unfit: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
) -> tuple[Integers, Hashes]:
    """Values by place, each once where it first stands, without those that do not fit."""
    fit = ~unfit.all(axis=1)
    places, hashes = places[fit], hashes[fit]
    order = np.lexsort((hashes[:, 1], hashes[:, 0], places))
    sorted_places, sorted_hashes = places[order], hashes[order]
    new = np.ones(len(places), np.bool_)
    new[1:] = (sorted_places[1:] != sorted_places[:-1]) | (sorted_hashes[1:] != sorted_hashes[:-1]).any(axis=1)
    first = np.sort(order[new])
    return places[first], hashes[first]
