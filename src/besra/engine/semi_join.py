"""Rows that can be part of no match, found by the hashes of their join keys alone.

What is left may still hold some of them: correlations decide.
"""

import numpy as np

from besra.engine.join_hash import SEVERAL
from besra.engine.kept_rows import KEY, ROW
from besra.events.row_store import RowStore
from besra.events.spill import Table
from besra.language.plan import Comparison, ThreatMatch

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

Tables = dict[int, Table]
"""The rows that satisfy each clause, by its position."""


def joined(tables: Tables, needed: set[int], store: RowStore) -> Tables:
    """The rows of every clause whose key may occur in all `needed` clauses, those without which there is no match.

    Several documents under one id stay as well: only one of them is the event, and which one the correlation decides.
    """
    if any(position not in tables for position in needed):
        return {}
    keys = {position: table[KEY] for position, table in tables.items()}
    several = {position for position in needed if (keys[position] == SEVERAL).any()}
    shared: Integers | None = None
    for position in needed - several:
        distinct = np.unique(keys[position])
        shared = distinct if shared is None else np.intersect1d(shared, distinct, assume_unique=True)
    if shared is None:
        return tables
    left = {
        position: table[
            :, np.isin(keys[position], shared) | (keys[position] == SEVERAL) | _shared_ids(table[ROW], store)
        ]
        for position, table in tables.items()
    }
    return {position: table for position, table in left.items() if table.shape[1]}


def frequent(tables: Tables, count: int, store: RowStore) -> Tables:
    """The rows of clause 0 whose key `count` rows may have, and of other clauses the rows that are among these.

    Rows with several keys may have any. Several documents under one id stay, as in `joined`.
    """
    if 0 not in tables:
        return {}
    rows, keys = tables[0][ROW], tables[0][KEY]
    several = keys == SEVERAL
    _, place, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    kept = (sizes[place] + several.sum() >= count) | several | _shared_ids(rows, store)
    if kept.all():
        return tables
    left = {position: table[:, np.isin(table[ROW], rows[kept])] for position, table in tables.items()}
    return {position: table for position, table in left.items() if table.shape[1]}


def _shared_ids(rows: Integers, store: RowStore) -> Mask:
    """Which rows share their identity with another row; they ascend, and stand there once for each key."""
    first = np.ones(len(rows), np.bool_)
    first[1:] = rows[1:] != rows[:-1]
    shared: Mask = store.shared_ids(rows[first])[np.cumsum(first) - 1]
    return shared


def compared(tables: Tables, threat_match: ThreatMatch, store: RowStore, early: int = 0) -> Tables:
    """The events and indicators with keys of each other, and what else is to be compared of these.

    Where indicators have wildcards the events these cover stay, or all if there are wildcards in a row that is not
    `early`: below this number, and so known when events were evaluated. As in `joined`, several documents under one id
    stay.
    """
    left = {position: np.zeros(table.shape[1], np.bool_) for position, table in tables.items()}
    for group in threat_match.groups:
        _keep_wanted(group.wanted, tables, left, store)
        _keep_covered(group.wanted, tables, left, early)
        for comparison in group.unwanted:
            _keep_with(comparison, group.wanted, tables, left)
    kept = {position: table[:, left[position]] for position, table in tables.items()}
    return {position: table for position, table in kept.items() if table.shape[1]}


def _keep_wanted(wanted: Comparison, tables: Tables, left: dict[int, Mask], store: RowStore) -> None:
    events, indicators = tables.get(wanted.events), tables.get(wanted.indicators)
    if events is None or indicators is None:
        return
    mine, theirs = events[KEY], indicators[KEY]
    shared = _shared(mine, theirs)
    left[wanted.events] |= _may_be_among(mine, theirs, shared) | _shared_ids(events[ROW], store)
    left[wanted.indicators] |= _may_be_among(theirs, mine, shared) | _shared_ids(indicators[ROW], store)


def _keep_covered(wanted: Comparison, tables: Tables, left: dict[int, Mask], early: int) -> None:
    """Keep the events that wildcards may cover, and the indicators with wildcards."""
    if wanted.wildcards not in tables:
        return
    left[wanted.wildcards].fill(True)
    if wanted.events not in tables:
        return
    if wanted.covered is None or tables[wanted.wildcards][ROW].max() >= early:
        left[wanted.events].fill(True)
    elif wanted.covered in tables:
        left[wanted.events] |= np.isin(tables[wanted.events][ROW], tables[wanted.covered][ROW])


def _may_be_among(keys: Integers, others: Integers, shared: Integers) -> Mask:
    """Which keys others have too, or may have; several keys may be any."""
    if (others == SEVERAL).any():
        return np.ones(len(keys), np.bool_)
    found: Mask = _among(keys, shared) | (keys == SEVERAL)
    return found


def _shared(keys: Integers, others: Integers) -> Integers:
    """The keys that are in both, ascending. Sorting both is several times faster than `numpy.intersect1d`."""
    ascending = np.sort(keys)
    found: Integers = ascending[_among(ascending, np.sort(others))]
    return found


def _among(keys: Integers, others: Integers) -> Mask:
    """Which keys are among others, which ascend."""
    if not len(others):
        return np.zeros(len(keys), np.bool_)
    places = np.searchsorted(others, keys)
    places[places == len(others)] = 0
    found: Mask = others[places] == keys
    return found


def _keep_with(comparison: Comparison, wanted: Comparison, tables: Tables, left: dict[int, Mask]) -> None:
    """Keep what else is to be compared of the events and indicators that stay."""
    sides = (
        ([comparison.events], [wanted.events]),
        ([comparison.indicators, comparison.wildcards], [wanted.indicators, wanted.wildcards]),
    )
    for others, clauses in sides:
        rows = [tables[position][ROW][left[position]] for position in clauses if position in tables]
        for position in others:
            if position in tables and rows:
                left[position] |= np.isin(tables[position][ROW], np.concatenate(rows))
