"""The index names of the rows of a row group: a number for each row, and the names of each number."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from besra.events.index_name import INDEX_FIELDS, LAST_NAME, index_names
from besra.events.parquet.cells import Cells, cells_of
from besra.events.parquet.layout import INDEX, Form

Names = tuple[str, ...]


def index_of_columns(
    index: pa.Array, aliases: pa.Array, default: str | None
) -> tuple[NDArray[np.int32], tuple[Names, ...]]:
    """The names of every row by the two columns of besra's layout; `default` where there are none."""
    home = cells_of(index, Form.TEXT)
    code = np.zeros(len(index), np.int64)
    code[home.rows] = home.codes + 1
    others: list[Names] = [()]
    if aliases.null_count < len(aliases):
        known: dict[Names, int] = {(): 0}
        tuples = [tuple(names or ()) for names in aliases.to_pylist()]
        code = code * len(index) + np.fromiter((known.setdefault(names, len(known)) for names in tuples), np.int64)
        others = list(known)
        base = len(index)
    else:
        base = 1
    distinct, place = np.unique(code, return_inverse=True)
    names = []
    for number in distinct.tolist():
        first = number // base
        names.append((str(home.distinct[first - 1]), *others[number % base]) if first else (default or LAST_NAME,))
    return place.astype(np.int32), tuple(names)


def index_of_cells(
    cells: Mapping[str, Cells], size: int, default: str | None
) -> tuple[NDArray[np.int32], tuple[Names, ...]]:
    """The names of every row of any other file, computed once for each combination of the fields that decide them."""
    code = np.zeros(size, np.int64)
    held: dict[str, NDArray[np.int64]] = {}
    for name, found in cells.items():
        if name not in INDEX_FIELDS and name != INDEX:
            continue
        cell = held[name] = np.full(size, -1, np.int64)
        texts = np.array([isinstance(value, str) and value != "" for value in found.distinct], np.bool_)
        usable = texts[found.codes]
        # Written backwards, so that the first value of a row stays.
        cell[found.rows[usable][::-1]] = found.codes[usable][::-1]
        distinct, place = np.unique(cell, return_inverse=True)
        # Numbered anew each time: the product of all fields' cardinalities could pass 64 bits.
        _, code = np.unique(code * len(distinct) + place, return_inverse=True)
    _, examples, index = np.unique(code, return_index=True, return_inverse=True)
    names = []
    for row in examples.tolist():
        source = {name: cells[name].distinct[int(cell[row])] for name, cell in held.items() if cell[row] >= 0}
        home = source.pop(INDEX, None)
        names.append(index_names(source, index=None if home is None else str(home), default=default))
    return index.astype(np.int32), tuple(names)
