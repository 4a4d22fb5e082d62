"""Parquet files for tests: in besra's layout, and as anybody else would write them."""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from besra.events.document import flatten
from besra.events.envelope import Document, event_of
from besra.events.event import Event, Origin
from besra.events.parquet.cells import Cells
from besra.events.parquet.writing import ParquetWriter
from besra.schema.fieldtype import Scalar

KEYS = st.sampled_from(["a", "b", "a.b", "@timestamp", "_id", "_source", "a.list.element", "", "ä", "event"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([0, 1, 1.0, -0.0, 0.0, "1", "", True, 2**63 - 1, 2**63, 1e300, 5e-324]),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
VALUES = st.recursive(
    st.none() | SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | TEXTS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)


def events_of(documents: Iterable[Mapping[str, Any]]) -> list[Event]:
    return [
        event_of(Document(document, id=f"id-{number}"), Origin("x", number + 1), number)
        for number, document in enumerate(documents)
    ]


def written(events: Iterable[Event]) -> bytes:
    """The events as a file in besra's layout."""
    out = io.BytesIO()
    with ParquetWriter() as writer:
        for event in events:
            assert writer.add(event) is None
        writer.write(out)
    return out.getvalue()


def write_events(path: Path, events: Iterable[Event]) -> Path:
    path.write_bytes(written(events))
    return path


def write_rows(path: Path, columns: Mapping[str, Any], **options: Any) -> Path:
    """A file without besra's note; columns are Arrow arrays or lists."""
    pq.write_table(pa.table(dict(columns)), path, **options)
    return path


Told = list[tuple[int, type, str]]


def told(cells: Mapping[str, Cells]) -> dict[str, Told]:
    """Row, type and spelling of every value of every field."""
    return {
        name: [
            (row, type(cell.distinct[code]), repr(cell.distinct[code]))
            for row, code in zip(cell.rows.tolist(), cell.codes.tolist(), strict=True)
        ]
        for name, cell in cells.items()
    }


def told_of(documents: Sequence[Mapping[str, Any]], names: Iterable[str] | None = None) -> dict[str, Told]:
    """The same of documents, by way of `flatten`."""
    found: dict[str, Told] = {}
    wanted = None if names is None else frozenset(names)
    for row, document in enumerate(documents):
        for name, values in flatten(document).items():
            if wanted is None or name in wanted:
                found.setdefault(name, []).extend(_told(row, value) for value in values)
    return found


def _told(row: int, value: Scalar) -> tuple[int, type, str]:
    return row, type(value), repr(value)
