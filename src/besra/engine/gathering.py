"""Hits of a whole scan: kept as row numbers and join keys, cut down by a semi-join, and only then made.

A stage of a sequence may hold in a third of all events, and nearly none of them has a partner. Keys are compared as
hashes here, so a row too many may survive, never one too few; the correlation decides on the keys themselves.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from besra.engine.evaluate import ClauseRows
from besra.engine.hits import Hit, Hits
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import keys_of, ordinal_of
from besra.events.batch import EventBatch
from besra.events.document import Fields
from besra.events.row_store import RowStore
from besra.language.expr import FieldRef
from besra.language.plan import Clause, Each, Sample, Sequence
from besra.schema.fieldtype import to_typed

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Ints = np.ndarray[tuple[int], np.dtype[np.int32]]
ANY_KEY = np.int64(-(2**62))
"""The hash of a row that takes part under several keys: it passes every semi-join."""
MISSING_KEY = np.int64(-(2**62) + 1)
UNKNOWN = np.int64(-(2**62) + 2)
MULTIPLIER = np.int64(-7046029254386353131)


@dataclass
class Gathering:
    """Rows that satisfied clauses, by entry and clause position."""

    pack: RulePack
    store: RowStore = field(default_factory=RowStore)
    _rows: dict[tuple[int, int], list[Integers]] = field(default_factory=lambda: defaultdict(list))
    _keys: dict[tuple[int, int], list[Integers]] = field(default_factory=lambda: defaultdict(list))
    _hashes: dict[FieldRef, Integers] = field(default_factory=dict)
    _fields: dict[int, Fields] = field(default_factory=dict)

    def add(self, held: ClauseRows, batch: EventBatch, numbers: Integers) -> None:
        """Rows of a batch that satisfy a clause; `numbers` are theirs in the store."""
        place = (held.clause.entry, held.clause.position)
        self._rows[place].append(numbers)
        if not isinstance(self.pack.entries[held.clause.entry].plan.correlation, Each):
            self._keys[place].append(self._key_hashes(held.clause.clause, batch, held.rows.astype(np.int64)))

    def _key_hashes(self, clause: Clause, batch: EventBatch, rows: Integers) -> Integers:
        combined = np.zeros(len(rows), np.int64)
        several = np.zeros(len(rows), np.bool_)
        wanted = np.zeros(batch.size, np.bool_)
        wanted[rows] = True
        for key in clause.keys:
            cells = np.full(batch.size, MISSING_KEY, np.int64)
            column = batch.columns.get(key.field.name)
            if column is not None:
                here = wanted[column.rows]
                held, values = column.rows[here], column.values[here]
                cells[held] = self._hashes_of(key.field, values, batch)
                several |= np.isin(rows, held[1:][held[1:] == held[:-1]])
            with np.errstate(over="ignore"):
                combined = combined * MULTIPLIER + cells[rows]
        combined[several] = ANY_KEY
        return combined

    def _hashes_of(self, field_ref: FieldRef, values: Ints, batch: EventBatch) -> Integers:
        """The hashes of values as the key's type, so that values that join have one hash; each computed once."""
        known = self._hashes.get(field_ref)
        if known is None or len(known) < len(batch.scalars):
            grown = np.full(2 * len(batch.scalars), UNKNOWN, np.int64)
            if known is not None:
                grown[: len(known)] = known
            known = self._hashes[field_ref] = grown
        hashes: Integers = known[values]
        unknown = np.unique(values[hashes == UNKNOWN])
        if len(unknown):
            typed = (to_typed(batch.scalars[value], field_ref.type) for value in unknown.tolist())
            known[unknown] = [MISSING_KEY if value is None else hash(value) for value in typed]
            hashes = known[values]
        return hashes

    def forget_values(self) -> None:
        """Value ids are about to mean something else."""
        self._hashes.clear()

    def hits(self) -> Hits:
        """The hits that may be part of a match, made from their events."""
        self.store.seal()
        return Hits(tuple(self._entry_hits(number, entry) for number, entry in enumerate(self.pack.entries)))

    def _entry_hits(self, number: int, entry: Entry) -> tuple[Hit, ...]:
        clauses = range(len(entry.plan.clauses))
        found = {c: np.concatenate(self._rows[number, c]) for c in clauses if (number, c) in self._rows}
        needed = needed_clauses(entry)
        if any(position not in found for position in needed):
            return ()
        if not isinstance(entry.plan.correlation, Each):
            keys = {position: np.concatenate(self._keys[number, position]) for position in found}
            found = joined(found, keys, needed)
        return tuple(
            self._hit(entry, position, row) for position, rows in sorted(found.items()) for row in rows.tolist()
        )

    def _hit(self, entry: Entry, position: int, row: int) -> Hit:
        event = self.store.event(row)
        fields = self._fields.setdefault(row, Fields(event.source))
        clause = entry.plan.clauses[position]
        return Hit(position, event, ordinal_of(entry.plan.ordering, event, fields), keys_of(clause, fields))


def needed_clauses(entry: Entry) -> set[int]:
    """The clauses without which an entry has no match: not those of `until` and missing events."""
    match entry.plan.correlation:
        case Each():
            return {0}
        case Sequence() as sequence:
            return {stage.clause for stage in sequence.stages if not stage.missing}
        case Sample() as sample:
            return set(sample.clauses)


def joined(rows: dict[int, Integers], keys: dict[int, Integers], needed: set[int]) -> dict[int, Integers]:
    """The rows of every clause whose key occurs in all needed clauses."""
    if any(ANY_KEY in keys[position] for position in needed):
        sets = [keys[position] for position in needed if ANY_KEY not in keys[position]]
    else:
        sets = [keys[position] for position in needed]
    shared: Integers | None = None
    for found in sets:
        distinct = np.unique(found)
        shared = distinct if shared is None else np.intersect1d(shared, distinct, assume_unique=True)
    if shared is None:
        return rows
    return {p: found[np.isin(keys[p], shared) | (keys[p] == ANY_KEY)] for p, found in rows.items()}
