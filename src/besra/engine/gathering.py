"""Hits of a whole scan: kept as rows, times and hashes of join keys, and cut down by a semi-join.

A stage of a sequence may hold in a third of all events, and nearly none of them has a partner. What is left then stays
in the same form (`engine.kept_hits`): a document is read only for a match that is shown.
"""

from collections.abc import Collection

import numpy as np

from besra.engine.covered_events import covered_pack
from besra.engine.hits import Hits
from besra.engine.kept_hits import KeptHits
from besra.engine.kept_rows import ROW, KeptRows, numbered
from besra.engine.pack import Entry, RulePack
from besra.engine.semi_join import Tables, compared, frequent, joined
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
        self._early = 0

    def take(self, kept: KeptRows, numbers: Integers) -> None:
        """What is kept of a batch; `numbers` are those of `kept.rows` in the store. Batches come in reading order."""
        for place, table in numbered(kept, numbers):
            if place[0] not in self._settled:
                self.store.spill.append(place, table)

    def cover(self) -> RulePack:
        """The pack for what is read from now on, with conditions for what wildcards of indicators read so far cover."""
        self.store.seal()
        self.pack, self._early = covered_pack(self.pack, self.store), len(self.store)
        return self.pack

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
        tables = self._tables(number, entry)
        return KeptHits(entry, number, self.store, sum(map(_rows, tables.values())), frozenset(tables))

    def _tables(self, number: int, entry: Entry) -> Tables:
        spill = self.store.spill
        return {p: spill.table((number, p)) for p in range(len(entry.plan.clauses)) if (number, p) in spill}

    def _narrowed_hits(self, number: int, entry: Entry) -> KeptHits:
        spill = self.store.spill
        tables = self._tables(number, entry)
        seen = frozenset(tables)
        left = narrowed(entry.plan.correlation, tables, self.store, self._early) if tables else tables
        if left is not tables:
            for position in tables:
                spill.drop((number, position))
            for position, table in left.items():
                spill.append((number, position), table)
        return KeptHits(entry, number, self.store, sum(map(_rows, left.values())), seen)


def _rows(table: Table) -> int:
    """How many rows are in a table, in which they ascend and stand once for each key."""
    return 1 + int(np.count_nonzero(np.diff(table[ROW])))


def narrowed(correlation: Correlation, tables: Tables, store: RowStore, early: int = 0) -> Tables:
    """The tables without rows that can be part of no match; the same object where all stay.

    Rows below `early` are those of indicators whose wildcards were known when events were evaluated.
    """
    match correlation:
        case Each() | NewTerms():
            return tables
        case Threshold() as threshold:
            return frequent(tables, threshold.count, store)
        case ThreatMatch() as threat_match:
            return compared(tables, threat_match, store, early)
        case Sequence() as sequence:
            return joined(tables, {stage.clause for stage in sequence.stages if not stage.missing}, store)
        case Sample() as sample:
            return joined(tables, set(sample.clauses), store)
