"""Columns: the values of the fields a rule pack reads, of many documents at once, as value ids.

`decode_lines` makes them straight from lines of JSON by a compiled kernel; `columns_of` makes the same from documents
by way of `flatten`, and is the judge of the other. Which is which never shows in the columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from besra.events.document import CASELESS, TEXT, flatten
from besra.events.value_table import ValueTable, kernels_work
from besra.schema.fieldtype import Scalar

if TYPE_CHECKING:
    from besra.events.kernels.decoding import Decoding
    from besra.events.kernels.key_tree import KeyTree

__all__ = ["Column", "DecodedLines", "LineDecoder", "Projection", "ValueTable", "columns_of", "decode_lines"]

ENVELOPE_KEYS = (
    *("_source", "_index", "_id", "fields", "hits", "rawResponse", "kibana.alert.uuid"),
    *("Records", "records", "Events", "items", "@odata.context", "logEvents"),
)
"""Keys at the top of a document that may mean it is an envelope, or knows its own id (`events.envelope`)."""

ACTION_KEYS = ("index", "create", "update", "delete")
"""Keys that alone in an object may mean it is a bulk action."""


@dataclass(frozen=True)
class Projection:
    """The fields to decode, by their dotted names, each once; a field is known by its place among them."""

    fields: tuple[str, ...]

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of every field."""
        return {name: number for number, name in enumerate(self.fields)}

    @cached_property
    def multi_fields(self) -> tuple[tuple[str, str, str], ...]:
        """The fields that may be multi-fields: name, that of the field it would belong to, suffix."""
        suffixes = [(name, suffix) for name in self.fields for suffix in (CASELESS, TEXT) if name.endswith(suffix)]
        return tuple((name, name.removesuffix(suffix), suffix) for name, suffix in suffixes)


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one field: row and value id, both int32 arrays of one length.

    Rows ascend; of several values in one row the order is that of the document.
    """

    rows: NDArray[np.int32]
    values: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class DecodedLines:
    """The lines of a buffer that are not blank; row *i* of the columns is line *i*.

    `columns` has the fields that occur; `cells` is all of them in one. `starts` and `ends` (int64) are byte offsets
    into the buffer, without the line break; `before` (int32) says how many lines stand before each, of `seen` in all,
    blank ones too. Lines that are `slow` (bool) have no values in the columns: they may be anything, also no JSON at
    all, and have to be read with orjson; the others are sound and no envelope.
    """

    columns: dict[str, Column]
    cells: Column
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    before: NDArray[np.int32]
    slow: NDArray[np.bool_]
    seen: int


def columns_of(documents: Sequence[Mapping[str, Any]], projection: Projection, values: ValueTable) -> dict[str, Column]:
    """The columns of documents, row *i* being document *i*: `flatten` of each, restricted to the projection."""
    numbers = projection.numbers
    found: dict[str, tuple[list[int], list[Scalar]]] = {}
    for row, document in enumerate(documents):
        for name, scalars in flatten(document).items():
            if name in numbers:
                rows, held = found.setdefault(name, ([], []))
                rows += [row] * len(scalars)
                held += scalars
    return {
        name: Column(np.array(rows, np.int32), np.array(values.ids_of(numbers[name], held), np.int32))
        for name, (rows, held) in found.items()
    }


def decode_lines(buffer: bytes | memoryview, projection: Projection, values: ValueTable) -> DecodedLines:
    """The lines of a buffer decoded; the last one may lack its line break.

    What is not slow is exactly what `columns_of` gives for `orjson.loads` of the line. Without numba every line is
    slow.
    """
    return LineDecoder(projection, values).decode(buffer)


class LineDecoder:
    """Decodes buffer after buffer with one projection and value table. Not for use by two threads at once."""

    def __init__(self, projection: Projection, values: ValueTable, *, compiled: bool = True) -> None:
        """Without `compiled`, or where kernels cannot be used, every line is slow."""
        self._projection = projection
        self._decoding: Decoding | None = None
        if compiled and kernels_work():
            from besra.events.kernels import decoding  # noqa: PLC0415  numba takes long to import

            self._decoding = decoding.Decoding(_tree(projection), values)

    def decode(self, buffer: bytes | memoryview) -> DecodedLines:
        """The lines of a buffer, as `decode_lines` has them."""
        decoding = self._decoding
        if decoding is None:
            return _all_slow(bytes(buffer))
        decoding.decode_buffer(np.frombuffer(buffer, np.uint8))
        ends, rows, ids = decoding.grouped(len(self._projection.fields))
        columns, start = {}, 0
        for name, end in zip(self._projection.fields, ends.tolist(), strict=True):
            if end > start:
                columns[name] = Column(rows[start:end], ids[start:end])
            start = end
        starts, ends, before, slow = decoding.lines()
        return DecodedLines(columns, Column(rows, ids), starts, ends, before, slow, decoding.seen)


@lru_cache(maxsize=16)
def _tree(projection: Projection) -> "KeyTree":
    from besra.events.kernels.key_tree import ACTION, ENVELOPE, KeyTree  # noqa: PLC0415

    return KeyTree(projection.fields, dict.fromkeys(ENVELOPE_KEYS, ENVELOPE) | dict.fromkeys(ACTION_KEYS, ACTION))


def _all_slow(text: bytes) -> DecodedLines:
    starts, ends, before = [], [], []
    start = 0
    lines = text.split(b"\n")
    for number, line in enumerate(lines):
        if line and not line.isspace():
            starts.append(start)
            ends.append(start + len(line.rstrip(b"\r")))
            before.append(number)
        start += len(line) + 1
    slow = np.ones(len(starts), np.bool_)
    nothing = Column(np.empty(0, np.int32), np.empty(0, np.int32))
    bounds = np.array(starts, np.int64), np.array(ends, np.int64)
    return DecodedLines({}, nothing, *bounds, np.array(before, np.int32), slow, len(lines) - (not lines[-1]))
