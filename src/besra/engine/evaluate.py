"""All clauses of a pack over a batch of events, by column. Agrees with `engine.reference` on every event, always.

1. Every new value is turned into the set of leaves it satisfies (`engine.verdicts`).
2. The rows of every leaf that holds somewhere follow.
3. A clause some of whose implied groups holds nowhere is done: most are.
4. The predicates of the others are evaluated over whole sets of rows: by kernels over bitmaps (`engine.firing`), or
   here, without numba, over masks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from besra.engine.candidates import PackedClause
from besra.engine.implied import Group
from besra.engine.pack import RulePack
from besra.engine.reference import evaluate_script, holds
from besra.engine.relaxed import relaxed
from besra.engine.verdicts import Verdicts
from besra.events.batch import EventBatch
from besra.events.document import Fields
from besra.language.expr import Always, And, Nested, Not, Or, Predicate, Script, fields_of
from besra.schema.indexpattern import matches

Rows = np.ndarray[tuple[int], np.dtype[np.int32]]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
NO_ROWS: Rows = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True)
class ClauseRows:
    """The rows of a batch that satisfy a clause, ascending."""

    clause: PackedClause
    rows: Rows


def evaluate_rows(pack: RulePack, batch: EventBatch, verdicts: Verdicts) -> Iterator[ClauseRows]:
    """The clauses that hold somewhere in the batch, with their rows. Needs no kernels."""
    leaf_rows = rows_of_leaves(batch, verdicts)
    counts = np.zeros(len(pack.leaves), np.int64)
    for leaf, rows in leaf_rows.items():
        counts[leaf] = len(rows)
    looking = Looking(pack, batch, leaf_rows)
    for clause, group in pack.candidates.that_can_fire(counts):
        rows = looking.rows_of(clause, group)
        rows = rows[looking.evaluation.holds(clause.clause.predicate, rows)]
        if len(rows):
            yield ClauseRows(clause, rows)


def rows_of_leaves(batch: EventBatch, verdicts: Verdicts) -> dict[int, Rows]:
    """The rows of every leaf that holds in the batch, ascending and each once."""
    found = verdicts.by_value[batch.cells.values]
    holding = np.flatnonzero(found)
    order = holding[np.argsort(found[holding], kind="stable")]
    found, rows = found[order], batch.cells.rows[order]
    pieces: dict[int, list[Rows]] = {}
    edges = [0, *(np.flatnonzero(found[1:] != found[:-1]) + 1).tolist(), len(found)]
    for start, end in pairwise(edges if len(found) else []):
        first, last = verdicts.starts[found[start] : found[start] + 2].tolist()
        for leaf in verdicts.leaves[first:last].tolist():
            pieces.setdefault(leaf, []).append(rows[start:end])
    return {leaf: _ascending(parts, batch.size) for leaf, parts in pieces.items()}


def _ascending(parts: Sequence[Rows], size: int) -> Rows:
    """The rows of all parts, each once and in order."""
    if len(parts) == 1:
        rows = parts[0]
        if len(rows) < 2 or (rows[1:] > rows[:-1]).all():
            return rows
    mask = np.zeros(size, np.bool_)
    for rows in parts:
        mask[rows] = True
    return np.flatnonzero(mask).astype(np.int32)


class Looking:
    """Where in a batch to look for a clause: among the rows of its rarest group, within its index."""

    def __init__(self, pack: RulePack, batch: EventBatch, leaf_rows: Mapping[int, Rows]) -> None:
        self._pack = pack
        self._batch = batch
        self._leaf_rows = leaf_rows
        self._index_masks: dict[tuple[str, ...], Mask | None] = {}
        self.evaluation = Evaluation(pack, batch, self._mask)

    def rows_of(self, clause: PackedClause, group: Group | None) -> Rows:
        """The rows of a group of leaves, or all, that belong to the clause's index."""
        if group is None:
            rows = self._batch.rows
        else:
            found = [self._leaf_rows[leaf] for leaf in group if leaf in self._leaf_rows]
            rows = _ascending(found, self._batch.size) if found else NO_ROWS
        if len(self._batch.rows) < self._batch.size:
            rows = rows[np.isin(rows, self._batch.rows)]
        allowed = self._index_mask(clause.index)
        return rows if allowed is None else rows[allowed[rows]]

    def _index_mask(self, patterns: tuple[str, ...]) -> Mask | None:
        """The rows whose index the patterns match; None if that is all of them."""
        if not patterns:
            return None
        if patterns not in self._index_masks:
            fits = np.array([matches(patterns, names) for names in self._batch.index_names], np.bool_)
            self._index_masks[patterns] = None if fits.all() else fits[self._batch.index]
        return self._index_masks[patterns]

    def _mask(self, leaf: int) -> Mask:
        mask = np.zeros(self._batch.size, np.bool_)
        mask[self._leaf_rows.get(leaf, NO_ROWS)] = True
        return mask


class Evaluation:
    """Predicates over rows of one batch; `mask_of` gives the rows of a leaf, each asked for once."""

    def __init__(self, pack: RulePack, batch: EventBatch, mask_of: Callable[[int], Mask]) -> None:
        self._pack = pack
        self._batch = batch
        self._mask_of = mask_of
        self._masks: dict[int, Mask] = {}

    def holds(self, predicate: Predicate, rows: Rows) -> Mask:
        """For each of the rows whether the predicate holds. Operands look only at rows that are still open."""
        match predicate:
            case And():
                result = np.ones(len(rows), np.bool_)
                for operand in predicate.operands:
                    open_ = np.flatnonzero(result)
                    if not len(open_):
                        break
                    result[open_] = self.holds(operand, rows[open_])
                return result
            case Or():
                result = np.zeros(len(rows), np.bool_)
                for operand in predicate.operands:
                    open_ = np.flatnonzero(~result)
                    if not len(open_):
                        break
                    result[open_] = self.holds(operand, rows[open_])
                return result
            case Not():
                return ~self.holds(predicate.operand, rows)
            case Always():
                return np.full(len(rows), predicate.value, np.bool_)
            case Script():
                names = {field.name for field in fields_of(predicate)}
                asked = (evaluate_script(predicate.value, fields) is True for fields in self._batch.fields(names, rows))
                return np.fromiter(asked, np.bool_, len(rows))
            case Nested():
                return self._nested(predicate, rows)
            case _:
                return self._leaf(self._pack.leaf_ids[predicate], rows)  # type: ignore[index]  # a field leaf

    def _nested(self, predicate: Nested, rows: Rows) -> Mask:
        """Asks the documents of the rows that may have such an object."""
        result = self.holds(relaxed(predicate), rows)
        open_ = np.flatnonzero(result)
        documents = self._batch.documents(rows[open_].tolist()) if len(open_) else ()
        result[open_] = [holds(predicate, Fields(document)) for document in documents]
        return result

    def _leaf(self, leaf: int, rows: Rows) -> Mask:
        mask = self._masks.get(leaf)
        if mask is None:
            mask = self._masks[leaf] = self._mask_of(leaf)
        return mask[rows]
