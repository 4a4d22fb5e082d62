"""Arrow columns to cells: which rows have which values, each distinct value once.

What comes out is what `events.document.flatten` gives for the documents, so equal means of one type and one spelling:
`-0.0` is not `0.0`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from besra.events.document import flatten
from besra.events.parquet.foreign import values_of
from besra.events.parquet.layout import Form
from besra.schema.fieldtype import Scalar

Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Cells:
    """The values of one field: `distinct[codes[i]]` is a value in row `rows[i]`.

    Both arrays are int32, rows ascend, and of several values in one row the order is that of the document. `distinct`
    may hold values no row has.
    """

    rows: Codes
    codes: Codes
    distinct: list[Scalar]


def cells_of(array: pa.Array, form: Form) -> Cells:
    """The cells of a column of this form, flat or of lists. Raises ValueError for texts that are none."""
    if pa.types.is_list(array.type):
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        holders = np.repeat(np.arange(len(array), dtype=np.int32), lengths)
        array = array.flatten()
    else:
        holders = np.arange(len(array), dtype=np.int32)
    if array.null_count:
        holders = holders[array.is_valid().to_numpy(zero_copy_only=False)]
        array = array.drop_null()
    codes, distinct = _encoded(array, form)
    if form is Form.NUMBER:
        # As in JSON text, what is no number counts as missing.
        finite = np.isfinite(np.array(distinct, np.float64))
        if not finite.all():
            holders, codes = holders[finite[codes]], codes[finite[codes]]
            distinct = [value if good else 0.0 for value, good in zip(distinct, finite.tolist(), strict=True)]
    return Cells(holders, codes, distinct)


def _encoded(array: pa.Array, form: Form) -> tuple[Codes, list[Scalar]]:
    """The codes and distinct values of a column without nulls."""
    match form:
        case Form.TEXT | Form.TOKEN:
            texts = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
            distinct = values_of(texts.dictionary)
            if form is Form.TOKEN:
                distinct = orjson.loads(f"[{','.join(distinct)}]")
            return texts.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), distinct
        case Form.BOOLEAN:
            return array.to_numpy(zero_copy_only=False).astype(np.int32), [False, True]
        case Form.INTEGER | Form.NUMBER:
            # By their bits: as numbers, 0.0 and -0.0 would be one.
            bits = array.cast(pa.int64()) if form is Form.INTEGER else array.view(pa.int64())
            encoded = bits.dictionary_encode()
            values = encoded.dictionary if form is Form.INTEGER else encoded.dictionary.view(pa.float64())
            return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), values.to_pylist()


def cells_of_documents(names: frozenset[str], documents: Iterable[Mapping[str, Any]]) -> dict[str, Cells]:
    """The cells of documents, row *i* being document *i*: of the fields named, those that occur."""
    found: dict[str, tuple[list[int], list[int], dict[tuple[type, str], int], list[Scalar]]] = {}
    for row, document in enumerate(documents):
        fields = flatten(document)
        for name in fields.keys() & names:
            rows, codes, known, distinct = found.setdefault(name, ([], [], {}, []))
            for value in fields[name]:
                code = known.setdefault((type(value), repr(value)), len(distinct))
                if code == len(distinct):
                    distinct.append(value)
                rows.append(row)
                codes.append(code)
    return {
        name: Cells(np.array(rows, np.int32), np.array(codes, np.int32), distinct)
        for name, (rows, codes, _, distinct) in found.items()
    }
