"""The columnar engine: batches of events to hits, all rules together. `engine.reference` judges it."""

from collections.abc import Sequence

import numpy as np

from besra.engine.evaluate import evaluate_rows
from besra.engine.gathering import Gathering
from besra.engine.hits import Hits
from besra.engine.pack import RulePack
from besra.engine.verdicts import Verdicts
from besra.events.batch import batch_of, batch_of_block
from besra.events.columns import DecodedLines, Projection, ValueTable, decode_lines
from besra.events.event import Event
from besra.events.event_time import TIMESTAMP, is_event_time
from besra.events.index_name import INDEX_FIELDS
from besra.events.line_block import Integers, LineBlock
from besra.schema.fieldtype import Scalar

MAX_VALUES = 1_000_000
"""Distinct values remembered before the memory starts anew: it bounds memory, not results."""


class ColumnarEvaluator:
    """Evaluates batch after batch with one pack, remembering verdicts between them."""

    def __init__(self, pack: RulePack, *, timestamp_field: str = TIMESTAMP, max_values: int = MAX_VALUES) -> None:
        self._pack = pack
        self._timestamp_field = timestamp_field
        self._projection = Projection(tuple(sorted({*pack.fields, *INDEX_FIELDS, timestamp_field})))
        self._verdicts = Verdicts.of(pack)
        self._max_values = max_values
        self._gathering = Gathering(pack)
        self._renew()

    def _renew(self) -> None:
        self._values = ValueTable()
        self._scalars: list[Scalar] = []
        self._verdicts.forget()
        self._gathering.forget_values()

    def decode(self, raw: bytes) -> tuple[DecodedLines, Integers]:
        """The lines of a buffer as columns, for the next `add`; and the rows that have no usable time."""
        decoded = decode_lines(raw, self._projection, self._values)
        self._scalars.extend(self._values.scalars(len(self._scalars)))
        timed = np.zeros(len(decoded.starts), np.bool_)
        column = decoded.columns.get(self._timestamp_field)
        if column is not None:
            is_time = [is_event_time(self._scalars[value]) for value in column.values.tolist()]
            timed[column.rows[np.array(is_time, np.bool_)]] = True
        return decoded, np.flatnonzero(~timed & ~decoded.slow)

    def add(self, events: Sequence[Event] | LineBlock) -> None:
        """Evaluate some events, or the block decoded last."""
        if isinstance(events, LineBlock):
            batch = batch_of_block(events, self._projection, self._values, self._scalars)
        else:
            batch = batch_of(events, self._projection, self._values, self._scalars)
        found = list(evaluate_rows(self._pack, batch, self._verdicts))
        if found:
            rows = np.unique(np.concatenate([held.rows for held in found])).astype(np.int64)
            numbers = self._keep(events, rows)
            for held in found:
                self._gathering.add(held, batch, numbers[np.searchsorted(rows, held.rows)])
        if len(self._scalars) > self._max_values:
            self._renew()

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
