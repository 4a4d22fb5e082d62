"""Events of the event store as they once arrived."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import pyarrow as pa

from besra.service.detector import Arrival, position_of
from besra.storage.event_store import MICRO
from besra.storage.journal import Record


def arrivals_in(rows: pa.RecordBatch) -> Iterator[list[Arrival]]:
    """The events of rows of the store, in the order of their arrival, batch by batch."""
    columns = ("batch", "place", "_index", "_aliases", "_id", "_source")
    times = rows.column("ingested").cast(pa.int64()).to_pylist()
    listed = zip(*(rows.column(name).to_pylist() for name in columns), times, strict=True)
    for _, same in groupby(sorted(listed, key=itemgetter(0, 1)), key=itemgetter(0)):
        yield [
            Arrival(Record(source.encode(), (index, *(more or ())), id_), position_of(batch, place), ingested * MICRO)
            for batch, place, index, more, id_, source, ingested in same
        ]
