"""Hits of a whole scan: kept as rows, times and hashes of join keys, and cut down by a semi-join.

A stage of a sequence may hold in a third of all events, and nearly none of them has a partner. What is left then stays
in the same form (`engine.kept_hits`): a document is read only for a match that is shown.
"""

from collections.abc import Collection

import numpy as np

from besra.engine.hits import Hits
from besra.engine.join_hash import SEVERAL
from besra.engine.kept_hits import KeptHits
from besra.engine.kept_rows import KEY, ROW, KeptRows, numbered
from besra.engine.pack import Entry, RulePack
from besra.events.row_store import MEMORY_LIMIT, RowStore
from besra.events.spill import Table
from besra.language.plan import Correlation, Each, NewTerms, Sample, Sequence, ThreatMatch, Threshold

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]


class Gathering:
    """Rows that satisfied clauses, by entry and clause position.

    `memory_limit`: bytes that all that is kept may take in memory, beyond which it moves to temporary files.
    """

    def __init__(self, pack: RulePack, memory_limit: int = MEMORY_LIMIT) -> None:
        self.pack = pack
        self.store = RowStore(memory_limit)
        self._settled: dict[int, KeptHits] = {}

    def take(self, kept: KeptRows, numbers: Integers) -> None:
        """What is kept of a batch; `numbers` are those of `kept.rows` in the store. Batches come in reading order."""
        for place, table in numbered(kept, numbers):
            if place[0] not in self._settled:
                self.store.spill.append(place, table)

    def hits(self, awaiting: Collection[int] = ()) -> Hits:
        """The hits that may be part of a match. Nothing can be added after.

        But for the entries that are `awaiting` more: all their hits stay, since what is missing may still come.
        """
        self.store.seal()
        for number, entry in enumerate(self.pack.entries):
            if number not in self._settled and number not in awaiting:
                self._settled[number] = self._narrowed_hits(number, entry)
        return Hits(tuple(self._hits_of(number, entry) for number, entry in enumerate(self.pack.entries)))

    def _hits_of(self, number: int, entry: Entry) -> KeptHits:
        settled = self._settled.get(number)
        return self._all_hits(number, entry) if settled is None else settled

    def _all_hits(self, number: int, entry: Entry) -> KeptHits:
        places = [(number, position) for position in range(len(entry.plan.clauses))]
        size = sum(part.shape[1] for place in places for part in self.store.spill.parts(place))
        return KeptHits(entry, number, self.store, size)

    def _narrowed_hits(self, number: int, entry: Entry) -> KeptHits:
        spill = self.store.spill
        places = [(number, position) for position in range(len(entry.plan.clauses))]
        tables = {place[1]: spill.table(place) for place in places if place in spill}
        left = narrowed(entry.plan.correlation, tables, self.store) if tables else tables
        if left is not tables:
            for place in places:
                spill.drop(place)
            for position, table in left.items():
                spill.append((number, position), table)
        return KeptHits(entry, number, self.store, sum(table.shape[1] for table in left.values()))


Tables = dict[int, Table]
"""The rows that satisfy each clause, by its position."""


def narrowed(correlation: Correlation, tables: Tables, store: RowStore) -> Tables:
    """The tables without rows that can be part of no match; the same object where all stay."""
    match correlation:
        case Each() | NewTerms():
            return tables
        case ThreatMatch() as threat_match:
            return common(tables, threat_match, store)
        case Threshold() as threshold:
            return frequent(tables, threshold.count, store)
        case Sequence() as sequence:
            return joined(tables, {stage.clause for stage in sequence.stages if not stage.missing}, store)
        case Sample() as sample:
            return joined(tables, set(sample.clauses), store)


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
        position: table[:, np.isin(keys[position], shared) | (keys[position] == SEVERAL) | store.shared_ids(table[ROW])]
        for position, table in tables.items()
    }
    return {position: table for position, table in left.items() if table.shape[1]}


def common(tables: Tables, threat_match: ThreatMatch, store: RowStore) -> Tables:
    """The rows of events and indicators whose key may occur among the others of some group."""
    left: Tables = {}
    for group in threat_match.groups:
        both = {group.events, group.indicators}
        left |= joined({position: table for position, table in tables.items() if position in both}, both, store)
    return left


def frequent(tables: Tables, count: int, store: RowStore) -> Tables:
    """The rows of clause 0 whose key `count` rows may have, and of other clauses the rows that are among these.

    Rows with several keys may have any. Several documents under one id stay, as in `joined`.
    """
    if 0 not in tables:
        return {}
    rows, keys = tables[0][ROW], tables[0][KEY]
    several = keys == SEVERAL
    _, place, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    kept = (sizes[place] + several.sum() >= count) | several | store.shared_ids(rows)
    if kept.all():
        return tables
    left = {position: table[:, np.isin(table[ROW], rows[kept])] for position, table in tables.items()}
    return {position: table for position, table in left.items() if table.shape[1]}
