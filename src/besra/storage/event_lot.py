"""Some events of the store together, by column: what a search looks at, and the events it asks for in the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from besra.events.event import Origin
from besra.events.raw_event import RawEvent
from besra.storage.event_store import MICRO, TIME
from besra.storage.journal import Batch

SIZE = 4096
"""Rows of a lot."""
COLUMNS = ("time", "batch", "place", "_index", "_aliases", "_id", "_source")
SCHEMA = pa.schema(
    [
        ("time", TIME),
        ("batch", pa.int64()),
        ("place", pa.int32()),
        ("_index", pa.string()),
        ("_aliases", pa.list_(pa.string())),
        ("_id", pa.string()),
        ("_source", pa.binary()),
    ]
)
NO_TIME = -(1 << 63)
"""Stands for no time, and for one beyond 64 bits."""
PLACES = 20
"""Bits of the place of an event in its batch, in its position among all."""
NEWLINE = ord("\n")

Names = tuple[str, ...]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Lot:
    """Rows of the store, with `COLUMNS` or those that were asked for of them; `origin` is the file they are from."""

    rows: pa.RecordBatch
    origin: Origin

    @property
    def size(self) -> int:
        """How many rows there are."""
        return int(self.rows.num_rows)

    @cached_property
    def times(self) -> Integers:
        """The times in microseconds since 1970, `NO_TIME` for none."""
        return _integers(self.rows.column("time").cast(pa.int64()).fill_null(NO_TIME))

    @cached_property
    def positions(self) -> Integers:
        """The places of the events in the order of their arrival."""
        places = _integers(self.rows.column("place").cast(pa.int64()))
        return (_integers(self.rows.column("batch")) << PLACES) + places

    @cached_property
    def names(self) -> tuple[Names, ...]:
        """The names each event answers to, its home first."""
        homes = self.rows.column("_index").dictionary_encode()
        known = [(home,) for home in homes.dictionary.to_pylist()]
        own = [known[number] for number in homes.indices.to_pylist()]
        aliases = self.rows.column("_aliases")
        if not len(aliases.flatten()):
            return tuple(own)
        return tuple((*names, *(more or ())) for names, more in zip(own, aliases.to_pylist(), strict=True))

    def keys(self, rows: Sequence[int]) -> list[tuple[str, str]]:
        """What tells the events of some rows apart: their homes and ids."""
        ids = self.rows.column("_id").take(pa.array(rows, pa.int64())).to_pylist()
        return [(self.names[row][0], id_) for row, id_ in zip(rows, ids, strict=True)]

    def lines(self) -> memoryview | None:
        """The documents, each behind the other on a line of its own; None if one of them takes several lines."""
        joined = pc.binary_join_element_wise(self.rows.column("_source").cast(pa.binary()).fill_null(b"{}"), b"\n", b"")
        first, last = joined.offset, joined.offset + len(joined)
        offsets = np.frombuffer(joined.buffers()[1], np.int32)[first : last + 1]
        text = memoryview(joined.buffers()[2])[offsets[0] : offsets[-1]]
        breaks = np.count_nonzero(np.frombuffer(text, np.uint8) == NEWLINE)
        return text if breaks == self.size else None

    def events(self, rows: Sequence[int]) -> list[RawEvent]:
        """The events of some rows, in the order asked for."""
        chosen = pa.array(rows, pa.int64())
        ids = self.rows.column("_id").take(chosen).to_pylist()
        sources = self.rows.column("_source").take(chosen).cast(pa.binary()).to_pylist()
        return [
            RawEvent(id_, self.names[row], source or b"{}", self.origin, int(self.positions[row]))
            for row, id_, source in zip(rows, ids, sources, strict=True)
        ]


def _integers(column: pa.Array) -> Integers:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.int64)


def pending_rows(batch: Batch) -> pa.RecordBatch:
    """The rows of a batch that is not in the store yet."""
    records = batch.records
    columns = [
        pa.array([None if record.time is None else record.time // MICRO for record in records], TIME),
        pa.array([batch.number] * len(records), pa.int64()),
        pa.array(range(len(records)), pa.int32()),
        pa.array([record.index[0] for record in records], pa.string()),
        pa.array([list(record.index[1:]) or None for record in records], pa.list_(pa.string())),
        pa.array([record.id for record in records], pa.string()),
        pa.array([record.line for record in records], pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
