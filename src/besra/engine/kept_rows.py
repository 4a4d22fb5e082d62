"""What is kept of a batch: for every clause the rows that satisfy it, with what correlations compare.

Pure, so that workers can do it for the batches they evaluate; `Gathering.take` then adds the results in order.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from besra.engine.evaluate import ClauseRows, Rows
from besra.engine.event_order import ValueOrder, row_order
from besra.engine.join_hash import ValueHashes
from besra.engine.pack import RulePack
from besra.engine.row_keys import RowKeys, row_keys
from besra.events.batch import EventBatch
from besra.events.spill import Table
from besra.language.plan import Each, JoinKey, Ordering

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]

ROW, TIME, TIEBREAKER, KEY, KEY_REST = range(5)
"""The lines of a table of kept rows: number in the store, time, tiebreaker (`engine.event_order`), and for correlations
over keys the hash of the key (`engine.join_hash`). A row stands there once for each of its keys."""

Place = tuple[int, int]
"""The number of an entry and the position of one of its clauses."""


@dataclass
class ValueMemory:
    """What has been computed for values, by value id. One for each lane, and each table of values."""

    compiled: bool = False

    def __post_init__(self) -> None:
        self.order = ValueOrder(compiled=self.compiled)
        self.hashes = ValueHashes(compiled=self.compiled)

    def forget(self) -> None:
        """Value ids are about to mean something else."""
        self.order.forget()
        self.hashes.forget()


@dataclass(frozen=True, slots=True)
class KeptGroup:
    """The rows of clauses that share an ordering and join keys, those of `places[i]` up to column `ends[i]`.

    In place of the numbers that rows get in the store, the table holds their places in `KeptRows.rows`.
    """

    places: tuple[Place, ...]
    ends: tuple[int, ...]
    table: Table


@dataclass(frozen=True, slots=True)
class KeptRows:
    """The rows of a batch that satisfy some clause, ascending and each once, and which clauses they satisfy."""

    rows: Integers
    groups: tuple[KeptGroup, ...]


def kept_rows(pack: RulePack, found: Sequence[ClauseRows], batch: EventBatch, memory: ValueMemory) -> KeptRows:
    """What is to be kept of a batch; `found` is not empty."""
    rows = _distinct(batch.size, *(held.rows for held in found))
    by_group: defaultdict[tuple[Ordering, tuple[JoinKey, ...] | None], list[ClauseRows]] = defaultdict(list)
    for held in found:
        plan = pack.entries[held.clause.entry].plan
        keys = None if isinstance(plan.correlation, Each) else held.clause.clause.keys
        by_group[plan.ordering, keys].append(held)
    index = np.empty(batch.size, np.int64)
    index[rows] = np.arange(len(rows))
    orders = {order: np.stack(row_order(order, batch, rows, memory.order)) for order in {o for o, _ in by_group}}
    groups = []
    for (ordering, keys), clauses in by_group.items():
        flat = np.concatenate([held.rows for held in clauses])
        ends = np.cumsum([len(held.rows) for held in clauses])
        at, hashes = index[flat], []
        if keys is not None:
            keyed = _keyed(keys, flat, batch, memory)
            at, hashes = np.repeat(at, keyed.counts), [keyed.hashes.view(np.int64).T]
            ends = np.concatenate([[0], np.cumsum(keyed.counts)])[ends]
        table = np.concatenate([at[np.newaxis], orders[ordering][:, at], *hashes])
        places = tuple((held.clause.entry, held.clause.position) for held in clauses)
        groups.append(KeptGroup(places, tuple(ends.tolist()), table))
    return KeptRows(rows.astype(np.int64), tuple(groups))


def _distinct(size: int, *rows: Rows) -> Rows:
    """Rows of a batch of that size, ascending and each once."""
    held = np.zeros(size, np.bool_)
    for some in rows:
        held[some] = True
    return np.flatnonzero(held).astype(np.int32)


def _keyed(keys: tuple[JoinKey, ...], flat: Rows, batch: EventBatch, memory: ValueMemory) -> RowKeys:
    """The keys of some rows, in any order, some of them twice."""
    distinct = _distinct(batch.size, flat)
    known = row_keys(keys, batch, distinct, memory.hashes)
    place = np.searchsorted(distinct, flat)
    counts = known.counts[place]
    first = (np.cumsum(known.counts) - known.counts)[place]
    behind = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return RowKeys(counts, known.hashes[np.repeat(first, counts) + behind])


def numbered(kept: KeptRows, numbers: Integers) -> list[tuple[Place, Table]]:
    """The tables of the clauses, once the rows have their numbers in the store."""
    tables = []
    for group in kept.groups:
        table = group.table
        table[ROW] = numbers[table[ROW]]
        for place, (start, end) in zip(group.places, pairwise((0, *group.ends)), strict=True):
            tables.append((place, table[:, start:end]))
    return tables
