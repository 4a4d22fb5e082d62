"""The columnar engine: batches of events to hits, all rules together. `engine.reference` judges it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from besra.engine.evaluate import ClauseRows, Evaluation, evaluate_rows
from besra.engine.gathering import Gathering
from besra.engine.hits import Hits
from besra.engine.pack import RulePack
from besra.engine.programs import clause_programs
from besra.engine.verdicts import verdicts_of
from besra.events.batch import EventBatch, batch_of, batch_of_block
from besra.events.columns import DecodedLines, LineDecoder, Projection, ValueTable
from besra.events.event import Event
from besra.events.event_time import TIMESTAMP
from besra.events.index_name import INDEX_FIELDS
from besra.events.line_block import Integers, LineBlock
from besra.events.times import NO_TIME, times_of_rows
from besra.events.value_table import compiled as kernels_work

if TYPE_CHECKING:
    from besra.engine.firing import Firing

MAX_VALUES = 1 << 18
"""Distinct values remembered before the memory starts anew: it bounds memory, not results."""


class Evaluator:
    """Evaluates batch after batch with one pack, remembering verdicts between them."""

    def __init__(self, pack: RulePack, projection: Projection, *, compiled: bool) -> None:
        self._pack = pack
        self._verdicts = verdicts_of(pack.leaves, projection, compiled=compiled)
        self._firing = None
        if compiled:
            from besra.engine.firing import Firing  # noqa: PLC0415  numba takes long to import

            self._programs = clause_programs(pack)
            self._firing = Firing(pack, self._programs)

    def found(self, batch: EventBatch) -> list[ClauseRows]:
        """The clauses that hold somewhere in the batch, with their rows."""
        self._verdicts.learn(batch.scalars)
        if self._firing is None:
            return list(evaluate_rows(self._pack, batch, self._verdicts))
        return list(self._fired(self._firing, batch))

    def _fired(self, firing: "Firing", batch: EventBatch) -> Iterator[ClauseRows]:
        evaluation = Evaluation(self._pack, batch, lambda leaf: firing.mask(leaf, batch.size))
        for number, rows in firing.clauses(batch, self._verdicts):
            clause = self._pack.clauses[number]
            held = rows
            if not self._programs.exact[number]:
                held = rows[evaluation.holds(clause.clause.predicate, rows)]
            if len(held):
                yield ClauseRows(clause, held)

    def forget(self) -> None:
        """Value ids are about to mean something else."""
        self._verdicts.forget()


class ColumnarEvaluator:
    """Evaluates batch after batch with one pack and gathers the hits."""

    def __init__(
        self,
        pack: RulePack,
        *,
        timestamp_field: str = TIMESTAMP,
        max_values: int = MAX_VALUES,
        compiled: bool | None = None,
    ) -> None:
        self._timestamp_field = timestamp_field
        self._projection = Projection(tuple(sorted({*pack.fields, *INDEX_FIELDS, timestamp_field})))
        self._max_values = max_values
        self._values = ValueTable()
        self._decoder = LineDecoder(self._projection, self._values)
        self._evaluator = Evaluator(pack, self._projection, compiled=kernels_work() if compiled is None else compiled)
        self._gathering = Gathering(pack)

    def decode(self, raw: memoryview) -> tuple[DecodedLines, Integers]:
        """The lines of a buffer as columns, for the next `add`; and the rows that have no usable time."""
        decoded = self._decoder.decode(raw)
        times = times_of_rows(decoded.columns.get(self._timestamp_field), len(decoded.starts), self._values)
        return decoded, np.flatnonzero((times == NO_TIME) & ~decoded.slow)

    def add(self, events: Sequence[Event] | LineBlock) -> None:
        """Evaluate some events, or the block decoded last."""
        if isinstance(events, LineBlock):
            batch = batch_of_block(events, self._projection, self._values)
        else:
            batch = batch_of(events, self._projection, self._values)
        found = self._evaluator.found(batch)
        if found:
            rows = np.unique(np.concatenate([held.rows for held in found])).astype(np.int64)
            numbers = self._keep(events, rows)
            for held in found:
                self._gathering.add(held, batch, numbers[np.searchsorted(rows, held.rows)])
        if len(self._values) > self._max_values:
            self._values.clear()
            self._evaluator.forget()
            self._gathering.forget_values()

    def _keep(self, events: Sequence[Event] | LineBlock, rows: Integers) -> Integers:
        store = self._gathering.store
        if isinstance(events, LineBlock):
            return store.keep(events, rows)
        return store.keep_events(events[row] for row in rows.tolist())

    def hits(self) -> Hits:
        """The hits of everything added that may be part of a match. Nothing can be added after."""
        try:
            return self._gathering.hits()
        finally:
            self._gathering.store.close()
